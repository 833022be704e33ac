"""Figure 2: correct rate and loss in training and validation."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ccbench.reporting.figures.sheet import (
    LEFT,
    Sheet,
    columns,
    draw_legend,
    label_left,
    places,
)
from ccbench.reporting.figures.style import (
    DOUBLE,
    MIDDLE,
    SINGLE,
    SMALL,
    database_colours,
    fit,
    journal_style,
)

_MEASURES: Final = {"correct_rate": "correct rate", "loss": "loss"}
_PARTS: Final = {"train": "training", "validation": "validation"}
_DASHES: Final[dict[str, Any]] = {"train": "-", "validation": (0, (3, 1.5))}


def iterated(curves: pd.DataFrame) -> bool:
    """Whether heads were trained step by step: there is more than their final state."""
    return bool(curves["iteration"].nunique() > 1)


def learning(curves: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return mean and SD over runs of what was measured at each iteration.

    Args:
        curves: the table of a run.
        measure: "correct_rate" or "loss".

    Returns:
        database, part, iteration, mean, sd (n - 1; NaN for one run).
    """
    known = curves.dropna(subset=[measure])
    by_run = known.groupby(["database", "part", "iteration"], sort=False)[measure]
    found = by_run.agg(mean="mean", sd="std").reset_index()
    return found.sort_values("iteration", kind="stable", ignore_index=True)


@journal_style()
def figure2(curves: pd.DataFrame) -> Figure:
    """Draw how training went (paper, Figure 2).

    Against iteration where heads were trained step by step.  A head that is solved has one
    state only: then a dot per database, and a faint one per run.

    Args:
        curves: the table of a run.
    """
    return _draw_curves(curves) if iterated(curves) else _draw_dots(curves)


def _databases(curves: pd.DataFrame) -> list[str]:
    return [str(name) for name in curves["database"].unique()]


def _limits(table: pd.DataFrame, measure: str) -> tuple[float, float]:
    """Return limits that hold every mean with its SD, shared by all databases."""
    if measure == "correct_rate":
        return 0.0, 1.04
    return 0.0, 1.05 * float((table["mean"] + table["sd"].fillna(0.0)).max())


def _draw_curves(curves: pd.DataFrame) -> Figure:
    databases = _databases(curves)
    across = columns(len(databases), 3)
    width = {1: SINGLE, 2: MIDDLE, 3: DOUBLE}[across]
    pitch = ((width - LEFT + 1) / across, 73.0)
    sheet = Sheet(width, 11 + pitch[1] * -(-len(databases) // across))
    handles = [
        Line2D([], [], color="black", linewidth=1.0, linestyle=_DASHES[part], label=name)
        for part, name in _PARTS.items()
    ]
    draw_legend(sheet, LEFT, 3.0, width - LEFT - 3, handles)
    colours = database_colours(databases)
    tables = {measure: learning(curves, measure) for measure in _MEASURES}
    corners = places(len(databases), across, LEFT, 14.0, pitch)
    for place, (name, (left, top)) in enumerate(zip(databases, corners, strict=True)):
        first = place % across == 0
        for row, (measure, title) in enumerate(_MEASURES.items()):
            axes = sheet.axes(left, top + 30 * row, pitch[0] - 6, 25, label=f"{measure} {name}")
            table = tables[measure]
            _draw_learning(axes, table[table["database"] == name], colours[name])
            axes.set(ylim=_limits(table, measure))
            if measure == "correct_rate":
                axes.set_yticks([0, 0.5, 1], ["0", ".5", "1"])
                axes.set_title(fit(name, pitch[0] - 6, weight="bold"), pad=3, weight="bold")
                axes.tick_params(axis="x", labelbottom=False)
            else:
                axes.set_xlabel("iteration")
                axes.xaxis.set_major_formatter("{x:,.0f}")
            axes.tick_params(axis="y", labelleft=first)
            if first:
                label_left(axes, title)
                sheet.letter(3, top + 30 * row, "AB"[row])
    return sheet.figure


def _draw_learning(axes: Axes, table: pd.DataFrame, colour: str) -> None:
    """Draw one measure of one database against iteration, a line with a band per part."""
    for part, dashes in _DASHES.items():
        rows = table[table["part"] == part]
        at = rows["iteration"].to_numpy(dtype=np.float64)
        mean, sd = rows["mean"].to_numpy(), rows["sd"].fillna(0.0).to_numpy()
        axes.fill_between(at, mean - sd, mean + sd, color=colour, alpha=0.2, linewidth=0)
        axes.plot(at, mean, color=colour, linestyle=dashes, linewidth=1.0, label=_PARTS[part])
    axes.set_xlim(0, float(table["iteration"].max()))
    # At most four numbers: five-figure iterations are wide.
    axes.locator_params(axis="x", nbins=3)


def _draw_dots(curves: pd.DataFrame) -> Figure:
    databases = _databases(curves)
    names = 30.0
    height = 9.0 * len(databases)
    sheet = Sheet(MIDDLE, height + 24)
    handles = [
        Line2D(
            [], [], color="black", markerfacecolor=face, marker="o", markersize=3.5,
            linestyle="none", label=name,
        )
        for name, face in (("training", "black"), ("validation", "white"))
    ]  # fmt: skip
    draw_legend(sheet, names, 3.0, MIDDLE - names - 3, handles)
    colours = database_colours(databases)
    pitch = (MIDDLE - names + 1) / 2
    for place, (measure, title) in enumerate(_MEASURES.items()):
        left = names + pitch * place
        axes = sheet.axes(left, 11, pitch - 6, height, label=measure)
        sheet.letter(left - 4, 9.5, "AB"[place])
        for row, name in enumerate(databases):
            own = curves[curves["database"] == name]
            _draw_states(axes, row, own, measure, colours[name])
        axes.set(ylim=(len(databases) - 0.5, -0.5), xlabel=title)
        axes.tick_params(axis="y", length=0)
        shown = [fit(name, names - 5, SMALL) for name in databases]
        axes.set_yticks(range(len(databases)), shown if place == 0 else [""] * len(shown))
        if measure == "correct_rate":
            axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
            axes.set_xlim(0, 1.02)
        else:
            axes.set_xlim(left=0)
            axes.locator_params(axis="x", nbins=4)
        axes.grid(axis="x", color="#e4e7ec", linewidth=0.5)
        axes.set_axisbelow(True)
    return sheet.figure


def _draw_states(axes: Axes, row: int, own: pd.DataFrame, measure: str, colour: str) -> None:
    """Draw training (filled) above validation (open): runs faint, their mean and SD."""
    for entry in learning(own, measure).to_dict("records"):
        part, mean, sd = str(entry["part"]), float(entry["mean"]), float(entry["sd"])
        height = row + (-0.17 if part == "train" else 0.17)
        by_run = own.loc[own["part"] == part, measure].dropna().to_numpy(dtype=np.float64)
        # Spread by order, not by chance: the same run has the same place in every figure.
        spread = height + 0.09 * np.cos(np.arange(len(by_run)) * 2.4)
        axes.plot(by_run, spread, "o", color=colour, alpha=0.25, markersize=1.6, markeredgewidth=0)
        if not np.isnan(sd):
            axes.hlines(height, mean - sd, mean + sd, colors=colour, linewidths=1.0, zorder=3)
        face = colour if part == "train" else "white"
        axes.plot(
            mean, height, "o", color=colour, markerfacecolor=face, markersize=4, zorder=4,
            label=f"{part} mean",
        )  # fmt: skip
