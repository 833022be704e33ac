"""A run on the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.columns import Columns
from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text

from ccbench.analysis.quality import STATUSES
from ccbench.reporting.summary import Pair, Summary, rate, summarise
from ccbench.results import Run

_ALL_CONFUSIONS = 3
_SHORT = {
    "neutral": "neu",
    "happy": "hap",
    "fearful": "fea",
    "sad": "sad",
    "angry": "ang",
    "surprised": "sur",
    "disgusted": "dis",
}


def print_run(run: Run, console: Console) -> None:
    """Print the matrix, the confusion matrices, the quality table and the run's path."""
    summary = summarise(run)
    request = run.manifest["request"]
    console.print()
    console.print(
        f"[bold]{len(summary.databases)} database{'s' * (len(summary.databases) != 1)}[/] · "
        f"backbone [bold]{escape(request['backbone'])}[/] · protocol "
        f"[bold]{escape(request['protocol']['name'])}[/] · {summary.runs} "
        f"run{'s' * (summary.runs != 1)} · seed {request['seed']}",
        highlight=False,
    )
    console.print()
    console.print(_matrix(summary))
    console.print(Padding(_chance(summary), (0, 1)), style="dim", highlight=False)
    console.print()
    shown = [
        pair
        for pair in summary.pairs.values()
        if len(summary.databases) <= _ALL_CONFUSIONS or pair.own
    ]
    console.print(
        "[bold]Confusion matrices[/] (rows: expression shown; % of its photographs)",
        highlight=False,
    )
    console.print(Columns([_confusion(pair) for pair in shown], padding=(1, 3)))
    if len(shown) < len(summary.pairs):
        console.print("[dim]Those of the swapped tests are in report.html.[/]")
    console.print()
    console.print(_quality(summary))
    for note in summary.notes:
        console.print(f"[yellow]•[/] {escape(note)}", highlight=False)
    console.print()
    console.print(f"Run: {run.path}", style="bold", markup=False, highlight=False, soft_wrap=True)


def _shade(value: float) -> Style:
    """Return a background from the terminal's dark to blue, text staying legible."""
    level = max(0.0, min(1.0, value))
    low, high = (32, 36, 44), (38, 110, 190)
    r, g, b = (round(a + (c - a) * level) for a, c in zip(low, high, strict=True))
    return Style(color="white", bgcolor=f"rgb({r},{g},{b})")


def _matrix(summary: Summary) -> Table:
    table = Table(
        title="Correct rate, mean ± SD over runs",
        box=SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
        header_style="bold",
    )
    table.add_column("trained on ↓   tested on →", no_wrap=True)
    for name in summary.databases:
        table.add_column(escape(name), justify="center")
    for train in summary.databases:
        cells = []
        for test in summary.databases:
            pair = summary.pairs.get((train, test))
            if pair is None:
                cells.append(Text("–"))
                continue
            style = _shade(pair.mean) + Style(bold=pair.own)
            cells.append(Text(f" {pair.text} ", style=style))
        table.add_row(escape(train), *cells)
    return table


def _chance(summary: Summary) -> str:
    levels = sorted({rate(pair.chance) for pair in summary.pairs.values()})
    return f"chance {' or '.join(levels)}; diagonal: own test posers, elsewhere: swapped"


def _confusion(pair: Pair) -> Group:
    table = Table(box=None, padding=(0, 0), header_style="dim")
    table.add_column("")
    for name in pair.units:
        table.add_column(f" {_SHORT[name]} ", justify="right")
    for shown, row in pair.confusion.items():
        cells = [
            Text(f" {round(100 * row[name]):>3} ", style=_shade(row[name])) for name in pair.units
        ]
        table.add_row(Text(f"{shown} ", style="dim"), *cells)
    return Group(Text(f"{pair.train} → {pair.test}", style="bold"), table)


def _quality(summary: Summary) -> Table:
    table = Table(
        title="Photographs",
        box=SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
        header_style="bold",
    )
    present = [s for s in STATUSES if s in {"ok", "no face"} or summary.quality[s].sum()]
    table.add_column("database")
    headings = {"ok": "face found", "retried": "found, looser settings"}
    for name in ("photographs", *(headings.get(s, s) for s in present), "used"):
        table.add_column(name, justify="right")
    for row in summary.quality.to_dict("records"):
        cells = [row["photographs"], *(row[status] for status in present), row["used"]]
        table.add_row(escape(str(row["database"])), *(str(cell) for cell in cells))
    return table
