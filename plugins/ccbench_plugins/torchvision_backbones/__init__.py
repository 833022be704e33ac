"""torchvision's networks for ImageNet: ``torchvision:vgg16``, ``torchvision:resnet50@FILE``.

``torchvision:NAME.TAG`` chooses among the weights that torchvision has for a network, for example
``resnet50.IMAGENET1K_V1``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccbench import hookimpl
from ccbench.backbones import weights_digest, weights_path
from ccbench.exceptions import BackboneError, UnknownNameError
from ccbench.hookspecs import RegisterBackbone
from ccbench.interfaces import Backbone, Family, FeatureExtractor
from ccbench_registry import BackboneCard, Citation, Terms, suggestion

if TYPE_CHECKING:
    import torch

CITATION = Citation(
    text="TorchVision maintainers and contributors. (2016). TorchVision: PyTorch's computer vision "
    "library. GitHub repository."
)
PAPERS = {
    "vgg": Citation(
        text="Simonyan, K., & Zisserman, A. (2015). Very deep convolutional networks for "
        "large-scale image recognition. International Conference on Learning Representations."
    ),
    "resnet": Citation(
        text="He, K., Zhang, X., Ren, S., & Sun, J. (2016). Deep residual learning for image "
        "recognition. IEEE Conference on Computer Vision and Pattern Recognition, 770–778.",
        doi="10.1109/CVPR.2016.90",
    ),
}
"""First letters of the network's name -> whose work it is."""


class TorchvisionBackbone:
    """One torchvision network; features are what its last layer, the classifier, is given.

    Args:
        name: torchvision's name of the network.
        tag: of torchvision's weights, in any case; torchvision's default without it.  With
            ``weights``, whose normalisation and input size to use.
        weights: local ``.safetensors`` or ``.pth`` file instead.
    """

    def __init__(self, name: str, tag: str = "", weights: Path | None = None) -> None:
        self.name = name
        self.tag = tag
        self.weights = weights
        full = f"torchvision:{name}" + (f".{tag}" if tag else "")
        papers = [paper for start, paper in PAPERS.items() if name.startswith(start)]
        self.card = BackboneCard.model_construct(
            name=full + (f"@{weights}" if weights else ""),
            title=f"{name} (torchvision)",
            architecture=name,
            layer="pooled",
            weights=str(weights) if weights else f"torchvision's {tag or 'default'} weights",
            terms=Terms(licence="as the file's" if weights else "BSD-3-Clause"),
            citations=(CITATION, *papers),
            notes=(),
        )

    def load(self, device: str) -> FeatureExtractor:
        """Create the network with its weights.

        Raises:
            UnknownNameError: torchvision has no such network or weights.
            BackboneError: the weights cannot be downloaded or do not fit.
        """
        from ccbench_plugins.torchvision_backbones.networks import build, fill
        from ccbench_plugins.torchvision_backbones.weights import downloaded

        chosen = self._torchvisions_weights()
        path = self.weights or downloaded(chosen.url, self.name)
        module, head = build(self.name)
        module = fill(module, head, path, self.name, self.card.name)
        return self._extractor(module, chosen, device)

    def outline(self) -> FeatureExtractor:
        """Create the network on the CPU, with weights at random unless a file was given."""
        from ccbench_plugins.torchvision_backbones.networks import build

        if self.weights is not None:
            return self.load("cpu")
        chosen = self._torchvisions_weights()
        return self._extractor(build(self.name)[0], chosen, "cpu")

    def _torchvisions_weights(self) -> Any:
        """Return the member of torchvision's enumeration of weights."""
        from torchvision.models import get_model_weights

        known = _networks()
        if self.name not in known:
            raise UnknownNameError(
                f"torchvision has no network '{self.name}'; {suggestion(self.name, known)}",
                name=self.name,
                known=known,
            )
        weights = get_model_weights(self.name)
        tags = [member.name for member in weights]
        if not self.tag:
            chosen = weights.DEFAULT
        elif self.tag.upper() in tags:
            chosen = weights[self.tag.upper()]
        else:
            raise UnknownNameError(
                f"torchvision has no weights '{self.tag}' of {self.name}; "
                f"{suggestion(self.tag, tags)}",
                name=self.tag,
                known=tags,
            )
        if self.weights is None:
            self._describe(chosen)
        return chosen

    def _describe(self, chosen: Any) -> None:
        """Put into the card which weights those are, and their terms if of their own."""
        update: dict[str, Any] = {"weights": f"torchvision {type(chosen).__name__}.{chosen.name}"}
        if chosen.meta.get("license"):
            update["terms"] = Terms(licence=chosen.meta["license"])
        self.card = self.card.model_copy(update=update)

    def _extractor(self, module: torch.nn.Module, chosen: Any, device: str) -> FeatureExtractor:
        import torch
        import torchvision

        preset = chosen.transforms()
        (size,) = preset.crop_size
        module.requires_grad_(False).eval().to(device)
        with torch.inference_mode():
            features = module(torch.zeros(1, 3, size, size, device=device))
        submodules = {name: name for name, _ in module.named_modules() if name} | {"pooled": ""}
        return FeatureExtractor(
            module=module,
            input_size=int(size),
            mean=tuple(preset.mean),
            std=tuple(preset.std),
            feature_shape=tuple(features.shape[1:]),
            layer="pooled",
            layers=tuple(submodules),
            weights_digest=weights_digest(module),
            recipe=f"torchvision {torchvision.__version__} {self.name}",
            submodules=submodules,
        )


def _networks() -> list[str]:
    from torchvision import models

    found: list[str] = models.list_models(module=models)
    return found


def _names() -> Sequence[str]:
    from torchvision.models import get_model_weights

    return sorted(
        full
        for name in _networks()
        for full in (name, *(f"{name}.{member.name}" for member in get_model_weights(name)))
    )


def _open(argument: str) -> Backbone:
    full, at, path = argument.partition("@")
    name, dot, tag = full.partition(".")
    if not name or (dot and not tag) or (at and not path):
        raise BackboneError(
            "write torchvision:NAME, torchvision:NAME.TAG or torchvision:NAME@FILE, for example "
            "torchvision:vgg16"
        )
    return TorchvisionBackbone(name, tag, weights_path(path) if path else None)


@hookimpl
def ccbench_register_backbones(register: RegisterBackbone) -> None:
    """Register the family ``torchvision:``."""
    register(
        Family[Backbone](
            prefix="torchvision",
            summary="VGG, ResNet and torchvision's other networks, or with your weights: "
            "torchvision:NAME@FILE",
            example="torchvision:vgg16",
            open=_open,
            names=_names,
        )
    )
