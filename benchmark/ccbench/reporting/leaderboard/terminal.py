"""A leaderboard on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table as Printed
from rich.text import Text

from ccbench.analysis.leaderboard import Board, Group, Row, Table
from ccbench.reporting.leaderboard import texts


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
        console.print(_ranked(table, named=named))
        _remarks(table.rows, console)
    several = [table for table in group.means if len(table.rows) > 1]
    for table in several:
        console.print(_ranked(table, named=named, of="mean over the databases of a run"))
    if not several:
        _single_means(group.means, console)
    console.print()


def _ranked(table: Table, *, named: bool, of: str = "") -> Printed:
    parts = [texts.title(table), *([of] if of else []), texts.order(table)]
    if table.among:
        parts.append(f"among {', '.join(table.among)}")
    printed = Printed(
        title=escape(" · ".join(parts)),
        box=SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
        header_style="bold",
    )
    printed.add_column("rank", justify="right", no_wrap=True)
    printed.add_column("backbone", overflow="fold")
    if not of:
        printed.add_column("trained on", overflow="fold")
    printed.add_column("r" if table.measure.correlation else "rate", justify="right", no_wrap=True)
    printed.add_column("95 % interval", no_wrap=True)
    printed.add_column(f"{table.measure.counted}s", justify="right", no_wrap=True)
    if named:
        printed.add_column("run", overflow="fold", style="dim")
    marks = _marks(table.rows)
    for row in table.rows:
        value = Text(texts.estimate(row.value), style="bold")
        value.append("".join(f" *{marks[remark]}" for remark in row.remarks), style="dim")
        cells: list[str | Text] = [texts.rank(row), escape(row.backbone)]
        if not of:
            cells.append(escape(row.database))
        cells += [value, escape(texts.interval(row.value)), str(row.value.counted)]
        printed.add_row(*cells, *([escape(row.run.name)] if named else []))
    return printed


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
            console.print(
                f" {escape(texts.title(table))}, mean of all {len(row.run.databases)} databases: "
                f"[bold]{texts.estimate(row.value)}[/] {escape(texts.interval(row.value))}",
                highlight=False,
            )
