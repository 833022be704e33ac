"""Any network of the timm library: ``timm:NAME``, or ``timm:NAME@weights.safetensors``."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ccbench import hookimpl
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


class TimmBackbone:
    """One timm network; features are its pooled activations before the classifier.

    Args:
        name: timm's name of the model.
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
        import timm
        from timm.data.config import resolve_model_data_config

        known = timm.list_models()
        architecture = self.name.split(".")[0]
        if architecture not in known:
            raise UnknownNameError(
                f"timm has no model '{self.name}'; {suggestion(architecture, known)}"
                if len(known) < 20 or _near(architecture, known)
                else f"timm has no model '{self.name}'; timm.list_models() lists them",
                name=self.name,
                known=known,
            )
        module = self._create(timm)
        config = resolve_model_data_config(module)  # type: ignore[no-untyped-call]
        size = int(config["input_size"][-1])
        module.requires_grad_(False).eval().to(device)
        submodules = {name: name for name, _ in module.named_modules() if name} | {"pooled": ""}
        return FeatureExtractor(
            module=module,
            input_size=size,
            mean=tuple(config["mean"]),
            std=tuple(config["std"]),
            feature_shape=_feature_shape(module, size, device),
            layer="pooled",
            layers=tuple(submodules),
            weights_digest=_digest(module),
            recipe=f"timm {timm.__version__} {self.name}",
            submodules=submodules,
        )

    def _create(self, timm: Any) -> torch.nn.Module:
        arguments: dict[str, Any] = {"num_classes": 0}
        if self.weights is None:
            arguments["pretrained"] = True
        else:
            if not self.weights.is_file():
                raise BackboneError(
                    f"no such weights file: {self.weights} (given for {self.card.name})"
                )
            # `pretrained_cfg_overlay` makes timm drop the classifier that the file may hold.
            arguments["pretrained"] = True
            arguments["pretrained_cfg_overlay"] = {"file": str(self.weights)}
            self._check_complete()
        try:
            with _offline_where_the_hub_is_unknown() if self.weights is None else nullcontext():
                model: torch.nn.Module = timm.create_model(self.name, **arguments)
        except Exception as error:
            if self.weights is not None:
                raise self._unfit(error) from None
            raise BackboneError(
                f"the weights of {self.name} could not be downloaded ({_reason(error)}); download "
                f"them on a machine with internet and give the file: "
                f"timm:{self.name}@FILE.safetensors"
            ) from None
        return model

    def _check_complete(self) -> None:
        """Refuse a file that lacks weights: timm would leave those at random, silently.

        The network is filled from a copy of the file that is all NaN; what is not NaN then
        did not come from the file.
        """
        import timm
        import torch
        from timm.models import load_state_dict

        try:
            tensors = load_state_dict(str(self.weights))
            marks = {
                name: torch.full_like(value, torch.nan) if value.is_floating_point() else value
                for name, value in tensors.items()
                if isinstance(value, torch.Tensor)
            }
            if not marks:
                raise BackboneError(f"{self.weights} holds no weights")
            module = timm.create_model(
                self.name,
                num_classes=0,
                pretrained=True,
                pretrained_cfg_overlay={"state_dict": marks, "custom_load": False},
            )
        except BackboneError:
            raise
        except Exception as error:
            raise self._unfit(error) from None
        floating = {k: v for k, v in module.state_dict().items() if v.is_floating_point()}
        lacking = [name for name, value in floating.items() if not value.isnan().any()]
        if lacking:
            raise BackboneError(
                f"{self.weights} does not hold the weights of {self.name}: {len(lacking)} of "
                f"{len(floating)} are missing, for example {lacking[0]}"
            )

    def _unfit(self, error: Exception) -> BackboneError:
        return BackboneError(
            f"{self.weights} does not hold the weights of {self.name}: {_reason(error)}"
        )


@contextlib.contextmanager
def _offline_where_the_hub_is_unknown() -> Iterator[None]:
    """Use the model hub's offline mode in this block when its host has no address here.

    huggingface_hub would retry an unknown host for most of a minute; its offline mode
    answers at once, and still finds weights that were downloaded before.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    if not before and not urllib.request.getproxies():
        try:
            socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, 443)
        except OSError:
            constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # torch heads its lists of what does not fit with a line that says nothing yet.
    end = 2 if lines and lines[0].endswith(":") else 1
    return " ".join(lines[:end]) or repr(error)


def _near(name: str, known: list[str]) -> bool:
    return suggestion(name, known).startswith("did you mean")


def _feature_shape(module: torch.nn.Module, size: int, device: str) -> tuple[int, ...]:
    import torch

    with torch.inference_mode():
        return tuple(module(torch.zeros(1, 3, size, size, device=device)).shape[1:])


def _digest(module: torch.nn.Module) -> str:
    """Hash every weight and buffer, by name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _open(argument: str) -> Backbone:
    name, at, path = argument.partition("@")
    if not name or (at and not path):
        raise BackboneError("write timm:NAME or timm:NAME@FILE, for example timm:resnet18")
    return TimmBackbone(name, Path(path).expanduser() if path else None)


@hookimpl
def ccbench_register_backbones(register: RegisterBackbone) -> None:
    """Register the family ``timm:``."""
    register(
        Family[Backbone](
            prefix="timm",
            summary="any model of the timm library, or with your weights: timm:NAME@FILE",
            example="timm:resnet18",
            open=_open,
        )
    )
