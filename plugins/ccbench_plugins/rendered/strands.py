"""Hair seen by the camera: which pixels it covers, how thickly, and its light."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered.canvas import wrapped
from ccbench_plugins.rendered.hair import Hair
from ccbench_plugins.rendered.haircut import CUTS, Locks
from ccbench_plugins.rendered.head import unit
from ccbench_plugins.rendered.rasterizer import rasterize
from ccbench_plugins.rendered.scene import Light

Values = NDArray[np.float32]
_TILE = 512
"""Pixels of a tile of strands; it covers one decimetre across and four along."""
_ALONG = 4.0


@dataclass(frozen=True)
class PosedLocks:
    """Hair in front of the camera; see :class:`Locks` for what is not said here.

    Attributes:
        xy: float32 (n, 2), pixels.
        depth: float32 (n,), pixels towards the camera.
        rotation: float32 (3, 3), of the head.
        scale: pixels per decimetre.
        locks: what was posed.
    """

    xy: Values
    depth: Values
    rotation: Values
    scale: float
    locks: Locks


@dataclass(frozen=True)
class Strands:
    """Pixels that show hair, k of them.

    Attributes:
        pixels: int32 (k,), as in ``Fragments``.
        depth: float32 (k,), of what shades the skin: at its edge hair lies on it.
        opacity: float32 (k,), above 0, up to 1.
        normal: float32 (k, 3), unit, camera frame.
        along: float32 (k, 3), the way the strands run, camera frame.
        grain: float32 (k, 2), lightness of the strand and of its lock, about -1 to 1.
        shade: float32 (k,), factor on the light: low on the side towards the head.
        casts: bool (k,), thick enough to shade the skin.
    """

    pixels: NDArray[np.int32]
    depth: Values
    opacity: Values
    normal: Values
    along: Values
    grain: Values
    shade: Values
    casts: NDArray[np.bool_]


@cache
def _tile(curly: bool) -> Values:
    """Draw a tile of strands that repeats without a seam, (_TILE, _TILE, 2), SD about .5."""
    rng = np.random.default_rng([20_240, int(curly)])

    def layer(across: float, along: float) -> Values:
        white = rng.standard_normal((_TILE, _TILE), dtype=np.float32)
        # Blurred as a circle in both directions: the tile repeats.
        rows = np.fft.fftfreq(_TILE)[:, None]
        columns = np.fft.rfftfreq(_TILE)[None, :]
        keep = np.exp(-2 * np.pi**2 * ((rows * along) ** 2 + (columns * across) ** 2))
        smooth = np.fft.irfft2(np.fft.rfft2(white) * keep, s=(_TILE, _TILE))
        return np.asarray(smooth / smooth.std(), np.float32)

    if curly:
        fine = 0.6 * layer(5, 1.6) + 0.8 * layer(11, 4)
        lock = np.abs(layer(16, 5)) + 0.6 * layer(30, 8) - 0.8
    else:
        fine = 0.75 * layer(1.6, 50) + 0.6 * layer(4.5, 80)
        lock = 0.7 * layer(14, 90) + 0.7 * layer(38, 110)
    return np.asarray(0.5 * np.dstack([fine, lock]), np.float32)


def _tile_at(strand: Values, curly: bool) -> Values:
    count = len(strand)
    rows = max(1, -(-count // 1024))
    column, row = np.zeros((2, rows * 1024), np.float32)
    column[:count] = wrapped(strand[:, 0] * np.float32(_TILE), _TILE)
    row[:count] = wrapped(strand[:, 1] * np.float32(_TILE / _ALONG), _TILE)
    found = cv2.remap(
        _tile(curly),
        column.reshape(rows, 1024),
        row.reshape(rows, 1024),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    return np.asarray(found.reshape(-1, 2)[:count], np.float32)


def visible_strands(
    hair: Hair, posed: PosedLocks, depth: Values, width: int, height: int
) -> Strands:
    """Find the pixels where hair is in front of the head.

    Args:
        hair: the haircut.
        posed: the hair.
        depth: float32 (width * height,), of the head.
        width: of the frame, pixels.
        height: of the frame, pixels.
    """
    locks = posed.locks
    hit = rasterize(posed.xy, posed.depth, locks.triangles, width, height)
    hit = hit.at(np.flatnonzero(hit.depth > depth.take(hit.pixels)))
    attributes = np.concatenate(
        [
            locks.normals @ posed.rotation.T,
            locks.along @ posed.rotation.T,
            locks.strand,
            np.stack([locks.inside, locks.backed], 1),
            (locks.places - locks.places.mean(0)) @ posed.rotation[2][:, None],
        ],
        1,
    )
    values = hit.interpolate(attributes, locks.triangles)
    curly = CUTS[hair.style].flow == "curl"
    grain = _tile_at(values[:, 6:8], curly)
    normal = unit(values[:, :3])
    inside = values[:, 8] + 0.020 * grain[:, 0] + 0.012 * grain[:, 1]
    soft = 0.17 if CUTS[hair.style].flow == "back" or hair.style == "buzz" else 0.085
    if curly or CUTS[hair.style].fringe:
        soft = 0.04
    opacity = np.clip(inside / soft + 0.22, 0, 1)
    # Near its edge hair thins out into single strands.
    opacity *= np.clip(0.75 + 1.1 * grain[:, 0] + inside / soft, 0, 1)
    inner = hit.triangle >= locks.outer
    # Strands, not a surface, end the silhouette.
    rim = np.abs(normal[:, 2]) / (0.25 if curly else 0.20)
    rim += np.clip(0.30 - values[:, 8], 0, 0.3) * 3 + np.clip(values[:, 10] - 0.1, 0, 0.3) * 4
    free = depth.take(hit.pixels) <= depth.min()
    thinned = np.clip(rim + 0.45 + (1.1 if curly else 0.8) * grain[:, 0], 0, 1)
    opacity = np.where(free, opacity * thinned, opacity)
    # Cropped hair lets skin through, but not the wall.
    if hair.style in ("buzz", "bald"):
        opacity *= np.where(free, 1, np.clip(0.62 + 0.35 * grain[:, 0], 0, 1))
    if hair.style == "receding":
        opacity *= np.where(free, 1, np.clip(0.86 + 0.4 * grain[:, 0], 0, 1))
    # Through a thin edge the hair behind it is seen, in the shade.
    filled = np.where(free & (opacity > 0.02), np.maximum(opacity, values[:, 9]), opacity)
    shade = np.where(filled > opacity, 0.3 + 0.7 * opacity / np.maximum(filled, 1e-3), 1.0)
    opacity = filled
    shown = np.flatnonzero(opacity > 0.02)
    kept = hit.at(shown)
    # At its edge hair lies on the skin: without this the skin would be in the edge's shadow.
    above = kept.depth
    under = np.maximum(depth.take(kept.pixels), above - np.float32(0.25 * posed.scale))
    rising = np.clip(values[shown, 8] / 0.3, 0, 1)
    return Strands(
        pixels=kept.pixels,
        depth=np.asarray(under + (above - under) * rising, np.float32),
        opacity=np.asarray(opacity[shown], np.float32),
        normal=normal[shown],
        along=unit(values[shown, 3:6]),
        grain=grain[shown],
        shade=np.asarray(shade[shown] * np.where(inner[shown], 0.45, 1.0), np.float32),
        casts=opacity[shown] > 0.5,
    )


def strand_light(
    hair: Hair, strands: Strands, light: Light, key: Values, open_sky: Values, lit: Values
) -> Values:
    """Return the light that leaves hair, linear RGB, float32 (k, 3).

    The highlights are those of thin cylinders (Kajiya & Kay, 1989): a sharp one of the light's
    colour and a broad one of the hair's.

    Args:
        hair: the haircut.
        strands: the pixels.
        light: the lights.
        key: unit vector towards the key light.
        open_sky: float32 (k,), ambient visibility.
        lit: float32 (k,), visibility of the key light.
    """
    grain = strands.grain
    colour = hair.colour()
    tone = np.exp(hair.contrast * (0.42 * grain[:, 0] + 0.28 * grain[:, 1]))
    lit = 0.35 + 0.65 * lit
    facing = np.clip((strands.normal @ key + 0.3) / 1.3, 0, 1)
    sky = (0.55 + 0.45 * (0.5 + 0.5 * strands.normal[:, 1])) * (0.5 + 0.5 * open_sky)
    across = np.sqrt(np.clip(1 - (strands.along @ key) ** 2, 0, 1))
    direct = light.key * lit * facing * (0.45 + 0.55 * across)
    even = light.ambient * sky + direct + 0.7 * light.fill * open_sky
    half = key + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    shift = strands.along @ half
    sharp = np.exp(-(((shift - 0.06 + 0.10 * grain[:, 0]) / 0.17) ** 2))
    broad = np.exp(-(((shift + 0.14 + 0.10 * grain[:, 1]) / 0.34) ** 2))
    glossy = 0.35 if CUTS[hair.style].flow == "curl" else 1.0
    bright = light.key * lit * facing * glossy
    leaving = (tone * even)[:, None] * colour
    leaving += (0.030 * bright * sharp * np.clip(1 + grain[:, 0], 0, 2))[:, None]
    leaving += (0.9 * bright * broad)[:, None] * colour * (1 + 0.5 * grain[:, :1])
    leaving *= strands.shade[:, None]
    return np.asarray(leaving, np.float32)
