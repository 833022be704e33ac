"""Responses of a layer of the backbone to the stimuli of the probes (Zhou & Shi, 2017).

A unit is a channel of the layer; its activation is the mean over positions.  Nothing here
depends on what is trained: it is computed once per backbone, layer and stimulus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ccbench.augmentation import render_view
from ccbench.backbones import layer_submodules, position_means, unknown_layer
from ccbench.cache import Cache, content_key
from ccbench.exceptions import BackboneError, CcbenchError
from ccbench.faces import read_faces
from ccbench.features import FeatureTask, normalise
from ccbench.interfaces import FeatureExtractor
from ccbench.plugins import plugin_code
from ccbench.processor import full_precision
from ccbench.runner.work import Report, loaded_extractor
from ccbench_registry import Citation

if TYPE_CHECKING:
    import torch

RECIPE = "units-2"
"""Version of everything in this module that changes numbers; part of every cache key."""
ZHOU_SHI = Citation(
    text="Zhou, Y., & Shi, B. E. (2017). Action unit selective feature maps in deep networks for "
    "facial expression recognition. International Joint Conference on Neural Networks, 2031–2038.",
    doi="10.1109/IJCNN.2017.7966100",
)


@dataclass(frozen=True)
class Layer:
    """A layer of a backbone.

    Attributes:
        name: how the user calls it.
        submodule: whose output it is; "" for the whole module.
    """

    name: str
    submodule: str


@dataclass(frozen=True)
class UnitTask:
    """Activations of one layer to compute.

    Attributes:
        features: the stimuli, standardised, of one untouched view each, and the backbone.
        layer: whose activations.
    """

    features: FeatureTask
    layer: Layer

    @property
    def key(self) -> str:
        """The cache key."""
        return content_key("units", code=RECIPE, features=self.features.key, layer=self.layer)


@dataclass(frozen=True)
class UnitJob:
    """Layers to compute in one pass over the same stimuli, and the cache they go to."""

    cache: Path
    tasks: tuple[UnitTask, ...]
    device: str


def open_layers(
    names: Sequence[str], backbone: str, extractor: FeatureExtractor, device: str
) -> tuple[Layer, ...]:
    """Find layers by name and try them on a blank image, before any work.

    Args:
        names: what the user asked for, in any order.
        backbone: its name, for errors.
        extractor: the loaded backbone.
        device: where it is.

    Returns:
        The layers in the network's order.

    Raises:
        UnknownNameError: no such layer; the nearest name is given.
        CcbenchError: a layer given twice.
        BackboneError: a layer without one value, row or map per image.
    """
    import torch

    known = layer_submodules(extractor)
    for name, count in Counter(names).items():
        if name not in known:
            raise unknown_layer(name, backbone, known)
        if count > 1:
            raise CcbenchError(f"--probe-layer {name} is given {count} times; give it once")
    layers = tuple(Layer(name, inner) for name, inner in known.items() if name in names)
    if layers:
        size = extractor.input_size
        with plugin_code("backbone", backbone, "its network"):
            layer_means(extractor, layers, torch.zeros(2, 3, size, size, device=device))
    return layers


def layer_means(
    extractor: FeatureExtractor, layers: Sequence[Layer], images: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Run images through a backbone and average layers over positions.

    Args:
        extractor: the backbone.
        layers: whose outputs.
        images: float32 (n, 3, size, size), normalised.

    Returns:
        Name of the layer -> float32 (n, units).

    Raises:
        BackboneError: a layer that is not run, or more than once, in a pass, or whose output
            has not one value, row or map per image.
    """
    import torch

    found: dict[str, torch.Tensor] = {}

    def keep(layer: Layer) -> Callable[[Any, Any, Any], None]:
        def hook(_module: object, _arguments: object, output: object) -> None:
            if layer.name in found:
                raise BackboneError(
                    f"the layer '{layer.name}' runs more than once for an image, so that it has "
                    f"no one response; choose another"
                )
            # At once: what comes next in the network may change the output in place.
            found[layer.name] = position_means(output, len(images), layer.name)

        return hook

    handles = []
    try:
        for layer in layers:
            inner = extractor.module.get_submodule(layer.submodule)
            handles.append(inner.register_forward_hook(keep(layer)))
        with torch.inference_mode(), full_precision():
            extractor.module(images)
    finally:
        for handle in handles:
            handle.remove()
    for layer in layers:
        if layer.name not in found:
            raise BackboneError(
                f"the layer '{layer.name}' is not run on the way to the features; choose another"
            )
    return found


def unit_tasks(features: Sequence[FeatureTask], layer: Layer) -> list[UnitTask]:
    """Return what computes a layer's activations to the stimuli of a probe."""
    return [UnitTask(task, layer) for task in features]


def unit_jobs(
    features: Sequence[FeatureTask], layers: Sequence[Layer], cache: Cache, device: str
) -> list[UnitJob]:
    """List the activations that are missing, one job for all layers of the same stimuli."""
    jobs = []
    for task in features:
        wanted = (UnitTask(task, layer) for layer in layers)
        missing = tuple(unit for unit in wanted if not cache.find("units", unit.key))
        if missing:
            jobs.append(UnitJob(cache.root, missing, device))
    return jobs


def do_units(job: UnitJob, report: Report) -> None:
    """Compute and store the activations of a job, one entry a layer."""
    task = job.tasks[0].features
    extractor = loaded_extractor(task.backbone, job.device)
    with plugin_code("backbone", task.backbone.name, "its network"):
        make_units(job.tasks, Cache(job.cache), extractor, job.device)
    report(1.0)


def make_units(
    tasks: Sequence[UnitTask], cache: Cache, extractor: FeatureExtractor, device: str
) -> None:
    """Compute and store the activations of layers to the same stimuli.

    Raises:
        BackboneError: activations that are not finite.
    """
    import torch

    features = tasks[0].features
    pixels = [read_faces(faces, cache) for faces in features.faces]
    background = features.faces[0].recipe.mean
    images = [
        render_view(pixels[part][row], view, background)
        for part, row in features.rows
        for view in features.views
    ]
    inputs = normalise(np.stack(images), extractor, device)
    means = layer_means(extractor, [task.layer for task in tasks], inputs)
    for task in tasks:
        values = means[task.layer.name]
        if not bool(torch.isfinite(values).all()):
            raise BackboneError(
                f"the layer '{task.layer.name}' of the backbone '{features.backbone.name}' gave "
                f"activations that are not finite; choose another layer or other weights"
            )
        with cache.create("units", task.key) as folder:
            np.save(folder / "units.npy", values.cpu().numpy())


def read_units(tasks: Sequence[UnitTask], cache: Cache) -> NDArray[np.float32]:
    """Return the activations of finished tasks of one layer, float32 (stimuli, units)."""
    return np.concatenate([np.load(cache.path("units", t.key) / "units.npy") for t in tasks])
