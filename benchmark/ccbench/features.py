"""Activations of a frozen backbone, computed once per view and kept as fp16 memory maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench.augmentation import RECIPE as VIEWS_RECIPE
from ccbench.augmentation import View, render_view
from ccbench.cache import Cache, content_key
from ccbench.exceptions import BackboneError
from ccbench.faces import FaceTask, read_faces
from ccbench.preprocessing import RECIPE as FACE_RECIPE

if TYPE_CHECKING:
    import torch

    from ccbench.interfaces import FeatureExtractor

RECIPE = "features-1"
"""Version of everything in this module that changes numbers; part of every cache key."""
_BATCH = 50
_ALL = slice(None)


@dataclass(frozen=True)
class BackboneIdentity:
    """What of a backbone decides its features, beside the input.

    Attributes:
        name: as the user gave it, to load it again in a worker process.
        weights: digest of the weights.
        recipe: network and version of its code.
        layer: layer of the features.
        input_size: pixels.
        mean: normalisation.
        std: normalisation.
        feature_shape: shape of one image's features.
        device: "cpu" or "cuda": their sums differ in the last bits.
    """

    name: str
    weights: str
    recipe: str
    layer: str
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    feature_shape: tuple[int, ...]
    device: str

    @classmethod
    def of(cls, name: str, extractor: FeatureExtractor, device: str) -> BackboneIdentity:
        """Read the identity off a loaded extractor."""
        return cls(
            name,
            extractor.weights_digest,
            extractor.recipe,
            extractor.layer,
            extractor.input_size,
            extractor.mean,
            extractor.std,
            extractor.feature_shape,
            device.split(":")[0],
        )

    @property
    def features(self) -> int:
        """Number of features of one image."""
        return int(np.prod(self.feature_shape))


@dataclass(frozen=True)
class FeatureTask:
    """Views of some faces to run through a backbone.

    Attributes:
        faces: finished face tasks that hold the pixels.
        rows: (index into ``faces``, row in it) of each photograph.
        views: the views of each face.
        backbone: whose features.
    """

    faces: tuple[FaceTask, ...]
    rows: tuple[tuple[int, int], ...]
    views: tuple[View, ...]
    backbone: BackboneIdentity

    @property
    def key(self) -> str:
        """The cache key: photographs, both recipes, backbone and views, never paths."""
        import torch

        photographs = [self.faces[task].photographs[row].digest for task, row in self.rows]
        backbone = {k: v for k, v in vars(self.backbone).items() if k != "name"}
        return content_key(
            "features",
            code=[RECIPE, VIEWS_RECIPE, torch.__version__, cv2.__version__],
            faces=[FACE_RECIPE, self.faces[0].recipe],
            photographs=photographs,
            views=self.views,
            backbone=backbone,
        )


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


def make_features(
    task: FeatureTask, cache: Cache, extractor: FeatureExtractor, device: str
) -> None:
    """Compute and store the features of a task, unless they are there.

    The batches of a task are always the same, so its bytes do not depend on what else is
    computed or where a run was interrupted.

    Raises:
        BackboneError: features that are not finite or too large for half precision.
    """
    import torch

    if cache.find("features", task.key):
        return
    pixels = [read_faces(face_task, cache) for face_task in task.faces]
    background = task.faces[0].recipe.mean
    plan = [(row, view) for row in range(len(task.rows)) for view in range(len(task.views))]
    shape = (len(task.rows), len(task.views), task.backbone.features)
    header = {"descr": "<f2", "fortran_order": False, "shape": shape}
    # Written, not mapped: a full disk is then an error and not the end of the process.
    with (
        cache.create("features", task.key) as folder,
        (folder / "features.npy").open("wb") as file,
    ):
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(plan), _BATCH):
            batch = plan[start : start + _BATCH]
            images = []
            for row, view in batch:
                face_task, face_row = task.rows[row]
                images.append(
                    render_view(pixels[face_task][face_row], task.views[view], background)
                )
            with torch.inference_mode():
                values = extractor.module(normalise(np.stack(images), extractor, device))
                values = values.reshape(len(batch), -1)
                if values.shape[1] != shape[2]:
                    raise BackboneError(
                        f"the backbone '{task.backbone.name}' gave {values.shape[1]} features an "
                        f"image, its extractor promised {shape[2]}"
                    )
                half = values.to(torch.float16)
                if not bool(torch.isfinite(half).all()):
                    raise BackboneError(
                        f"the backbone '{task.backbone.name}' gave features that are not finite "
                        f"or exceed 65504; choose another layer or other weights"
                    )
            file.write(half.cpu().numpy().astype("<f2", copy=False).tobytes())


class FeatureBlock:
    """The features of a list of photographs, read through memory maps.

    Args:
        keys: cache keys of finished feature tasks, in order.
        cache: where they are.
    """

    def __init__(self, keys: Sequence[str], cache: Cache) -> None:
        self._arrays = [_open(cache.path("features", key)) for key in keys]
        self._starts = np.cumsum([0, *(len(array) for array in self._arrays)])
        self.features = int(self._arrays[0].shape[2])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def rows(
        self,
        photographs: NDArray[np.intp],
        views: NDArray[np.intp],
        columns: slice = _ALL,
    ) -> NDArray[np.float16]:
        """Return the features of (photograph, view) pairs.

        Args:
            photographs: (n,) indices into the list of photographs.
            views: (n,) indices into the views of the tasks.
            columns: which features; all by default.

        Returns:
            float16 (n, features).
        """
        width = len(range(self.features)[columns])
        result = np.empty((len(photographs), width), np.float16)
        for here, part in self._by_shard(photographs, views, columns):
            result[here] = part
        return result

    def combine(
        self,
        coefficients: NDArray[np.float64],
        photographs: NDArray[np.intp],
        views: NDArray[np.intp],
        origin: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return weighted sums of the features of (photograph, view) pairs.

        Args:
            coefficients: (sums, n).
            photographs: (n,) indices into the list of photographs.
            views: (n,) indices into the views of the tasks.
            origin: (features,), subtracted from every row.

        Returns:
            float64 (sums, features): ``coefficients @ (rows - origin)``.
        """
        import torch

        total = np.zeros((len(coefficients), self.features))
        for here, part in self._by_shard(photographs, views, _ALL):
            # torch converts half precision several times faster than NumPy.
            rows: NDArray[np.float64] = torch.from_numpy(part).to(torch.float64).numpy()
            total += coefficients[:, here] @ (rows - origin)
        return total

    def _by_shard(
        self, photographs: NDArray[np.intp], views: NDArray[np.intp], columns: slice
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float16]]]:
        """Yield where among the pairs those of one shard are, and their features."""
        shards = np.searchsorted(self._starts, photographs, side="right") - 1
        for shard in np.unique(shards):
            here = np.flatnonzero(shards == shard)
            local = photographs[here] - self._starts[shard]
            yield here, self._arrays[shard][local, views[here], columns]


def _open(folder: Path) -> NDArray[np.float16]:
    array: NDArray[np.float16] = np.load(folder / "features.npy", mmap_mode="r")
    return array
