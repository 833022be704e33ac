"""The refined head: topology and everything about it that no identity changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ccbench_plugins.rendered.asset import (
    FIRST_LASH,
    LEFT_EYE,
    RIGHT_EYE,
    SKIN,
    load_asset,
)
from ccbench_plugins.rendered.subdivision import catmull_clark

CHIN = (0.0, 6.23, 1.45)
"""The chin of the base mesh, decimetres."""


@dataclass(frozen=True)
class Head:
    """The head after one subdivision: n vertices, m quads.

    Attributes:
        refine: sparse float32 (n, vertices of the asset).
        quads: int32 (m, 4).
        around: sparse float32 (n, m): sums the normals of the quads around a vertex.
        triangles: int32 (2 m, 3), of skin, eyes, teeth and tongue.
        triangle_part: int8, part of each triangle.
        lashes: int32 (l, 3), triangles of the lashes, both sides.
        lash_tip: float32 (n,), 0 at a lash's root to 1 at its tip.
        canonical: float32 (n, 3), the base mesh: coordinates in which textures are drawn.
        vertex_part: int8 (n,).
        lips: float32 (n,), mask.
        ears: float32 (n,), mask.
        cavity: float32 (n,), inside of the mouth.
        eyes: float32 (2, 3), canonical centres of the left and right eyeball.
        chin: index of the vertex at the chin.
    """

    refine: sp.csr_matrix
    quads: NDArray[np.int32]
    around: sp.csr_matrix
    triangles: NDArray[np.int32]
    triangle_part: NDArray[np.int8]
    lashes: NDArray[np.int32]
    lash_tip: NDArray[np.float32]
    canonical: NDArray[np.float32]
    vertex_part: NDArray[np.int8]
    lips: NDArray[np.float32]
    ears: NDArray[np.float32]
    cavity: NDArray[np.float32]
    eyes: NDArray[np.float32]
    chin: int

    def normals(self, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the unit normals of the vertices, float32 (n, 3), outward."""
        corner = vertices[self.quads]
        across = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
        return unit(self.around @ across)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors scaled to length 1, float32 (k, 3)."""
    x, y, z = vectors.T
    length = np.sqrt(x * x + y * y + z * z) + np.float32(1e-9)
    found = np.empty(vectors.shape, np.float32)
    # Column by column: a loop over three numbers at a time takes twice as long.
    for axis in range(3):
        np.divide(vectors[:, axis], length, out=found[:, axis], casting="same_kind")
    return found


@cache
def load_head() -> Head:
    """Build the head from the asset, once per process."""
    asset = load_asset()
    refine, quads = catmull_clark(asset.quads, len(asset.vertices))
    part = np.repeat(asset.part, 4)
    count = refine.shape[0]
    canonical = refine @ asset.vertices
    rows = quads.ravel()
    columns = np.repeat(np.arange(len(quads)), 4)
    around = sp.csr_matrix((np.ones(rows.size, np.float32), (rows, columns)), (count, len(quads)))
    vertex_part = np.zeros(count, np.int8)
    vertex_part[rows] = np.repeat(part, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    triangle_part = np.concatenate([part, part])
    lash = triangles[triangle_part >= FIRST_LASH]
    cavity_sum = np.zeros(len(asset.vertices))
    faces_at = np.zeros(len(asset.vertices))
    np.add.at(cavity_sum, asset.quads.ravel(), np.repeat((asset.cavity == 1) * 1.0, 4))
    np.add.at(faces_at, asset.quads.ravel(), 1)
    cavity = refine @ (cavity_sum / np.maximum(faces_at, 1)).astype(np.float32)

    def mask(name: str) -> NDArray[np.float32]:
        return np.asarray(np.clip(refine @ asset.masks[name], 0, 1), np.float32)

    eyes = [canonical[vertex_part == eye] for eye in (LEFT_EYE, RIGHT_EYE)]
    return Head(
        refine=refine,
        quads=quads,
        around=around,
        triangles=np.ascontiguousarray(triangles[triangle_part < FIRST_LASH]),
        triangle_part=triangle_part[triangle_part < FIRST_LASH],
        lashes=np.concatenate([lash, lash[:, ::-1]]),
        lash_tip=_lash_tip(canonical, vertex_part),
        canonical=canonical,
        vertex_part=vertex_part,
        lips=mask("lips"),
        ears=mask("ears"),
        cavity=np.clip(cavity, 0, 1).astype(np.float32),
        eyes=np.stack([(eye.min(0) + eye.max(0)) / 2 for eye in eyes]).astype(np.float32),
        chin=int(np.argmin(np.abs(canonical - np.array(CHIN, np.float32)).sum(1))),
    )


def _lash_tip(canonical: NDArray[np.float32], vertex_part: NDArray[np.int8]) -> NDArray[np.float32]:
    """Distance from the skin, scaled to 0 (root) to 1 (tip) in each row of lashes."""
    from scipy.spatial import cKDTree

    tip = np.zeros(len(canonical), np.float32)
    skin = cKDTree(canonical[vertex_part == SKIN])
    for part in range(FIRST_LASH, int(vertex_part.max()) + 1):
        here = np.flatnonzero(vertex_part == part)
        distance, _ = skin.query(canonical[here])
        tip[here] = distance / (distance.max() + 1e-9)
    return tip
