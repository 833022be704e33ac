"""A haircut as a mesh around the skull: it moves with the head, never with the face."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered.hair import Hair, hairline_height
from ccbench_plugins.rendered.head import unit
from ccbench_plugins.rendered.scalp import COLUMNS, LOWEST, MIDDLE, ROWS, Scalp, load_scalp

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Cut:
    """What makes a style; lengths in decimetres.

    Attributes:
        top: how far the hair stands off the top of the head.
        sides: off its sides and back.
        quiff: further off, above the forehead.
        rough: how uneven its surface is.
        flow: which way strands lie: from the "crown", from a "part", "back", or "curl".
        hangs: degrees from the front where hanging hair begins; 0 for none.
        flare: how far hanging hair stands off at half its length.
        tuck: how far its ends turn in.
        ears: whether the ears show.
        fringe: how far down the forehead it reaches.
    """

    top: float
    sides: float
    quiff: float = 0.0
    rough: float = 0.012
    flow: str = "crown"
    hangs: float = 0.0
    flare: float = 0.0
    tuck: float = 0.0
    ears: bool = True
    fringe: float = 0.0


CUTS = {
    "bald": Cut(0.015, 0.02, rough=0.002),
    "buzz": Cut(0.03, 0.02, rough=0.002),
    "short": Cut(0.13, 0.06, quiff=0.05, rough=0.022),
    "parted": Cut(0.13, 0.06, quiff=0.05, rough=0.012, flow="part"),
    "receding": Cut(0.07, 0.05, rough=0.012, flow="back"),
    "swept_back": Cut(0.09, 0.07, quiff=0.05, rough=0.010, flow="back"),
    "bun": Cut(0.06, 0.05, rough=0.006, flow="back"),
    "bob": Cut(0.14, 0.25, flow="part", hangs=60, flare=0.12, tuck=0.12, ears=False, rough=0.012),
    "long": Cut(0.12, 0.23, flow="part", hangs=61, flare=0.10, ears=False, rough=0.013),
    "fringe": Cut(0.13, 0.24, hangs=60, flare=0.08, tuck=0.04, ears=False, fringe=0.30),
    "curly": Cut(0.24, 0.24, flow="curl", rough=0.040, ears=False),
    "afro": Cut(0.37, 0.35, flow="curl", rough=0.022, ears=False),
}
_HANG_FROM = 84.0
"""Degrees from straight up below which hair hangs rather than lies."""


@dataclass(frozen=True)
class Locks:
    """Hair as a mesh of n places.

    Attributes:
        places: float32 (n, 3), decimetres, in the frame of the head.
        triangles: int32 (m, 3); those seen from inside come as well where hair hangs.
        normals: float32 (n, 3), unit, outward.
        along: float32 (n, 3), unit, the way the strands run.
        strand: float32 (n, 2), across and along the strands, decimetres about.
        inside: float32 (n,), distance from the edge of the hair, decimetres, negative outside.
        backed: float32 (n,), 1 where more hair lies behind its edge, seen from the front.
        outer: how many of the triangles, the first ones, are seen from outside.
    """

    places: Values
    triangles: NDArray[np.int32]
    normals: Values
    along: Values
    strand: Values
    inside: Values
    backed: Values
    outer: int


def _step(value: Values, low: float, high: float) -> Values:
    part = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def _lumps(rng: np.random.Generator, high: int, wide: int) -> Values:
    """Return smooth noise on the grid, equal at both ends of a row, of SD 1."""
    coarse = rng.standard_normal((high + 1, wide))
    row = np.linspace(0, high, ROWS)
    column = np.linspace(0, wide, COLUMNS)
    top, left = np.minimum(row.astype(int), high - 1), column.astype(int) % wide
    down, across = (row - top)[:, None], (column - column.astype(int))[None, :]
    down, across = down * down * (3 - 2 * down), across * across * (3 - 2 * across)
    right = (left + 1) % wide
    upper = coarse[top][:, left] * (1 - across) + coarse[top][:, right] * across
    lower = coarse[top + 1][:, left] * (1 - across) + coarse[top + 1][:, right] * across
    mixed = upper * (1 - down) + lower * down
    return np.asarray(mixed / mixed.std(), np.float32)


def _extent(hair: Hair, cut: Cut, scalp: Scalp, rng: np.random.Generator) -> Values:
    """Return how far inside the hair each place is, on the scalp, decimetres."""
    x, y, z = np.moveaxis(scalp.places, -1, 0)
    edge = hairline_height(hair, x, z)
    if cut.fringe:
        middle = 1 - _step(np.abs(x), 0.50, 0.80)
        edge = edge - cut.fringe * middle * _step(z, 0.7, 1.1)
    inside = np.asarray(y - edge, np.float32)
    burns = np.minimum(0.09 - np.abs(z - 0.80), y - 7.12)
    if cut.flow in ("crown", "part"):
        inside = np.maximum(inside, np.where(np.abs(x) > 0.5, burns, -1))
    if cut.ears:
        ear = np.hypot((z - 0.50) / 0.23, (y - 7.10) / 0.33)
        inside = np.where(np.abs(x) > 0.4, np.minimum(inside, 0.28 * (ear - 1)), inside)
    inside = np.minimum(inside, y - 6.72)
    if hair.style == "bald":
        inside = np.minimum(inside, np.minimum(7.74 - y, 0.72 - z))
    return np.asarray(inside + 0.012 * _lumps(rng, 14, 40), np.float32)


def lay(hair: Hair, vertices: Values) -> Locks:
    """Lay a haircut on a head.

    Args:
        hair: the haircut.
        vertices: float32 (n, 3), the refined head without expression.
    """
    scalp, cut = load_scalp(), CUTS[hair.style]
    rng = np.random.default_rng([hair.seed, 31])
    skull = scalp.on(vertices)
    # The shape of a person moves the whole head; hair is laid where the base head is.
    moved = (skull - scalp.places).mean((0, 1))
    skull = skull - moved
    x, y, z = np.moveaxis(scalp.places, -1, 0)
    inside = _extent(hair, cut, scalp, rng)

    upper = _step(y, 7.35, 8.25)
    lift = cut.sides + (cut.top - cut.sides) * upper
    lift = lift + cut.quiff * np.exp(-(((z - 1.25) / 0.35) ** 2)) * upper
    rise = 0.20 if cut.flow == "curl" or cut.fringe else 0.30
    lift = lift * hair.volume * (0.08 + 0.92 * _step(inside, 0.0, rise))
    if cut.flow == "part":
        away = np.abs(x - _parting(hair)) + 0.5 * np.clip(0.4 - z, 0, 1)
        lift = lift * (0.72 + 0.28 * _step(away, 0.0, 0.18))
    rough = cut.rough * (1 + 0.5 * hair.curl)
    uneven = _lumps(rng, 6, 14) + (0.9 if cut.flow == "curl" else 0.4) * _lumps(rng, 12, 27)
    # Without a bound the rare high lump would stand out like an ear.
    uneven = 1.2 * np.tanh(uneven / 1.2) * _step(scalp.polar, 0, 30)
    lift = lift + rough * uneven * _step(inside, 0.0, 0.25)
    lift = np.asarray(lift, np.float32)
    if cut.flow != "curl":
        lift = np.asarray(cv2.GaussianBlur(lift, (0, 0), 0.9), np.float32)
        lift[:, -1] = lift[:, 0]
    places = skull + scalp.toward * lift[..., None]
    if cut.hangs:
        places, inside = _hang(hair, cut, scalp, places, inside, rng)
    normals = _grid_normals(places)
    strand, along = _flow(hair, cut, scalp, places, normals, rng)
    triangles = scalp.triangles
    kept = (inside.reshape(-1)[triangles] > -0.08).any(1)
    triangles = triangles[kept]
    outer = len(triangles)
    if cut.hangs:
        low = np.repeat(scalp.polar[:, 0] > _HANG_FROM, COLUMNS)
        triangles = np.concatenate([triangles, triangles[low[triangles].all(1)][:, ::-1]])
    locks = Locks(
        places.reshape(-1, 3) + moved,
        triangles,
        normals.reshape(-1, 3),
        along.reshape(-1, 3),
        strand.reshape(-1, 2),
        inside.reshape(-1),
        _backed(hair, cut, scalp).reshape(-1),
        outer,
    )
    return _with_bun(locks, skull + moved) if hair.style == "bun" else locks


def _backed(hair: Hair, cut: Cut, scalp: Scalp) -> Values:
    """Return where the edge beside the face has hair behind it, (ROWS, COLUMNS)."""
    if cut.ears:
        return np.zeros((ROWS, COLUMNS), np.float32)
    beside = 1 - _step(np.abs(scalp.azimuth), 76.0, 86.0)
    # The free ends have nothing behind them.
    drop = np.clip(scalp.polar - _HANG_FROM, 0, None) / (LOWEST - _HANG_FROM) * hair.length
    ends = 1 - _step(drop, hair.length - 0.45, hair.length - 0.25) if cut.hangs else 1.0
    return np.asarray(beside * ends * _step(scalp.polar, 40, 55), np.float32)


def _parting(hair: Hair) -> np.float32:
    return np.float32(0.55 * hair.parting)


def _hang(
    hair: Hair, cut: Cut, scalp: Scalp, places: Values, inside: Values, rng: np.random.Generator
) -> tuple[Values, Values]:
    """Let the lower rows fall from the widest row instead of lying on the neck."""
    first = int(np.searchsorted(scalp.polar[:, 0], _HANG_FROM))
    side = np.abs(scalp.azimuth[0])
    rows = ROWS - first
    fall = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    from_y = places[first, :, 1]
    drop = np.float32(hair.length) + (from_y - MIDDLE[1])
    out = places[first] - np.array([MIDDLE[0], 0, MIDDLE[2]], np.float32)
    out[:, 1] = 0
    reach = np.linalg.norm(out, axis=1)
    back = _step(side, 120, 170)
    spread = reach + cut.flare * np.sin(np.pi * fall * 0.85) - cut.tuck * fall**3
    spread = spread + 0.02 * hair.volume * _lumps(rng, 6, 24)[:rows] * fall - 0.12 * back * fall
    hanging = out[None] / reach[None, :, None] * spread[..., None]
    hanging[..., 0] += MIDDLE[0]
    hanging[..., 2] += MIDDLE[2]
    hanging[..., 1] = from_y - fall * drop
    # Long hair falls onto the chest beside the neck, or lies behind the shoulders.
    hanging[..., 2] += 0.30 * np.clip(fall * drop - 0.9, 0, 1) * (1 - back)
    mixed = places.copy()
    # Between the cheek and where hair hangs freely its surface closes the gap.
    falls = _step(side, cut.hangs - 10, cut.hangs + 12)[None, :, None]
    mixed[first:] = places[first:] * (1 - falls) + hanging * falls
    beside = (side[None, :] - cut.hangs) * np.float32(0.013)
    opened = _step(scalp.polar, 44, 62)
    curtain = np.where(opened > 0, beside - 0.25 * (1 - opened), -1)
    grown = np.maximum(inside, curtain)
    ends = (1 - fall) * drop - 0.06 - 0.05 * np.abs(_lumps(rng, 2, 36)[:rows])
    grown[first:] = np.minimum(np.maximum(inside[first:], beside), ends)
    grown[first:] = np.where(side < cut.hangs - 16, np.minimum(inside[first:], 0), grown[first:])
    return mixed, np.asarray(grown, np.float32)


def _grid_normals(places: Values) -> Values:
    down = np.gradient(places, axis=0)
    right = np.gradient(places, axis=1)
    right[:, 0] = right[:, -1] = places[:, 1] - places[:, -2]
    normals = unit(np.cross(down, right).reshape(-1, 3).astype(np.float32)).reshape(places.shape)
    normals[0] = np.array([0, 1, 0], np.float32)
    return normals


def _flow(
    hair: Hair, cut: Cut, scalp: Scalp, places: Values, normals: Values, rng: np.random.Generator
) -> tuple[Values, Values]:
    """Return strand coordinates (ROWS, COLUMNS, 2) and directions (ROWS, COLUMNS, 3)."""
    around = np.broadcast_to(scalp.azimuth * np.float32(5 / 360), places.shape[:2])
    x, y, z = np.moveaxis(places, -1, 0)
    from_top = np.broadcast_to(scalp.polar * np.float32(0.018), places.shape[:2])
    if cut.flow == "part":
        # In planes across the parting; where it lies on the forehead's side it turns with it.
        away = np.abs(x - _parting(hair))
        other = np.where(x > _parting(hair), 0.37, 0.0)
        across, along = z + 0.5 * away * _step(y, 7.2, 7.8) + other, away - y
        axis = np.array([0, 0, 1], np.float32)
    elif cut.flow == "back":
        turn = np.arctan2(x, y - 7.0)
        # Combed a little to one side, and each lock bends its own way.
        across = 0.95 * turn + (0.22 * np.sign(hair.parting) + 0.05 * _lumps(rng, 3, 9)) * (z - 0.5)
        along = z - 0.3 * y
        axis = np.stack([np.cos(turn), -np.sin(turn), 0 * turn], -1)
    else:
        across, along, axis = around, from_top, np.zeros(3, np.float32)
    wave = (0.012 + 0.04 * hair.curl) * _lumps(rng, 7, 9)
    wave *= _step(scalp.polar, 0, 30)
    strand = np.stack([across + wave, along], -1).astype(np.float32)
    if axis.any():
        direction = np.cross(normals, axis)
        level = _step(np.linalg.norm(direction, axis=-1), 0.1, 0.4)[..., None]
    else:
        direction, level = np.zeros_like(normals), np.zeros((*x.shape, 1), np.float32)
    down = np.cross(np.cross(normals, np.array([0, 1, 0], np.float32)), normals)
    down *= -np.sign(down[..., 1:2] + 1e-6)
    mixed = direction * level + down * (1 - level)
    return strand, unit(mixed.reshape(-1, 3).astype(np.float32)).reshape(places.shape)


def _with_bun(locks: Locks, skull: Values) -> Locks:
    """Add a knot behind the crown."""
    high, wide = 10, 18
    down = np.linspace(0.02, np.pi - 0.02, high)[:, None]
    turn = np.linspace(-np.pi, np.pi, wide)[None, :]
    ball = np.stack(
        [np.sin(down) * np.sin(turn), np.cos(down) + 0 * turn, np.sin(down) * np.cos(turn)], -1
    ).reshape(-1, 3)
    centre = skull[6, 0] + np.array([0, 0.17, -0.02], np.float32)
    index = np.arange(high * wide).reshape(high, wide) + len(locks.places)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    cells = [np.stack([a, c, d], -1).reshape(-1, 3), np.stack([a, d, b], -1).reshape(-1, 3)]
    run = np.cross(ball, np.array([0.3, 1, 0.2]))
    strand = np.stack([np.repeat(down, wide, 1), np.repeat(turn, high, 0)], -1) * 0.35
    new = np.float32

    def joined(old: Values, more: NDArray[np.float64]) -> Values:
        return np.concatenate([old, more.astype(new)])

    return Locks(
        joined(locks.places, centre + ball * np.array([0.30, 0.25, 0.28])),
        np.concatenate([locks.triangles, *cells]).astype(np.int32),
        joined(locks.normals, ball),
        np.concatenate([locks.along, unit(run.astype(new))]),
        joined(locks.strand, strand.reshape(-1, 2)),
        joined(locks.inside, np.full(len(ball), 0.5)),
        joined(locks.backed, np.zeros(len(ball))),
        locks.outer + sum(map(len, cells)),
    )
