"""Panels of Figures 7 and 8: the profiles of all expressions, one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ccbench.reporting.figures.heat import draw_image
from ccbench.reporting.figures.sheet import LEFT, Sheet
from ccbench.reporting.figures.style import ABSENT, LINE, SMALL, SOFT, TUNINGS, fit
from ccbench_registry import EXPRESSIONS

_GAP: Final = 1.6
"""Between profiles, in mm."""


@dataclass(frozen=True)
class Stack:
    """Profiles of all expressions of one kind.

    Attributes:
        title: what they are.
        table: expression, action_unit, intensity and the values.
        value: column of the values.
        limit: value at the ends of the colour map.
        absent: what to say of an expression that is not in the table.
    """

    title: str
    table: pd.DataFrame
    value: str = "response"
    limit: float = 1.0
    absent: str = "no such unit"


def stack_height(tall: float) -> float:
    """Return the room that stacks of profiles ``tall`` mm high take with their labels."""
    return len(EXPRESSIONS) * (tall + _GAP) + 17.5


def draw_stacks(
    sheet: Sheet, top: float, stacks: Sequence[Stack], pitch: float, tall: float
) -> None:
    """Draw stacks of profiles beside each other, action units numbered below them.

    A stack is one panel in mm, as a panel for each of its profiles would take long to draw.
    """
    for row, expression in enumerate(EXPRESSIONS):
        middle = top + row * (tall + _GAP) + tall / 2
        sheet.text(3, middle, expression, va="center", fontsize=SMALL)
    height = len(EXPRESSIONS) * (tall + _GAP) - _GAP
    for place, stack in enumerate(stacks):
        width = pitch - 4
        left = LEFT + pitch * place
        axes = sheet.axes(left, top, width, height, label=f"stack {stack.title}", frameon=False)
        units = sorted(int(unit) for unit in stack.table["action_unit"].unique())
        levels = sorted(float(level) for level in stack.table["intensity"].unique())
        for row, expression in enumerate(EXPRESSIONS):
            part = stack.table[stack.table["expression"] == expression]
            box = (0.0, width, row * (tall + _GAP) + tall, row * (tall + _GAP))
            if part.empty:
                _draw_absence(axes, box, stack.absent)
                continue
            wide = part.pivot(index="intensity", columns="action_unit", values=stack.value)
            values = wide.reindex(index=levels, columns=units).to_numpy(dtype=np.float64)
            _draw_profile(axes, box, values, (expression, stack.limit))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_title(_fitted(stack.title, pitch - 2), pad=3, weight="bold")
        _number_action_units(axes, units)
        axes.set_xlabel("action unit", labelpad=1)
        _mark_intensities(axes, levels if place == 0 else [], tall)


Box = tuple[float, float, float, float]


def _draw_profile(axes: Axes, box: Box, values: np.ndarray, what: tuple[str, float]) -> None:
    """Draw action units from left to right, intensities from bottom to top."""
    image = draw_image(axes, values, TUNINGS, (-what[1], what[1]), upward=True)
    image.set_extent(box)
    image.set_label(what[0])
    _draw_frame(axes, box, facecolor="none")


def _draw_frame(axes: Axes, box: Box, facecolor: str) -> None:
    left, right, bottom, top = box
    axes.add_patch(
        Rectangle(
            (left, top), right - left, bottom - top, facecolor=facecolor, edgecolor=LINE,
            linewidth=0.5, clip_on=False,
        )
    )  # fmt: skip


def _draw_absence(axes: Axes, box: Box, text: str) -> None:
    """Fill the place of a profile with the grey of what a database lacks, and say so."""
    _draw_frame(axes, box, facecolor=ABSENT)
    axes.text(
        (box[0] + box[1]) / 2, (box[2] + box[3]) / 2, text, ha="center", va="center",
        fontsize=SMALL, color=SOFT,
    )  # fmt: skip


def _number_action_units(axes: Axes, units: Sequence[int]) -> None:
    """Write the numbers of the action units, alternately in two lines."""
    wide = axes.get_xlim()[1] / len(units)
    at = [(place + 0.5) * wide for place in range(len(units))]
    axes.set_xticks(at[::2], [str(unit) for unit in units[::2]])
    axes.set_xticks(at[1::2], [str(unit) for unit in units[1::2]], minor=True)
    axes.tick_params(axis="x", which="both", length=1.2, width=0.4, labelsize=SMALL)
    axes.tick_params(axis="x", which="major", pad=1.0)
    axes.tick_params(axis="x", which="minor", pad=8.0)


def _mark_intensities(axes: Axes, levels: Sequence[float], tall: float) -> None:
    """Write the lowest and highest intensity beside the first profile: they are those of all."""
    ends = sorted({0, len(levels) - 1}) if levels else []
    step = tall / max(len(levels), 1)
    axes.set_yticks([tall - (end + 0.5) * step for end in ends], [f"{levels[e]:g}" for e in ends])
    axes.tick_params(axis="y", length=1.2, width=0.4)


def _fitted(title: str, room: float) -> str:
    """Shorten the names of a title; a sign between two names stays."""
    if fit(title, room, weight="bold") == title:
        return title
    for sign in (" + ", " − "):
        if sign in title:
            names = [fit(name, room / 2 - 2, weight="bold") for name in title.split(sign, 1)]
            return sign.join(names)
    return fit(title, room, weight="bold")
