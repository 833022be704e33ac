"""Values and tables of a leaderboard as they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ccbench.analysis.leaderboard import Row, Table, Value
from ccbench.analysis.statistics.wording import number

RANKS = (
    "Ranks: entries with overlapping ranks could come in another order with other posers; all "
    "ranks of a table hold together with 95 % confidence."
)
"""How to read a rank."""
POSERS = (
    "Every poser counts once, so that a rate may differ a little from the matrix of a report, in "
    "which every run counts once. Intervals are 95 %, over posers and runs; those of tunings over "
    "action units, those of agreement with people over posers."
)
"""How to read a number."""
CHANCE = (
    "A network that guesses has no drop and no in-group advantage: read both beside the own rate."
)
"""How not to read a drop."""


def estimate(value: Value) -> str:
    """Write the number: ".81", "−.05", "–"."""
    return "–" if math.isnan(value.estimate) else number(value.estimate)


def interval(value: Value) -> str:
    """Write the interval: "[.77, .84]", or "–"."""
    if math.isnan(value.low) or math.isnan(value.high):
        return "–"
    return f"[{number(value.low)}, {number(value.high)}]"


def rank(row: Row) -> str:
    """Write the rank: "1–2", "3", "–"."""
    return "–" if row.rank is None else str(row.rank)


def title(table: Table) -> str:
    """Write what a table ranks, e.g. "Tuning agreement (rendered-au)"."""
    return table.measure.title + (f" ({table.detail})" if table.detail else "")


def order(table: Table) -> str:
    """Say which end is rank 1."""
    return f"rank 1 is the {table.measure.best}"


@dataclass(frozen=True)
class GridRow:
    """All measures of one entry.

    Attributes:
        row: its first, for names.
        among: the databases of its run.
        cells: one a column; ``None`` where it has no such value.
    """

    row: Row
    among: tuple[str, ...]
    cells: tuple[Row | None, ...]


@dataclass(frozen=True)
class Grid:
    """Entries by measures.

    Attributes:
        columns: titles.
        rows: in the order of the first column.
    """

    columns: tuple[str, ...]
    rows: tuple[GridRow, ...]


def make_grid(tables: Sequence[Table]) -> Grid:
    """Put the tables of the same entries side by side."""
    columns = tuple(dict.fromkeys(title(table) for table in tables))
    entries: dict[tuple[str, str], dict[str, Row]] = {}
    for table in tables:
        for row in table.rows:
            entries.setdefault((row.run.name, row.database), {})[title(table)] = row
    rows = []
    for cells in entries.values():
        first = next(iter(cells.values()))
        rows.append(GridRow(first, first.run.databases, tuple(cells.get(c) for c in columns)))
    return Grid(columns, tuple(rows))
