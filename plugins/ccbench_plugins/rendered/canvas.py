"""The plane that skin textures are drawn on: the base head seen from the front."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

DENSITY = 240
"""Pixels per decimetre."""
LEFT, RIGHT, BOTTOM, TOP = -1.0, 1.0, 5.9, 8.6
WIDTH = round((RIGHT - LEFT) * DENSITY)
HEIGHT = round((TOP - BOTTOM) * DENSITY)
Plane = NDArray[np.float32]
_FRACTION = 4


@cache
def grid() -> tuple[Plane, Plane]:
    """Return x and y of every pixel, decimetres, float32 (HEIGHT, WIDTH) each."""
    x = (np.arange(WIDTH) + 0.5) / DENSITY + LEFT
    y = TOP - (np.arange(HEIGHT) + 0.5) / DENSITY
    columns, rows = np.meshgrid(x, y)
    return columns.astype(np.float32), rows.astype(np.float32)


def pixels(x: object, y: object) -> NDArray[np.float64]:
    """Return the pixel coordinates (column, row) of points given in decimetres."""
    return np.stack(
        [
            (np.asarray(x, np.float64) - LEFT) * DENSITY - 0.5,
            (TOP - np.asarray(y, np.float64)) * DENSITY - 0.5,
        ],
        -1,
    )


def fixed(point: NDArray[np.float64]) -> tuple[int, int]:
    """Return a point in OpenCV's fixed-point coordinates (4 fractional bits)."""
    return round(point[0] * 2**_FRACTION), round(point[1] * 2**_FRACTION)


def lines(
    image: Plane,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    values: Sequence[float],
) -> None:
    """Draw anti-aliased lines, one after the other.

    Args:
        image: drawn on, in place.
        start: pixel positions, float64 (lines, 2).
        end: pixel positions, float64 (lines, 2).
        values: of the lines.
    """
    begins = np.rint(start * 2**_FRACTION).astype(int).tolist()
    ends = np.rint(end * 2**_FRACTION).astype(int).tolist()
    for begin, finish, value in zip(begins, ends, values, strict=True):
        cv2.line(image, begin, finish, value, 1, cv2.LINE_AA, _FRACTION)


def blob(x: float, y: float, wide: float, high: float | None = None) -> Plane:
    """Return a Gaussian of height 1 around a point; SDs in decimetres."""
    columns, rows = grid()
    across = np.exp(-0.5 * ((columns[0] - x) / wide) ** 2)
    down = np.exp(-0.5 * ((rows[:, 0] - y) / (high or wide)) ** 2)
    return np.outer(down, across).astype(np.float32)


def mirrored(plane: Plane) -> Plane:
    """Return a plane plus its left-right mirror image."""
    return plane + plane[:, ::-1]


def blurred(plane: Plane, sd: float) -> Plane:
    """Blur with a Gaussian of an SD in decimetres."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sd * DENSITY), np.float32)


def wrapped(position: Plane, side: int) -> Plane:
    """Return positions on a tile of a side that is a power of two, which repeats."""
    return np.asarray(position - np.floor(position / side) * side, np.float32)


def noise(rng: np.random.Generator, grain: float) -> Plane:
    """Return smooth noise of SD 1 whose grains are about ``grain`` decimetres apart."""
    high = max(4, round((TOP - BOTTOM) / grain))
    wide = max(4, round((RIGHT - LEFT) / grain))
    coarse = rng.standard_normal((high, wide), dtype=np.float32)
    shrink = wide > WIDTH
    how = cv2.INTER_AREA if shrink else cv2.INTER_CUBIC
    plane = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=how)
    return np.asarray(plane / plane.std(), np.float32)


def groove(
    points: Sequence[tuple[float, float]], width: float, depth: Sequence[float] | None = None
) -> Plane:
    """Draw a groove along a smoothed polyline.

    Args:
        points: (x, y) in decimetres.
        width: SD of its Gaussian cross-section, decimetres.
        depth: along the line; by default it fades at both ends.

    Returns:
        float32 (HEIGHT, WIDTH); about 1 at the deepest.
    """
    steps = 60
    path = np.array(points, float)
    along = np.linspace(0, len(path) - 1, steps)
    track = np.stack([np.interp(along, range(len(path)), path[:, axis]) for axis in (0, 1)], 1)
    padded = np.pad(track, ((4, 4), (0, 0)), "edge")
    track = np.stack([np.convolve(padded[:, axis], np.ones(9) / 9, "valid") for axis in (0, 1)], 1)
    if depth is None:
        amount = np.sin(np.linspace(0.12, np.pi - 0.12, steps))
    else:
        amount = np.interp(along, np.linspace(0, len(path) - 1, len(depth)), depth)
    image = np.zeros((HEIGHT, WIDTH), np.float32)
    where = pixels(track[:, 0], track[:, 1])
    lines(image, where[:-1], where[1:], amount[:-1].tolist())
    spread = width * DENSITY
    # A line one pixel wide has an integral of 1 across; the Gaussian shall peak at 1.
    return np.asarray(cv2.GaussianBlur(image, (0, 0), spread) * (spread * 2.5066), np.float32)
