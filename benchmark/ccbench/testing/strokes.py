"""Pen and outlines of the drawn faces, in face units.

A face unit is 1/256 of the picture's side, measured from the point between the eyes, x to the
picture's right, y down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Blue, green, red."""
Points = NDArray[np.float64]
Image = NDArray[np.uint8]

_ORIGIN: Final = (128.0, 118.0)  # where the point between the eyes lies in an upright picture
_SHIFT: Final = 4  # OpenCV's fixed-point bits: outlines are placed to 1/16 of a drawn pixel


@dataclass(frozen=True)
class Nuisance:
    """What varies between photographs besides the face.

    Shifts are fractions of the picture's side, ``rotation`` is in degrees (positive is
    clockwise on the picture), ``light`` is the relative brightening from the left edge to the
    right, ``light_down`` the same from top to bottom, ``noise`` a standard deviation in grey
    levels, drawn from ``noise_seed``.
    """

    shift_x: float = 0.0
    shift_y: float = 0.0
    scale: float = 1.0
    rotation: float = 0.0
    light: float = 0.0
    light_down: float = 0.0
    exposure: float = 1.0
    noise: float = 0.0
    noise_seed: int = 0
    backdrop: Colour = (190.0, 188.0, 184.0)


def mix(one: Sequence[float], other: Sequence[float], share: float) -> Colour:
    """Mix two colours; a share of 0 is the first, 1 the second."""
    blue, green, red = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return blue, green, red


def times(colour: Sequence[float], factor: float) -> Colour:
    """Brighten or darken a colour; no channel goes beyond 255."""
    blue, green, red = (min(255.0, channel * factor) for channel in colour)
    return blue, green, red


class Pen:
    """Draws outlines given in face units on a square picture."""

    def __init__(self, side: int, view: Nuisance) -> None:
        self.side = side
        angle = np.deg2rad(view.rotation)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self.unit = side / 256 * view.scale  # pixels of the drawing
        self.turn = turn * self.unit
        self.start = (np.array(_ORIGIN) / 256 + (view.shift_x, view.shift_y)) * side
        wall = np.linspace(times(view.backdrop, 1.06), times(view.backdrop, 0.9), side)
        self.image = u8(cv2.repeat(np.rint(wall).astype(np.uint8)[:, None], 1, side))

    def window(self, points: Points, margin: float) -> tuple[Image, Points, Image]:
        """Cut out the picture around an outline; place the outline in it; make an empty mask."""
        placed = points @ self.turn.T + self.start
        flat, reach = placed.reshape(-1, 2), margin * self.unit + 2
        low = np.clip(flat.min(axis=0) - reach, 0, self.side - 1).astype(int)
        high = np.clip(flat.max(axis=0) + reach, 1, self.side).astype(int)
        spot = self.image[low[1] : high[1], low[0] : high[0]]
        return spot, placed - low, np.zeros(spot.shape[:2], np.uint8)

    def fill(self, points: Points, colour: Colour) -> None:
        """Fill an outline."""
        fill(self.image, points @ self.turn.T + self.start, colour)

    def tint(self, points: Points, colour: Colour, alpha: float, blur: float = 0.0) -> None:
        """Lay a colour over the inside of an outline, softly if ``blur`` (face units) is given."""
        spot, placed, mask = self.window(points, 2.5 * blur)
        fill(mask, placed, (255 * alpha,))
        self._lay(spot, mask, colour, blur)

    def strokes(self, rows: Points, colour: Colour, blur: float = 0.0) -> None:
        """Draw curved strokes with thin ends.

        Each of the ``rows`` is a start, a middle and an end (x and y), a width and an opacity.
        They share one mask: the blending of a mask costs much more than a stroke.
        """
        rows = rows[rows[:, 7] > 0.004]  # below that, less than one grey level
        if not len(rows):
            return
        t = np.linspace(0, 1, 9)[:, None]
        p0, p1, p2 = rows[:, None, :2], rows[:, None, 2:4], rows[:, None, 4:6]
        bend = 2 * p1 - (p0 + p2) / 2
        line = (1 - t) ** 2 * p0 + 2 * t * (1 - t) * bend + t**2 * p2
        along = (1 - t) * (bend - p0) + t * (p2 - bend)
        across = along[..., ::-1] * (-1, 1) / np.maximum(np.hypot(*along.T), 1e-9).T[..., None]
        across *= rows[:, None, 6:7] * (0.1 + 1.6 * t * (1 - t))
        outlines = np.concatenate([line + across, (line - across)[:, ::-1]], axis=1)
        spot, placed, mask = self.window(outlines, 2.5 * blur)
        for outline, alpha in zip(placed, rows[:, 7], strict=True):
            fill(mask, outline, (255 * min(alpha, 0.95),))
        self._lay(spot, mask, colour, blur)

    def clipped(self, points: Points, paint: Callable[[], None]) -> None:
        """Let ``paint`` draw, and keep of it what is inside an outline."""
        spot, placed, mask = self.window(points, 8.0)  # nothing is painted further outside
        before = spot.copy()
        paint()
        fill(mask, placed, (255,))
        weight = mask[..., None] * np.float32(1 / 255)
        spot[...] = before + (spot.astype(np.float32) - before) * weight + np.float32(0.5)

    def _lay(self, spot: Image, mask: Image, colour: Colour, blur: float) -> None:
        if blur > 0:
            # Of OpenCV's filters this one gives the same bytes on any number of threads;
            # stackBlur, for one, does not.
            sigma = blur * self.unit
            mask = u8(cv2.GaussianBlur(mask, (2 * round(2.5 * sigma) + 1,) * 2, sigma))
        blend = np.array(colour, np.float32) - spot
        blend *= mask[..., None] * np.float32(1 / 255)
        blend += spot
        blend += 0.5
        spot[...] = blend


def u8(image: object) -> Image:
    """Tell the type checker that OpenCV's result is an 8-bit image."""
    return np.asarray(image, dtype=np.uint8)


def fill(image: Image, placed: Points, colour: Sequence[float]) -> None:
    """Fill an outline given in pixels of ``image``."""
    fixed = np.rint(placed * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(image, [fixed], [round(c) for c in colour], cv2.LINE_AA, _SHIFT)


def smooth(points: Sequence[tuple[float, float]], steps: int = 8) -> Points:
    """Lay a smooth line through points (Catmull-Rom), ``steps`` points to a stretch."""
    given = np.array(points, np.float64)
    padded = np.vstack([2 * given[0] - given[1], given, 2 * given[-1] - given[-2]])
    p0, p1, p2, p3 = (padded[k : len(padded) - 3 + k, None] for k in range(4))
    t = (np.arange(steps) / steps)[:, None]
    curve = 2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)
    return np.vstack([(p1 + t / 2 * (p2 - p0 + t * curve)).reshape(-1, 2), given[-1:]])


def ribbon(line: Points, widths: Sequence[float]) -> Points:
    """Outline a band along a line; the widths are spread evenly over it."""
    along = np.vstack([line[1] - line[0], line[2:] - line[:-2], line[-1] - line[-2]])
    across = along[:, ::-1] * (-1, 1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    at = np.linspace(0, len(widths) - 1, len(line))
    across *= np.interp(at, np.arange(len(widths)), widths)[:, None] / 2
    return np.vstack([line + across, (line - across)[::-1]])


def oval(x: float, y: float, a: float, b: float, steps: int = 28) -> Points:
    """Outline an ellipse with half axes ``a`` (across) and ``b`` (down)."""
    angle = np.arange(steps) * (2 * np.pi / steps)
    return np.stack([x + a * np.cos(angle), y + b * np.sin(angle)], axis=1)


def between(x: Points, upper: Points, lower: Points) -> Points:
    """Outline the area between two lines that share their ``x``."""
    return np.vstack([np.stack([x, upper], 1), np.stack([x, lower], 1)[::-1]])


def mirrored(right: Points) -> Points:
    """Close a right half outline, given from the top down, with its mirror image."""
    return np.vstack([right, (right * (-1, 1))[::-1]])
