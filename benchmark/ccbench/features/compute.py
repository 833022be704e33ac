"""From standardised faces to stored features, a batch of views at a time."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from ccbench.augmentation import render_view
from ccbench.cache import Cache
from ccbench.exceptions import BackboneError
from ccbench.faces import read_faces
from ccbench.features.identity import BackboneIdentity, FeatureTask
from ccbench.processor import full_precision

if TYPE_CHECKING:
    import torch

    from ccbench.interfaces import FeatureExtractor

BATCH = 32
"""Views in one forward pass: more of them leave the processor's cache between the layers."""
_Item = TypeVar("_Item")


def normalise(images: NDArray[np.uint8], extractor: FeatureExtractor, device: str) -> torch.Tensor:
    """Turn grey faces into a backbone's input: three channels, ImageNet mean and SD.

    Args:
        images: uint8 (n, size, size).
        extractor: whose mean and SD.
        device: where the result lies.

    Returns:
        float32 (n, 3, size, size).
    """
    import torch

    grey = torch.from_numpy(images).to(device).to(torch.float32).div_(255.0)
    mean = torch.tensor(extractor.mean, device=device).view(1, 3, 1, 1)
    std = torch.tensor(extractor.std, device=device).view(1, 3, 1, 1)
    return (grey[:, None].expand(-1, 3, -1, -1) - mean) / std


def compute_features(
    images: NDArray[np.uint8], extractor: FeatureExtractor, identity: BackboneIdentity, device: str
) -> torch.Tensor:
    """Run grey faces through a backbone, by its faster way where it offers one.

    Args:
        images: uint8 (n, size, size).
        extractor: the backbone.
        identity: says in which precision.
        device: where the backbone is.

    Returns:
        (n, features), on the device.

    Raises:
        BackboneError: the backbone does not offer this precision.
    """
    import torch

    grey = extractor.grey.get(identity.precision)
    if grey is None and identity.precision != "float32":
        raise BackboneError(
            f"the backbone '{identity.name}' does not offer the precision {identity.precision}; "
            f"float32 is always there"
        )
    with torch.inference_mode(), full_precision():
        if grey is None:
            values = extractor.module(normalise(images, extractor, device))
        else:
            values = grey(torch.from_numpy(images).to(device))
    found: torch.Tensor = values.reshape(len(images), -1)
    return found


def make_features(
    task: FeatureTask, cache: Cache, extractor: FeatureExtractor, device: str
) -> None:
    """Compute and store the features of a task, unless they are there.

    The batches of a task are always the same, so its bytes do not depend on what else is
    computed or where a run was interrupted.  No more than two of them are in memory.

    Raises:
        BackboneError: features that are not finite or too large for half precision.
    """
    if cache.find("features", task.key):
        return
    batches = _batches(task, cache)
    if task.backbone.device != "cpu":
        # On the CPU every core has a process of its own; nothing would be left for a thread.
        batches = one_ahead(batches)
    shape = (len(task.rows), len(task.views), task.backbone.features)
    header = {"descr": "<f2", "fortran_order": False, "shape": shape}
    # Written, not mapped: a full disk is then an error and not the end of the process.
    with (
        cache.create("features", task.key) as folder,
        (folder / "features.npy").open("wb") as file,
    ):
        np.lib.format.write_array_header_1_0(file, header)
        for images in batches:
            values = compute_features(images, extractor, task.backbone, device)
            file.write(_half(values, task.backbone).tobytes())


def _batches(task: FeatureTask, cache: Cache) -> Iterator[NDArray[np.uint8]]:
    """Draw the views of a task, photograph by photograph, (up to 32, size, size) at a time."""
    pixels = [read_faces(faces, cache) for faces in task.faces]
    background = task.faces[0].recipe.mean
    drawn = (
        render_view(face, view, background)
        for face in (np.array(pixels[part][row]) for part, row in task.rows)
        for view in task.views
    )
    while batch := list(itertools.islice(drawn, BATCH)):
        yield np.stack(batch)


def one_ahead(items: Iterator[_Item]) -> Generator[_Item, None, None]:
    """Yield the items, each next one made in a thread while the last is in use."""
    end = object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield item  # type: ignore[misc]


def _half(values: torch.Tensor, backbone: BackboneIdentity) -> NDArray[np.float16]:
    """Return features in half precision, little-endian.

    Raises:
        BackboneError: not so many as promised, not finite, or too large.
    """
    import torch

    if values.shape[1] != backbone.features:
        raise BackboneError(
            f"the backbone '{backbone.name}' gave {values.shape[1]} features an "
            f"image, its extractor promised {backbone.features}"
        )
    half = values.to(torch.float16)
    if not bool(torch.isfinite(half).all()):
        raise BackboneError(
            f"the backbone '{backbone.name}' gave features that are not finite "
            f"or exceed 65504; choose another layer or other weights"
        )
    return half.cpu().numpy().astype("<f2", copy=False)
