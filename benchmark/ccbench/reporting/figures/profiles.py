"""Figures 7 and 8: the profiles of all units, and what those of two databases share."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ccbench.analysis.similarity import sums_and_differences
from ccbench.analysis.tuning import normalised, profile_correlations
from ccbench.reporting.figures.heat import draw_key, draw_matrix, label_columns
from ccbench.reporting.figures.sheet import LEFT, Sheet, columns
from ccbench.reporting.figures.stacks import Stack, draw_stacks, stack_height
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
    below = 16 + len(blocks) * stack_height(tall)
    sheet = Sheet(width, below + (4.6 * len(pairs) + 9 if pairs else -6))
    sheet.letter(3, 6, "A", "profiles")
    ends = [(-1.0, "−1"), (0.0, "0"), (1.0, "1")]
    draw_key(sheet, (width - 32, 6.5), TUNINGS, (-1, 1), ("response / largest", ends))
    for row, names in enumerate(blocks):
        shown = [Stack(name, scaled[scaled["database"] == name]) for name in names]
        draw_stacks(sheet, 16 + row * stack_height(tall), shown, pitch, tall)
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
    sheet = Sheet(width, 19 + len(rows) * (stack_height(tall) + 4) - 4)
    ends = [(-2.0, "−2"), (0.0, "0"), (2.0, "2")]
    draw_key(sheet, (width - 32, 6.5), TUNINGS, (-2, 2), ("sum or difference", ends))
    lettered = ""
    for row, (letter, part) in enumerate(rows):
        top = 19 + row * (stack_height(tall) + 4)
        if letter != lettered:
            sheet.letter(3, top - 5.5, letter, "" if beside else part[0].value + "s")
            lettered = letter
        draw_stacks(sheet, top, part, pitch, tall)
    if beside:
        sheet.letter(LEFT + pitch - 5, 13.5, "B")
    return sheet.figure


def _pair_columns(
    table: pd.DataFrame, pairs: Sequence[tuple[str, str]]
) -> tuple[list[Stack], list[Stack]]:
    """Return the sums and the differences of each pair of databases."""
    sums, differences = [], []
    for one, other in pairs:
        part = table[(table["database"] == one) & (table["other"] == other)]
        sums.append(Stack(f"{one} + {other}", part, "sum", 2.0, "not in both"))
        differences.append(Stack(f"{one} − {other}", part, "difference", 2.0, "not in both"))
    return sums, differences
