"""The head asset: mesh, displacement targets and masks (``data/PROVENANCE.md``)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered.regions import confined

FILE = "data/head_asset.npz"
PARTS = (
    "skin",
    "leye",
    "reye",
    "uteeth",
    "lteeth",
    "tongue",
    "llashU",
    "llashL",
    "rlashU",
    "rlashL",
)
SKIN, LEFT_EYE, RIGHT_EYE, UPPER_TEETH, LOWER_TEETH, TONGUE = range(6)
FIRST_LASH = 6
_UNITS_PER_INTEGER = 1 / 2000


@dataclass(frozen=True)
class Asset:
    """The base mesh and everything that moves it.

    Lengths are in the mesh's own unit, one decimetre; x to the poser's left, y up, z
    towards the camera.

    Attributes:
        vertices: float32 (n, 3).
        quads: int32 (m, 4), counter-clockwise seen from outside.
        part: int8 (m,), index into :data:`PARTS`.
        cavity: int8 (m,), 1 inside the mouth.
        targets: name -> row of ``displacements``.
        displacements: int16 (targets, n, 3), in 1/2000 units.
        masks: name -> float32 (n,), 0 to 1.
    """

    vertices: NDArray[np.float32]
    quads: NDArray[np.int32]
    part: NDArray[np.int8]
    cavity: NDArray[np.int8]
    targets: Mapping[str, int]
    displacements: NDArray[np.int16]
    masks: Mapping[str, NDArray[np.float32]]

    def displaced(
        self, weights: Mapping[str, float], start: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the vertices moved by a weighted sum of targets.

        Args:
            weights: target -> weight, 1 being the full displacement.
            start: where from; the base mesh by default.

        Returns:
            float32 (n, 3).

        Raises:
            KeyError: no such target.
        """
        used = [(self.targets[name], weight) for name, weight in weights.items() if weight]
        base = self.vertices if start is None else start
        if not used:
            return base.copy()
        rows = np.array([row for row, _ in used])
        scale = np.array([weight for _, weight in used], np.float32) * np.float32(
            _UNITS_PER_INTEGER
        )
        moved = np.zeros(base.size, np.float32)
        # One target after the other: a matrix product would sum in an order that depends on
        # the library and its threads.
        for row, weight in zip(rows, scale, strict=True):
            moved += self.displacements[row].reshape(-1) * weight
        return base + moved.reshape(base.shape)


@cache
def load_asset() -> Asset:
    """Read the asset that ships with the package."""
    data = (files("ccbench_plugins.rendered") / FILE).read_bytes()
    with np.load(io.BytesIO(data)) as arrays:
        targets = {str(name): row for row, name in enumerate(arrays["keys"])}
        return Asset(
            vertices=arrays["V"],
            quads=arrays["F"],
            part=arrays["part"],
            cavity=arrays["cav"],
            targets=targets,
            displacements=confined(arrays["T"], targets, arrays["V"]),
            masks={
                name.removeprefix("m_"): arrays[name] for name in arrays if name.startswith("m_")
            },
        )
