"""Two small drawn databases of schematic faces: seeded fakes that need no photographs.

They stand in for real databases in the default ``ccbench matrix``, in tests and in conformance
checks.  A face is drawn from a :class:`DrawnIdentity` (who) and intensities of facial action
units (what the face does).  Both databases draw their posers from one population; they share
the recipes of *neutral*, *happy* and *surprised* and differ in the other four expressions, so
a classifier trained on one is expected to do worse, though not hopelessly, on the other.

The same seed gives the same pixels, whatever was drawn before: each picture has a random stream
of its own.  The seven expressions come in the registry's order, which numbers the streams.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from ccbench.datasets import write_image
from ccbench.testing.parts import (
    ACTION_UNITS,
    HAIR_STYLES,
    DrawnIdentity,
    Pose,
    draw_body,
    draw_eye,
    draw_furrows,
    draw_hair,
    draw_head,
    draw_mouth,
)
from ccbench.testing.recipes import DRAWING, DRAWN_DATABASES, DrawnDatabase
from ccbench.testing.strokes import Colour, Image, Nuisance, Pen, Points, mix, times, u8
from ccbench_registry import EXPRESSIONS

__all__ = [
    "ACTION_UNITS",
    "DRAWING",
    "DRAWN_DATABASES",
    "EXPRESSIONS",
    "HAIR_STYLES",
    "Colour",
    "DrawnDatabase",
    "DrawnIdentity",
    "Image",
    "Nuisance",
    "Points",
    "draw_face",
    "draw_identity",
    "draw_photograph",
    "write_database",
    "write_poser",
]

# All colours are BGR.
_SKINS: Final = ((198, 216, 243), (168, 196, 231), (132, 168, 212), (96, 134, 184), (70, 100, 148))
_HAIRS: Final = ((28, 26, 30), (32, 42, 62), (48, 72, 108), (92, 142, 186), (58, 82, 142),
                 (150, 152, 156))  # fmt: skip
_IRISES: Final = ((30, 48, 78), (40, 66, 104), (72, 104, 98), (140, 112, 76), (112, 108, 100))
_CLOTHES: Final = ((120, 88, 60), (84, 98, 66), (72, 66, 132), (96, 92, 92), (150, 132, 104),
                   (62, 52, 48), (92, 128, 162))  # fmt: skip


def draw_identity(database: str, poser: int, seed: int = 0) -> DrawnIdentity:
    """Make up poser number ``poser`` (from 1) of a database of any name.

    The same arguments give the same identity, whatever was drawn before.

    Raises:
        ValueError: ``poser`` is below 1 or ``seed`` below 0.
    """
    rng = _stream(seed, database, poser, 0)
    tone = rng.uniform(0, len(_SKINS) - 1)
    low, share = int(tone), tone - int(tone)
    skin = mix(_SKINS[low], _SKINS[low + 1], share)
    # Grey hair is rarer than the others, and fair hair rarer on dark skin.
    hair_odds = np.array([3, 3, 2.5, 1.5 * (tone < 2), 1.5 * (tone < 3), 0.8])
    iris_odds = np.array([3, 3, 1, tone < 2, tone < 2], dtype=np.float64)
    hair = _HAIRS[rng.choice(len(_HAIRS), p=hair_odds / hair_odds.sum())]
    return DrawnIdentity(
        head_width=rng.uniform(53, 60),
        crown=rng.uniform(70, 76),
        chin=rng.uniform(80, 90),
        jaw=rng.uniform(0.72, 1.0),
        eye_gap=rng.uniform(24, 27.5),
        eye_width=rng.uniform(10.8, 13),
        eye_height=rng.uniform(0.85, 1.15),
        eye_tilt=rng.uniform(-0.6, 1.6),
        brow_height=rng.uniform(15.5, 19),
        brow_arch=rng.uniform(1.5, 4),
        brow_tilt=rng.uniform(-1.5, 1.5),
        brow_thickness=rng.uniform(2.4, 4.8),
        nose_length=rng.uniform(31, 36),
        nose_width=rng.uniform(9, 12.5),
        mouth_drop=rng.uniform(15.5, 18),
        mouth_width=rng.uniform(18.5, 23),
        mouth_curve=rng.uniform(-1.5, 1.5),
        lip_fullness=rng.uniform(0.75, 1.3),
        lines=rng.uniform(0.6, 1.2),
        hair_style=str(rng.choice(HAIR_STYLES)),
        parting=float(rng.choice((-1.0, 1.0))),
        volume=rng.uniform(6, 12),
        skin=skin,
        hair=times(hair, rng.uniform(0.85, 1.15)),
        iris=_IRISES[rng.choice(len(_IRISES), p=iris_odds / iris_odds.sum())],
        clothes=_CLOTHES[rng.integers(len(_CLOTHES))],
    )


def draw_face(
    identity: DrawnIdentity,
    action_units: Mapping[int, float],
    *,
    size: int = 256,
    nuisance: Nuisance | None = None,
) -> Image:
    """Draw a face.

    Args:
        identity: who is drawn.
        action_units: FACS number to intensity, 0 (absent) to 1 (as strong as it gets).
        size: the picture's side in pixels, at least 32.
        nuisance: place, light and noise; without it the face is upright, centred, evenly lit.

    Returns:
        A picture of shape (size, size, 3), blue-green-red, 8 bits a channel.

    Raises:
        ValueError: an action unit is not in :data:`ACTION_UNITS`, an intensity is outside
            [0, 1], or ``size`` is too small.
    """
    for unit, intensity in action_units.items():
        if unit not in ACTION_UNITS:
            known = ", ".join(map(str, ACTION_UNITS))
            raise ValueError(f"Action unit {unit!r} cannot be drawn; those that can: {known}.")
        if not 0.0 <= intensity <= 1.0:
            raise ValueError(f"Action unit {unit} has intensity {intensity!r}, outside [0, 1].")
    if size < 32:
        raise ValueError(f"A face cannot be drawn {size} pixels wide; the least is 32.")
    view = nuisance if nuisance is not None else Nuisance()
    pose = Pose(identity, action_units)
    # Drawn at twice the size and reduced: OpenCV's own smoothing of outlines is coarse.
    pen = Pen(2 * size, view)
    draw_body(pen, identity)
    draw_head(pen, identity, pose)
    draw_furrows(pen, identity, pose)
    draw_mouth(pen, identity, pose)
    for side in (-1, 1):
        draw_eye(pen, identity, pose, side)
    draw_hair(pen, identity)
    return _expose(u8(cv2.resize(pen.image, (size, size), interpolation=cv2.INTER_AREA)), view)


def draw_photograph(database: DrawnDatabase, poser: int, expression: str) -> Image:
    """Draw one picture of a database: shape (256, 256, 3), blue-green-red, 8 bits a channel.

    Posers count from 1 to ``database.posers``.  The same arguments give the same picture,
    whatever was drawn before.

    Raises:
        ValueError: the database has no such poser or expression.
    """
    if not 1 <= poser <= database.posers:
        raise ValueError(
            f"{database.name} has posers 1 to {database.posers}; there is no poser {poser}."
        )
    if expression not in EXPRESSIONS or expression not in database.recipes:
        raise ValueError(
            f"{database.name} has no expression {expression!r}; it has {', '.join(EXPRESSIONS)}."
        )
    # The stream is numbered by the order of EXPRESSIONS: reordering them redraws everything.
    rng = _stream(database.seed, database.name, poser, 1 + EXPRESSIONS.index(expression))
    gain = rng.uniform(*database.gain)
    units: dict[int, float] = {}
    for unit, full in sorted(database.recipes[expression].items()):
        factor = gain * rng.uniform(1 - database.unit_jitter, 1 + database.unit_jitter)
        if rng.random() >= database.miss:
            units[unit] = min(1.0, full * factor)
    strays = rng.choice(list(ACTION_UNITS), rng.integers(database.stray_units + 1), replace=False)
    for unit in map(int, strays):
        units[unit] = max(units.get(unit, 0.0), rng.uniform(0, database.stray_intensity))
    amount = database.nuisance
    blue, green, red = database.backdrop
    shade = 1 + amount * rng.uniform(-0.1, 0.06)
    view = Nuisance(
        shift_x=amount * rng.uniform(-0.03, 0.03),
        shift_y=amount * rng.uniform(-0.03, 0.02),
        scale=1 + amount * rng.uniform(-0.06, 0.05),
        rotation=amount * rng.uniform(-4, 4),
        light=amount * rng.uniform(-0.25, 0.25),
        light_down=amount * rng.uniform(-0.2, 0.05),
        exposure=1 + amount * rng.uniform(-0.12, 0.1),
        noise=amount * rng.uniform(2, 5),
        noise_seed=int(rng.integers(2**32)),
        backdrop=(blue * shade, green * shade, red * shade),
    )
    identity = draw_identity(database.name, poser, database.seed)
    return draw_face(identity, units, nuisance=view)


def write_database(database: DrawnDatabase, directory: Path, *, posers: int | None = None) -> None:
    """Write a database as PNG files named like ``p01_happy.png``.

    Args:
        database: what to draw.
        directory: where to; made if missing, files of the same names are replaced.
        posers: only the first so many posers; all without it.

    Raises:
        ValueError: ``posers`` is not between 1 and ``database.posers``.
        OSError: a file could not be encoded or written.
    """
    count = database.posers if posers is None else posers
    if not 1 <= count <= database.posers:
        raise ValueError(f"{database.name} has 1 to {database.posers} posers, not {count}.")
    for poser in range(1, count + 1):
        write_poser(database, poser, directory)


def write_poser(database: DrawnDatabase, poser: int, directory: Path) -> None:
    """Write the photographs of poser number ``poser`` (from 1), as :func:`write_database` does.

    Raises:
        ValueError: the database has no such poser.
        OSError: a file could not be encoded or written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    digits = 2 if database.posers < 100 else 3
    for expression in EXPRESSIONS:
        picture = draw_photograph(database, poser, expression)
        write_image(directory / f"p{poser:0{digits}d}_{expression}.png", picture)


def _stream(seed: int, database: str, poser: int, picture: int) -> np.random.Generator:
    """Random numbers of one picture, untouched by the drawing of any other."""
    if seed < 0 or poser < 1:
        raise ValueError(f"Seeds start at 0 and posers at 1, not {seed} and {poser}.")
    name = int.from_bytes(hashlib.sha256(database.encode()).digest(), "big")
    return np.random.default_rng(np.random.SeedSequence((seed, name, poser, picture)))


def _expose(picture: Image, view: Nuisance) -> Image:
    """Light, exposure and noise of a photograph."""
    size = len(picture)
    slope = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    light = np.outer(1 + view.light_down * slope, (1 + view.light * slope) * view.exposure)
    exposed = picture * light.astype(np.float32)[..., None]
    if view.noise > 0:
        grain = np.random.default_rng(view.noise_seed).standard_normal((size, size, 1), np.float32)
        exposed += grain * np.float32(view.noise)
    exposed += 0.5  # to the nearest, by the cut to whole numbers
    return np.clip(exposed, 0, 255, out=exposed).astype(np.uint8)
