"""The scalp as a grid of places around the head's middle, on which hair is laid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ccbench_plugins.rendered.asset import SKIN
from ccbench_plugins.rendered.head import load_head, unit

MIDDLE = np.array([0, 7.32, 0.45], np.float32)
"""Where the grid is seen from, decimetres."""
ROWS, COLUMNS = 42, 81
LOWEST = 135.0
_NEIGHBOURS = 8


@dataclass(frozen=True)
class Scalp:
    """Places on the base head by angle; the seam is at the back, where first equals last column.

    Attributes:
        polar: float32 (ROWS, 1), degrees from straight up, 0 to LOWEST.
        azimuth: float32 (1, COLUMNS), degrees from the front to the poser's left, -180 to 180.
        toward: float32 (ROWS, COLUMNS, 3), unit vectors from the middle.
        places: float32 (ROWS, COLUMNS, 3), on the base head without its ears.
        follow: sparse float32 (ROWS * COLUMNS, n), mean of the head's vertices around a place.
        triangles: int32 (m, 3), counter-clockwise seen from outside.
    """

    polar: NDArray[np.float32]
    azimuth: NDArray[np.float32]
    toward: NDArray[np.float32]
    places: NDArray[np.float32]
    follow: sp.csr_matrix
    triangles: NDArray[np.int32]

    def on(self, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the places on a head of another shape, float32 (ROWS, COLUMNS, 3)."""
        moved = self.follow @ (vertices - load_head().canonical)
        return np.asarray(self.places + moved.reshape(self.places.shape), np.float32)


@cache
def load_scalp() -> Scalp:
    """Lay the grid over the base head, once per process."""
    from scipy.interpolate import LinearNDInterpolator
    from scipy.spatial import cKDTree

    head = load_head()
    polar = np.linspace(0, LOWEST, ROWS)[:, None]
    azimuth = np.linspace(-180, 180, COLUMNS)[None, :]
    down, turn = np.broadcast_arrays(np.radians(polar), np.radians(azimuth))
    toward = np.stack([np.sin(down) * np.sin(turn), np.cos(down), np.sin(down) * np.cos(turn)], -1)

    outward = head.canonical - MIDDLE
    radius = np.linalg.norm(outward, axis=1)
    seen = unit(outward.astype(np.float32))
    facing = np.einsum("ij,ij->i", head.normals(head.canonical), seen)
    outer = (head.vertex_part == SKIN) & (facing > 0.15) & (head.ears < 0.02)
    outer &= (head.cavity < 0.01) & (head.canonical[:, 1] > 5.9)
    known = np.flatnonzero(outer)
    # The map keeps angles from the top, so neither the crown nor the seam is special to it.
    angle = np.degrees(np.arccos(np.clip(seen[known, 1], -1, 1)))
    around = np.arctan2(seen[known, 0], seen[known, 2])
    flat = np.stack([angle * np.sin(around), angle * np.cos(around)], 1)
    wanted = np.stack(
        [np.degrees(down) * np.sin(turn), np.degrees(down) * np.cos(turn)], -1
    ).reshape(-1, 2)
    length = LinearNDInterpolator(flat, radius[known])(wanted)
    tree = cKDTree(seen[known])
    distance, nearest = tree.query(toward.reshape(-1, 3), k=_NEIGHBOURS)
    length = np.where(np.isnan(length), radius[known][nearest[:, 0]], length)
    weight = 1 / (distance**2 + 0.02**2)
    weight /= weight.sum(1, keepdims=True)
    count = ROWS * COLUMNS
    rows = np.repeat(np.arange(count), _NEIGHBOURS)
    follow = sp.csr_matrix(
        (weight.ravel().astype(np.float32), (rows, known[nearest].ravel())),
        (count, len(head.canonical)),
    )
    places = MIDDLE + toward * length.reshape(ROWS, COLUMNS, 1)
    index = np.arange(count).reshape(ROWS, COLUMNS)
    here, right = index[:-1, :-1], index[:-1, 1:]
    below, both = index[1:, :-1], index[1:, 1:]
    triangles = np.concatenate(
        [
            np.stack([here, below, both], -1).reshape(-1, 3),
            np.stack([here, both, right], -1).reshape(-1, 3),
        ]
    )
    return Scalp(
        polar=polar.astype(np.float32),
        azimuth=azimuth.astype(np.float32),
        toward=toward.astype(np.float32),
        places=places.astype(np.float32),
        follow=follow,
        triangles=triangles.astype(np.int32),
    )
