"""Figures 7 and 8: the profiles of all units, and what those of two databases share."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ccbench.analysis.similarity import sums_and_differences
from ccbench.analysis.tuning import normalised, profile_correlations
from ccbench.reporting.figures.heat import (
    draw_absence,
    draw_key,
    draw_matrix,
    draw_profile,
    label_columns,
    number_action_units,
)
from ccbench.reporting.figures.sheet import LEFT, Sheet, columns
from ccbench.reporting.figures.style import (
    CORRELATIONS,
    DOUBLE,
    MIDDLE,
    SHORT,
    SINGLE,
    SMALL,
    TUNINGS,
    fit,
    journal_style,
)
from ccbench.reporting.figures.tuning import single_probe
from ccbench_registry import EXPRESSIONS

_GAP = 1.6
"""Between profiles, in mm."""


@dataclass(frozen=True)
class Column:
    """Profiles of all expressions, one above the other.

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


def _block_height(tall: float) -> float:
    return len(EXPRESSIONS) * (tall + _GAP) + 17.5


def _draw_block(
    sheet: Sheet, top: float, shown: Sequence[Column], pitch: float, tall: float
) -> None:
    """Draw columns of profiles beside each other, action units numbered below them."""
    for place, column in enumerate(shown):
        left = LEFT + pitch * place
        for row, expression in enumerate(EXPRESSIONS):
            at = top + row * (tall + _GAP)
            axes = sheet.axes(left, at, pitch - 4, tall, label=f"{column.title} {expression}")
            part = column.table[column.table["expression"] == expression]
            if row == 0:
                axes.set_title(_fitted(column.title, pitch - 2), pad=3, weight="bold")
            if part.empty:
                draw_absence(axes, column.absent)
            else:
                draw_profile(axes, part, column.limit, value=column.value)
            # Intensities only once: they are those of every panel.
            axes.tick_params(axis="y", left=place == 0, labelleft=place == row == 0)
            if row == len(EXPRESSIONS) - 1:
                units = sorted(int(unit) for unit in column.table["action_unit"].unique())
                axes.set_xlim(-0.5, len(units) - 0.5)
                number_action_units(axes, units)
                axes.set_xlabel("action unit", labelpad=1)
            if place == 0:
                sheet.text(3, at + tall / 2, expression, va="center", fontsize=SMALL)


def _fitted(title: str, room: float) -> str:
    """Shorten the names of a title; a sign between two names stays."""
    if fit(title, room, weight="bold") == title:
        return title
    for sign in (" + ", " − "):
        if sign in title:
            names = [fit(name, room / 2 - 2, weight="bold") for name in title.split(sign, 1)]
            return sign.join(names)
    return fit(title, room, weight="bold")


@journal_style()
def figure7(found: pd.DataFrame) -> Figure:
    """Draw the full profiles of all units and how alike they are (paper, Figure 7).

    Each profile is divided by its largest absolute value.

    Args:
        found: ``profiles`` of one probe.
    """
    single_probe(found)
    scaled, correlations = normalised(found), profile_correlations(found)
    databases = [str(name) for name in found["database"].unique()]
    across = columns(len(databases), 4 if len(databases) in (4, 7, 8) else 3)
    width = {1: SINGLE, 2: MIDDLE}.get(across, DOUBLE)
    pitch = (width - LEFT + 1) / across
    tall = 14.0
    blocks = [databases[at : at + across] for at in range(0, len(databases), across)]
    pairs = list(itertools.combinations(databases, 2))
    below = 16 + len(blocks) * _block_height(tall)
    sheet = Sheet(width, below + (4.6 * len(pairs) + 9 if pairs else -6))
    sheet.letter(3, 6, "A", "profiles")
    ends = [(-1.0, "−1"), (0.0, "0"), (1.0, "1")]
    draw_key(sheet, (width - 32, 6.5), TUNINGS, (-1, 1), ("response / largest", ends))
    for row, names in enumerate(blocks):
        shown = [Column(name, scaled[scaled["database"] == name]) for name in names]
        _draw_block(sheet, 16 + row * _block_height(tall), shown, pitch, tall)
    if pairs:
        _draw_correlations(sheet, below, pairs, correlations)
    return sheet.figure


def _draw_correlations(
    sheet: Sheet, top: float, pairs: Sequence[tuple[str, str]], correlations: pd.DataFrame
) -> None:
    """Draw the correlation of each expression's profiles: a row per pair of databases."""
    sheet.letter(3, top, "B", "Spearman correlation of the profiles (rₛ × 100)")
    wide = correlations.pivot(index=["database", "other"], columns="expression", values="r_s")
    wide = wide.reindex(index=pd.MultiIndex.from_tuples(pairs), columns=list(EXPRESSIONS))
    names = min(60.0, sheet.width - 62.0)
    axes = sheet.axes(
        names, top + 2.5, min(sheet.width - names - 3, 90), 4.6 * len(pairs), label="correlations"
    )
    values = wide.to_numpy(dtype=np.float64)
    draw_matrix(axes, values, CORRELATIONS, (-1, 1), zeros=True)
    label_columns(axes, range(len(EXPRESSIONS)), [SHORT[name] for name in EXPRESSIONS])
    room = (names - 9) / 2
    labels = [f"{fit(one, room, SMALL)} – {fit(other, room, SMALL)}" for one, other in pairs]
    axes.set_yticks(range(len(pairs)), labels)


@journal_style()
def figure8(found: pd.DataFrame) -> Figure:
    """Draw sums and differences of the profiles of each pair of databases (paper, Figure 8).

    Each profile is divided by its largest absolute value first.

    Args:
        found: ``profiles`` of one probe and of two databases or more.
    """
    single_probe(found)
    table = sums_and_differences(found)
    databases = [str(name) for name in found["database"].unique()]
    sums, differences = _pair_columns(table, list(itertools.combinations(databases, 2)))
    beside = len(sums) == 1
    across = 2 if beside else columns(len(sums), 3 if len(sums) in (3, 6) else 4)
    width = MIDDLE if beside else DOUBLE
    pitch, tall = (width - LEFT + 1) / across, 12.0 if beside else 9.5
    shown = [sums + differences] if beside else [sums, differences]
    rows = [
        (letter, part[at : at + across])
        for letter, part in zip("AB", shown, strict=False)
        for at in range(0, len(part), across)
    ]
    sheet = Sheet(width, 19 + len(rows) * (_block_height(tall) + 4) - 4)
    ends = [(-2.0, "−2"), (0.0, "0"), (2.0, "2")]
    draw_key(sheet, (width - 32, 6.5), TUNINGS, (-2, 2), ("sum or difference", ends))
    lettered = ""
    for row, (letter, part) in enumerate(rows):
        top = 19 + row * (_block_height(tall) + 4)
        if letter != lettered:
            sheet.letter(3, top - 5.5, letter, "" if beside else part[0].value + "s")
            lettered = letter
        _draw_block(sheet, top, part, pitch, tall)
    if beside:
        sheet.letter(LEFT + pitch - 5, 13.5, "B")
    return sheet.figure


def _pair_columns(
    table: pd.DataFrame, pairs: Sequence[tuple[str, str]]
) -> tuple[list[Column], list[Column]]:
    """Return the sums and the differences of each pair of databases."""
    sums, differences = [], []
    for one, other in pairs:
        part = table[(table["database"] == one) & (table["other"] == other)]
        sums.append(Column(f"{one} + {other}", part, "sum", 2.0, "not in both"))
        differences.append(Column(f"{one} − {other}", part, "difference", 2.0, "not in both"))
    return sums, differences
