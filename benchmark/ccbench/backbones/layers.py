"""Layers of a loaded backbone: their names, their outputs, and means over positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ccbench.exceptions import BackboneError, UnknownNameError
from ccbench.interfaces import FeatureExtractor
from ccbench_registry import suggestion

if TYPE_CHECKING:
    import torch

_MOST_NAMES = 20


@dataclass(frozen=True)
class LayerOutput:
    """What a layer gave a pass over blank images.

    Attributes:
        runs: how often the layer ran.
        shape: of one image's output; () when it is not one tensor with a row an image.
        is_last: whether it is the very output of the network, its features.
    """

    runs: int = 0
    shape: tuple[int, ...] = ()
    is_last: bool = False

    @property
    def usable(self) -> bool:
        """Whether the layer can be the source of features."""
        return self.runs == 1 and _layout((0, *self.shape), 0) != ""

    @property
    def units(self) -> int:
        """Number of units: channels, whatever axis they are on."""
        return self.shape[-1 if _layout((0, *self.shape), 0) in {"tokens", "last"} else 0]

    @property
    def positions(self) -> tuple[int, ...]:
        """Positions: (height, width) of maps, (tokens,), or () of a vector."""
        if _layout((0, *self.shape), 0) in {"tokens", "last"}:
            return self.shape[:-1]
        return self.shape[1:]


def layer_submodules(extractor: FeatureExtractor) -> dict[str, str]:
    """Return the layers of a backbone: name -> submodule, in the network's order."""
    if extractor.submodules:
        return dict(extractor.submodules)
    found = {name: name for name, _ in extractor.module.named_modules() if name}
    return {**found, extractor.layer: found.get(extractor.layer, "")}


def unknown_layer(
    name: str, backbone: str, known: Mapping[str, str], more: str = ""
) -> UnknownNameError:
    """Return the refusal of a layer that a backbone does not have.

    Args:
        name: what the user wrote.
        backbone: its name.
        known: the layers it has.
        more: added at the end.
    """
    hint = suggestion(name, known)
    if not hint.startswith("did you mean") and len(known) > _MOST_NAMES:
        shown, half = list(known), _MOST_NAMES // 2
        hint = f"there are {len(known)}: {', '.join(shown[:half])}, …, {', '.join(shown[-half:])}"
    return UnknownNameError(
        f"the backbone '{backbone}' has no layer '{name}'; {hint}{more}",
        name=name,
        known=list(known),
    )


def trace(extractor: FeatureExtractor, device: str) -> dict[str, LayerOutput]:
    """Run two blank images through a backbone and look at every layer.

    Args:
        extractor: the loaded backbone.
        device: where it is.

    Returns:
        Name of the layer -> what it gave, in the network's order.
    """
    import torch

    images = torch.zeros(2, 3, extractor.input_size, extractor.input_size, device=device)
    layers = layer_submodules(extractor)
    runs: Counter[str] = Counter()
    outputs: dict[str, Any] = {}
    shapes: dict[str, tuple[int, ...]] = {}

    def keep(name: str, output: object) -> None:
        runs[name] += 1
        outputs[name] = output
        # At once: what comes next in the network may change the output in place.
        shape = tuple(output.shape) if isinstance(output, torch.Tensor) else ()
        shapes[name] = shape[1:] if _layout(shape, len(images)) else ()

    def hook(name: str) -> torch.utils.hooks.RemovableHandle:
        inner = extractor.module.get_submodule(layers[name])
        return inner.register_forward_hook(lambda _module, _inputs, output: keep(name, output))

    handles = [hook(name) for name in layers]
    try:
        with torch.inference_mode():
            last = extractor.module(images)
    finally:
        for handle in handles:
            handle.remove()
    return {
        name: LayerOutput(runs[name], shapes.get(name, ()), outputs.get(name) is last)
        for name in layers
    }


def position_means(output: object, images: int, layer: str) -> torch.Tensor:
    """Return the mean of every unit of a layer over positions, float32 (images, units).

    Vectors (images, units) have one position; tokens are (images, tokens, units).  Of maps the
    two equal sides are positions, as images are square: networks differ in whether channels
    come before or after them.

    Args:
        output: of the layer.
        images: how many went in.
        layer: its name, for the error.

    Raises:
        BackboneError: an output of another form.
    """
    import torch

    if isinstance(output, torch.Tensor):
        layout = _layout(tuple(output.shape), images)
        if layout == "vectors":
            return output.to(torch.float32, copy=True)
        if layout:
            axes = {"tokens": (1,), "first": (2, 3), "last": (1, 2)}[layout]
            return output.to(torch.float32).mean(axes)
    raise unclear_output(output, images, layer)


def unclear_output(output: object, images: int, layer: str) -> BackboneError:
    """Return the refusal of an output that is no value, row or map per image."""
    import torch

    shape = tuple(output.shape) if isinstance(output, torch.Tensor) else ()
    form = f"of shape {shape}" if shape else f"that is a {type(output).__name__}"
    return BackboneError(
        f"the layer '{layer}' gives {images} images an output {form}, which does not tell "
        f"images, units and positions apart; choose another layer"
    )


def _layout(shape: tuple[int, ...], images: int) -> str:
    """Return which axes are units: of vectors, tokens, or maps with units "first" or "last"."""
    if len(shape) not in {2, 3, 4} or shape[0] != images:
        return ""
    if len(shape) < 4:
        return "vectors" if len(shape) == 2 else "tokens"
    if shape[2] == shape[3]:
        return "first"
    return "last" if shape[1] == shape[2] else ""
