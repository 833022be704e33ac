"""Figures 3 and 4: what is chosen for what is shown, in own and in swapped tests."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ccbench.analysis.matrix import confusion
from ccbench.reporting.figures.heat import draw_key, draw_matrix, name_cells, square
from ccbench.reporting.figures.pair_grid import Pair, pair_grid
from ccbench.reporting.figures.rate_panels import (
    draw_bars,
    draw_own_and_swapped,
    pair_rates,
    rate_handles,
    set_rate_axes,
)
from ccbench.reporting.figures.sheet import (
    LEFT,
    Sheet,
    columns,
    draw_legend,
    label_left,
    legend_height,
    places,
)
from ccbench.reporting.figures.style import (
    DOUBLE,
    MIDDLE,
    RATES,
    SINGLE,
    SOFT,
    database_colours,
    fit,
    journal_style,
)

_KEY = "chosen (% of the photographs shown)", [(0.0, "0"), (0.5, "50"), (1.0, "100")]


def databases_of(predictions: pd.DataFrame) -> list[str]:
    """Return the databases, in the table's order."""
    seen = [*predictions["train_database"].unique(), *predictions["test_database"].unique()]
    return [str(name) for name in dict.fromkeys(seen)]


@journal_style()
def figure3(predictions: pd.DataFrame) -> Figure:
    """Draw the own tests: confusion matrices and correct rates (paper, Figure 3).

    Args:
        predictions: the table of a run.
    """
    databases = databases_of(predictions)
    across = columns(len(databases), 3)
    width = {1: SINGLE, 2: MIDDLE, 3: DOUBLE}[across]
    side = (width - LEFT + 2) / across - 6
    pitch = (side + 6, side + 45)
    sheet = Sheet(width, 15 + pitch[1] * -(-len(databases) // across))
    sheet.letter(3, 6, "A", "own tests")
    draw_key(sheet, (width - 32, 7.5), RATES, (0, 1), _KEY)
    colours = database_colours(databases)
    confusions, rates = confusion(predictions), pair_rates(predictions)
    corners = places(len(databases), across, LEFT, 18.0, pitch)
    for place, (name, (left, top)) in enumerate(zip(databases, corners, strict=True)):
        first = place % across == 0
        axes = sheet.axes(left, top, side, side, label=f"confusion {name} → {name}")
        _draw_confusion(axes, confusions, (name, name), first=first)
        axes.set_title(fit(name, side, weight="bold"), pad=3, weight="bold")
        axes = sheet.axes(left, top + side + 13.5, side, 20, label=f"rates {name}")
        own = rates.get((name, name))
        set_rate_axes(axes, [own] if own else [], first=first, mean=False)
        if own:
            draw_bars(axes, own, colours[name])
        if first:
            sheet.letter(3, top + side + 12, "B")
    return sheet.figure


def _draw_confusion(axes: Axes, confusions: pd.DataFrame, pair: Pair, *, first: bool) -> None:
    """Draw the matrix of a pair, or say that there is none."""
    part = confusions[
        (confusions["train_database"] == pair[0]) & (confusions["test_database"] == pair[1])
    ]
    draw_matrix(axes, square(part, "rate", "expression", "predicted"), RATES, (0, 1), zeros=False)
    name_cells(axes, rows=first)
    axes.set_xlabel("chosen")
    if first:
        label_left(axes, "shown")
    if part.empty:
        axes.text(3, 3, "no expression\nin common", ha="center", va="center", color=SOFT)


@journal_style()
def figure4(predictions: pd.DataFrame) -> Figure:
    """Draw the swapped tests beside the own ones (paper, Figure 4).

    Args:
        predictions: the table of a run of two databases or more.
    """
    databases = databases_of(predictions)
    grid = pair_grid(databases, most=5)
    width, side = grid.width, grid.side
    pitch = side + 12 + grid.head
    below = 16 + grid.head + grid.height(pitch)
    sheet = Sheet(width, below + _block_height(databases, width))
    sheet.letter(3, 6, "A", "swapped tests: trained on → tested on")
    draw_key(sheet, (width - 32, 7.5), RATES, (0, 1), _KEY)
    confusions = confusion(predictions)
    corners = grid.corners(14.5, pitch)
    for place, (pair, (left, top)) in enumerate(zip(grid.pairs, corners, strict=True)):
        axes = sheet.axes(left, top, side, side, label=f"confusion {pair[0]} → {pair[1]}")
        _draw_confusion(axes, confusions, pair, first=place % grid.across == 0)
        axes.set_title(grid.titles[place], pad=3, weight="bold")
    _draw_block(sheet, below, databases, predictions)
    return sheet.figure


def _block_height(databases: list[str], width: float) -> float:
    """Return how much room the correct rates of Figure 4 take, in mm."""
    rows = -(-len(databases) // columns(len(databases), 3))
    handles = rate_handles(database_colours(databases))
    return 2 + legend_height(handles, width - LEFT - 17) + 37 * rows


def _draw_block(
    sheet: Sheet, below: float, databases: list[str], predictions: pd.DataFrame
) -> None:
    """Draw the correct rates of Figure 4: a panel per database trained on."""
    sheet.letter(3, below, "B", "correct rates")
    colours, rates = database_colours(databases), pair_rates(predictions)
    room = sheet.width - LEFT - 17
    handles = rate_handles(colours)
    draw_legend(sheet, LEFT + 14, below - 2.2, room, handles)
    across = columns(len(databases), 3)
    pitch = ((sheet.width - LEFT + 1) / across, 37.0)
    top = below + 4.5 + legend_height(handles, room)
    corners = places(len(databases), across, LEFT, top, pitch)
    for place, (name, (left, top)) in enumerate(zip(databases, corners, strict=True)):
        axes = sheet.axes(left, top, pitch[0] - 5, 22, label=f"rates {name}")
        drawn = {test: rates[name, test] for test in databases if (name, test) in rates}
        set_rate_axes(axes, list(drawn.values()), first=place % across == 0, mean=True)
        draw_own_and_swapped(axes, name, drawn, colours)
        title = fit(f"trained on {name}", pitch[0] - 5, weight="bold")
        axes.set_title(title, pad=3, weight="bold")
