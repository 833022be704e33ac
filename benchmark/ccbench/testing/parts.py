"""The parts of a drawn face: who is drawn, what its action units move, and each part's strokes.

Lengths are face units (see :mod:`ccbench.testing.strokes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np

from ccbench.testing.strokes import (
    Colour,
    Pen,
    Points,
    between,
    fill,
    mirrored,
    mix,
    oval,
    ribbon,
    smooth,
    times,
    u8,
)

ACTION_UNITS: Final[Mapping[int, str]] = MappingProxyType({
    1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser",
    6: "cheek raiser", 7: "lid tightener", 9: "nose wrinkler", 10: "upper lip raiser",
    12: "lip corner puller", 15: "lip corner depressor", 17: "chin raiser", 20: "lip stretcher",
    22: "lip funneler", 23: "lip tightener", 24: "lip pressor", 25: "lips part", 26: "jaw drop",
    27: "mouth stretch",
})  # fmt: skip
"""The action units that can be drawn: FACS number to name."""

HAIR_STYLES: Final = ("cropped", "side part", "fringe", "bob", "long", "curly", "bun", "shaved")


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


class Pose:
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


def skull(who: DrawnIdentity, grow: float = 0.0) -> Points:
    """Outline the right half of the head above the eyes, from the crown down."""
    angle = np.linspace(-np.pi / 2, 0, 20)
    wide, high = who.head_width + grow, who.crown + grow
    return np.stack([wide * np.cos(angle) ** 0.9, high * np.sin(angle)], axis=1)


def draw_body(pen: Pen, who: DrawnIdentity) -> None:
    """Draw all that is behind the face: hair at the back, neck, clothes, ears."""
    wide, dark, style = who.head_width, times(who.hair, 0.8), who.hair_style
    back = {"bob": 62.0, "long": 170.0, "curly": 34.0}.get(style)
    if back is not None:
        out = wide + who.volume
        fall = smooth([(out - 1, -6), (out + 4, 0.5 * back), (out - 2, back), (0.3 * wide, back)])
        pen.fill(mirrored(np.vstack([skull(who, who.volume), fall])), dark)
    if style == "curly":
        radius = 10 + 0.5 * who.volume
        for x, y in oval(0, 0, wide + 0.4 * who.volume, who.crown + 0.4 * who.volume, 26):
            if y < 26:
                pen.fill(oval(x, y, radius, radius), dark)
    if style == "bun":
        pen.fill(oval(0, -who.crown - 10, 23, 17), dark)
    half = [(0.62 * wide, 30), (0.61 * wide, 90), (0.66 * wide, 106), (1.0 * wide, 122)]
    pen.fill(mirrored(smooth(half)), times(who.skin, 0.82))
    shadow = [(0.61 * wide, 40), (0.61 * wide, who.chin - 5), (0.3 * wide, who.chin + 8)]
    pen.fill(mirrored(np.array([*shadow, (0, who.chin + 11)])), times(who.skin, 0.66))
    collar = smooth([(0, 111), (0.3 * wide, 109), (0.6 * wide, 101)])
    shoulder = smooth([(0.6 * wide, 101), (wide, 112), (114, 130), (150, 175)])
    pen.fill(mirrored(np.vstack([collar, shoulder, [(150, 320)]])), who.clothes)
    hem = np.vstack([(collar * (-1, 1))[:0:-1], collar])
    pen.tint(ribbon(hem, (3.5, 3.5)), times(who.clothes, 1.15), 0.8)
    if style not in ("bob", "long"):
        for side in (-1, 1):
            pen.fill(oval(side * (wide - 0.5), 9, 7.5, 15), times(who.skin, 0.88))
            pen.tint(oval(side * (wide + 2), 9, 3, 9), times(who.skin, 0.6), 0.6, 1.2)


def draw_head(pen: Pen, who: DrawnIdentity, pose: Pose) -> None:
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
    outline = mirrored(np.vstack([skull(who), jaw]))
    spot, placed, mask = pen.window(outline, 1.0)
    origin = placed[0] + pen.turn @ ((columns[0], rows[0]) - outline[0])
    grid = np.column_stack([2 * pen.turn, origin])
    grey = u8(cv2.warpAffine(grey, grid, mask.shape[::-1], borderMode=cv2.BORDER_REPLICATE))
    # Skin gets redder in the shadow: blue fades fastest.
    ramp = np.array(who.skin) * (np.arange(256)[:, None] / 180) ** (1.25, 1.08, 0.9)
    table = np.rint(np.clip(ramp, 0, 255)).astype(np.uint8)[None]
    fill(mask, placed, (255,))
    cv2.copyTo(cv2.LUT(cv2.merge([grey, grey, grey]), table), mask, spot)
    for side in (-1, 1):
        blush = oval(side * (gap + 8), cheek + 4, 13, 9)
        pen.tint(blush, mix(who.skin, (90, 80, 215), 0.6), 0.16 + 0.06 * au[6], 4)


def draw_furrows(pen: Pen, who: DrawnIdentity, pose: Pose) -> None:
    """Draw the nose, and the creases that show an action unit apart from what it moves."""
    au, gap, nose, wide = pose.au, who.eye_gap, pose.nose_y, pose.nose_width
    x, y = pose.mouth_width, pose.mouth_y + pose.corner
    fold = 0.1 + 0.5 * max(au[12], au[10], 0.9 * au[9], 0.7 * au[20]) + 0.1 * au[6]
    cheek = wide + 7 + 4 * au[12] + 2 * au[10]
    bag, squeeze = 6.5 + 0.6 * pose.lower_lid, 0.12 + 0.45 * au[6] + 0.4 * au[7]
    low = pose.mouth_y + 0.7 * pose.gap + pose.lower_lip + 5
    frown, brow = 4 - au[4], -who.brow_height
    # The right side's strokes, as Pen.strokes takes them.
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
    pen.strokes(both, times(who.skin, 0.36), 0.45)


def draw_mouth(pen: Pen, who: DrawnIdentity, pose: Pose) -> None:
    """Draw the lips and, between them, teeth and tongue."""
    t = np.linspace(-1, 1, 33)
    arch = np.sqrt(1 - t**2)
    au, gap, x = pose.au, pose.gap, pose.mouth_width * t
    rest = pose.mouth_y + pose.corner * np.abs(t) ** 2.2
    top = rest - (pose.lift + 0.12 * gap) * arch ** (1 - 0.4 * au[10])
    bottom = top + gap * arch ** (1.1 - 0.3 * au[22])
    bow = 1 - 0.28 * np.exp(-((t / 0.16) ** 2))
    upper, lower = top - pose.upper_lip * arch**1.2 * bow, bottom + pose.lower_lip * arch
    lip = mix(times(who.skin, 0.72), (88, 72, 172), 0.5)
    middle = float(bottom[16])
    pen.tint(between(x, upper, lower), times(lip, 0.9), 0.5, 1.2)  # a soft edge
    pen.fill(between(x, upper, top + 0.3), times(lip, 0.84))
    pen.fill(between(x, bottom - 0.3, lower), lip)
    shine = oval(0, middle + 0.45 * pose.lower_lip, 0.4 * pose.mouth_width, 0.2 * pose.lower_lip)
    pen.tint(shine, (235, 232, 250), 0.3, 1.2)
    hole = between(x, top, bottom)

    def inside() -> None:
        pen.fill(hole, (30, 22, 52))
        tongue = oval(0, middle - 0.05 * gap, 0.55 * pose.mouth_width, 0.3 * gap)
        pen.tint(tongue, (84, 74, 150), 0.9, 1)
        teeth = 1.2 + min(0.5 * gap, 5) * (1 - 0.6 * au[22])
        pen.fill(between(x, top - 1, top + teeth * np.sqrt(arch)), (226, 234, 238))
        if au[20] > 0:  # stretched lips bare the lower teeth too
            pen.fill(between(x, bottom - 0.25 * au[20] * gap * arch, bottom + 1), (214, 222, 228))

    if gap > 0.4:
        pen.clipped(hole, inside)
    seam = ribbon(np.stack([x, top], 1), (1.2, 1.0, 1.3, 1.0, 1.2))
    pen.tint(seam, times(lip, 0.42), 0.85)


def draw_eye(pen: Pen, who: DrawnIdentity, pose: Pose, side: int) -> None:
    """Draw one eye with its brow; ``side`` is -1 for the left of the picture, 1 for the right."""
    gap = who.eye_gap
    t = np.linspace(-1, 1, 25)
    x, axis = side * (gap + who.eye_width * t), -who.eye_tilt * t
    upper = axis - pose.upper_lid * (1 - np.abs(t) ** 2.3) ** 0.8
    lower = axis + pose.lower_lid * (1 - t**2)
    lid = np.stack([x, upper], 1)
    opening = between(x, upper, lower)

    def inside() -> None:
        pen.fill(opening, (224, 228, 232))
        pen.fill(oval(side * gap, -0.4, 5.4, 5.4), times(who.iris, 0.5))
        pen.fill(oval(side * gap, -0.4, 4.6, 4.6), who.iris)
        pen.fill(oval(side * gap, -0.4, 2.4, 2.4), (18, 16, 18))
        pen.tint(ribbon(np.add(lid, (0, 1)), (2, 3, 2)), (60, 56, 70), 0.5)
        pen.fill(oval(side * gap - 1.8, -2, 1.1, 1.1), (250, 250, 250))

    pen.clipped(opening, inside)
    pen.tint(ribbon(np.stack([x, lower], 1), (0.5, 1.1, 1.3)), times(who.skin, 0.4), 0.7)
    pen.tint(ribbon(lid, (0.7, 2.2, 2.4)), (26, 24, 30), 0.92)
    fold = np.stack([x, upper - 3 + 0.8 * pose.au[5] * (1 - t**2)], 1)[3:-1]
    pen.tint(ribbon(fold, (0.3, 1.5, 0.5)), times(who.skin, 0.42), 0.55)
    # The brow's inner end, middle, peak and outer end at rest; its inner half can be drawn in.
    places = ((-11.5, who.brow_tilt), (-3, 0.1), (7, -who.brow_arch), (15.5, 1))
    drawn_in = (pose.brow_in, pose.brow_in / 2, 0, 0)
    points = [
        (side * (gap + at - inwards), hang - raised - who.brow_height)
        for (at, hang), inwards, raised in zip(places, drawn_in, pose.brow, strict=True)
    ]
    thick = who.brow_thickness
    brow = ribbon(smooth(points), (0.75 * thick, 1.1 * thick, 0.9 * thick, 0.3))
    pen.tint(brow, times(mix(who.hair, who.skin, 0.1), 0.75), 0.9, 0.6)


def draw_hair(pen: Pen, who: DrawnIdentity) -> None:
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
    edge = smooth([(x * wide * part, y) for x, y in [(-1.0, temple), *line, (1.0, temple)]])
    if part > 0:  # the outline goes over the skull to the right, and comes back along the edge
        edge = edge[::-1]
    cap = skull(who, grow)
    outline = np.vstack([(cap * (-1, 1))[::-1], cap, [(wide + 0.6 * grow, temple)], edge,
                         [(-wide - 0.6 * grow, temple)]])  # fmt: skip
    if style == "shaved":
        pen.tint(outline, times(who.hair, 0.9), 0.5, 1.5)
        return
    pen.fill(ribbon(np.add(edge, (0, 0.7)), (3, 3)), times(who.skin, 0.72))  # its shadow
    pen.fill(outline, who.hair)
    light = mix(who.hair, (230, 240, 250), 0.35)
    if style == "curly":
        for x, y in oval(0, -6, 0.86 * wide, who.crown - 14, 24)[12:]:
            pen.fill(oval(x, y, 9, 9), who.hair)
            pen.tint(oval(x + 1, y - 3, 5, 4), light, 0.3, 1.5)
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
