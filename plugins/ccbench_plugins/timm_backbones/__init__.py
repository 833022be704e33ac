"""Any network of the timm library: ``timm:NAME``, or ``timm:NAME@weights.safetensors``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
        return FeatureExtractor(
            module=module,
            input_size=size,
            mean=tuple(config["mean"]),
            std=tuple(config["std"]),
            feature_shape=_feature_shape(module, size, device),
            layer="pooled",
            layers=("pooled",),
            weights_digest=_digest(module),
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
        try:
            model: torch.nn.Module = timm.create_model(self.name, **arguments)
        except Exception as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            if self.weights is not None:
                raise BackboneError(
                    f"{self.weights} does not hold the weights of {self.name}: {reason}"
                ) from None
            raise BackboneError(
                f"the weights of {self.name} could not be downloaded ({reason}); download them "
                f"on a machine with internet and give the file: timm:{self.name}@FILE.safetensors"
            ) from None
        return model


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
    name, _, path = argument.partition("@")
    if not name:
        raise BackboneError("write timm:NAME, for example timm:resnet18")
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
