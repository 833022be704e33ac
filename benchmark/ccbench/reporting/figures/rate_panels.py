"""Panels of Figures 3 and 4: correct rates per expression, with their SD over runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ccbench.analysis.matrix import correct_rates, expression_rates
from ccbench.reporting.figures.heat import label_columns
from ccbench.reporting.figures.pair_grid import Pair
from ccbench.reporting.figures.sheet import label_left
from ccbench.reporting.figures.style import INK, SHORT, SMALL, SOFT, fit
from ccbench.reporting.summary import rate
from ccbench_registry import EXPRESSIONS

_MEAN = len(EXPRESSIONS) + 0.5
"""Where the mean over expressions stands, apart from them."""


@dataclass(frozen=True)
class Rates:
    """The correct rates of one train-test pair.

    Attributes:
        mean: expression -> mean over runs; "mean" -> that of the mean over expressions.
        sd: the same, of the SD over runs (n - 1; NaN for one run).
        chance: rate of guessing.
    """

    mean: dict[str, float]
    sd: dict[str, float]
    chance: float

    @property
    def text(self) -> str:
        """The mean over expressions and its SD over runs: ".76 ± .04"; ".76" for one run."""
        sd = self.sd["mean"]
        return rate(self.mean["mean"]) + ("" if math.isnan(sd) else f" ± {rate(sd)}")


def pair_rates(predictions: pd.DataFrame) -> dict[Pair, Rates]:
    """Return the correct rates of every pair that shares an expression."""
    keys = ["train_database", "test_database"]
    by_run = expression_rates(predictions).groupby([*keys, "expression"], sort=False)
    spread = by_run["correct_rate"].agg(["mean", "std"]).reset_index()
    found = {}
    for row in correct_rates(predictions).to_dict("records"):
        pair = (str(row["train_database"]), str(row["test_database"]))
        part = spread[(spread[keys] == list(pair)).all(axis=1)]
        found[pair] = Rates(
            mean={**dict(zip(part["expression"], part["mean"], strict=True)), "mean": row["mean"]},
            sd={**dict(zip(part["expression"], part["std"], strict=True)), "mean": row["sd"]},
            chance=float(row["chance"]),
        )
    return found


def set_rate_axes(axes: Axes, rates: Sequence[Rates], *, first: bool, mean: bool) -> None:
    """Prepare axes for correct rates of the seven expressions and, if wanted, their mean."""
    names = [SHORT[name] for name in EXPRESSIONS]
    at: list[float] = [*range(len(names))]
    if mean:
        names, at = [*names, "mean"], [*at, _MEAN]
    axes.set(xlim=(-0.5, at[-1] + 0.5), ylim=(0, 1.04))
    label_columns(axes, at, names)
    axes.set_yticks([0, 0.5, 1], ["0", ".5", "1"] if first else ["", "", ""])
    if first:
        label_left(axes, "correct rate")
    for level in sorted({one.chance for one in rates}):
        axes.axhline(level, color=SOFT, linewidth=0.6, linestyle=(0, (3, 2)), zorder=1.5)


def draw_bars(axes: Axes, own: Rates, colour: str) -> None:
    """Draw the mean and SD of each expression, and write the mean over expressions."""
    for place, name in enumerate(EXPRESSIONS):
        if name in own.mean:
            axes.bar(place, own.mean[name], width=0.7, color=colour, alpha=0.85, linewidth=0)
            _draw_sd(axes, place, own.mean[name], own.sd[name], INK)
    axes.set_title(f"mean {own.text}", fontsize=SMALL, pad=2)


def draw_own_and_swapped(
    axes: Axes, own: str, rates: Mapping[str, Rates], colours: Mapping[str, str]
) -> None:
    """Draw the own rates as lines over the width of the swapped ones' dots, each with its SD."""
    others = [name for name in rates if name != own]
    shifts = np.linspace(-0.3, 0.3, len(others) + 2)[1:-1]
    at = {**{name: float(place) for place, name in enumerate(EXPRESSIONS)}, "mean": _MEAN}
    for name, place in at.items():
        if own in rates and name in rates[own].mean:
            _draw_line(axes, place, rates[own].mean[name], rates[own].sd[name])
        for shift, other in zip(shifts, others, strict=True):
            if name in rates[other].mean:
                mean, colour = rates[other].mean[name], colours[other]
                _draw_sd(axes, place + shift, mean, rates[other].sd[name], colour)
                dot = axes.plot(place + shift, mean, "o", color=colour, markersize=2.6, zorder=4)
                # A rate of 0 or 1 lies on the edge.
                dot[0].set_clip_on(False)


def _draw_line(axes: Axes, place: float, mean: float, sd: float) -> None:
    ends = (place - 0.38, place + 0.38)
    axes.hlines(mean, *ends, colors=INK, linewidths=1.2, zorder=2.5)
    if not math.isnan(sd):
        axes.fill_between(ends, mean - sd, mean + sd, color=INK, alpha=0.15, linewidth=0)


def _draw_sd(axes: Axes, place: float, mean: float, sd: float, colour: str) -> None:
    if not math.isnan(sd):
        axes.vlines(place, mean - sd, mean + sd, colors=colour, linewidths=0.7, zorder=3)


def rate_handles(colours: Mapping[str, str]) -> list[Line2D]:
    """Return what a legend needs to name the lines and dots."""
    own = Line2D([], [], color=INK, linewidth=1.2, label="own test")
    dots = [
        Line2D(
            [], [], color=colour, marker="o", markersize=3, linestyle="none",
            label=f"on {fit(name, 45, SMALL)}",
        )
        for name, colour in colours.items()
    ]  # fmt: skip
    return [own, *dots]
