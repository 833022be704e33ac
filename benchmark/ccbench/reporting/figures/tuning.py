"""Figures 5 and 6: what one unit responds to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ccbench.analysis.tuning import peaks, profiles
from ccbench.reporting.figures.heat import Limits, draw_absence, draw_image, draw_key
from ccbench.reporting.figures.sheet import (
    LINE_HEIGHT,
    Sheet,
    draw_legend,
    legend_height,
)
from ccbench.reporting.figures.style import (
    DOUBLE,
    INK,
    MARKERS,
    MIDDLE,
    SINGLE,
    SMALL,
    SOFT,
    TEXT,
    TUNINGS,
    database_colours,
    database_dashes,
    fit,
    journal_style,
    text_width,
)
from ccbench.reporting.tuning import au_name

TELLING: Final = {"happy": (12, 27), "angry": (4, 22)}
"""The action units that the paper's Figures 5 and 6 show."""
_NAMES: Final = 42.0
"""Room for the names of the action units, in mm."""
_MARKS: Final = tuple(MARKERS.values())


def figure5(responses: pd.DataFrame) -> Figure:
    """Draw the happy unit (paper, Figure 5); see :func:`unit_figure`."""
    return unit_figure(responses, "happy", telling_units(responses, "happy"))


def figure6(responses: pd.DataFrame) -> Figure:
    """Draw the angry unit (paper, Figure 6); see :func:`unit_figure`."""
    return unit_figure(responses, "angry", telling_units(responses, "angry"))


def telling_units(responses: pd.DataFrame, expression: str) -> tuple[int, ...]:
    """Return two action units to draw: the paper's if the probe has them, else the strongest.

    Args:
        responses: the table of a run, of one probe.
        expression: the output unit.
    """
    available = {int(unit) for unit in responses["action_unit"].unique()}
    wanted = TELLING.get(expression, ())
    if wanted and available.issuperset(wanted):
        return wanted
    found = peaks(profiles(responses[responses["expression"] == expression]))
    order = found.groupby("action_unit")["response"].agg(lambda r: r.abs().max())
    return tuple(int(unit) for unit in order.sort_values(ascending=False, kind="stable").index[:2])


@journal_style()
def unit_figure(responses: pd.DataFrame, expression: str, action_units: Sequence[int]) -> Figure:
    """Draw tuning curves of an output unit and its full profile in every database.

    Args:
        responses: the table of a run, of one probe.
        expression: the output unit.
        action_units: whose curves are drawn.

    Raises:
        ValueError: no head has that unit, or several probes are given.
    """
    single_probe(responses)
    own = responses[responses["expression"] == expression]
    if own.empty:
        raise ValueError(f"no head has a unit for {expression}")
    databases = [str(name) for name in responses["database"].unique()]
    found = profiles(own)
    width = SINGLE if len(databases) == 1 else MIDDLE if len(databases) <= 4 else DOUBLE
    colours, dashes = database_colours(databases), database_dashes(databases)
    present = [name for name in databases if (found["database"] == name).any()]
    handles = [
        Line2D(
            [], [], color=colours[name], linestyle=dashes[name], marker=_marker(databases, name),
            markersize=2.5, label=fit(name, 45, SMALL),
        )
        for name in present
    ]  # fmt: skip
    units = sorted(int(unit) for unit in found["action_unit"].unique())
    legend = legend_height(handles, width - 20)
    pitch = (width - 15) / 2
    titles = [_title(unit, pitch - 5) for unit in action_units]
    head = 9 + legend + LINE_HEIGHT * max(1 + title.count("\n") for title in titles)
    below = head + 43 * -(-len(action_units) // 2)
    tall = 2.7 * len(units)
    sheet = Sheet(width, below + 18 + tall)
    draw_legend(sheet, 16, 7.0, width - 20, handles)
    sheet.letter(3, 5, "A", f"tuning curves of the {expression} unit")
    limits = _curve_limits(found[found["action_unit"].isin(action_units)])
    for place, unit in enumerate(action_units):
        left, top = 16 + pitch * (place % 2), head + 43 * (place // 2)
        axes = sheet.axes(left, top, pitch - 5, 27, label=f"curve AU{unit}")
        for name in present:
            part = found[(found["database"] == name) & (found["action_unit"] == unit)]
            style = {"color": colours[name], "linestyle": dashes[name]}
            _draw_curve(axes, part, {**style, "marker": _marker(databases, name)})
        _finish_curve(axes, titles[place], limits, place % 2 == 0)
    sheet.letter(3, below, "B", "all action units")
    _draw_profiles(sheet, below + 8, found, databases, action_units)
    return sheet.figure


def single_probe(table: pd.DataFrame) -> str:
    """Return the name of the only probe of a table.

    Raises:
        ValueError: it has none or several.
    """
    names = [str(name) for name in table["probe"].unique()]
    if len(names) != 1:
        raise ValueError(f"a figure shows one probe, not {', '.join(names) or 'none'}")
    return names[0]


def _marker(databases: Sequence[str], name: str) -> str:
    return _MARKS[databases.index(name) % len(_MARKS)]


def _curve_limits(found: pd.DataFrame) -> Limits:
    """Return limits that hold the curves and 0, the same for all action units drawn."""
    sd = found["sd"].fillna(0.0)
    low = min(0.0, float((found["response"] - sd).min()))
    high = max(0.0, float((found["response"] + sd).max()))
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def _draw_curve(axes: Axes, part: pd.DataFrame, style: dict[str, str]) -> None:
    """Draw the responses of one database to one action unit, from the null image on."""
    at = np.concatenate([[0.0], part["intensity"].to_numpy(dtype=np.float64)])
    mean = np.concatenate([[0.0], part["response"].to_numpy(dtype=np.float64)])
    sd = np.concatenate([[0.0], part["sd"].fillna(0.0).to_numpy(dtype=np.float64)])
    if len(at) == 1:
        return
    band = axes.fill_between(at, mean - sd, mean + sd, color=style["color"], alpha=0.16)
    band.set_linewidth(0)
    axes.plot(at, mean, linewidth=1.0, markersize=2.5, **style)  # type: ignore[arg-type]


def _title(unit: int, room: float) -> str:
    """Return e.g. "AU12 lip corner puller", in two lines where one is too wide."""
    name = au_name(unit)
    if text_width(name, TEXT, "bold") <= room:
        return name
    number, words = name.split(" ", 1)
    return f"{number}\n{fit(words, room, weight='bold')}"


def _finish_curve(axes: Axes, title: str, limits: Limits, first: bool) -> None:
    axes.axhline(0, color=SOFT, linewidth=0.5, zorder=1)
    axes.set(xlim=(0, None), ylim=limits, xlabel="intensity")
    axes.set_title(title, pad=3, weight="bold")
    axes.locator_params(axis="y", nbins=5)
    axes.tick_params(axis="y", labelleft=first)
    if first:
        axes.set_ylabel("response")


def _draw_profiles(
    sheet: Sheet,
    top: float,
    found: pd.DataFrame,
    databases: Sequence[str],
    marked: Sequence[int],
) -> None:
    """Draw profiles side by side: action units from top to bottom, intensity to the right."""
    units = sorted(int(unit) for unit in found["action_unit"].unique())
    levels = sorted(float(level) for level in found["intensity"].unique())
    limit = float(found["response"].abs().max()) or 1.0
    tall = 2.7 * len(units)
    pitch = min((sheet.width - _NAMES - 2) / len(databases), 40.0)
    for place, name in enumerate(databases):
        axes = sheet.axes(_NAMES + pitch * place, top, pitch - 2.5, tall, label=f"profile {name}")
        part = found[found["database"] == name]
        if part.empty:
            draw_absence(axes, "no such\nunit")
            axes.set_ylim(len(units) - 0.5, -0.5)
            axes.texts[0].set_y((len(units) - 1) / 2)
        else:
            wide = part.pivot(index="action_unit", columns="intensity", values="response")
            wide = wide.reindex(index=units, columns=levels)
            draw_image(axes, wide.to_numpy(dtype=np.float64), TUNINGS, (-limit, limit))
            ends = sorted({0, len(levels) - 1})
            axes.set_xticks(ends, [f"{levels[end]:g}" for end in ends])
            axes.set_yticks([])
        axes.set_title(fit(name, pitch - 1.5, SMALL, "bold"), pad=3, weight="bold", fontsize=SMALL)
        if place == 0:
            axes.set_yticks(range(len(units)), [_numbered(unit) for unit in units])
            axes.tick_params(axis="y", length=0)
            for unit, label in zip(units, axes.get_yticklabels(), strict=True):
                label.set(color=INK, weight="bold" if unit in marked else "normal")
    key = [(end, f"{end:.2g}".replace("-", "−")) for end in (-limit, 0.0, limit)]
    draw_key(sheet, (sheet.width - 34, top - 9.0), TUNINGS, (-limit, limit), ("response", key))
    sheet.text(_NAMES, top + tall + 4.5, "intensity", color=SOFT, fontsize=SMALL)


def _numbered(unit: int) -> str:
    """Return e.g. "lip corner puller  12"."""
    return fit(au_name(unit).removeprefix("AU"), _NAMES - 4, SMALL)
