"""Figure 10: the units in the space of the principal components of their tunings."""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from mpl_toolkits.mplot3d import Axes3D  # type: ignore[import-untyped]

from ccbench.analysis.components import Components, principal_components
from ccbench.reporting.figures.sheet import Sheet, draw_legend, legend_height
from ccbench.reporting.figures.style import (
    DOUBLE,
    LINE,
    MARKERS,
    SMALL,
    SOFT,
    database_colours,
    database_fills,
    fit,
    journal_style,
)
from ccbench.reporting.figures.tuning import single_probe

_WIDE: Final = 74.0
_TALL: Final = 56.0
_SIZES: Final = {"o": 5.0, "^": 5.4, "s": 4.6, "D": 4.2, "v": 5.4, "p": 5.8, "h": 5.6}


@journal_style()
def figure10(found: pd.DataFrame) -> Figure:
    """Draw the units as points of the first three principal components (paper, Figure 10).

    Thin lines join the units of one expression to their mean.

    Args:
        found: ``profiles`` of one probe, of three units or more.
    """
    single_probe(found)
    components = principal_components(found)
    databases = [str(name) for name in found["database"].unique()]
    handles = _handles(components.scores, databases)
    room = DOUBLE - 22
    shapes, fills = legend_height(handles[0], room), legend_height(handles[1], room)
    top = 6 + shapes + fills
    pairs = list(itertools.combinations(range(len(components.names)), 2))
    panels = len(pairs) + (len(components.names) == 3)
    sheet = Sheet(DOUBLE, top + 6 + (_TALL + 15) * max(1, -(-panels // 2)) - 2)
    sheet.text(3, 3.0, "unit", weight="bold")
    sheet.text(3, 4.5 + shapes, "trained on", weight="bold")
    draw_legend(sheet, 20, 3.2, room, handles[0], label="legend of the units")
    draw_legend(sheet, 20, 4.7 + shapes, room, handles[1], label="legend of the databases")
    for place, (across, up) in enumerate(pairs):
        left, at = 15 + (_WIDE + 14) * (place % 2), top + 8 + (_TALL + 15) * (place // 2)
        name = f"PC{across + 1}-PC{up + 1}"
        axes = sheet.axes(left, at, _WIDE, _TALL, label=name)
        sheet.letter(left - 12, at - 1.5, "ABC"[place])
        _draw_plane(axes, components, (across, up), databases)
    if len(components.names) == 3:
        left, at = 15 + (_WIDE + 14), top + 8 + (_TALL + 15)
        sheet.letter(left - 12, at - 1.5, "D")
        solid = sheet.axes(
            left - 6, at - 4, _WIDE + 4, _TALL + 11, label="PC1-PC2-PC3", projection="3d"
        )
        assert isinstance(solid, Axes3D)
        _draw_solid(solid, components, databases)
    return sheet.figure


def _label(components: Components, place: int) -> str:
    return f"PC{place + 1} ({100 * components.explained[place]:.0f} %)"


def _style(row: Any, colours: dict[str, str], fills: dict[str, str]) -> dict[str, Any]:
    marker = MARKERS[str(row.expression)]
    colour = colours[str(row.database)]
    return {
        "marker": marker,
        "markersize": _SIZES[marker],
        "color": colour,
        "fillstyle": fills[str(row.database)],
        "markerfacecoloralt": "white",
        "markeredgewidth": 0.8,
        "linestyle": "none",
    }


def _draw_plane(
    axes: Axes, components: Components, pair: tuple[int, int], databases: list[str]
) -> None:
    """Draw two components, on the same scale."""
    scores = components.scores
    names = [components.names[place] for place in pair]
    axes.axhline(0, color=LINE, linewidth=0.5, zorder=0)
    axes.axvline(0, color=LINE, linewidth=0.5, zorder=0)
    for _, group in scores.groupby("expression", sort=False):
        middle = group[names].mean()
        for point in group[names].to_numpy():
            ends = [[point[k], middle.iloc[k]] for k in (0, 1)]
            axes.plot(*ends, color=LINE, linewidth=0.6, zorder=1)
    colours, fills = database_colours(databases), database_fills(databases)
    for row in scores.itertuples():
        at = [getattr(row, name) for name in names]
        axes.plot([at[0]], [at[1]], zorder=3, **_style(row, colours, fills))
    axes.set(xlabel=_label(components, pair[0]), ylabel=_label(components, pair[1]))
    axes.margins(0.08)
    axes.locator_params(nbins=5)
    # One unit is as long in both directions: distances can be seen.
    axes.set_aspect("equal", adjustable="datalim")


def _draw_solid(axes: Axes3D, components: Components, databases: list[str]) -> None:
    """Draw three components, with a stem from each point to the floor."""
    scores = components.scores
    colours, fills = database_colours(databases), database_fills(databases)
    points = scores[list(components.names)].to_numpy(dtype=np.float64)
    floor = float(points[:, 2].min() - 0.1 * (np.ptp(points[:, 2]) or 1.0))
    for row, (x, y, z) in zip(scores.itertuples(), points, strict=True):
        axes.plot([x, x], [y, y], [floor, z], color=LINE, linewidth=0.6)
        axes.plot([x], [y], [z], **_style(row, colours, fills))
    axes.set_zlim(floor, None)
    for place, axis in enumerate((axes.xaxis, axes.yaxis, axes.zaxis)):
        axis.set_pane_color((0.97, 0.975, 0.98, 1.0))
        axis.set_label_text(_label(components, place))
        axis.labelpad = -6.0 if place < 2 else -4.0
        axis.set_tick_params(pad=-3.0 if place < 2 else 0.0, labelsize=SMALL)
    axes.locator_params(nbins=4)
    axes.view_init(elev=22, azim=-60)
    axes.set_box_aspect((1.25, 1.25, 1.0), zoom=0.92)


def _handles(scores: pd.DataFrame, databases: list[str]) -> tuple[list[Line2D], list[Line2D]]:
    """Return what legends need to name the shapes and the fills."""
    present = set(scores["expression"])
    shapes = [
        Line2D(
            [], [], color=SOFT, marker=marker, markersize=_SIZES[marker] - 0.8, linestyle="none",
            label=name,
        )
        for name, marker in MARKERS.items()
        if name in present
    ]  # fmt: skip
    colours, styles = database_colours(databases), database_fills(databases)
    fills = [
        Line2D(
            [], [], color=colours[name], marker="o", markersize=4.2, linestyle="none",
            fillstyle=styles[name], markerfacecoloralt="white", markeredgewidth=0.8,  # type: ignore[arg-type]
            label=fit(name, 45, SMALL),
        )
        for name in databases
    ]  # fmt: skip
    return shapes, fills
