"""Cloth on the visible pixels: colour, neckline, weave and folds."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered.canvas import wrapped
from ccbench_plugins.rendered.clothing import Clothing, covered
from ccbench_plugins.rendered.head import unit
from ccbench_plugins.rendered.scene import linear

Values = NDArray[np.float32]
HIGHEST = 6.45
"""No garment reaches higher on the base head, decimetres."""
_TILE, _SPAN = 256, 4.0
"""Pixels and decimetres of a side of the tile of folds."""
_BAND = {"crew": 0.085, "v_neck": 0.075, "shirt": 0.0, "turtleneck": 0.0, "cape": 0.02}


@cache
def _folds() -> Values:
    """Draw folds, float32 (_TILE, _TILE, 3): slope to the right, slope up, height; SD 1."""
    rng = np.random.default_rng(20_241)
    rows = np.fft.fftfreq(_TILE)[:, None] * _TILE / _SPAN
    columns = np.fft.rfftfreq(_TILE)[None, :] * _TILE / _SPAN
    white = np.fft.rfft2(rng.standard_normal((_TILE, _TILE)))
    # Folds of about half a decimetre that run down rather than across.
    keep = np.exp(-0.5 * ((columns / 1.3) ** 2 + (rows / 0.6) ** 2))
    height = np.fft.irfft2(white * keep, s=(_TILE, _TILE))
    height /= height.std()
    up, right = np.gradient(height)
    planes = [right / right.std(), -up / right.std(), height]
    return np.dstack(planes).astype(np.float32)


def dress(
    clothing: Clothing,
    canonical: Values,
    normal: Values,
    colour: Values,
    gloss: Values,
    where: NDArray[np.intp],
    tone: Values,
) -> None:
    """Colour what is below the head, in place: a garment, and plain skin above its neckline.

    Args:
        clothing: the garment.
        canonical: float32 (k, 3).
        normal: float32 (k, 3), unit; bent by the folds.
        colour: float32 (k, 3), linear RGB.
        gloss: float32 (k,).
        where: the pixels of skin lower than :data:`HIGHEST`.
        tone: float32 (3,), mean colour of the skin, linear RGB.
    """
    if not where.size:
        return
    places = canonical[where]
    inside = covered(clothing, places)
    opacity = np.clip(inside / 0.010 + 0.5, 0, 1)
    bare = np.flatnonzero(opacity < 1)
    # The skin's texture ends here.
    plain = np.clip((6.06 - places[bare, 1]) / 0.12, 0, 1)[:, None]
    skin = colour[where[bare]] * (1 - plain) + tone * plain
    colour[where[bare]] = skin * (1 - 0.40 * np.exp(-np.square(inside[bare] / 0.035)))[:, None]

    worn = np.flatnonzero(opacity > 0)
    if not worn.size:
        return
    where, inside, opacity = where[worn], inside[worn], opacity[worn]
    x, y, z = np.ascontiguousarray(places[worn].T)
    bump = _sampled(x + 0.3 * z, y - 0.2 * z)
    shade = 1 + 0.05 * clothing.folds * bump[:, 2]
    band = _BAND[clothing.garment]
    depth = 0.13 * clothing.folds * np.clip((inside - band) / 0.1, 0.1, 1)
    if band:
        around = np.arctan2(x, z - 0.2)
        ribs = 0.06 * np.sin(around * 150) * (inside < band)
        shade = shade * (1 + ribs - 0.30 * np.exp(-np.square((inside - band) / 0.010)))
    if clothing.garment == "turtleneck":
        shade = shade * (1 + 0.07 * np.sin(np.arctan2(x, z - 0.2) * 110) * (y > 5.95))
        shade = shade * (1 - 0.25 * np.exp(-np.square((y - 5.96) / 0.03)))
    if clothing.garment == "shirt":
        shade = shade * _collar(np.abs(x), y, z, inside)
    shade = shade * (1 - 0.18 * np.exp(-np.square(inside / 0.012)))
    cloth = linear(clothing.colour) * shade[:, None]
    under = colour[where]
    under += (cloth - under) * opacity[:, None]
    colour[where] = under
    gloss[where] = gloss[where] * (1 - opacity) + 0.04 * opacity
    bent = normal[where]
    bent[:, :2] -= bump[:, :2] * (depth * opacity)[:, None]
    normal[where] = unit(bent)


def _collar(side: Values, y: Values, z: Values, inside: Values) -> Values:
    """Return the shade of a shirt's collar and its button placket."""
    # The collar's outer edge runs from the neck's back to its points on the chest.
    front = np.clip((z - 0.2) / 0.5, 0, 1)
    edge = 5.98 - 0.20 * front - (y - 0.10 * np.clip((side - 0.2) / 0.4, 0, 1))
    on_collar = np.clip(-edge / 0.008 + 0.5, 0, 1) * (inside > 0)
    fall = 0.42 * np.exp(-np.square(np.maximum(edge, 0) / 0.035)) * (1 - on_collar)
    placket = 0.30 * np.exp(-np.square((side - 0.09) / 0.008)) * (z > 0.4) * (1 - on_collar)
    return np.asarray((1 - fall - placket) * (1 + 0.10 * on_collar), np.float32)


def _sampled(right: Values, up: Values) -> Values:
    count = len(right)
    rows = -(-count // 1024)
    column, row = np.zeros((2, rows * 1024), np.float32)
    column[:count] = wrapped(right * np.float32(_TILE / _SPAN), _TILE)
    row[:count] = wrapped(up * np.float32(-_TILE / _SPAN), _TILE)
    found = cv2.remap(
        _folds(),
        column.reshape(rows, 1024),
        row.reshape(rows, 1024),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    return np.asarray(found.reshape(-1, 3)[:count], np.float32)
