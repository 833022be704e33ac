"""Two small drawn databases of schematic faces: seeded fakes that need no photographs.

They stand in for real databases in the default ``ccbench matrix``, in tests and in conformance
checks.  A face is drawn from a :class:`DrawnIdentity` (who) and intensities of facial action
units (what the face does).  Both databases draw their posers from one population; they share
the recipes of *neutral*, *happy* and *surprised* and differ in the other four expressions, so
a classifier trained on one is expected to do worse, though not hopelessly, on the other.

The same seed gives the same pixels, whatever was drawn before: each picture has a random stream
of its own.  Lengths inside the module are *face units*: 1/256 of the picture's side, measured
from the point between the eyes, x to the picture's right, y down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["ACTION_UNITS", "DRAWN_DATABASES", "EXPRESSIONS", "DrawnDatabase", "DrawnIdentity",
           "Nuisance", "draw_face", "draw_identity", "draw_photograph",
           "write_database"]  # fmt: skip

Colour = tuple[float, float, float]
Points = NDArray[np.float64]
Image = NDArray[np.uint8]

EXPRESSIONS: Final = ("neutral", "happy", "fearful", "sad", "angry", "surprised", "disgusted")
"""The seven expressions of a drawn database, in the order of its files and random streams."""

ACTION_UNITS: Final[Mapping[int, str]] = MappingProxyType({
    1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser",
    6: "cheek raiser", 7: "lid tightener", 9: "nose wrinkler", 10: "upper lip raiser",
    12: "lip corner puller", 15: "lip corner depressor", 17: "chin raiser", 20: "lip stretcher",
    22: "lip funneler", 23: "lip tightener", 24: "lip pressor", 25: "lips part", 26: "jaw drop",
    27: "mouth stretch",
})  # fmt: skip
"""The action units that can be drawn: FACS number to name."""

HAIR_STYLES: Final = ("cropped", "side part", "fringe", "bob", "long", "curly", "bun", "shaved")

# All colours are BGR.
_SKINS: Final = ((198, 216, 243), (168, 196, 231), (132, 168, 212), (96, 134, 184), (70, 100, 148))
_HAIRS: Final = ((28, 26, 30), (32, 42, 62), (48, 72, 108), (92, 142, 186), (58, 82, 142),
                 (150, 152, 156))  # fmt: skip
_IRISES: Final = ((30, 48, 78), (40, 66, 104), (72, 104, 98), (140, 112, 76), (112, 108, 100))
_CLOTHES: Final = ((120, 88, 60), (84, 98, 66), (72, 66, 132), (96, 92, 92), (150, 132, 104),
                   (62, 52, 48), (92, 128, 162))  # fmt: skip

_ORIGIN: Final = (128.0, 118.0)  # where the point between the eyes lies in an upright picture
_SHIFT: Final = 4  # OpenCV's fixed-point bits: outlines are placed to 1/16 of a drawn pixel


@dataclass(frozen=True)
class DrawnIdentity:
    """Who is drawn: proportions in face units (1/256 of the picture's side), colours in BGR."""

    head_width: float  # half the head's width
    crown: float  # from the eyes up to the top of the skull
    chin: float  # from the eyes down to the chin
    jaw: float  # 0.7 square ... 1.05 pointed
    eye_gap: float  # from the midline to each pupil
    eye_width: float  # half the width of an eye
    eye_height: float  # factor on the opening of the lids
    eye_tilt: float  # how much higher the outer corner lies
    brow_height: float
    brow_arch: float
    brow_tilt: float  # how much lower the inner end lies
    brow_thickness: float
    nose_length: float
    nose_width: float  # half the width across the wings
    mouth_drop: float  # from the nose's base down to the line of the lips
    mouth_width: float  # half the width of the mouth
    mouth_curve: float  # how much the corners hang at rest
    lip_fullness: float  # factor
    lines: float  # factor on the depth of furrows
    hair_style: str  # one of the eight styles
    parting: float  # -1 or 1: the side of the parting
    volume: float  # thickness of the hair over the skull
    skin: Colour
    hair: Colour
    iris: Colour
    clothes: Colour


@dataclass(frozen=True)
class Nuisance:
    """What varies between photographs besides the face.

    Shifts are fractions of the picture's side, ``rotation`` is in degrees (positive is
    clockwise on the picture), ``light`` is the relative brightening from the left edge to the
    right, ``light_down`` the same from top to bottom, ``noise`` a standard deviation in grey
    levels, drawn from ``noise_seed``.
    """

    shift_x: float = 0.0
    shift_y: float = 0.0
    scale: float = 1.0
    rotation: float = 0.0
    light: float = 0.0
    light_down: float = 0.0
    exposure: float = 1.0
    noise: float = 0.0
    noise_seed: int = 0
    backdrop: Colour = (190.0, 188.0, 184.0)


@dataclass(frozen=True)
class DrawnDatabase:
    """A drawn database: what its posers do for each expression, and how unlike their pictures are.

    ``recipes`` maps each of the seven expressions to action units and their full intensities.
    A picture multiplies them by one gain from the range ``gain``, and each by a factor from
    1 - ``unit_jitter`` to 1 + ``unit_jitter``; an action unit of the recipe stays away with
    probability ``miss``.  Up to ``stray_units`` others join in at up to ``stray_intensity``.
    ``nuisance`` scales all other variation (0: none).
    """

    name: str
    title: str
    recipes: Mapping[str, Mapping[int, float]]
    posers: int = 60
    seed: int = 0
    gain: tuple[float, float] = (0.45, 1.1)
    unit_jitter: float = 0.4
    miss: float = 0.12
    stray_units: int = 4
    stray_intensity: float = 0.5
    nuisance: float = 1.0
    backdrop: Colour = (190.0, 188.0, 184.0)


_SHARED: Final[Mapping[str, Mapping[int, float]]] = {
    "neutral": {},
    "happy": {6: 0.8, 12: 0.9, 25: 0.5},
    "surprised": {1: 0.8, 2: 0.9, 5: 0.7, 26: 0.9},
}

_A: Final[Mapping[str, Mapping[int, float]]] = {
    **_SHARED,
    "fearful": {1: 0.9, 2: 0.5, 4: 0.6, 5: 0.9, 20: 0.9, 25: 0.6},
    "sad": {1: 0.9, 4: 0.6, 15: 0.9},
    "angry": {4: 1.0, 7: 0.8, 22: 0.8},
    "disgusted": {4: 0.5, 9: 0.9, 10: 0.9},
}
_B: Final[Mapping[str, Mapping[int, float]]] = {
    **_SHARED,
    "fearful": {1: 0.8, 5: 0.9, 26: 0.5},
    "sad": {4: 0.8, 7: 0.6, 17: 0.9},
    "angry": {4: 1.0, 5: 0.7, 20: 0.7, 25: 0.6},
    "disgusted": {7: 0.7, 10: 0.8, 15: 0.8},
}

DRAWN_DATABASES: Final[Mapping[str, DrawnDatabase]] = MappingProxyType({
    "drawn-a": DrawnDatabase("drawn-a", "Drawn faces A", _A, backdrop=(196.0, 190.0, 184.0)),
    "drawn-b": DrawnDatabase("drawn-b", "Drawn faces B", _B, backdrop=(186.0, 190.0, 196.0)),
})  # fmt: skip
"""The two databases that ship, by name."""


def draw_identity(database: str, poser: int, seed: int = 0) -> DrawnIdentity:
    """Make up poser number ``poser`` (from 1) of a database of any name.

    The same arguments give the same identity, whatever was drawn before.

    Raises:
        ValueError: ``poser`` is below 1 or ``seed`` below 0.
    """
    rng = _stream(seed, database, poser, 0)
    tone = rng.uniform(0, len(_SKINS) - 1)
    low, share = int(tone), tone - int(tone)
    skin = _mix(_SKINS[low], _SKINS[low + 1], share)
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
        hair=_times(hair, rng.uniform(0.85, 1.15)),
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
    pose = _Pose(identity, action_units)
    # Drawn at twice the size and reduced: OpenCV's own smoothing of outlines is coarse.
    pen = _Pen(2 * size, view)
    _draw_body(pen, identity)
    _draw_head(pen, identity, pose)
    _draw_furrows(pen, identity, pose)
    _draw_mouth(pen, identity, pose)
    for side in (-1, 1):
        _draw_eye(pen, identity, pose, side)
    _draw_hair(pen, identity)
    return _expose(_u8(cv2.resize(pen.image, (size, size), interpolation=cv2.INTER_AREA)), view)


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


def write_database(
    database: DrawnDatabase,
    directory: Path,
    *,
    posers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a database as PNG files named like ``p01_happy.png``.

    Args:
        database: what to draw.
        directory: where to; made if missing, files of the same names are replaced.
        posers: only the first so many posers; all without it.
        progress: called after each file with the files written and the files in all.

    Raises:
        ValueError: ``posers`` is not between 1 and ``database.posers``.
        OSError: a file could not be encoded or written.
    """
    count = database.posers if posers is None else posers
    if not 1 <= count <= database.posers:
        raise ValueError(f"{database.name} has 1 to {database.posers} posers, not {count}.")
    directory.mkdir(parents=True, exist_ok=True)
    digits = 2 if database.posers < 100 else 3
    total = count * len(EXPRESSIONS)
    for done in range(total):
        poser, expression = done // len(EXPRESSIONS) + 1, EXPRESSIONS[done % len(EXPRESSIONS)]
        path = directory / f"p{poser:0{digits}d}_{expression}.png"
        picture = draw_photograph(database, poser, expression)
        # The level is given, so that a build's default cannot change the bytes.
        fine, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 6])
        if not fine:
            raise OSError(f"{path} could not be encoded as PNG.")
        path.write_bytes(data.tobytes())
        if progress is not None:
            progress(done + 1, total)


def _stream(seed: int, database: str, poser: int, picture: int) -> np.random.Generator:
    """Random numbers of one picture, untouched by the drawing of any other."""
    if seed < 0 or poser < 1:
        raise ValueError(f"Seeds start at 0 and posers at 1, not {seed} and {poser}.")
    name = int.from_bytes(hashlib.sha256(database.encode()).digest(), "big")
    return np.random.default_rng(np.random.SeedSequence((seed, name, poser, picture)))


def _mix(one: Sequence[float], other: Sequence[float], share: float) -> Colour:
    blue, green, red = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return blue, green, red


def _times(colour: Sequence[float], factor: float) -> Colour:
    blue, green, red = (min(255.0, channel * factor) for channel in colour)
    return blue, green, red


class _Pose:
    """Where the movable parts of a face are, in face units, given its action units."""

    def __init__(self, who: DrawnIdentity, units: Mapping[int, float]) -> None:
        au = {unit: float(units.get(unit, 0.0)) for unit in ACTION_UNITS}
        self.au = au
        self.jaw_drop = 9 * au[26] + 15 * au[27] * (1 - 0.3 * au[26])
        self.chin = who.chin + self.jaw_drop - 1.5 * au[17]
        # The lids' distances from the axis of the eye.
        upper = 4.9 + 3.4 * au[5] - 1.5 * au[7] - 0.9 * au[6] - 0.9 * au[9] - 0.5 * au[4]
        lower = 3.7 + 0.5 * au[5] - 2.2 * au[7] - 1.5 * au[6] - 0.8 * au[9]
        self.upper_lid = who.eye_height * max(upper, 1.2)
        self.lower_lid = who.eye_height * max(lower, 0.3)
        # How far the brow is raised at its inner end, middle, peak and outer end; and drawn in.
        inner = 8 * au[1] - 5.5 * au[4] - 2.5 * au[9]
        outer = 7.5 * au[2] - 3 * au[4] - 0.8 * au[6]
        self.brow = (inner, 0.6 * inner + 0.4 * outer, 0.15 * inner + 0.95 * outer, 0.8 * outer)
        self.brow_in = 4 * au[4] - 0.8 * au[1]
        self.nose_y = who.nose_length - 2.6 * au[9] - 1.2 * au[10]
        wings = 1 + 0.14 * au[9] + 0.1 * au[10] + 0.12 * au[12] + 0.06 * au[20] - 0.05 * au[27]
        self.nose_width = who.nose_width * wings
        self.mouth_y = who.nose_length + who.mouth_drop - 2.2 * au[17] - 1.2 * au[9]
        self.mouth_y += 0.2 * self.jaw_drop
        wider = 6 * au[12] + 7.5 * au[20] + 1.5 * au[15]
        narrower = 6 * au[22] + 3.5 * au[23] + 1.5 * au[24] + 2 * au[26] + 3.5 * au[27]
        self.mouth_width = who.mouth_width + wider - narrower
        self.corner = who.mouth_curve + 6.5 * au[15] - 7.5 * au[12] + 2 * au[20] + 3 * au[17]
        self.corner += 0.35 * self.jaw_drop
        self.lift = 5 * au[10] + 1.8 * au[9] + 1.5 * au[22]  # of the upper lip's middle
        self.gap = 4.5 * au[25] + 3.5 * au[22] + 9 * au[26] + 18 * au[27] + 2 * au[10]
        self.gap *= 1 - 0.5 * au[24]
        press = (1 - 0.45 * au[23]) * (1 - 0.6 * au[24]) * (1 - 0.2 * au[12]) * (1 - 0.15 * au[20])
        self.upper_lip = 5.2 * who.lip_fullness * press * (1 + 0.5 * au[22] - 0.15 * au[10])
        self.lower_lip = 7.0 * who.lip_fullness * press * (1 + 0.4 * au[22] + 0.15 * au[17])


class _Pen:
    """Draws outlines given in face units on a square picture."""

    def __init__(self, side: int, view: Nuisance) -> None:
        self.side = side
        angle = np.deg2rad(view.rotation)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self.unit = side / 256 * view.scale  # pixels of the drawing
        self.turn = turn * self.unit
        self.start = (np.array(_ORIGIN) / 256 + (view.shift_x, view.shift_y)) * side
        wall = np.linspace(_times(view.backdrop, 1.06), _times(view.backdrop, 0.9), side)
        self.image = _u8(cv2.repeat(np.rint(wall).astype(np.uint8)[:, None], 1, side))

    def window(self, points: Points, margin: float) -> tuple[Image, Points, Image]:
        """Cut out the picture around an outline; place the outline in it; make an empty mask."""
        placed = points @ self.turn.T + self.start
        flat, reach = placed.reshape(-1, 2), margin * self.unit + 2
        low = np.clip(flat.min(axis=0) - reach, 0, self.side - 1).astype(int)
        high = np.clip(flat.max(axis=0) + reach, 1, self.side).astype(int)
        spot = self.image[low[1] : high[1], low[0] : high[0]]
        return spot, placed - low, np.zeros(spot.shape[:2], np.uint8)

    def fill(self, points: Points, colour: Colour) -> None:
        """Fill an outline."""
        _fill(self.image, points @ self.turn.T + self.start, colour)

    def tint(self, points: Points, colour: Colour, alpha: float, blur: float = 0.0) -> None:
        """Lay a colour over the inside of an outline, softly if ``blur`` (face units) is given."""
        spot, placed, mask = self.window(points, 2.5 * blur)
        _fill(mask, placed, (255 * alpha,))
        self._lay(spot, mask, colour, blur)

    def strokes(self, rows: Points, colour: Colour, blur: float = 0.0) -> None:
        """Draw curved strokes with thin ends.

        Each of the ``rows`` is a start, a middle and an end (x and y), a width and an opacity.
        They share one mask: the blending of a mask costs much more than a stroke.
        """
        rows = rows[rows[:, 7] > 0.004]  # below that, less than one grey level
        if not len(rows):
            return
        t = np.linspace(0, 1, 9)[:, None]
        p0, p1, p2 = rows[:, None, :2], rows[:, None, 2:4], rows[:, None, 4:6]
        bend = 2 * p1 - (p0 + p2) / 2
        line = (1 - t) ** 2 * p0 + 2 * t * (1 - t) * bend + t**2 * p2
        along = (1 - t) * (bend - p0) + t * (p2 - bend)
        across = along[..., ::-1] * (-1, 1) / np.maximum(np.hypot(*along.T), 1e-9).T[..., None]
        across *= rows[:, None, 6:7] * (0.1 + 1.6 * t * (1 - t))
        outlines = np.concatenate([line + across, (line - across)[:, ::-1]], axis=1)
        spot, placed, mask = self.window(outlines, 2.5 * blur)
        for outline, alpha in zip(placed, rows[:, 7], strict=True):
            _fill(mask, outline, (255 * min(alpha, 0.95),))
        self._lay(spot, mask, colour, blur)

    def clipped(self, points: Points, paint: Callable[[], None]) -> None:
        """Let ``paint`` draw, and keep of it what is inside an outline."""
        spot, placed, mask = self.window(points, 8.0)  # nothing is painted further outside
        before = spot.copy()
        paint()
        _fill(mask, placed, (255,))
        weight = mask[..., None] * np.float32(1 / 255)
        spot[...] = before + (spot.astype(np.float32) - before) * weight + np.float32(0.5)

    def _lay(self, spot: Image, mask: Image, colour: Colour, blur: float) -> None:
        if blur > 0:
            # Of OpenCV's filters this one gives the same bytes on any number of threads;
            # stackBlur, for one, does not.
            sigma = blur * self.unit
            mask = _u8(cv2.GaussianBlur(mask, (2 * round(2.5 * sigma) + 1,) * 2, sigma))
        blend = np.array(colour, np.float32) - spot
        blend *= mask[..., None] * np.float32(1 / 255)
        blend += spot
        blend += 0.5
        spot[...] = blend


def _u8(image: object) -> Image:
    return np.asarray(image, dtype=np.uint8)


def _fill(image: Image, placed: Points, colour: Sequence[float]) -> None:
    fixed = np.rint(placed * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(image, [fixed], [round(c) for c in colour], cv2.LINE_AA, _SHIFT)


def _smooth(points: Sequence[tuple[float, float]], steps: int = 8) -> Points:
    """Lay a smooth line through points (Catmull-Rom), ``steps`` points to a stretch."""
    given = np.array(points, np.float64)
    padded = np.vstack([2 * given[0] - given[1], given, 2 * given[-1] - given[-2]])
    p0, p1, p2, p3 = (padded[k : len(padded) - 3 + k, None] for k in range(4))
    t = (np.arange(steps) / steps)[:, None]
    curve = 2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)
    return np.vstack([(p1 + t / 2 * (p2 - p0 + t * curve)).reshape(-1, 2), given[-1:]])


def _ribbon(line: Points, widths: Sequence[float]) -> Points:
    """Outline a band along a line; the widths are spread evenly over it."""
    along = np.vstack([line[1] - line[0], line[2:] - line[:-2], line[-1] - line[-2]])
    across = along[:, ::-1] * (-1, 1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    at = np.linspace(0, len(widths) - 1, len(line))
    across *= np.interp(at, np.arange(len(widths)), widths)[:, None] / 2
    return np.vstack([line + across, (line - across)[::-1]])


def _oval(x: float, y: float, a: float, b: float, steps: int = 28) -> Points:
    angle = np.arange(steps) * (2 * np.pi / steps)
    return np.stack([x + a * np.cos(angle), y + b * np.sin(angle)], axis=1)


def _between(x: Points, upper: Points, lower: Points) -> Points:
    return np.vstack([np.stack([x, upper], 1), np.stack([x, lower], 1)[::-1]])


def _mirrored(right: Points) -> Points:
    """Close a right half outline, given from the top down, with its mirror image."""
    return np.vstack([right, (right * (-1, 1))[::-1]])


def _skull(who: DrawnIdentity, grow: float = 0.0) -> Points:
    """Outline the right half of the head above the eyes, from the crown down."""
    angle = np.linspace(-np.pi / 2, 0, 20)
    wide, high = who.head_width + grow, who.crown + grow
    return np.stack([wide * np.cos(angle) ** 0.9, high * np.sin(angle)], axis=1)


def _draw_body(pen: _Pen, who: DrawnIdentity) -> None:
    """Draw all that is behind the face: hair at the back, neck, clothes, ears."""
    wide, dark, style = who.head_width, _times(who.hair, 0.8), who.hair_style
    back = {"bob": 62.0, "long": 170.0, "curly": 34.0}.get(style)
    if back is not None:
        out = wide + who.volume
        fall = _smooth([(out - 1, -6), (out + 4, 0.5 * back), (out - 2, back), (0.3 * wide, back)])
        pen.fill(_mirrored(np.vstack([_skull(who, who.volume), fall])), dark)
    if style == "curly":
        radius = 10 + 0.5 * who.volume
        for x, y in _oval(0, 0, wide + 0.4 * who.volume, who.crown + 0.4 * who.volume, 26):
            if y < 26:
                pen.fill(_oval(x, y, radius, radius), dark)
    if style == "bun":
        pen.fill(_oval(0, -who.crown - 10, 23, 17), dark)
    half = [(0.62 * wide, 30), (0.61 * wide, 90), (0.66 * wide, 106), (1.0 * wide, 122)]
    pen.fill(_mirrored(_smooth(half)), _times(who.skin, 0.82))
    shadow = [(0.61 * wide, 40), (0.61 * wide, who.chin - 5), (0.3 * wide, who.chin + 8)]
    pen.fill(_mirrored(np.array([*shadow, (0, who.chin + 11)])), _times(who.skin, 0.66))
    collar = _smooth([(0, 111), (0.3 * wide, 109), (0.6 * wide, 101)])
    shoulder = _smooth([(0.6 * wide, 101), (wide, 112), (114, 130), (150, 175)])
    pen.fill(_mirrored(np.vstack([collar, shoulder, [(150, 320)]])), who.clothes)
    hem = np.vstack([(collar * (-1, 1))[:0:-1], collar])
    pen.tint(_ribbon(hem, (3.5, 3.5)), _times(who.clothes, 1.15), 0.8)
    if style not in ("bob", "long"):
        for side in (-1, 1):
            pen.fill(_oval(side * (wide - 0.5), 9, 7.5, 15), _times(who.skin, 0.88))
            pen.tint(_oval(side * (wide + 2), 9, 3, 9), _times(who.skin, 0.6), 0.6, 1.2)


def _draw_head(pen: _Pen, who: DrawnIdentity, pose: _Pose) -> None:
    """Draw the head with its soft shading."""
    au, wide, chin, gap = pose.au, who.head_width, pose.chin, who.eye_gap
    cheek, nose = 30 - 4 * au[6] - 1.5 * au[12], pose.nose_y
    under_lip = pose.mouth_y + 0.6 * pose.gap + pose.lower_lip + 6
    # Light (positive) and shadow: x, y, widths across and down, strength; drawn on both sides.
    spots = np.array([
        (0, -44, 30, 22, 0.05),
        (0, 0.45 * nose, 3.6, 15, 0.065),
        (0, nose - 4, 4, 4, 0.06),
        (0, nose + 6, 10, 4, -0.07),
        (0, under_lip, 13, 4, -0.07 - 0.04 * au[17]),
        (0, chin - 12 - 2 * au[17], 12, 8, 0.035 + 0.04 * au[17]),
        (gap, -1, 13, 8.5, -0.24 - 0.05 * au[4]),
        (gap - 12, -3, 6, 9, -0.1 - 0.06 * au[4]),
        (gap, -who.brow_height - 7, 13, 7, 0.05),
        (gap + 6, cheek, 14, 10, 0.1 + 0.08 * au[6] + 0.04 * au[12]),
        (0.72 * pose.nose_width, 0.55 * nose, 4.5, 13, -0.09 - 0.05 * au[9]),
        (0.72 * wide, 46, 12, 20, -0.07),
    ])  # fmt: skip
    # The shading is soft, so every second face unit is enough; the drawing's grid comes later.
    columns = np.arange(-64, 64) * 2.0
    rows = columns + 20
    x, y, across, down, strength = (column[:, None] for column in spots.T)
    bells = np.exp(-(((columns - x) / across) ** 2)) + np.exp(-(((columns + x) / across) ** 2))
    shade = (strength * np.exp(-(((rows - y) / down) ** 2))).T @ bells
    middle = (chin - who.crown) / 2
    edge = (columns / wide) ** 2 + (((rows - middle) / (chin - middle)) ** 2)[:, None]
    shade += 1 - 0.34 * np.clip(edge - 0.35, 0, 1.2) ** 1.6
    grey = np.rint(np.clip(shade, 0.3, 1.3) * 180).astype(np.uint8)
    angle = np.linspace(0, np.pi / 2, 28)[1:]
    jaw = np.stack([wide * np.abs(np.cos(angle)) ** who.jaw, chin * np.sin(angle)], axis=1)
    outline = _mirrored(np.vstack([_skull(who), jaw]))
    spot, placed, mask = pen.window(outline, 1.0)
    origin = placed[0] + pen.turn @ ((columns[0], rows[0]) - outline[0])
    grid = np.column_stack([2 * pen.turn, origin])
    grey = _u8(cv2.warpAffine(grey, grid, mask.shape[::-1], borderMode=cv2.BORDER_REPLICATE))
    # Skin gets redder in the shadow: blue fades fastest.
    ramp = np.array(who.skin) * (np.arange(256)[:, None] / 180) ** (1.25, 1.08, 0.9)
    table = np.rint(np.clip(ramp, 0, 255)).astype(np.uint8)[None]
    _fill(mask, placed, (255,))
    cv2.copyTo(cv2.LUT(cv2.merge([grey, grey, grey]), table), mask, spot)
    for side in (-1, 1):
        blush = _oval(side * (gap + 8), cheek + 4, 13, 9)
        pen.tint(blush, _mix(who.skin, (90, 80, 215), 0.6), 0.16 + 0.06 * au[6], 4)


def _draw_furrows(pen: _Pen, who: DrawnIdentity, pose: _Pose) -> None:
    """Draw the nose, and the creases that show an action unit apart from what it moves."""
    au, gap, nose, wide = pose.au, who.eye_gap, pose.nose_y, pose.nose_width
    x, y = pose.mouth_width, pose.mouth_y + pose.corner
    fold = 0.1 + 0.5 * max(au[12], au[10], 0.9 * au[9], 0.7 * au[20]) + 0.1 * au[6]
    cheek = wide + 7 + 4 * au[12] + 2 * au[10]
    bag, squeeze = 6.5 + 0.6 * pose.lower_lid, 0.12 + 0.45 * au[6] + 0.4 * au[7]
    low = pose.mouth_y + 0.7 * pose.gap + pose.lower_lip + 5
    frown, brow = 4 - au[4], -who.brow_height
    # The right side's strokes, as _Pen.strokes takes them.
    table = [
        (frown + 0.5, brow - 3, frown, brow / 2 - 6, frown - 0.4, -9, 2, 0.75 * au[4]),
        (wide + 1.5, nose - 6, cheek, nose + 5, x + 5, y - 3, 2.2, fold),
        (gap - 9, bag - 1.5, gap, bag + 1, gap + 10, bag - 2, 1.8, squeeze),
        (x + 1, y, x + 2.6, y + 4, x + 3.5, y + 8, 2.2, 0.6 * au[15] + 0.15 * au[17]),
        (x + 4, y - 6, x + 6, y, x + 3.5, y + 7, 1.8, 0.5 * au[20] + 0.3 * au[24] + 0.2 * au[23]),
        (x - 1.5, y - 0.5, x + 0.5, y, x + 2.5, y + 0.5, 3.6, 0.45),
        (-0.5, low, 6, low + 0.8, 12, low + 2.5, 2.4, 0.7 * au[17]),
    ]
    table += [(k, low + 8 + k / 4, k + 1, low + 9, k + 2, low + 9.5 - k / 4, 3, 0.45 * au[17])
              for k in (1, 6)]  # fmt: skip
    for k in (-1, 0, 1):
        line = brow - 19 - 6 * k - 2 * max(au[1], au[2])
        table.append((-1, line - 1, 7, line - 0.5, 14, line + 1, 1.8, 0.55 * au[1]))
        table.append((10, line + 1, gap, line - 1.5, gap + 13, line + 2, 1.7, 0.55 * au[2]))
        eye, crow = gap + who.eye_width + 3.5, 0.6 * au[6] + 0.12 * au[7]
        table.append((eye, 1 + 3 * k, eye + 4, 1.3 + 4.4 * k, eye + 7, 1.5 + 5.6 * k, 1.3, crow))
        line = 8 + 4 * k
        table.append((1.5, line + 1, 6, line - 1, 8.5, line - 4, 1.6, 0.7 * au[9]))
    rows = np.array(table)
    rows[:, 7] *= who.lines
    nostril = 0.47 * wide
    rows = np.vstack([rows, [
        (wide - 2.5, nose - 9, wide, nose - 4, wide - 1.5, nose, 1.6, 0.6),
        (-0.5, nose + 2, 2.5, nose + 2, 0.6 * wide, nose, 1.5, 0.55),
        (nostril - 4, nose + 0.5, nostril, nose - 0.5, nostril + 4, nose + 0.3, 4.4, 0.95),
    ]])  # fmt: skip
    both = np.vstack([rows, rows * (-1, 1, -1, 1, -1, 1, 1, 1)])
    pen.strokes(both, _times(who.skin, 0.36), 0.45)


def _draw_mouth(pen: _Pen, who: DrawnIdentity, pose: _Pose) -> None:
    t = np.linspace(-1, 1, 33)
    arch = np.sqrt(1 - t**2)
    au, gap, x = pose.au, pose.gap, pose.mouth_width * t
    rest = pose.mouth_y + pose.corner * np.abs(t) ** 2.2
    top = rest - (pose.lift + 0.12 * gap) * arch ** (1 - 0.4 * au[10])
    bottom = top + gap * arch ** (1.1 - 0.3 * au[22])
    bow = 1 - 0.28 * np.exp(-((t / 0.16) ** 2))
    upper, lower = top - pose.upper_lip * arch**1.2 * bow, bottom + pose.lower_lip * arch
    lip = _mix(_times(who.skin, 0.72), (88, 72, 172), 0.5)
    middle = float(bottom[16])
    pen.tint(_between(x, upper, lower), _times(lip, 0.9), 0.5, 1.2)  # a soft edge
    pen.fill(_between(x, upper, top + 0.3), _times(lip, 0.84))
    pen.fill(_between(x, bottom - 0.3, lower), lip)
    shine = _oval(0, middle + 0.45 * pose.lower_lip, 0.4 * pose.mouth_width, 0.2 * pose.lower_lip)
    pen.tint(shine, (235, 232, 250), 0.3, 1.2)
    hole = _between(x, top, bottom)

    def inside() -> None:
        pen.fill(hole, (30, 22, 52))
        tongue = _oval(0, middle - 0.05 * gap, 0.55 * pose.mouth_width, 0.3 * gap)
        pen.tint(tongue, (84, 74, 150), 0.9, 1)
        teeth = 1.2 + min(0.5 * gap, 5) * (1 - 0.6 * au[22])
        pen.fill(_between(x, top - 1, top + teeth * np.sqrt(arch)), (226, 234, 238))
        if au[20] > 0:  # stretched lips bare the lower teeth too
            pen.fill(_between(x, bottom - 0.25 * au[20] * gap * arch, bottom + 1), (214, 222, 228))

    if gap > 0.4:
        pen.clipped(hole, inside)
    seam = _ribbon(np.stack([x, top], 1), (1.2, 1.0, 1.3, 1.0, 1.2))
    pen.tint(seam, _times(lip, 0.42), 0.85)


def _draw_eye(pen: _Pen, who: DrawnIdentity, pose: _Pose, side: int) -> None:
    """Draw one eye with its brow; ``side`` is -1 for the left of the picture, 1 for the right."""
    gap = who.eye_gap
    t = np.linspace(-1, 1, 25)
    x, axis = side * (gap + who.eye_width * t), -who.eye_tilt * t
    upper = axis - pose.upper_lid * (1 - np.abs(t) ** 2.3) ** 0.8
    lower = axis + pose.lower_lid * (1 - t**2)
    lid = np.stack([x, upper], 1)
    opening = _between(x, upper, lower)

    def inside() -> None:
        pen.fill(opening, (224, 228, 232))
        pen.fill(_oval(side * gap, -0.4, 5.4, 5.4), _times(who.iris, 0.5))
        pen.fill(_oval(side * gap, -0.4, 4.6, 4.6), who.iris)
        pen.fill(_oval(side * gap, -0.4, 2.4, 2.4), (18, 16, 18))
        pen.tint(_ribbon(np.add(lid, (0, 1)), (2, 3, 2)), (60, 56, 70), 0.5)
        pen.fill(_oval(side * gap - 1.8, -2, 1.1, 1.1), (250, 250, 250))

    pen.clipped(opening, inside)
    pen.tint(_ribbon(np.stack([x, lower], 1), (0.5, 1.1, 1.3)), _times(who.skin, 0.4), 0.7)
    pen.tint(_ribbon(lid, (0.7, 2.2, 2.4)), (26, 24, 30), 0.92)
    fold = np.stack([x, upper - 3 + 0.8 * pose.au[5] * (1 - t**2)], 1)[3:-1]
    pen.tint(_ribbon(fold, (0.3, 1.5, 0.5)), _times(who.skin, 0.42), 0.55)
    # The brow's inner end, middle, peak and outer end at rest; its inner half can be drawn in.
    places = ((-11.5, who.brow_tilt), (-3, 0.1), (7, -who.brow_arch), (15.5, 1))
    drawn_in = (pose.brow_in, pose.brow_in / 2, 0, 0)
    points = [
        (side * (gap + at - inwards), hang - raised - who.brow_height)
        for (at, hang), inwards, raised in zip(places, drawn_in, pose.brow, strict=True)
    ]
    thick = who.brow_thickness
    brow = _ribbon(_smooth(points), (0.75 * thick, 1.1 * thick, 0.9 * thick, 0.3))
    pen.tint(brow, _times(_mix(who.hair, who.skin, 0.1), 0.75), 0.9, 0.6)


def _draw_hair(pen: _Pen, who: DrawnIdentity) -> None:
    """Draw the hair in front: from the outline of the skull down to the hairline."""
    style, wide, part = who.hair_style, who.head_width, who.parting
    high = -who.crown
    grow = {"cropped": 4.5, "shaved": 1.0, "bun": 4.5}.get(style, who.volume)
    temple = 22.0 if style in ("bob", "long") else 0.0
    # The hairline from one temple to the other: x in half head widths, y in face units.
    line: list[tuple[float, float]]
    if style == "fringe":
        line = [(-0.84, -30), (0, -31), (0.84, -30)]
    elif style == "side part":
        line = [(-0.82, -34), (-0.1, -41), (0.38, high + 11), (0.84, -36)]
    elif style in ("bob", "long"):
        line = [(-0.86, -18), (-0.5, -46), (0.06, high + 9), (0.5, -46), (0.86, -18)]
    else:
        line = [(-0.88, -22), (-0.66, -42), (0, -50), (0.66, -42), (0.88, -22)]
    edge = _smooth([(x * wide * part, y) for x, y in [(-1.0, temple), *line, (1.0, temple)]])
    if part > 0:  # the outline goes over the skull to the right, and comes back along the edge
        edge = edge[::-1]
    cap = _skull(who, grow)
    outline = np.vstack([(cap * (-1, 1))[::-1], cap, [(wide + 0.6 * grow, temple)], edge,
                         [(-wide - 0.6 * grow, temple)]])  # fmt: skip
    if style == "shaved":
        pen.tint(outline, _times(who.hair, 0.9), 0.5, 1.5)
        return
    pen.fill(_ribbon(np.add(edge, (0, 0.7)), (3, 3)), _times(who.skin, 0.72))  # its shadow
    pen.fill(outline, who.hair)
    light = _mix(who.hair, (230, 240, 250), 0.35)
    if style == "curly":
        for x, y in _oval(0, -6, 0.86 * wide, who.crown - 14, 24)[12:]:
            pen.fill(_oval(x, y, 9, 9), who.hair)
            pen.tint(_oval(x + 1, y - 3, 5, 4), light, 0.3, 1.5)
        return
    if style in ("cropped", "fringe"):  # tips of hair
        tips = edge[6:-6]
        tips = np.column_stack([tips - (0, 5), tips, np.add(tips, (1.5 * part, 1.8))])
        pen.strokes(np.column_stack([tips, np.full((len(tips), 2), (6.5, 0.95))]), who.hair)
    root = 0.38 * wide * part if style == "side part" else 0.0
    k = np.arange(-4, 5.0)
    strands = [root + 2 * k, high - grow + 3 + 0 * k, 0.2 * wide * k, high + 3 + 0.8 * k**2,
               0.22 * wide * k, high + 10 + 1.6 * k**2, 1.8 + 0 * k, 0.3 + 0 * k]  # fmt: skip
    pen.strokes(np.column_stack(strands), light, 0.4)


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
