"""A leaderboard on the terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table as Printed
from rich.text import Text

from ccbench.analysis.leaderboard import Board, Group, Row, Table
from ccbench.reporting.leaderboard import texts

_LEAST = 12
"""Columns of names are not folded to less."""


def print_board(board: Board, console: Console) -> None:
    """Print a leaderboard: one table per measure, then the means over databases."""
    for group in board.groups:
        _print_group(group, console, named=len(board.runs) > 1)
    for sentence in (*board.notes, texts.RANKS, texts.POSERS, texts.CHANCE):
        console.print(Padding(escape(sentence), (0, 1)), style="dim", highlight=False)


def _print_group(group: Group, console: Console, *, named: bool) -> None:
    console.print()
    console.print(f"[bold]{escape(group.heading)}[/]", highlight=False)
    for table in group.tables:
        _print_table(_Columns(table, named=named), console)
        _remarks(table.rows, console)
    for table in group.means:
        if len(table.rows) > 1:
            columns = _Columns(table, named=named, of="mean over the databases of a run")
            _print_table(columns, console)
            _remarks(table.rows, console)
    _single_means([table for table in group.means if len(table.rows) == 1], console)
    console.print()


class _Columns:
    """The words of a table, column by column.

    Args:
        table: of the leaderboard.
        named: whether rows say which run they are of.
        of: what rows are, where they are of no one database.
    """

    def __init__(self, table: Table, *, named: bool, of: str = "") -> None:
        parts = [texts.title(table), *([of] if of else []), texts.order(table)]
        if table.among:
            parts.append(f"among {', '.join(table.among)}")
        self.title = " · ".join(parts)
        marks = _marks(table.rows)
        self.values = [Text(texts.estimate(row.value), style="bold") for row in table.rows]
        for value, row in zip(self.values, table.rows, strict=True):
            value.append("".join(f" *{marks[remark]}" for remark in row.remarks), style="dim")
        self.names = {"backbone": [row.backbone for row in table.rows]}
        if not of:
            self.names["trained on"] = [row.database for row in table.rows]
        if named:
            self.names["run"] = [row.run.name for row in table.rows]
        self.numbers: dict[str, Sequence[str | Text]] = {
            "rank": [texts.rank(row) for row in table.rows],
            "r" if table.measure.correlation else "rate": self.values,
            "95 % interval": [texts.interval(row.value) for row in table.rows],
            f"{table.measure.counted}s": [str(row.value.counted) for row in table.rows],
        }

    def widths(self, room: int | None) -> dict[str, int]:
        """Return how wide the columns of names are, the longest of them folded first.

        Args:
            room: of a line; ``None`` for as much as it takes.
        """
        found = {head: _longest(head, cells) for head, cells in self.names.items()}
        if room is None:
            return found
        least = {head: max(len(head), min(found[head], _LEAST)) for head in found}
        excess = self.width(found) - room
        while excess > 0 and found != least:
            widest = max(found, key=lambda head: found[head] - least[head])
            found[widest] -= 1
            excess -= 1
        return found

    def width(self, names: Mapping[str, int]) -> int:
        """Return how wide the table is with columns of names of these widths."""
        numbers = [_longest(head, map(str, cells)) for head, cells in self.numbers.items()]
        columns = [*numbers, *names.values()]
        return sum(columns) + 3 * len(columns) + 1


def _longest(head: str, cells: Iterable[str]) -> int:
    return max(map(cell_len, (head, *cells)))


def _print_table(columns: _Columns, console: Console) -> None:
    room = console.width
    # Into a file or another program, lines may be as long as they are.
    piped = not console.is_terminal and "COLUMNS" not in os.environ
    widths = columns.widths(None if piped else room)
    printed = Printed(
        title=escape(columns.title),
        box=SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
        header_style="bold",
    )
    cells: list[Sequence[str | Text]] = []
    rank, rate, interval, counted = columns.numbers
    for head in (rank, "backbone", "trained on", rate, interval, counted, "run"):
        if head in columns.numbers:
            justify: Literal["left", "right"] = "left" if head == interval else "right"
            printed.add_column(head, justify=justify, no_wrap=True)
            cells.append(columns.numbers[head])
        elif head in columns.names:
            style = "dim" if head == "run" else ""
            printed.add_column(head, overflow="fold", style=style, width=widths[head])
            names = columns.names[head]
            cells.append([Text(folded(name, widths[head])) for name in names])
    for row in zip(*cells, strict=True):
        printed.add_row(*row)
    # Where a terminal is too narrow even so, lines run over: a number without the name of
    # what it is of says nothing.
    console.width = max(room, columns.width(widths))
    console.print(printed)
    console.width = room


def folded(name: str, width: int) -> str:
    """Break a name into lines, before brackets and after signs rather than inside of words.

    >>> print(folded("timm:resnet18.a1_in1k[layer=layer3]", 16))
    timm:resnet18.
    a1_in1k
    [layer=layer3]
    """
    if len(name) <= width:
        return name
    lines = []
    for segment in re.split(r"(?=[\[(])", name):
        line = ""
        for piece in re.split(r"(?<=[:@,/\\_.+ -])", segment):
            if line and len(line) + len(piece.rstrip()) > width:
                lines.append(line)
                line = ""
            line += piece
            while len(line.rstrip()) > width:
                lines.append(line[:width])
                line = line[width:]
        lines.append(line)
    return "\n".join(line.strip() for line in lines if line.strip())


def _marks(rows: Sequence[Row]) -> dict[str, int]:
    remarks = dict.fromkeys(remark for row in rows for remark in row.remarks)
    return {remark: place for place, remark in enumerate(remarks, start=1)}


def _remarks(rows: Sequence[Row], console: Console) -> None:
    marks = _marks(rows)
    for remark, place in marks.items():
        console.print(Padding(escape(f"*{place} {remark}"), (0, 1)), style="dim", highlight=False)
    if marks:
        console.print()


def _single_means(tables: Sequence[Table], console: Console) -> None:
    for table in tables:
        for row in table.rows:
            known = texts.interval(row.value)
            why = f"({'; '.join(row.remarks)})" if row.remarks and known == "–" else known
            console.print(
                f" {escape(texts.title(table))}, mean of all {len(row.run.databases)} databases: "
                f"[bold]{texts.estimate(row.value)}[/] {escape(why)}",
                highlight=False,
            )
