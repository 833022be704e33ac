"""Figure 1: faces of the databases and the network that is trained on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrow, Polygon, Rectangle
from numpy.typing import NDArray

from ccbench.reporting.figures.sheet import Sheet
from ccbench.reporting.figures.style import (
    ABSENT,
    DOUBLE,
    INK,
    LINE,
    SMALL,
    SOFT,
    fit,
    journal_style,
)
from ccbench_registry import EXPRESSIONS

_NAMES: Final = 26.0
_SIDE: Final = 20.6
_PITCH: Final = 21.3
_SCHEME: Final = 46.0
"""Height of the network's drawing, in mm."""
_FROZEN: Final = "#7f9cbd"
_TRAINED: Final = "#D55E00"


@journal_style()
def figure1(
    examples: pd.DataFrame,
    backbone_title: str,
    head_title: str,
    *,
    hidden: int = 0,
    notes: Mapping[str, str] | None = None,
    units: Sequence[str] = EXPRESSIONS,
) -> Figure:
    """Draw example faces and the network (paper, Figure 1).

    Args:
        examples: database, expression, pixels ((S, S) uint8): at most one standardised face
            per database and expression.
        backbone_title: what the frozen part is.
        head_title: what the trained part is.
        hidden: layers of the head between features and output units.
        notes: database -> what its row says if it has no example.  The rows are in the order
            of the notes, then of the examples.
        units: expressions that the output units stand for.
    """
    said = dict(notes or {})
    shown = {str(name) for name in examples["database"]}
    databases = list(dict.fromkeys([*said, *(str(name) for name in examples["database"])]))
    below = 10 + _PITCH * len(databases) + (3 if databases else -6)
    sheet = Sheet(DOUBLE, below + _SCHEME)
    for place, name in enumerate(databases):
        top = 10 + _PITCH * place
        _letter_row(sheet, top, place, name)
        if name in shown:
            _draw_faces(sheet, top, examples[examples["database"] == name])
        else:
            _say(sheet, top, name, said[name])
    if databases:
        for place, expression in enumerate(EXPRESSIONS):
            sheet.text(
                _NAMES + _PITCH * place + _SIDE / 2, 8.5, expression, ha="center", va="baseline"
            )
    texts = (_letter(len(databases)), backbone_title, head_title)
    _draw_network(sheet, below, texts, hidden, units)
    return sheet.figure


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else ""


def _letter_row(sheet: Sheet, top: float, place: int, name: str) -> None:
    sheet.letter(3, top + 3.5, _letter(place))
    sheet.text(3, top + 8, fit(name, _NAMES - 4, weight="bold"), va="baseline", weight="bold")


def _draw_faces(sheet: Sheet, top: float, examples: pd.DataFrame) -> None:
    """Draw a row of faces; where the database lacks the expression, a grey frame."""
    pixels = dict(zip(examples["expression"], examples["pixels"], strict=True))
    for place, expression in enumerate(EXPRESSIONS):
        left = _NAMES + _PITCH * place
        label = f"face {examples['database'].iloc[0]} {expression}"
        axes = sheet.axes(left, top, _SIDE, _SIDE, label=label)
        axes.set_axis_off()
        if expression in pixels:
            axes.imshow(
                np.asarray(pixels[expression]), cmap="gray", vmin=0, vmax=255,
                interpolation="antialiased",
            )  # fmt: skip
        else:
            axes.add_patch(Rectangle((0, 0), 1, 1, facecolor=ABSENT, linewidth=0))
            axes.text(0.5, 0.5, "none", ha="center", va="center", fontsize=SMALL, color=SOFT)


def _say(sheet: Sheet, top: float, name: str, note: str) -> None:
    """Fill a row with a sentence."""
    width = _PITCH * (len(EXPRESSIONS) - 1) + _SIDE
    axes = sheet.axes(_NAMES, top, width, _SIDE, label=f"note {name}")
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], facecolor="#f4f6f9")
    for spine in axes.spines.values():
        spine.set(visible=True, color=LINE, linewidth=0.4)
    axes.text(0.5, 0.5, note, ha="center", va="center", color=SOFT)


def _draw_network(
    sheet: Sheet, top: float, texts: tuple[str, str, str], hidden: int, units: Sequence[str]
) -> None:
    """Draw a face that goes through frozen layers and the trained head to the units.

    In mm from the bottom left corner of the panel.
    """
    sheet.letter(3, top + 3.5, texts[0], "network")
    axes = sheet.axes(0, top, DOUBLE, _SCHEME, label="network")
    axes.set(xlim=(0, DOUBLE), ylim=(0, _SCHEME))
    axes.set_axis_off()
    middle = 24.0
    _draw_input(axes, 14, middle)
    _draw_arrow(axes, 31, 38, middle)
    for place, (half, depth) in enumerate(((12, 2), (9.5, 3), (7.5, 4.5), (7.5, 4.5), (6, 6))):
        _draw_slab(axes, 42 + 11 * place, middle, half, depth)
    _draw_arrow(axes, 99, 106, middle)
    _draw_head(axes, (111, 154), middle, hidden, units)
    for height, expression in zip(middle + _heights(len(units)), units, strict=True):
        axes.text(157, height, expression, va="center", fontsize=SMALL)
    axes.text(20, 2.0, "standardised face", ha="center", fontsize=SMALL, color=SOFT)
    axes.text(69, 5.0, fit(texts[1], 64), ha="center")
    axes.text(69, 2.0, "weights frozen", ha="center", fontsize=SMALL, color="#3d5a80")
    axes.text(138, 5.0, fit(texts[2], 64), ha="center")
    axes.text(138, 2.0, "trained on one database", ha="center", fontsize=SMALL, color="#a84800")


def _draw_input(axes: Axes, left: float, middle: float) -> None:
    """Draw a plain oval on grey: no person."""
    axes.add_patch(Rectangle((left - 3, middle - 8), 16, 16, facecolor="#8a8f98", linewidth=0))
    turn = np.linspace(0, 2 * np.pi, 60)
    oval = np.column_stack([left + 5 + 5.2 * np.cos(turn), middle + 6.6 * np.sin(turn)])
    axes.add_patch(Polygon(oval, facecolor="#c9ced6", linewidth=0))
    for side in (-2, 2):
        axes.add_patch(Circle((left + 5 + side, middle + 1.6), 0.55, facecolor=INK, linewidth=0))
    smile = np.linspace(1.2 * np.pi, 1.8 * np.pi, 20)
    axes.plot(
        left + 5 + 3 * np.cos(smile), middle - 0.3 + 3 * np.sin(smile), color=INK, linewidth=1.0
    )


def _draw_arrow(axes: Axes, start: float, end: float, height: float) -> None:
    axes.add_patch(
        FancyArrow(
            start, height, end - start, 0, width=0.25, head_width=1.6, head_length=1.8,
            length_includes_head=True, facecolor=INK, linewidth=0,
        )
    )  # fmt: skip


def _draw_slab(axes: Axes, left: float, middle: float, half: float, depth: float) -> None:
    """Draw a block in parallel perspective: maps of (2 half)^2 mm, as deep as there are many."""
    skew = 0.35 * half
    front = [(left, middle - half), (left + depth, middle - half)]
    face = [*front, (left + depth, middle + half), (left, middle + half)]
    lid = [face[3], face[2], (left + depth + skew, middle + half + skew * 0.6)]
    lid.append((left + skew, middle + half + skew * 0.6))
    flank = [face[1], (left + depth + skew, middle - half + skew * 0.6), lid[2], face[2]]
    for outline, colour in ((face, _FROZEN), (lid, "#b4c6da"), (flank, "#99b1cc")):
        axes.add_patch(Polygon(outline, facecolor=colour, edgecolor="white", linewidth=0.5))


def _heights(count: int) -> NDArray[np.float64]:
    """Return the heights of circles, 4.5 mm apart, about the middle."""
    found: NDArray[np.float64] = 4.5 * ((count - 1) / 2 - np.arange(count, dtype=np.float64))
    return found


def _draw_head(
    axes: Axes, ends: tuple[float, float], middle: float, hidden: int, units: Sequence[str]
) -> None:
    """Draw all connections from features through hidden layers to the output units."""
    last = middle + _heights(len(units))
    layers = [middle + np.linspace(13.5, -13.5, 10)] * (1 + hidden) + [last]
    at = np.linspace(*ends, len(layers))
    for place in range(len(layers) - 1):
        lines = [
            [(at[place], one), (at[place + 1], other)]
            for one in layers[place]
            for other in layers[place + 1]
        ]
        axes.add_collection(LineCollection(lines, colors=_TRAINED, linewidths=0.25, alpha=0.55))
    for place, heights in enumerate(layers):
        colour = _TRAINED if place else _FROZEN
        radius = 1.3 if place == len(layers) - 1 else 0.8
        for height in heights:
            dot = Circle((at[place], height), radius, facecolor=colour, linewidth=0, zorder=3)
            axes.add_patch(dot)
    axes.text(at[0], middle + 16, "features", ha="center", fontsize=SMALL, color=SOFT)
    axes.text(at[-1], middle + 16, "output units", ha="center", fontsize=SMALL, color=SOFT)
