"""Correct rates by how much of the tested database was in the training."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ccbench.analysis.matrix import correct_rates
from ccbench.reporting.figures.captions import (
    Words,
    count_runs,
    say_chance,
    say_samples,
    say_spread,
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
    INK,
    LINE,
    MIDDLE,
    SINGLE,
    SMALL,
    SOFT,
    database_colours,
    fit,
    journal_style,
)
from ccbench.reporting.mixtures import Mixed

_TALL: Final = 34.0
_STEP: Final = 0.035
"""Between dots of the same share, as a share, at most."""
_LIMITS: Final = (-0.12, 1.06)


@journal_style()
def figure_mixtures(predictions: pd.DataFrame, mixed: Sequence[Mixed]) -> Figure:
    """Draw the correct rates on each database against its share of the training posers.

    After Dailey et al. (2010), whose networks learned from mixtures of two cultures' faces.

    Args:
        predictions: the table of a run.
        mixed: its mixtures.
    """
    databases = [str(name) for name in predictions["test_database"].unique()]
    across = columns(len(databases), 3)
    width = {1: SINGLE, 2: MIDDLE, 3: DOUBLE}[across]
    colours = database_colours(databases)
    handles = _handles(colours, mixed)
    room = width - LEFT - 3
    head = 4 + legend_height(handles, room)
    pitch = ((width - LEFT + 1) / across, _TALL + 17)
    sheet = Sheet(width, head - 3 + pitch[1] * -(-len(databases) // across))
    draw_legend(sheet, LEFT, 3.0, room, handles)
    records = correct_rates(predictions).to_dict("records")
    corners = places(len(databases), across, LEFT, head + 6, pitch)
    for place, (name, (left, top)) in enumerate(zip(databases, corners, strict=True)):
        first = place % across == 0
        axes = sheet.axes(left, top, pitch[0] - 6, _TALL, label=f"mixtures {name}")
        rows = [row for row in records if row["test_database"] == name]
        _draw_rates(axes, name, rows, mixed, colours)
        axes.set_title(fit(name, pitch[0] - 6, weight="bold"), pad=3, weight="bold")
        axes.set_yticks([0, 0.5, 1], ["0", ".5", "1"] if first else ["", "", ""])
        if first:
            label_left(axes, "correct rate")
    return sheet.figure


def _draw_rates(
    axes: Axes,
    tested: str,
    rows: list[dict[Any, Any]],
    mixed: Sequence[Mixed],
    colours: Mapping[str, str],
) -> None:
    """Draw what networks of every training answer on one database."""
    contents: dict[str, Mapping[str, float]] = {name: {name: 1.0} for name in colours}
    contents |= {mixture.name: mixture.shares for mixture in mixed}
    left_out = {mixture.name for mixture in mixed if mixture.leaves_out}
    rates = {str(row["train_database"]): row for row in rows}
    groups: dict[float, list[str]] = defaultdict(list)
    for name in rates:
        groups[contents[name].get(tested, 0.0)].append(name)
    at = _spread(groups)
    for other in colours:
        # Mixtures of the same two databases make a line from one alone to the other alone.
        names = [n for n in at if {other, tested} == {*contents[n]} or n in (other, tested)]
        if other != tested and len(names) > 2:
            names.sort(key=lambda name: contents[name].get(tested, 0.0))
            points = [(at[name], rates[name]["mean"]) for name in names]
            axes.plot(*zip(*points, strict=True), color=LINE, linewidth=0.8, zorder=1.5)
    for name, row in rates.items():
        colour = colours.get(name, INK)
        if not math.isnan(row["sd"]):
            ends = row["mean"] - row["sd"], row["mean"] + row["sd"]
            axes.vlines(at[name], *ends, colors=colour, linewidths=0.7, zorder=3)
        axes.plot(at[name], row["mean"], **_mark(name, colours, name in left_out), zorder=4)
    for level in sorted({float(row["chance"]) for row in rows}):
        axes.axhline(level, color=SOFT, linewidth=0.6, linestyle=(0, (3, 2)))
    axes.set(xlim=_LIMITS, ylim=(0, 1.04), xlabel="share of the training posers")
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])


def _spread(groups: Mapping[float, Sequence[str]]) -> dict[str, float]:
    """Put networks of one share side by side, nearer than those of the next share."""
    shares = sorted(groups)
    found = {}
    for share, names in groups.items():
        gaps = [abs(other - share) for other in shares if other != share]
        # Up to the limits on both sides, and to half of the way to the next share.
        room = 1.8 * min([share - _LIMITS[0], _LIMITS[1] - share, *(gap / 2 for gap in gaps)])
        step = min(_STEP, room / max(1, len(names) - 1))
        for place, name in enumerate(names):
            found[name] = share + step * (place - (len(names) - 1) / 2)
    return found


def _mark(name: str, colours: Mapping[str, str], left_out: bool) -> dict[str, Any]:
    if name in colours:
        return {"marker": "o", "color": colours[name], "markersize": 3.6, "linestyle": "none"}
    face = "white" if left_out else INK
    return {
        "marker": "D", "color": INK, "markerfacecolor": face, "markersize": 3.4,
        "markeredgewidth": 0.7, "linestyle": "none",
    }  # fmt: skip


def _handles(colours: Mapping[str, str], mixed: Sequence[Mixed]) -> list[Line2D]:
    handles = [
        Line2D([], [], **_mark(name, colours, False), label=f"trained on {fit(name, 40, SMALL)}")
        for name in colours
    ]
    if not all(mixture.leaves_out for mixture in mixed):
        handles.append(Line2D([], [], **_mark("", colours, False), label="on a mixture"))
    if any(mixture.leaves_out for mixture in mixed):
        handles.append(Line2D([], [], **_mark("", colours, True), label="on all but one"))
    return handles


def caption_mixtures(predictions: pd.DataFrame, mixed: Sequence[Mixed]) -> Words:
    """Return the words of :func:`figure_mixtures`."""
    told = " ".join(mixture.sentence for mixture in mixed)
    return Words(
        "Correct rates by the tested database's share of the training.",
        f"Networks trained on one database or a mixture, tested on each database "
        f"({say_samples(predictions)}), against the share of the tested database's posers among "
        f"those trained on: 1 is its own test, 0 a swapped one. {told} Grey lines join mixtures of "
        f"the same two databases; dashed: {say_chance(predictions)}. "
        f"{say_spread(count_runs(predictions, 'train_database'), 'Dots and lines')}",
        f"Correct rates on each of {predictions['test_database'].nunique()} databases against its "
        f"share of the training, for {len(mixed)} mixture{'s' * (len(mixed) != 1)}.",
    )
