"""What a photograph has beside the poser: camera, light, background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Camera:
    """Where the camera is, relative to the head.

    Attributes:
        yaw: degrees the head turns to its left; 90 is a profile.
        pitch: degrees the head nods down.
        roll: degrees the head tilts to its right shoulder.
        framing: distance from the eyes to the chin, as a fraction of the image's height
            (of its width, when that is smaller).
        eye_height: height of the eyes, as a fraction of the image's height from the top.
        shift: where the eyes' middle is off the image's middle, as a fraction of the width.
        distance: from the camera, decimetres.
        noise: SD of the sensor's noise, of a white of 1.
        blur: SD of the lens's blur, as a fraction of the image's width.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    framing: float = 0.40
    eye_height: float = 0.47
    shift: float = 0.0
    distance: float = 11.0
    noise: float = 0.008
    blur: float = 0.0

    def rotation(self) -> NDArray[np.float32]:
        """Return the head's rotation, float32 (3, 3)."""
        yaw, pitch, roll = np.radians([self.yaw, self.pitch, self.roll])
        cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
        cr, sr = np.cos(roll), np.sin(roll)
        turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        return np.asarray(tilt @ nod @ turn, np.float32)


@dataclass(frozen=True)
class Light:
    """A key light with its fill, in a room.

    Attributes:
        direction: towards the key light: x to the image's right, y up, z to the camera.
        key: its strength.
        fill: strength of a soft light from the other side.
        ambient: strength of the room's light.
        warmth: colour of the key light, -1 blue to 1 yellow.
        exposure: factor on everything before the tone curve.
    """

    direction: tuple[float, float, float] = (-0.35, 0.55, 0.76)
    key: float = 1.0
    fill: float = 0.25
    ambient: float = 0.55
    warmth: float = 0.0
    exposure: float = 0.95


@dataclass(frozen=True)
class Background:
    """An even wall, lighter at its top.

    Attributes:
        colour: sRGB, 0 to 1.
        gradient: how much lighter the top is than the bottom, as a fraction.
    """

    colour: Colour = (0.45, 0.45, 0.45)
    gradient: float = 0.35


def linear(colour: Colour | NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn sRGB, 0 to 1, into linear light."""
    value = np.asarray(colour, np.float32)
    low, high = value / 12.92, ((np.maximum(value, 0) + 0.055) / 1.055) ** 2.4
    return np.where(value <= 0.04045, low, high).astype(np.float32)


_CURVE_STEPS = 4096


def _curve() -> NDArray[np.float32]:
    light = np.arange(_CURVE_STEPS + 1, dtype=np.float64) / _CURVE_STEPS
    value = np.where(light < 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (value * 255).astype(np.float32)


CURVE = _curve()
"""sRGB value, 0 to 255, of linear light in 4,096 steps from 0 to 1."""


def srgb(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn linear light into sRGB values, 0 to 255; outside values are clipped."""
    steps = np.clip(light * np.float32(_CURVE_STEPS), 0, _CURVE_STEPS).astype(np.int32)
    return np.asarray(CURVE[steps], np.float32)
