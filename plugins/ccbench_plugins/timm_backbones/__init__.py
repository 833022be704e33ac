"""Any network of the timm library: ``timm:NAME``, or ``timm:NAME@weights.safetensors``.

Networks that others publish in timm's form, as several for recognising faces, are
``timm:hf-hub:OWNER/MODEL``, or ``timm:local-dir:FOLDER`` once downloaded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccbench import hookimpl
from ccbench.backbones import (
    first_lines,
    parts_missing,
    read_weights,
    unanswered,
    weights_digest,
    weights_path,
    wrong_weights,
)
from ccbench.exceptions import BackboneError, UnknownNameError
from ccbench.hookspecs import RegisterBackbone
from ccbench.interfaces import Backbone, Family, FeatureExtractor
from ccbench_registry import BackboneCard, Citation, Terms, suggestion

if TYPE_CHECKING:
    import torch

CITATION = Citation(
    text="Wightman, R. (2019). PyTorch Image Models. GitHub repository.",
    doi="10.5281/zenodo.4414861",
)
_HUB, _FOLDER = "hf-hub:", "local-dir:"
_FILES = ("model.safetensors", "pytorch_model.bin")
"""What the weights in a folder that was downloaded from the hub are called."""


class TimmBackbone:
    """One timm network; features are its pooled activations before the classifier.

    Args:
        name: timm's name of the model, ``hf-hub:OWNER/MODEL`` or ``local-dir:FOLDER``.
        weights: local ``.safetensors`` or ``.pth`` file; timm's own weights by default.
    """

    def __init__(self, name: str, weights: Path | None = None) -> None:
        self.name = name
        self.weights = weights
        full = f"timm:{name}" + (f"@{weights}" if weights else "")
        self.card = BackboneCard.model_construct(
            name=full,
            title=f"{name} (timm)",
            architecture=name,
            layer="pooled",
            weights=str(weights) if weights else "timm's pretrained weights",
            terms=Terms(licence="depends on the model; see its card in timm"),
            citations=(CITATION,),
            notes=(),
        )

    def load(self, device: str) -> FeatureExtractor:
        """Create the network with its weights.

        Raises:
            UnknownNameError: timm has no such model.
            BackboneError: the weights cannot be downloaded or do not fit.
        """
        self._check_name()
        path = self.weights
        if self.name.startswith(_FOLDER):
            path = _weights_in(weights_path(self.name.removeprefix(_FOLDER)))
        module = self._from_hub() if path is None else self._from_file(path)
        return self._extractor(module, device)

    def outline(self) -> FeatureExtractor:
        """Create the network on the CPU, with weights at random unless a file was given."""
        import timm

        if self.weights is not None or self.name.startswith((_HUB, _FOLDER)):
            return self.load("cpu")
        self._check_name()
        return self._extractor(timm.create_model(self.name, num_classes=0), "cpu")

    def _check_name(self) -> None:
        import timm

        if self.name.startswith((_HUB, _FOLDER)):
            if self.weights is not None:
                raise BackboneError(f"timm:{self.name} brings its own weights; drop {self.weights}")
            return
        known = timm.list_models()
        architecture = self.name.split(".")[0]
        if architecture not in known:
            hint = suggestion(architecture, known)
            if not hint.startswith("did you mean"):
                hint = "'ccbench backbones list timm:' lists them"
            raise UnknownNameError(
                f"timm has no model '{self.name}'; {hint}", name=self.name, known=known
            )

    def _extractor(self, module: torch.nn.Module, device: str) -> FeatureExtractor:
        import timm
        from timm.data.config import resolve_model_data_config

        config = resolve_model_data_config(module)  # type: ignore[no-untyped-call]
        size = int(config["input_size"][-1])
        module.requires_grad_(False).eval().to(device)
        self._describe(getattr(module, "pretrained_cfg", {}))
        submodules = {name: name for name, _ in module.named_modules() if name} | {"pooled": ""}
        return FeatureExtractor(
            module=module,
            input_size=size,
            mean=tuple(config["mean"]),
            std=tuple(config["std"]),
            feature_shape=_feature_shape(module, size, device),
            layer="pooled",
            layers=tuple(submodules),
            weights_digest=weights_digest(module),
            recipe=f"timm {timm.__version__} {self.name}",
            submodules=submodules,
        )

    def _describe(self, config: dict[str, Any]) -> None:
        """Put into the card what timm knows of its own weights."""
        update: dict[str, Any] = {"notes": tuple(config.get("notes") or ())}
        if self.weights is None and config.get("license"):
            update["terms"] = Terms(licence=str(config["license"]))
        if self.weights is None and config.get("tag"):
            update["weights"] = f"timm's {config['architecture']}.{config['tag']}"
        self.card = self.card.model_copy(update=update)

    def _from_hub(self) -> torch.nn.Module:
        import timm

        with _offline_where_the_hub_is_not_there() as problem:
            try:
                model: torch.nn.Module = timm.create_model(
                    self.name, num_classes=0, pretrained=True
                )
            except Exception as error:
                way = f"give the file: timm:{self.name}@FILE.safetensors"
                if self.name.startswith(_HUB):
                    way = f"give their folder: timm:{_FOLDER}FOLDER"
                raise BackboneError(
                    f"the weights of {self.name} could not be downloaded "
                    f"({first_lines(problem or error)}); download them on a machine with internet "
                    f"and {way}"
                ) from None
        return model

    def _from_file(self, path: Path) -> torch.nn.Module:
        import torch

        tensors = read_weights(path, self.name, self.card.name)
        # timm leaves at random, in silence, what a file lacks.  The network is first filled
        # from a copy that is all NaN; what is not NaN then would not come from the file.
        marks = {
            name: torch.full_like(value, torch.nan) if value.is_floating_point() else value
            for name, value in tensors.items()
        }
        state = self._filled(path, marks).state_dict()
        floating = {k: v for k, v in state.items() if v.is_floating_point()}
        lacking = [name for name, value in floating.items() if not value.isnan().any()]
        if lacking:
            raise wrong_weights(path, self.name, parts_missing(lacking, len(floating)))
        return self._filled(path, dict(tensors))

    def _filled(self, path: Path, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        import timm

        # As weights of timm's own: it then drops the classifier that the file may hold.
        overlay = {"source": "", "state_dict": tensors, "custom_load": False}
        try:
            model: torch.nn.Module = timm.create_model(
                self.name, num_classes=0, pretrained=True, pretrained_cfg_overlay=overlay
            )
        except Exception as error:
            raise wrong_weights(path, self.name, first_lines(error)) from None
        # timm keeps the overlay with the model; the tensors are in it now.
        model.pretrained_cfg.pop("state_dict", None)  # type: ignore[operator, union-attr]
        return model


@contextlib.contextmanager
def _offline_where_the_hub_is_not_there() -> Iterator[Exception | None]:
    """Use the model hub's offline mode in this block when it does not answer.

    huggingface_hub tries again for most of a minute; its offline mode answers at once, and
    still finds weights that were downloaded before.
    """
    from huggingface_hub import constants, get_session

    before = constants.HF_HUB_OFFLINE
    problem = None
    if not before:
        problem = unanswered(lambda: get_session().head(constants.ENDPOINT, timeout=5))
    constants.HF_HUB_OFFLINE = before or problem is not None
    try:
        yield problem
    finally:
        constants.HF_HUB_OFFLINE = before


def _weights_in(folder: Path) -> Path:
    for name in _FILES:
        if (folder / name).is_file():
            return folder / name
    raise BackboneError(
        f"{folder} holds no {' or '.join(_FILES)}; give a folder as downloaded from the model hub"
    )


def _feature_shape(module: torch.nn.Module, size: int, device: str) -> tuple[int, ...]:
    import torch

    with torch.inference_mode():
        return tuple(module(torch.zeros(1, 3, size, size, device=device)).shape[1:])


def _open(argument: str) -> Backbone:
    name, at, path = argument.partition("@")
    if not name or (at and not path):
        raise BackboneError("write timm:NAME or timm:NAME@FILE, for example timm:resnet18")
    return TimmBackbone(name, weights_path(path) if path else None)


def _names() -> Sequence[str]:
    import timm

    tagged: list[str] = timm.list_pretrained()
    bare: list[str] = timm.list_models()
    return sorted({*tagged, *bare})


@hookimpl
def ccbench_register_backbones(register: RegisterBackbone) -> None:
    """Register the family ``timm:``."""
    register(
        Family[Backbone](
            prefix="timm",
            summary="any model of the timm library, or with your weights: timm:NAME@FILE",
            example="timm:resnet18",
            open=_open,
            names=_names,
        )
    )
