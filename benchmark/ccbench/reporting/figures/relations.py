"""Figure 9: whether alike tunings go with confusions."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ccbench.analysis.matrix import confusion
from ccbench.analysis.ranks import spearman
from ccbench.analysis.similarity import confusion_relation, unit_correlations
from ccbench.reporting.figures.heat import draw_key, draw_matrix, name_cells, square
from ccbench.reporting.figures.pair_grid import Pair, pair_grid
from ccbench.reporting.figures.sheet import Sheet, draw_legend, label_left
from ccbench.reporting.figures.style import CORRELATIONS, MARKERS, SMALL, SOFT, journal_style
from ccbench.reporting.figures.tuning import single_probe
from ccbench.reporting.tuning import signed

_SCATTER = 26.0
"""Height of the scatter plots, in mm."""
_HIT = "#D55E00"


@journal_style()
def figure9(found: pd.DataFrame, predictions: pd.DataFrame) -> Figure:
    """Draw correlations of profiles and their relation to choice rates (paper, Figure 9).

    Args:
        found: ``profiles`` of one probe and of two databases or more.
        predictions: the table of the same run.
    """
    single_probe(found)
    databases = [str(name) for name in found["database"].unique()]
    grid = pair_grid(databases, most=4)
    width, side = grid.width, grid.side
    pitch = side + 23 + grid.head + _SCATTER
    sheet = Sheet(width, 16 + grid.head + grid.height(pitch))
    sheet.letter(3, 6, "A", "tunings: trained on → tested on")
    key = "correlation (rₛ × 100)", [(-1.0, "−100"), (0.0, "0"), (1.0, "100")]
    draw_key(sheet, (width - 33, 7.5), CORRELATIONS, (-1, 1), key)
    draw_legend(sheet, 3, 8.5, width - 40, _handles())
    tuned = unit_correlations(found)
    related = confusion_relation(found, confusion(predictions))
    corners = grid.corners(14.5, pitch)
    for place, (pair, (left, top)) in enumerate(zip(grid.pairs, corners, strict=True)):
        first = place % grid.across == 0
        axes = sheet.axes(left, top, side, side, label=f"correlations {pair[0]} → {pair[1]}")
        _draw_correlations(axes, tuned, pair, first=first)
        axes.set_title(grid.titles[place], pad=3, weight="bold")
        axes = sheet.axes(
            left, top + side + 13, side, _SCATTER, label=f"relation {pair[0]} → {pair[1]}"
        )
        part = related[
            (related["train_database"] == pair[0]) & (related["test_database"] == pair[1])
        ]
        _draw_relation(axes, part, first=first)
        if first:
            sheet.letter(3, top + side + 12, "B")
    return sheet.figure


def _draw_correlations(axes: Axes, tuned: pd.DataFrame, pair: Pair, *, first: bool) -> None:
    """Draw a matrix in the places of the confusion matrix of the pair."""
    part = tuned[(tuned["database"] == pair[1]) & (tuned["other"] == pair[0])]
    values = square(part, "r_s", "expression", "other_expression")
    draw_matrix(axes, values, CORRELATIONS, (-1, 1), zeros=True)
    name_cells(axes, rows=first)
    axes.set_xlabel("training database's unit", labelpad=2)
    if first:
        label_left(axes, "test database's unit")


def _draw_relation(axes: Axes, part: pd.DataFrame, *, first: bool) -> None:
    """Draw choice rate against correlation: hits as the expression's marker, errors as dots."""
    axes.set(xlim=(-1.04, 1.04), ylim=(-0.03, 1.18), xlabel="correlation rₛ")
    axes.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1", "−.5", "0", ".5", "1"])
    axes.set_yticks([0, 0.5, 1], ["0", ".5", "1"] if first else ["", "", ""])
    axes.axvline(0, color=SOFT, linewidth=0.4, zorder=1)
    if first:
        label_left(axes, "choice rate")
    known = part.dropna(subset=["r_s", "rate"])
    errors = known[known["expression"] != known["predicted"]]
    axes.plot(
        errors["r_s"], errors["rate"], "o", color=SOFT, alpha=0.75, markersize=2.4,
        markeredgewidth=0, label="errors", clip_on=False,
    )  # fmt: skip
    for row in known[known["expression"] == known["predicted"]].to_dict("records"):
        name = str(row["expression"])
        axes.plot(
            [float(row["r_s"])], [float(row["rate"])], MARKERS[name], color=_HIT, markersize=3.6,
            markeredgewidth=0, label=name, clip_on=False, zorder=3,
        )  # fmt: skip
    r_s = float(spearman(known["r_s"], known["rate"]))
    text = f"rₛ = {signed(r_s)}, n = {len(known)}" if len(known) else "no expression in common"
    axes.text(0.03, 0.99, text, transform=axes.transAxes, va="top", fontsize=SMALL)


def _handles() -> list[Line2D]:
    """Return what a legend needs to name markers."""
    hits = [
        Line2D([], [], marker=marker, color=_HIT, markersize=3.6, linestyle="none", label=name)
        for name, marker in MARKERS.items()
    ]
    error = Line2D([], [], marker="o", color=SOFT, markersize=2.4, linestyle="none")
    error.set_label("another expression")
    return [*hits, error]
