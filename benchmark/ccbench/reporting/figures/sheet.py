"""A figure laid out in millimetres, so that type and cells have the same size in every figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from ccbench.reporting.figures.style import LETTER, SMALL, TEXT, fit, text_width

_INCH = 25.4
LEFT: Final = 16.0
"""Room for the names of the expressions left of the panels, in mm."""
LINE_HEIGHT: Final = 3.5
"""From one line of text to the next, in mm."""


class Sheet:
    """A figure whose parts are placed in mm from its top left corner.

    Attributes:
        figure: what is drawn on.
        width: in mm.
        height: in mm.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / _INCH, height / _INCH), dpi=100, facecolor="white")

    def axes(
        self, left: float, top: float, width: float, height: float, label: str, **options: Any
    ) -> Axes:
        """Add axes.

        Args:
            left: of their frame, from the left edge.
            top: of their frame, from the top edge.
            width: of their frame.
            height: of their frame.
            label: their name in the figure; one of each.
            options: of ``Figure.add_axes``.
        """
        bottom = self.height - top - height
        place = (
            left / self.width,
            bottom / self.height,
            width / self.width,
            height / self.height,
        )
        added: Axes = self.figure.add_axes(place, label=label, **options)
        return added

    def text(self, left: float, top: float, text: str, **options: Any) -> Text:
        """Write at a point; its top left corner is there unless the options say otherwise."""
        options = {"ha": "left", "va": "top", "fontsize": TEXT, **options}
        return self.figure.text(left / self.width, 1 - top / self.height, text, **options)

    def letter(self, left: float, top: float, letter: str, heading: str = "") -> None:
        """Write a panel's letter, bold, and a heading behind it."""
        self.text(left, top, letter, fontsize=LETTER, weight="bold", va="baseline")
        if heading:
            self.text(left + 4.5, top, heading, va="baseline")


def width_of(axes: Axes) -> float:
    """Return the width of a frame in mm."""
    return float(axes.bbox.width / axes.figure.dpi * _INCH)


def label_left(axes: Axes, text: str) -> None:
    """Name the vertical axis at the sheet's left edge, in one line with those of other panels."""
    axes.set_ylabel(text)
    axes.yaxis.set_label_coords(-(LEFT - 4.0) / width_of(axes), 0.5)


def columns(count: int, most: int) -> int:
    """Return in how many columns to set panels: few rows first, then few gaps.

    >>> [columns(count, 3) for count in range(1, 8)]
    [1, 2, 3, 2, 3, 3, 3]
    """
    rows = math.ceil(count / most)
    return math.ceil(count / rows)


def places(
    count: int, across: int, left: float, top: float, pitch: tuple[float, float]
) -> list[tuple[float, float]]:
    """Return the top left corners of panels set row by row.

    Args:
        count: of panels.
        across: panels in a row.
        left: of the first panel.
        top: of the first panel.
        pitch: from a panel to the next, and from a row to the next.
    """
    return [
        (left + pitch[0] * (place % across), top + pitch[1] * (place // across))
        for place in range(count)
    ]


def pair_title(train: str, test: str, room: float) -> str:
    """Return "train → test" for a bold title, in two lines where one is wider than ``room`` mm."""
    line = f"{train} → {test}"
    if fit(line, room, weight="bold") == line:
        return line
    return f"{fit(train, room, weight='bold')}\n→ {fit(test, room - 3, weight='bold')}"


def _legend_columns(labels: Sequence[str], room: float) -> int:
    for lines in range(1, len(labels)):
        # A legend is filled column by column.
        filled = [labels[at : at + lines] for at in range(0, len(labels), lines)]
        if sum(max(text_width(text, SMALL) for text in part) + 7 for part in filled) <= room:
            return len(filled)
    return 1


def legend_height(handles: Sequence[Line2D], room: float) -> float:
    """Return the height of :func:`draw_legend`, in mm."""
    across = _legend_columns([str(handle.get_label()) for handle in handles], room)
    return LINE_HEIGHT * math.ceil(len(handles) / across)


def draw_legend(
    sheet: Sheet,
    left: float,
    top: float,
    room: float,
    handles: Sequence[Line2D],
    label: str = "legend",
) -> None:
    """Draw a legend of lines and markers, no wider than ``room`` mm."""
    axes = sheet.axes(left, top, room, legend_height(handles, room), label=label)
    axes.set_axis_off()
    axes.legend(
        handles=list(handles), ncols=_legend_columns([str(h.get_label()) for h in handles], room),
        loc="upper left", bbox_to_anchor=(0, 1), borderpad=0, borderaxespad=0, handlelength=1.6,
        handletextpad=0.5, columnspacing=1.2, labelspacing=0.35,
    )  # fmt: skip
