"""Light on the visible pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered.asset import (
    LEFT_EYE,
    LOWER_TEETH,
    RIGHT_EYE,
    SKIN,
    TONGUE,
    UPPER_TEETH,
)
from ccbench_plugins.rendered.materials import Surface, Values
from ccbench_plugins.rendered.scene import Light

_WRAP = 0.32
_RED_WRAP = 0.55
"""How far light bleeds around the terminator of skin; red light bleeds further."""


def direction(light: Light) -> NDArray[np.float32]:
    """Return the unit vector towards the key light."""
    vector = np.array(light.direction, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def shade(found: Surface, light: Light, open_sky: Values, lit: Values) -> Values:
    """Return the light that leaves the visible pixels, linear RGB, float32 (k, 3).

    Args:
        found: the pixels.
        light: the lights.
        open_sky: float32 (k,), ambient visibility.
        lit: float32 (k,), visibility of the key light.
    """
    key, normal = direction(light), found.normal
    cosine = normal @ key
    sky = 0.55 + 0.45 * (0.5 + 0.5 * normal[:, 1])
    wrapped = np.clip((cosine + _WRAP) / (1 + _WRAP), 0, 1)
    bleeding = np.clip((cosine + _RED_WRAP) / (1 + _RED_WRAP), 0, 1)
    other = np.array([-key[0], 0.1, 0.9], np.float32)
    other /= np.linalg.norm(other)
    filled = np.clip((normal @ other + 0.3) / 1.3, 0, 1)
    ambient = light.ambient * sky * open_sky
    direct = light.key * wrapped * lit
    fill = light.fill * filled * (0.3 + 0.7 * open_sky)
    warm = 0.06 * light.warmth
    tints = ((0.95, 1.02 + warm), (1.0, 1.0 + 0.3 * warm), (1.05, 0.97 - warm))
    irradiance = np.empty((len(normal), 3), np.float32)
    for channel, (room, lamp) in enumerate(tints):
        irradiance[:, channel] = ambient * room + direct * lamp + fill
    irradiance[:, 0] += light.key * 0.12 * (bleeding - wrapped)
    _mouth(found, irradiance, open_sky)
    _eyes(found, irradiance, open_sky)
    leaving = found.colour * irradiance
    half = key + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    facing = np.clip(normal @ half, 0, 1)
    grazing = 1 - np.clip(normal[:, 2], 0, 1)
    fresnel = 0.04 + 0.96 * grazing**2 * grazing**2 * grazing
    highlight = found.gloss * np.exp(found.shine * np.log(np.maximum(facing, 1e-4)))
    highlight *= 0.10 * lit * light.key * (found.shine + 8) / 22
    sheen = 0.25 * fresnel * found.gloss * open_sky * np.clip(normal[:, 1] + 0.3, 0, 1)
    leaving += (highlight + sheen)[:, None]
    _catchlights(found, leaving, key)
    return np.asarray(leaving, np.float32)


def _mouth(found: Surface, irradiance: Values, open_sky: Values) -> None:
    """Light the mouth's inside by how deep it lies.

    Occlusion in screen space buries all of it alike, and in steps where the jaw is open.
    """
    teeth = (found.part == UPPER_TEETH) | (found.part == LOWER_TEETH)
    inner = ((found.cavity > 0.5) & (found.part == SKIN)) | (found.part == TONGUE)
    here = np.flatnonzero(inner)
    if here.size:
        front = np.clip((found.canonical[here, 2] - 0.7) / 0.75, 0, 1)
        dim = (0.08 + 1.3 * front**2) * (0.4 + 0.6 * open_sky[here])
        irradiance[here] = dim[:, None]
    here = np.flatnonzero(teeth)
    if here.size:
        front = np.clip((found.canonical[here, 2] - 1.05) / 0.40, 0, 1)
        # Lips that part a little, or are pushed forward, keep the light off the teeth.
        floor = 0.08 + 0.70 * front**1.5 * np.clip(0.12 + 2 * open_sky[here], 0, 0.95)
        tint = np.array([1, 0.95, 0.88], np.float32)
        irradiance[here] = floor[:, None] * tint


def _eyes(found: Surface, irradiance: Values, open_sky: Values) -> None:
    here = np.flatnonzero((found.part == LEFT_EYE) | (found.part == RIGHT_EYE))
    if here.size:
        # The lid and its lashes hide the sky from the upper part of an eye.
        irradiance[here] *= np.clip(1.5 * open_sky[here] - 0.2, 0.35, 1)[:, None]


def _catchlights(found: Surface, leaving: Values, key: NDArray[np.float32]) -> None:
    here = np.flatnonzero((found.part == LEFT_EYE) | (found.part == RIGHT_EYE))
    if here.size:
        normal = found.normal[here]
        mirrored = 2 * normal[:, 2:3] * normal - np.array([0, 0, 1], np.float32)
        window = np.clip((mirrored @ key - 0.962) / 0.022, 0, 1)
        leaving[here] += (0.85 * window * window)[:, None]
