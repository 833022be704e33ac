"""Wrinkles that action units make, as depth planes (FACS manual: "furrows", "bulges")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered import canvas
from ccbench_plugins.rendered.canvas import Plane, groove, mirrored
from ccbench_plugins.rendered.upper_folds import upper_planes

_UPPER_INK = np.float32(0.45)
"""Darkness of the upper face's folds, of those in which no light enters."""
_FLAT = 1e-5
"""Slope and darkness that no pixel shows."""
GROOVE_DEPTH = 0.016
"""Depth of a wrinkle of strength 1, decimetres."""

Relief = NDArray[np.float32]
"""(HEIGHT, WIDTH, 3): slope of the skin to the left of the poser and upwards, and how dark
wrinkles make it, 1 in the deepest."""


@dataclass(frozen=True)
class Wrinkle:
    """What a wrinkle of strength 1 adds to a relief, where it is not flat.

    Attributes:
        rows: of the canvas.
        columns: of the canvas.
        shape: float32 (rows, columns, 3), as in :data:`Relief`.
    """

    rows: slice
    columns: slice
    shape: Relief

    def carve(self, relief: Relief, strength: float) -> None:
        """Add the wrinkle to a relief, in place."""
        relief[self.rows, self.columns] += self.shape * np.float32(strength)


def slopes(depth: Plane) -> tuple[Plane, Plane]:
    """Return how a plane rises to the left of the poser and upwards, per decimetre."""
    scale = canvas.DENSITY / 8
    slope_x = cv2.Sobel(depth, cv2.CV_32F, 1, 0, ksize=3) * scale
    slope_y = cv2.Sobel(depth, cv2.CV_32F, 0, 1, ksize=3) * -scale
    return np.asarray(slope_x, np.float32), np.asarray(slope_y, np.float32)


@cache
def wrinkles() -> Mapping[str, Wrinkle]:
    """Draw all wrinkles, once per process."""
    found = {name: _wrinkle(plane, plane) for name, plane in _planes().items()}
    for name, plane in upper_planes().items():
        found[name] = _wrinkle(plane, _UPPER_INK * np.maximum(plane, 0))
    return found


def _wrinkle(depth: Plane, ink: Plane) -> Wrinkle:
    raised = [np.float32(-GROOVE_DEPTH) * slope for slope in slopes(depth)]
    relief = np.dstack([*raised, ink])
    bumpy: NDArray[np.bool_] = np.abs(relief).max(axis=2) > _FLAT
    row, column = np.flatnonzero(bumpy.any(axis=1)), np.flatnonzero(bumpy.any(axis=0))
    rows, columns = slice(row[0], row[-1] + 1), slice(column[0], column[-1] + 1)
    return Wrinkle(rows, columns, np.ascontiguousarray(relief[rows, columns]))


def _fold(
    points: Sequence[tuple[float, float]],
    width: float,
    depth: Sequence[float],
    ridge: tuple[float, float],
) -> Plane:
    """Draw a soft furrow with the bulge of skin beside it, which catches the light.

    Args:
        points: of the furrow, (x, y) in decimetres.
        width: SD of the furrow's cross-section, decimetres.
        depth: along the furrow.
        ridge: where the bulge is off the furrow, (x, y) in decimetres.
    """
    beside = [(x + ridge[0], y + ridge[1]) for x, y in points]
    sharp, soft = groove(points, width, depth), groove(points, 2 * width, depth)
    bulge = groove(beside, 2 * width, depth)
    return np.asarray(0.55 * sharp + 0.6 * soft - 0.75 * bulge, np.float32)


def _puckers() -> Plane:
    """Draw fine lines across the lips, as uneven as skin makes them."""
    rng = np.random.default_rng(23)
    found = np.zeros((canvas.HEIGHT, canvas.WIDTH), np.float32)
    for x in np.linspace(-0.17, 0.17, 12) + rng.uniform(-0.01, 0.01, 12):
        top, bottom = 6.67 + rng.uniform(0, 0.02), 6.55 - rng.uniform(0, 0.02)
        strength = rng.uniform(0.25, 0.7, 2)
        found += groove([(x, top), (0.95 * x, 6.635)], 0.011) * np.float32(strength[0])
        found += groove([(x, bottom), (0.95 * x, 6.59)], 0.011) * np.float32(strength[1])
    return found


def _planes() -> dict[str, Plane]:
    rng = np.random.default_rng(3)
    bumps = canvas.noise(rng, 0.075) * 0.5 * canvas.blob(0, 6.31, 0.10, 0.065)
    return {
        "nasolabial": mirrored(
            _fold(
                [(0.19, 6.97), (0.26, 6.89), (0.33, 6.76), (0.36, 6.64)],
                0.024,
                [0.3, 1, 0.8, 0.0],
                (0.055, 0.03),
            )
        ),
        "nasolabial_up": mirrored(
            _fold(
                [(0.18, 7.02), (0.23, 6.93), (0.30, 6.82), (0.35, 6.72)],
                0.024,
                [0.5, 1, 0.7, 0.0],
                (0.05, 0.035),
            )
        ),
        "nasolabial_inner": mirrored(
            _fold(
                [(0.18, 7.00), (0.225, 6.93), (0.27, 6.85), (0.31, 6.76), (0.335, 6.68)],
                0.022,
                [0.4, 1, 1, 0.35, 0.0],
                (0.05, 0.04),
            )
        ),
        "smile": mirrored(
            _fold(
                [(0.19, 6.97), (0.26, 6.90), (0.335, 6.78), (0.37, 6.66), (0.36, 6.57)],
                0.026,
                [0.25, 0.9, 1, 0.7, 0.0],
                (0.06, 0.03),
            )
        ),
        "marionette": mirrored(
            _fold(
                [(0.275, 6.60), (0.31, 6.53), (0.325, 6.45), (0.32, 6.39)],
                0.022,
                [0.4, 1, 0.5, 0.0],
                (0.05, 0.015),
            )
        ),
        "chin_boss": _fold(
            [(-0.17, 6.40), (-0.09, 6.435), (0, 6.445), (0.09, 6.435), (0.17, 6.40)],
            0.022,
            [0.0, 0.8, 1, 0.8, 0.0],
            (0, -0.05),
        ),
        "chin_bumps": np.asarray(bumps, np.float32),
        "stretch": mirrored(
            _fold(
                [(0.345, 6.72), (0.385, 6.64), (0.385, 6.55), (0.35, 6.47)],
                0.022,
                [0.0, 0.9, 0.9, 0.0],
                (0.055, 0),
            )
            + 0.45 * groove([(0.29, 6.63), (0.36, 6.625)], 0.011)
        ),
        "hollow": mirrored(canvas.blob(0.50, 6.66, 0.075, 0.14)),
        "puckers": _puckers(),
    }
