"""Skin textures of an identity: colour, relief, brows, stubble, on the canonical plane."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered import canvas
from ccbench_plugins.rendered.brows import draw_brows
from ccbench_plugins.rendered.canvas import Plane, blob, mirrored, noise
from ccbench_plugins.rendered.identity import Identity
from ccbench_plugins.rendered.wrinkles import Relief, slopes, wrinkles

LIGHT = np.array([0.62, 0.40, 0.30], np.float32)
MEDIUM = np.array([0.38, 0.222, 0.15], np.float32)
DARK = np.array([0.10, 0.055, 0.035], np.float32)
"""Colours of skin with melanin 0, .4 and 1, linear RGB."""


@dataclass(frozen=True)
class SkinTextures:
    """What is drawn once per identity.

    Attributes:
        colour: float32 (HEIGHT, WIDTH, 3), linear RGB.
        relief: pores and wrinkles of age; pores do not darken the skin.
        tone: the skin's mean colour, linear RGB.
    """

    colour: NDArray[np.float32]
    relief: Relief
    tone: NDArray[np.float32]


def skin_tone(melanin: float) -> NDArray[np.float32]:
    """Return the colour of skin, linear RGB."""
    if melanin < 0.4:
        return np.asarray(LIGHT + (MEDIUM - LIGHT) * (melanin / 0.4), np.float32)
    return np.asarray(MEDIUM + (DARK - MEDIUM) * ((melanin - 0.4) / 0.6), np.float32)


def draw_skin(identity: Identity) -> SkinTextures:
    """Draw the textures of an identity."""
    skin = identity.skin
    rng = np.random.default_rng([identity.seed, 77])
    tone = skin_tone(skin.melanin)
    mottle = 0.04 * noise(rng, 0.25) + 0.03 * noise(rng, 0.083)
    mottle += 0.025 * noise(rng, 0.028) + 0.02 * noise(rng, 0.011)
    blush = noise(rng, 0.11)
    pores = 0.5 * noise(rng, 0.006) + 0.5 * noise(rng, 0.014)
    shade = skin.detail * mottle + _zones(skin.melanin, skin.wrinkles)
    beard = _beard() * np.clip(0.55 + 0.32 * noise(rng, 0.0045), 0, 1)
    light = np.exp(shade) * (1 - 0.75 * skin.stubble * beard)
    # Blood shows less through melanin.
    flush = (1 - 0.75 * skin.melanin) * (_blood() + 0.07 * skin.detail * blush)
    colour = np.empty((canvas.HEIGHT, canvas.WIDTH, 3), np.float32)
    for channel, absorbed in enumerate((0.03, 0.19, 0.16)):
        colour[..., channel] = tone[channel] * light * np.exp(-absorbed * flush)
    _freckles(colour, skin.freckles, tone, rng)
    hairs = draw_brows(identity.brows, np.random.default_rng([identity.seed, 5]))[..., None]
    colour = colour * (1 - hairs) + hairs * _brow_colour(identity.hair.colour(), tone)
    known = wrinkles()
    shares = {"forehead_inner": 0.5, "nasolabial": 0.6, "underlid": 0.3, "bag": 0.35}
    shares |= {"crow": 0.4, "marionette": 0.25}
    relief = np.zeros_like(colour)
    relief[..., 0], relief[..., 1] = slopes(np.asarray(0.0015 * skin.detail * pores, np.float32))
    for name, share in shares.items():
        known[name].carve(relief, skin.wrinkles * share)
    return SkinTextures(colour.astype(np.float32), relief, tone)


def _zones(melanin: float, aged: float) -> Plane:
    """Return where skin is darker or lighter, as the logarithm of a factor."""
    around_eyes = (1 + aged) * (0.7 + 0.9 * melanin)
    dark = around_eyes * mirrored(
        0.11 * blob(0.27, 7.17, 0.13, 0.04) + 0.08 * blob(0.30, 7.34, 0.17, 0.06)
    )
    rim = mirrored(blob(0.62, 7.6, 0.14, 0.25)) + blob(0, 7.95, 0.4, 0.1)
    dark += 0.06 * (0.5 + melanin) * rim
    dark += 0.05 * (0.3 + 1.4 * melanin) * mirrored(blob(0.19, 6.66, 0.09, 0.14))
    light = 0.04 * blob(0, 7.62, 0.3, 0.12) + 0.05 * blob(0, 7.12, 0.05, 0.14)
    light += 0.05 * (0.4 + melanin) * mirrored(blob(0.40, 7.02, 0.12, 0.08))
    return np.asarray(light - dark, np.float32)


def _blood() -> Plane:
    """Return how red skin is, above its mean: cheeks, nose, chin; not forehead and lids."""
    red = mirrored(0.75 * blob(0.42, 6.95, 0.15, 0.12) + 0.35 * blob(0.25, 7.17, 0.10, 0.04))
    red += 0.85 * blob(0, 6.94, 0.10, 0.08) + 0.35 * blob(0, 6.32, 0.14, 0.09)
    return np.asarray(red - 0.35 * blob(0, 7.7, 0.5, 0.2), np.float32)


def _brow_colour(hair: NDArray[np.float32], tone: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the hair's colour, darkened where brows would vanish before the skin."""
    dark = np.float32(0.5) * hair
    return np.asarray(dark * min(1.0, 0.22 * float(tone.sum()) / float(dark.sum())), np.float32)


def _beard() -> Plane:
    chin = np.clip(1.2 * blob(0, 6.30, 0.5, 0.28), 0, 1)
    around = chin * (1 - np.clip(1.3 * blob(0, 6.62, 0.24, 0.10), 0, 1))
    lip = 0.8 * blob(0, 6.76, 0.2, 0.05)
    sides = mirrored(0.8 * blob(0.62, 6.7, 0.14, 0.35))
    return np.asarray(np.clip(around + lip + sides, 0, 1), np.float32)


def _freckles(
    colour: NDArray[np.float32], count: int, tone: NDArray[np.float32], rng: np.random.Generator
) -> None:
    for _ in range(count):
        x, y = rng.uniform(-0.7, 0.7), rng.uniform(6.2, 7.9)
        radius, dark = rng.uniform(0.004, 0.010), rng.uniform(0.6, 0.92)
        column, row = canvas.fixed(canvas.pixels(x, y))
        size = round(radius * canvas.DENSITY * 16)
        ink = [float(value) for value in tone * np.float32(dark)]
        cv2.circle(colour, (column, row), size, ink, -1, cv2.LINE_AA, 4)
