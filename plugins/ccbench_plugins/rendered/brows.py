"""Eyebrows, drawn hair by hair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered import canvas
from ccbench_plugins.rendered.canvas import Plane
from ccbench_plugins.rendered.identity import Brows

_HAIRS = 560
"""Hairs of one brow of average thickness."""
_AVERAGE = 0.036
_HEAD = 0.095
"""Where a brow begins, decimetres from the face's middle."""
_PIECES = ((0.0, 0.45, 1.0), (0.45, 0.75, 0.7), (0.75, 1.0, 0.35))
"""A hair tapers: from, to (fractions of its length), ink."""


def brow_centre(brows: Brows, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the height of a brow's middle line at a distance from the face's middle."""
    along = np.clip((x - 0.11) / (brows.length - 0.11), 0, 1)
    rise = brows.arch * (0.75 * np.sin(along * np.pi * 0.85) - 0.25 * along)
    return np.asarray(7.475 + brows.height + rise)


def draw_brows(brows: Brows, rng: np.random.Generator) -> Plane:
    """Draw both brows; float32 (HEIGHT, WIDTH), opacity, 0 to 1."""
    image = np.zeros((canvas.HEIGHT, canvas.WIDTH), np.float32)
    for side in (1, -1):
        _draw_brow(image, brows, side, rng)
    hairs = 0.95 * canvas.blurred(image, 0.0022) + 0.42 * canvas.blurred(image, 0.012)
    return np.asarray((1 - np.exp(-2.4 * hairs)) * (0.35 + 0.65 * brows.darkness), np.float32)


def _draw_brow(image: Plane, brows: Brows, side: int, rng: np.random.Generator) -> None:
    count = round(_HAIRS * brows.thickness / _AVERAGE)
    # Sparse at the head and at the tail, so that neither ends in an edge.
    along = rng.beta(1.45, 1.35, count)
    x = _HEAD + (brows.length - _HEAD) * along
    full = np.sin(np.pi * np.clip(0.22 + 0.78 * along, 0, 1)) ** 0.55
    thickness = brows.thickness * (0.35 + 0.95 * full) * (1 - 0.35 * along)
    offset = rng.normal(0, 0.40, count).clip(-0.95, 0.95)
    y = brow_centre(brows, x) + thickness * offset - 0.006
    # Upright at the head, then outwards; upper hairs bend down and lower ones up.
    angle = 1.45 * (1 - along) ** 1.4 + 0.05 - 0.35 * offset * np.sqrt(along)
    angle = angle - 0.35 * np.maximum(0, along - 0.6) + rng.normal(0, 0.2, count)
    length = (0.058 - 0.022 * along) * rng.uniform(0.7, 1.1, count)
    bend = -0.35 * length * np.cos(angle) * along
    ink = rng.uniform(0.4, 1.0, count) * (0.45 + 0.55 * np.clip(along / 0.16, 0, 1))
    for begin, end, amount in _PIECES:
        points = [
            canvas.pixels(
                side * (x + share * length * np.cos(angle)),
                y + 0.65 * share * length * np.sin(angle) + 0.5 * share**2 * bend,
            )
            for share in (begin, end)
        ]
        canvas.lines(image, points[0], points[1], (amount * ink).tolist())
