"""Soft shadows in screen space: how much of the room and of the key light a pixel sees."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
_SIDE = 256
"""Steps below are in pixels of an image of this side."""
_REACH = 40


def occlusion_maps(depth: Map, light: NDArray[np.float32]) -> tuple[Map, Map]:
    """Return ambient visibility and key-light visibility.

    Horizons are searched in eight directions (Bavoil, Sainz & Dimitrov, 2008, "Image-space
    horizon-based ambient occlusion"), with the upper half of the room weighing more; the
    key light's horizon is searched along its own direction.

    Args:
        depth: float32 (h, w), pixels towards the camera.
        light: unit vector towards the key light, float32 (3,).

    Returns:
        Two float32 (h, w), 0 hidden to 1 open.
    """
    height, width = depth.shape
    unit = min(height, width) / _SIDE
    pad = round(_REACH * unit) + 1
    padded = cv2.copyMakeBorder(depth, pad, pad, pad, pad, cv2.BORDER_REPLICATE)

    def slope(right: float, up: float, step: float) -> Map:
        column, row = round(right * step * unit), round(-up * step * unit)
        there = padded[pad + row : pad + row + height, pad + column : pad + column + width]
        return np.asarray((there - depth) / max(float(np.hypot(row, column)), 1e-3), np.float32)

    steps = (1.5, 3.0, 6.0, 11.0, 19.0)
    ambient = np.zeros_like(depth)
    total = 0.0
    for index in range(8):
        angle = index * np.pi / 4 + 0.2
        right, up = float(np.cos(angle)), float(np.sin(angle))
        horizon = np.zeros_like(depth)
        for step in steps:
            np.maximum(horizon, slope(right, up, step) * (1 - 0.5 * step / steps[-1]), out=horizon)
        weight = 1 + 0.7 * up
        ambient += weight * (1 - horizon / np.sqrt(1 + horizon * horizon))
        total += weight
    ambient /= total
    flat = float(np.hypot(light[0], light[1]))
    if flat < 1e-3:
        return ambient, np.ones_like(depth)
    highest = np.full_like(depth, -9.0)
    for step in (2.0, 4.0, 7.0, 11.0, 16.0, 22.0, 30.0):
        here = slope(float(light[0]) / flat, float(light[1]) / flat, step)
        np.maximum(highest, here, out=highest)
    excess = np.clip((highest - float(light[2]) / flat) * 5.0, -30, 30)
    return ambient, np.asarray(1 / (1 + np.exp(excess)), np.float32)
