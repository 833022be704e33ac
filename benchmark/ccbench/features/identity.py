"""What decides features: the backbone, its precision, the faces and their views."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import PIL

from ccbench.augmentation import RECIPE as VIEWS_RECIPE
from ccbench.augmentation import View
from ccbench.cache import content_key
from ccbench.faces import FaceTask
from ccbench.preprocessing import RECIPE as FACE_RECIPE
from ccbench.processor import BFLOAT16, bfloat16_instructions

if TYPE_CHECKING:
    from ccbench.interfaces import FeatureExtractor, Precision

RECIPE = "features-2"
"""Version of everything in this package that changes numbers; part of every cache key."""


def feature_precision(
    device: str, instructions: Collection[str], offered: Collection[Precision]
) -> Precision:
    """Choose the fastest precision whose error is within ``interfaces.GREY_ERROR``.

    Nothing is timed, so that equal machines choose equally.

    Args:
        device: "cpu", "cuda", ...
        instructions: of the processor, see :mod:`ccbench.processor`.
        offered: precisions in which the backbone takes grey faces.

    >>> feature_precision("cpu", {"avx512_bf16"}, {"float32", "bfloat16"})
    'bfloat16'
    >>> feature_precision("cpu", {"avx2"}, {"float32", "bfloat16"})
    'float32'
    """
    fast = device == "cpu" and not BFLOAT16.isdisjoint(instructions)
    return "bfloat16" if fast and "bfloat16" in offered else "float32"


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
        precision: in which the layers' products are computed.
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
    precision: Precision = "float32"

    @classmethod
    def of(
        cls,
        name: str,
        extractor: FeatureExtractor,
        device: str,
        precision: Precision | None = None,
    ) -> BackboneIdentity:
        """Read the identity off a loaded extractor.

        Args:
            name: as the user gave it.
            extractor: the loaded backbone.
            device: where it is.
            precision: "float32" is the reference; by default what is fastest here within
                the stated error (:func:`feature_precision`).
        """
        kind = device.split(":")[0]
        return cls(
            name,
            extractor.weights_digest,
            extractor.recipe,
            extractor.layer,
            extractor.input_size,
            extractor.mean,
            extractor.std,
            extractor.feature_shape,
            kind,
            precision or feature_precision(kind, bfloat16_instructions(), extractor.grey),
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
            # Faces are named by what they are of, so what made them counts here too.
            code=[
                RECIPE,
                VIEWS_RECIPE,
                torch.__version__,
                cv2.__version__,
                PIL.__version__,
                np.__version__,
            ],
            faces=[FACE_RECIPE, self.faces[0].recipe],
            photographs=photographs,
            views=self.views,
            backbone=backbone,
        )
