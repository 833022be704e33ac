"""Lips that touch: what displacements pull apart or push into each other meets again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from ccbench_plugins.rendered.asset import LOWER_TEETH, SKIN, TONGUE, UPPER_TEETH, load_asset

Vertices = NDArray[np.float32]
_REACH = 0.11
"""How far from the line between the lips vertices move along, decimetres on the skin."""
_OVERLAP = 0.005
"""By how much the lips' edges cross, so that no camera sees between them, decimetres."""
_BOX = ((-0.6, 6.2), (0.6, 7.0))
"""Part of the base mesh, x and y in decimetres, in which vertices may move along."""

_TEETH = {UPPER_TEETH: (-0.06, -0.035), LOWER_TEETH: (0.03, -0.085), TONGUE: (-0.10, -0.13)}
"""How far the front of teeth and tongue lies above and before the line between the lips."""


@dataclass(frozen=True)
class Lips:
    """The line between the lips, and what moves along with it.

    Attributes:
        upper: indices of the upper lip's edge, from the poser's right to left.
        lower: the lower lip's.
        near: int64 (k,), vertices that move along.
        with_upper: float32 (k, len(upper)), how much with which vertex of the edge.
        with_lower: float32 (k, len(lower)).
    """

    upper: NDArray[np.int64]
    lower: NDArray[np.int64]
    near: NDArray[np.int64]
    with_upper: NDArray[np.float32]
    with_lower: NDArray[np.float32]


@cache
def load_lips() -> Lips:
    """Find the lips in the asset, once per process."""
    asset = load_asset()
    skin, inside = asset.part == SKIN, asset.cavity == 1
    line = np.intersect1d(asset.quads[skin & inside], asset.quads[skin & ~inside])
    x, y = asset.vertices[line, 0], asset.vertices[line, 1]
    corners = (int(line[np.argmin(x)]), int(line[np.argmax(x)]))
    middle = np.interp(np.abs(x), (0, asset.vertices[corners[1], 0]), (6.6145, 6.615))
    order = line[np.argsort(x)]
    above = dict(zip(line.tolist(), (y > middle).tolist(), strict=True))
    upper = np.array([v for v in order.tolist() if above[v] or v in corners])
    lower = np.array([v for v in order.tolist() if not above[v] or v in corners])

    rolled = np.stack([asset.quads[skin], np.roll(asset.quads[skin], -1, 1)], -1).reshape(-1, 2)
    length = np.linalg.norm(
        (asset.vertices[rolled[:, 0]] - asset.vertices[rolled[:, 1]]).astype(float), axis=1
    )
    count = len(asset.vertices)
    edges = sp.csr_matrix((length, (rolled[:, 0], rolled[:, 1])), (count, count)).maximum(0)
    far = [
        dijkstra(edges, directed=False, indices=side, min_only=True, limit=3 * _REACH)
        for side in (upper, lower)
    ]
    (left, bottom), (right, top) = _BOX
    where = asset.vertices
    box = (where[:, 0] > left) & (where[:, 0] < right) & (where[:, 1] > bottom)
    near = np.flatnonzero(box & (where[:, 1] < top) & (np.minimum(far[0], far[1]) < _REACH))
    shares = []
    for side, own, other in ((upper, far[0], far[1]), (lower, far[1], far[0])):
        distance, beyond = own[near], np.minimum(other[near], 3 * _REACH)
        fall = np.clip(1 - distance / _REACH, 0, 1)
        fall = fall * fall * (3 - 2 * fall)
        fall *= np.where(distance < beyond, 1.0, 0.0)
        apart = (where[near, 0][:, None] - where[side, 0]) / 0.03
        weight = np.exp(-0.5 * apart.astype(float) ** 2)
        weight *= fall[:, None] / weight.sum(1, keepdims=True)
        weight[np.isin(near, side)] = 0
        weight[np.searchsorted(near, side), np.arange(len(side))] = 1
        shares.append(weight.astype(np.float32))
    return Lips(upper, lower, near, shares[0], shares[1])


def sealed(vertices: Vertices, share: float = 1.0) -> Vertices:
    """Return the vertices with the lips' edges meeting halfway, along the whole mouth.

    Args:
        vertices: float32 (n, 3), of the asset.
        share: how much of a gap closes, 0 to 1; lips that cross are always taken apart.
    """
    lips = load_lips()
    upper, lower = vertices[lips.upper].astype(float), vertices[lips.lower].astype(float)
    moves = []
    for own, other, sign in ((upper, lower, 1.0), (lower, upper, -1.0)):
        order = np.argsort(other[:, 0], kind="stable")
        across = other[order]
        gap = sign * (own[:, 1] - np.interp(own[:, 0], across[:, 0], across[:, 1]))
        depth = np.interp(own[:, 0], across[:, 0], across[:, 2]) - own[:, 2]
        move = np.zeros_like(own)
        gap = np.where(gap > 0, gap * share, gap)
        move[1:-1, 1] = -sign * (gap[1:-1] / 2 + _OVERLAP * share)
        move[1:-1, 2] = depth[1:-1] / 4 * share
        moves.append(move)
    found = vertices.copy()
    # einsum without optimisation sums in a fixed order, whatever the library's threads.
    shift = np.einsum("ku,uc->kc", lips.with_upper, moves[0])
    shift += np.einsum("kl,lc->kc", lips.with_lower, moves[1])
    found[lips.near] += shift.astype(np.float32)
    return found


def resting(vertices: Vertices) -> Vertices:
    """Return a face without expression with its lips closed, the teeth behind them.

    Args:
        vertices: float32 (n, 3), of the asset.
    """
    asset, found = load_asset(), sealed(vertices)
    line = found[load_lips().upper]
    middle = line[len(line) // 2]
    for part, (above, before) in _TEETH.items():
        here = np.unique(asset.quads[asset.part == part])
        front = found[here][np.abs(found[here, 0] - middle[0]) < 0.1]
        edge = front[:, 1].min() if part == UPPER_TEETH else front[:, 1].max()
        found[here, 1] += middle[1] + np.float32(above) - edge
        found[here, 2] += middle[2] + np.float32(before) - front[:, 2].max()
    return found
