"""A run on the terminal."""

from __future__ import annotations

import math

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
from ccbench.reporting.tuning import Tuning, signed, summarise_tuning
from ccbench.results import Run

_ALL_CONFUSIONS = 3
_NAMES = 26
"""Width of the matrix's first column, which holds its heading."""
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
        f"{_mixtures(summary)}"
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
        pair for pair in summary.pairs.values() if len(summary.rows) <= _ALL_CONFUSIONS or pair.own
    ]
    console.print(
        "[bold]Confusion matrices[/] (rows: expression shown; % of its photographs)",
        highlight=False,
    )
    console.print(Columns([_confusion(pair) for pair in shown], padding=(1, 3)))
    if len(shown) < len(summary.pairs):
        console.print("[dim]Those of the other tests are in report.html.[/]")
    for tuning in summarise_tuning(run):
        console.print()
        console.print(
            f"[bold]What the units are tuned to[/] (probe {escape(tuning.probe)})", highlight=False
        )
        console.print(_tuning(tuning))
        if len(_pairs(tuning)) > 1:
            console.print("[bold]How alike their profiles are[/] (r_s)", highlight=False)
            console.print(_correlations(tuning))
        console.print(Padding(_tuning_caption(tuning), (0, 1)), style="dim", highlight=False)
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
    # The names of mixtures may be long; numbers and other names are not broken for them.
    widest = max(map(len, summary.databases))
    table.add_column(
        "trained on ↓   tested on →",
        overflow="fold",
        min_width=widest if summary.mixtures else max(widest, _NAMES),
        max_width=max(widest, _NAMES),
    )
    for name in summary.databases:
        table.add_column(escape(name), justify="center", overflow="fold")
    for train, label in summary.rows.items():
        cells = []
        for test in summary.databases:
            pair = summary.pairs.get((train, test))
            if pair is None:
                cells.append(Text("–"))
                continue
            style = _shade(pair.mean) + Style(bold=pair.own)
            cells.append(Text(f" {pair.text} ", style=style))
        table.add_row(escape(label), *cells)
    return table


def _mixtures(summary: Summary) -> str:
    count = len(summary.mixtures)
    return f"{count} mixture{'s' * (count != 1)} · " if count else ""


def _chance(summary: Summary) -> str:
    levels = sorted({rate(pair.chance) for pair in summary.pairs.values()})
    words = f"chance {' or '.join(levels)}; diagonal: own test posers, elsewhere: swapped"
    if summary.mixtures:
        words += "; in rows of mixtures: test posers of every database"
    return words


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


def _tuning(tuning: Tuning) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="bold")
    table.add_column("unit", no_wrap=True)
    for name in tuning.databases:
        table.add_column(escape(name), no_wrap=True)
    pairs = _pairs(tuning)
    inline = pairs if len(pairs) == 1 else []
    for _ in inline:
        table.add_column("r_s", justify="right", no_wrap=True, min_width=4)
    for expression in tuning.expressions:
        cells = []
        for name in tuning.databases:
            units = tuning.strongest[name].get(expression)
            cells.append(_units(*units) if units else Text("–"))
        values = [tuning.correlations[pair].get(expression, math.nan) for pair in inline]
        table.add_row(expression, *cells, *(signed(value) for value in values))
    return table


def _pairs(tuning: Tuning) -> list[tuple[str, str]]:
    return list(tuning.correlations) if len(tuning.databases) <= _ALL_CONFUSIONS else []


def _correlations(tuning: Tuning) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="bold")
    table.add_column("unit", no_wrap=True)
    for one, other in _pairs(tuning):
        table.add_column(f"{escape(one)},\n{escape(other)}", justify="right", no_wrap=True)
    for expression in tuning.expressions:
        values = [tuning.correlations[p].get(expression, math.nan) for p in _pairs(tuning)]
        table.add_row(expression, *(signed(value) for value in values))
    return table


def _units(positive: list[int], negative: list[int]) -> Text:
    """Return e.g. "12 6 25 | −4 −15"."""
    more = Text(" ".join(map(str, positive)) or "–", style="green")
    less = Text(" ".join(f"−{unit}" for unit in negative) or "–", style="magenta")
    return Text.assemble(more, (" | ", "dim"), less)


def _tuning_caption(tuning: Tuning) -> str:
    wide = "" if len(tuning.databases) <= _ALL_CONFUSIONS else "; r_s are in report.html"
    wide += "; the tunings of mixtures are in report.html" if tuning.mixtures else ""
    return (
        f"action units with the strongest responses at intensity {tuning.level:g}, positive | "
        f"negative, that reach a quarter of the unit's largest; r_s: Spearman correlation of "
        f"the profiles{wide}"
    )


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
