"""Heat maps: matrices with numbers in their cells, profiles of units, and their keys."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from ccbench.reporting.figures.sheet import Sheet, width_of
from ccbench.reporting.figures.style import (
    ABSENT,
    INK,
    LINE,
    SHORT,
    SMALL,
    SOFT,
    colour_map,
    ink_on,
    text_width,
)
from ccbench_registry import EXPRESSIONS

Limits = tuple[float, float]


def square(table: pd.DataFrame, value: str, rows: str, columns: str) -> NDArray[np.float64]:
    """Return a column of a table as a matrix of all expressions by all expressions.

    Args:
        table: one row per cell.
        value: column with the numbers.
        rows: column with the expression of the row.
        columns: column with the expression of the column.

    Returns:
        (7, 7), NaN where the table has no row.
    """
    wide = table.pivot(index=rows, columns=columns, values=value)
    names = list(EXPRESSIONS)
    return wide.reindex(index=names, columns=names).to_numpy(dtype=np.float64)


def draw_image(
    axes: Axes, values: NDArray[np.float64], map_name: str, limits: Limits, *, upward: bool = False
) -> AxesImage:
    """Draw a matrix as coloured cells; gaps (NaN) are grey.

    One image, not a shape per cell, so that vector files stay small; "nearest" keeps its edges
    sharp in viewers that would smooth an enlarged image.

    Args:
        axes: to draw on.
        values: (rows, columns).
        map_name: of the colour map.
        limits: values at the ends of the colour map.
        upward: whether the first row is the lowest.
    """
    _frame(axes)
    return axes.imshow(
        values,
        cmap=colour_map(map_name),
        vmin=limits[0],
        vmax=limits[1],
        aspect="auto",
        interpolation="nearest",
        origin="lower" if upward else "upper",
    )


def _frame(axes: Axes) -> None:
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.4, color=LINE)


def draw_absence(axes: Axes, text: str) -> None:
    """Fill a panel with the grey of what a database lacks, and say so."""
    _frame(axes)
    axes.set(xlim=(-0.5, 0.5), ylim=(-0.5, 0.5), xticks=[], yticks=[], facecolor=ABSENT)
    axes.text(0, 0, text, ha="center", va="center", fontsize=SMALL, color=SOFT)


def draw_matrix(
    axes: Axes, values: NDArray[np.float64], map_name: str, limits: Limits, *, zeros: bool
) -> AxesImage:
    """Draw a matrix with a hundredth of its values written in the cells.

    Args:
        axes: to draw on.
        values: (rows, columns); gaps stay empty.
        map_name: of the colour map.
        limits: values at the ends of the colour map.
        zeros: whether what rounds to 0 is written.
    """
    image = draw_image(axes, values, map_name, limits)
    rows, columns = values.shape
    axes.hlines(np.arange(1, rows) - 0.5, -0.5, columns - 0.5, colors="white", linewidths=0.4)
    axes.vlines(np.arange(1, columns) - 0.5, -0.5, rows - 0.5, colors="white", linewidths=0.4)
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    axes.tick_params(length=0)
    shades = image.to_rgba(values)
    for (row, column), value in np.ndenumerate(values):
        text = "" if math.isnan(value) else hundredths(float(value))
        if text and (zeros or text != "0"):
            colour = ink_on(tuple(shades[row, column]))
            axes.text(
                column, row, text, ha="center", va="center_baseline", fontsize=SMALL, color=colour
            )
    return image


def hundredths(value: float) -> str:
    """Format a rate or correlation in hundredths: "76", "−40", "0".

    >>> hundredths(0.756), hundredths(-0.4), hundredths(-0.001)
    ('76', '−40', '0')
    """
    return f"{round(100 * value)}".replace("-", "−")


def name_cells(axes: Axes, *, rows: bool, names: Sequence[str] = EXPRESSIONS) -> None:
    """Write the expressions at the columns (three letters) and, if wanted, at the rows."""
    label_columns(axes, range(len(names)), [SHORT.get(name, name) for name in names])
    axes.set_yticks(range(len(names)), list(names) if rows else [])


def label_columns(axes: Axes, at: Sequence[float], names: Sequence[str]) -> None:
    """Write names below columns on one baseline, upright where they are wider than these."""
    axes.set_xticks(at, names)
    axes.tick_params(axis="x", length=0)
    left, right = axes.get_xlim()
    unit = width_of(axes) / abs(right - left)
    widths = [text_width(name, SMALL) for name in names]
    for place, (one, other) in enumerate(itertools.pairwise(widths)):
        if (one + other) / 2 + 0.3 > (at[place + 1] - at[place]) * unit:
            axes.tick_params(axis="x", labelrotation=90)
            return
    # Aligned by their tops, "happy" would stand lower than "sad".
    axes.tick_params(axis="x", pad=7.0)
    for label in axes.get_xticklabels():
        label.set_verticalalignment("baseline")


def draw_key(
    sheet: Sheet,
    place: tuple[float, float],
    map_name: str,
    limits: Limits,
    texts: tuple[str, Sequence[tuple[float, str]]],
    width: float = 28.0,
) -> Axes:
    """Draw a colour map as a bar with its name above it.

    Args:
        sheet: to draw on.
        place: left and top of the bar, in mm.
        map_name: of the colour map.
        limits: values at its ends.
        texts: name of the values, and what to write at which of them.
        width: of the bar, in mm.
    """
    axes = sheet.axes(*place, width, 2.0, label=f"key: {texts[0]}")
    ramp = np.linspace(*limits, 256)[np.newaxis]
    _frame(axes)
    axes.imshow(
        ramp, cmap=colour_map(map_name), aspect="auto", extent=(*limits, 0, 1), vmin=limits[0],
        vmax=limits[1],
    )  # fmt: skip
    axes.set_yticks([])
    axes.set_xticks([at for at, _ in texts[1]], [text for _, text in texts[1]])
    axes.tick_params(axis="x", length=1.2, pad=1.0)
    axes.text(
        1.0, 1.35, texts[0], transform=axes.transAxes, fontsize=SMALL, color=INK, ha="right",
        va="bottom",
    )  # fmt: skip
    return axes
