"""Colours and normals of the visible pixels: skin, lips, hair, eyes, teeth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered import canvas
from ccbench_plugins.rendered.asset import (
    LEFT_EYE,
    LOWER_TEETH,
    RIGHT_EYE,
    SKIN,
    TONGUE,
    UPPER_TEETH,
)
from ccbench_plugins.rendered.cloth import HIGHEST, dress
from ccbench_plugins.rendered.geometry import Likeness
from ccbench_plugins.rendered.head import Head, unit
from ccbench_plugins.rendered.identity import Identity
from ccbench_plugins.rendered.wrinkles import wrinkles

Values = NDArray[np.float32]
MOUTH = np.array([0.16, 0.045, 0.04], np.float32)
GUMS = np.array([0.36, 0.13, 0.12], np.float32)
ENAMEL = np.array([0.76, 0.67, 0.54], np.float32)
SCLERA = np.array([0.60, 0.55, 0.52], np.float32)
CARUNCLE = np.array([0.50, 0.24, 0.21], np.float32)
LIP = np.array([0.42, 0.15, 0.13], np.float32)
_TOOTH_EDGES = {
    UPPER_TEETH: np.array([0, 0.047, 0.083, 0.120, 0.157, 0.194, 0.23], np.float32),
    LOWER_TEETH: np.array([0, 0.028, 0.060, 0.095, 0.131, 0.170, 0.21], np.float32),
}
"""Where one tooth meets the next, from the middle outwards, decimetres."""


@dataclass
class Surface:
    """The visible pixels, k of them.

    Attributes:
        normal: (k, 3), unit, camera frame.
        canonical: (k, 3), position on the base head.
        part: int8 (k,).
        cavity: (k,), inside of the mouth.
        colour: (k, 3), linear RGB.
        gloss: (k,), strength of highlights.
        shine: (k,), exponent of highlights.
    """

    normal: Values
    canonical: Values
    part: NDArray[np.int8]
    cavity: Values
    colour: Values
    gloss: Values
    shine: Values


class CanvasSampler:
    """Looks up canvas planes at canonical positions.

    Args:
        canonical: float32 (k, 3).
    """

    def __init__(self, canonical: Values) -> None:
        self._count = len(canonical)
        # remap() takes at most 32,767 rows or columns, so the list is folded.
        rows = max(1, -(-self._count // 1024))
        self._column = np.zeros((rows, 1024), np.float32)
        self._row = np.zeros((rows, 1024), np.float32)
        self._column.reshape(-1)[: self._count] = (
            canonical[:, 0] - np.float32(canvas.LEFT)
        ) * canvas.DENSITY - np.float32(0.5)
        self._row.reshape(-1)[: self._count] = (
            np.float32(canvas.TOP) - canonical[:, 1]
        ) * canvas.DENSITY - np.float32(0.5)

    def __call__(self, plane: Values) -> Values:
        """Return the plane's values, float32 (k, channels)."""
        found = cv2.remap(
            plane, self._column, self._row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(found.reshape(self._column.size, -1)[: self._count], np.float32)


def surface(
    identity: Identity,
    who: Likeness,
    head: Head,
    depths: dict[str, float],
    normal: Values,
    canonical: Values,
    masks: Values,
    part: NDArray[np.int8],
) -> Surface:
    """Colour the visible pixels.

    Args:
        identity: who.
        who: what they are made of.
        head: the topology.
        depths: wrinkle -> depth, of the expression.
        normal: float32 (k, 3).
        canonical: float32 (k, 3).
        masks: float32 (3, k): lips, cavity, hair.
        part: int8 (k,).
    """
    lips, cavity, hair = masks
    sample = CanvasSampler(canonical)
    colour = sample(who.textures.colour)
    skin = part == SKIN
    relief, known = who.textures.relief.copy(), wrinkles()
    for name, strength in depths.items():
        known[name].carve(relief, strength)
    bumps = sample(relief)
    # Lips have no pores.
    bumpy = (skin & (cavity < 0.5)) * (1 - hair) * (1 - 0.6 * lips)
    bent = normal.copy()
    bent[:, 0] -= bumps[:, 0] * bumpy
    bent[:, 1] -= bumps[:, 1] * bumpy
    bent = unit(bent)

    tint = 0.6 * identity.skin.lips
    red = LIP * np.float32(1 - 0.65 * identity.skin.melanin)
    # Each of these is seen by a few pixels only; the others are not looked at.
    here = np.flatnonzero(skin & (lips > 0.25))
    share, own = np.clip((lips[here] - 0.25) / 0.5, 0, 1)[:, None], colour[here]
    colour[here] = own * (1 - share) + (own * (1 - tint) + red * tint) * 0.92 * share
    here = np.flatnonzero(skin & (cavity > 0.05))
    # Just behind the lips' edges the mouth is as pink as gums, further in it is dark.
    mucosa = np.clip((canonical[here, 2:3] - 1.25) / 0.25, 0, 1)
    share = cavity[here, None]
    colour[here] = colour[here] * (1 - share) + share * (MOUTH + (GUMS - MOUTH) * mucosa)
    here = np.flatnonzero(bumpy * bumps[:, 2] > 0)
    colour[here] *= np.exp(-0.35 * np.clip(bumps[here, 2], 0, 2) * bumpy[here])[:, None]
    here = np.flatnonzero(skin & (hair > 0))
    share = np.clip(hair[here] * 1.3, 0, 1)[:, None]
    colour[here] = colour[here] * (1 - share) + identity.hair.colour() * share
    gloss = np.full(len(part), 0.35, np.float32)
    shine = np.full(len(part), 14.0, np.float32)
    wet = (lips > 0.4) & skin
    gloss[wet], shine[wet] = 0.6, 30.0
    gloss[hair > 0.3] = 0.25
    low = np.flatnonzero(skin & (canonical[:, 1] < HIGHEST) & (cavity < 0.05))
    dress(identity.clothing, canonical, bent, colour, gloss, low, who.textures.tone)
    found = Surface(bent, canonical, part, cavity, np.asarray(colour, np.float32), gloss, shine)
    _eyes(found, identity, head)
    _teeth(found)
    return found


def _eyes(found: Surface, identity: Identity, head: Head) -> None:
    dark, light = np.array([0.05, 0.028, 0.015]), np.array([0.22, 0.30, 0.36])
    base = (dark * (1 - identity.iris) + light * identity.iris).astype(np.float32)
    for side, part in enumerate((LEFT_EYE, RIGHT_EYE)):
        here = np.flatnonzero(found.part == part)
        if not here.size:
            continue
        toward = unit(found.canonical[here] - head.eyes[side])
        outward = 1 - 2 * side
        axis = unit(np.array([[0.06 * outward, 0, 1]], np.float32))[0]
        angle = np.degrees(np.arccos(np.clip(toward @ axis, -1, 1)))
        corner = np.clip((np.abs(toward[:, 0]) - 0.45) / 0.4, 0, 1)
        white = SCLERA * (1 - 0.22 * corner)[:, None]
        # The caruncle and the thin vessels towards it.
        inner = np.clip((-outward * toward[:, 0] - 0.40) / 0.45, 0, 1)[:, None]
        white = white * (1 - 0.75 * inner) + CARUNCLE * 0.75 * inner
        around = np.arctan2(toward[:, 1], toward[:, 0])
        rays = 0.12 * np.sin(around * 23 + np.sin(around * 7) * 3)
        rays += 0.07 * np.sin(around * 41 + angle * 0.35)
        iris = base * (0.72 + rays + 0.5 * np.clip((angle - 9.5) / 12, 0, 1))[:, None]
        # The cornea gathers light opposite the lamp: the lower half of an iris is lighter.
        iris *= (1 - 0.5 * np.clip(toward[:, 1] / 0.4, -0.7, 1))[:, None]
        iris *= (1 - 0.72 * _smooth((angle - 19.5) / 4.5))[:, None]
        in_iris = _smooth((25.6 - angle) / 2.6)[:, None]
        in_pupil = _smooth((10.4 - angle) / 1.6)[:, None]
        mixed = (white * (1 - in_iris) + iris * in_iris) * (1 - in_pupil) + 0.004 * in_pupil
        found.colour[here] = mixed
        found.gloss[here] = 0.0


def _smooth(along: Values) -> Values:
    along = np.clip(along, 0, 1)
    return np.asarray(along * along * (3 - 2 * along), np.float32)


def _teeth(found: Surface) -> None:
    for part, edges in _TOOTH_EDGES.items():
        here = np.flatnonzero(found.part == part)
        if not here.size:
            continue
        x, y = np.abs(found.canonical[here, 0]), found.canonical[here, 1]
        edge = np.min(np.abs(x[:, None] - edges), axis=1)
        # Between teeth there is a shadow, dark only where they part towards the gums.
        to_gum = (y - 6.60) / 0.135 if part == UPPER_TEETH else (6.71 - y) / 0.21
        to_gum = np.clip(to_gum, 0, 1)
        gap = (0.10 + 0.22 * to_gum) * np.exp(-((edge / 0.006) ** 2))
        scallop = 0.014 * np.exp(-((edge / 0.016) ** 2))
        above = y - 6.755 if part == UPPER_TEETH else 6.475 - y
        gum = np.clip((above + scallop) / 0.02, 0, 1)[:, None]
        found.colour[here] = ENAMEL * (1 - gap)[:, None] * (1 - gum) + gum * GUMS
        found.gloss[here] = 0.5
    tongue = found.part == TONGUE
    found.colour[tongue] = GUMS
    # At the sheen that skin has at grazing angles a mouth's inside would look grey.
    found.gloss[tongue | ((found.cavity > 0.5) & (found.part == SKIN))] = 0.04
