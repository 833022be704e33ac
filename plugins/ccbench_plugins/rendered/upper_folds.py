"""Folds of the upper face: soft grooves with the skin piled up beside them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered import canvas
from ccbench_plugins.rendered.canvas import Plane, blob, mirrored

Points = Sequence[tuple[float, float]]
_STEPS = 72
_REACH = 5.0
"""Cross-section that is drawn, in widths."""


def fold(
    rng: np.random.Generator,
    points: Points,
    width: float,
    depth: float = 1.0,
    ridge: float = 0.45,
    wobble: float = 0.25,
) -> Plane:
    """Draw an irregular fold that fades at both ends.

    Args:
        rng: decides the irregularities.
        points: (x, y) in decimetres, of a smoothed polyline; the ridge rises on its left
            when walking along it.
        width: SD of the groove's cross-section, decimetres.
        depth: at the deepest.
        ridge: height of the piled-up skin, as a fraction of the depth.
        wobble: how far the fold strays from the line, in widths.

    Returns:
        float32 (HEIGHT, WIDTH), positive in the groove and negative on the ridge.
    """
    track = _smooth_track(points)
    ahead = np.gradient(track, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    left = np.stack([-ahead[:, 1], ahead[:, 0]], 1)
    track = track + left * (wobble * width * _wander(rng))[:, None]
    widths = width * (1 + 0.22 * _wander(rng)).clip(0.6, 1.5)
    along = np.linspace(0, np.pi, _STEPS)
    fading = np.sin(along) ** 0.8 * (1 + 0.25 * _wander(rng)).clip(0.4, 1.4)

    margin = _REACH * width
    (left_x, low_y), (right_x, high_y) = track.min(0) - margin, track.max(0) + margin
    columns, rows = canvas.grid()
    across = np.flatnonzero((columns[0] > left_x) & (columns[0] < right_x))
    down = np.flatnonzero((rows[:, 0] > low_y) & (rows[:, 0] < high_y))
    x, y = np.meshgrid(columns[0, across].astype(float), rows[down, 0].astype(float))
    square = (x[..., None] - track[:, 0]) ** 2 + (y[..., None] - track[:, 1]) ** 2
    nearest = square.argmin(-1)
    aside = (x - track[nearest, 0]) * left[nearest, 0] + (y - track[nearest, 1]) * left[nearest, 1]
    distance = np.sqrt(square.min(-1)) * np.where(aside < 0, -1, 1) / widths[nearest]
    groove = np.exp(-0.5 * distance**2)
    heap = np.exp(-0.5 * ((distance - 1.9) / 1.1) ** 2)
    heap = heap + 0.4 * np.exp(-0.5 * ((distance + 1.9) / 1.1) ** 2)
    profile = (depth * fading[nearest] * (groove - ridge * heap)).astype(np.float32)
    # Beyond the ends the nearest point stands still; fading there is a matter of blurring.
    plane = np.zeros((canvas.HEIGHT, canvas.WIDTH), np.float32)
    plane[np.ix_(down, across)] = cv2.GaussianBlur(profile, (0, 0), 0.45 * width * canvas.DENSITY)
    return plane


def _smooth_track(points: Points) -> NDArray[np.float64]:
    path = np.array(points, float)
    along = np.linspace(0, len(path) - 1, _STEPS)
    track = np.stack([np.interp(along, range(len(path)), path[:, axis]) for axis in (0, 1)], 1)
    padded = np.pad(track, ((7, 7), (0, 0)), "reflect", reflect_type="odd")
    kernel = np.hanning(17)[1:-1] / np.hanning(17).sum()
    return np.stack([np.convolve(padded[:, axis], kernel, "valid") for axis in (0, 1)], 1)


def _wander(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return smooth noise of SD about 1 along a fold, (_STEPS,)."""
    knots = rng.standard_normal(8)
    smooth = np.interp(np.linspace(0, 7, _STEPS), range(8), knots)
    return np.asarray(np.convolve(np.pad(smooth, 4, "edge"), np.full(9, 1 / 9), "valid"))


def both(rng: np.random.Generator, points: Points, width: float, depth: float = 1.0) -> Plane:
    """Draw a fold on both sides of the face, not quite alike; the points are of x > 0."""
    drawn = np.zeros((canvas.HEIGHT, canvas.WIDTH), np.float32)
    for side in (1, -1):
        shift_x, shift_y = rng.normal(0, 0.3 * width, 2)
        here = [(side * (x + shift_x), y + shift_y) for x, y in points]
        # Mirroring swaps left and right, so the other side is walked backwards.
        drawn += fold(rng, here if side > 0 else here[::-1], width, depth * rng.uniform(0.85, 1.1))
    return drawn


def upper_planes() -> dict[str, Plane]:
    """Return the upper face's wrinkles: name -> float32 (HEIGHT, WIDTH), 1 at the deepest."""
    rng = np.random.default_rng(31)

    def across(y: float, left: float, right: float, depth: float) -> Plane:
        span, dip = right - left, float(rng.uniform(0.008, 0.018))
        points = [(right, y - 0.02), (right - 0.25 * span, y + 0.008), (left + 0.5 * span, y - dip)]
        points += [(left + 0.25 * span, y + 0.01), (left, y - 0.018)]
        return fold(rng, points[::-1], 0.02, depth)

    return {
        "forehead_inner": across(7.685, -0.29, 0.25, 1.2)
        + across(7.765, -0.33, 0.34, 1.5)
        + across(7.85, -0.24, 0.28, 1.05),
        "forehead_outer": both(
            rng, [(0.26, 7.695), (0.36, 7.735), (0.47, 7.735), (0.58, 7.66)], 0.02, 1.3
        )
        + both(rng, [(0.24, 7.785), (0.36, 7.825), (0.47, 7.815), (0.56, 7.75)], 0.02, 1.1),
        "glabella": both(
            rng, [(0.05, 7.345), (0.068, 7.43), (0.063, 7.51), (0.05, 7.585)], 0.019, 1.3
        )
        + both(rng, [(0.125, 7.44), (0.125, 7.51), (0.105, 7.57)], 0.014, 0.55)
        + fold(rng, [(-0.07, 7.335), (0, 7.325), (0.07, 7.335)], 0.014, 0.4),
        "crow": both(rng, [(0.525, 7.315), (0.575, 7.345), (0.63, 7.385)], 0.011, 0.75)
        + both(rng, [(0.52, 7.275), (0.585, 7.28), (0.66, 7.295)], 0.011, 0.9)
        + both(rng, [(0.515, 7.235), (0.575, 7.215), (0.64, 7.195)], 0.012, 0.8),
        "bag": both(rng, [(0.17, 7.15), (0.27, 7.105), (0.38, 7.10), (0.5, 7.155)], 0.02, 0.9)
        + both(rng, [(0.30, 7.165), (0.40, 7.17), (0.49, 7.20)], 0.012, 0.45),
        # The infraorbital triangle: a broad bulge, with a shallow fold as its lower edge.
        "cheek_lift": both(
            rng, [(0.21, 7.02), (0.31, 6.965), (0.42, 6.96), (0.53, 7.03)], 0.035, 0.7
        )
        - 1.5 * mirrored(blob(0.385, 7.045, 0.085, 0.042)),
        "underlid": both(rng, [(0.19, 7.195), (0.28, 7.165), (0.37, 7.165), (0.45, 7.20)], 0.013),
        "lid_fold": both(
            rng, [(0.20, 7.385), (0.30, 7.415), (0.40, 7.40), (0.46, 7.36)], 0.013, 0.8
        ),
        "nosebridge": fold(rng, [(-0.085, 7.29), (0, 7.27), (0.085, 7.29)], 0.016, 1.0)
        + fold(rng, [(-0.08, 7.225), (0, 7.205), (0.08, 7.225)], 0.015, 0.8)
        + both(rng, [(0.055, 7.25), (0.10, 7.19), (0.145, 7.11)], 0.016, 1.3)
        + both(rng, [(0.095, 7.27), (0.14, 7.205), (0.18, 7.15)], 0.014, 0.8),
    }
