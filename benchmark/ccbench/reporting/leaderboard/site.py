"""A leaderboard as a folder of static pages: no server, no network, nothing to install."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ccbench.analysis.leaderboard import Board, Row, Submission, Table
from ccbench.reporting.folders import Kind, write_folder
from ccbench.reporting.leaderboard import texts
from ccbench.reporting.leaderboard.files import board_text
from ccbench.reporting.summary import rate
from ccbench.reporting.templating import assets, environment

INDEX = "index.html"
_KIND = Kind("leaderboard", "leaderboard-site.json")
_SCALE = 0.05
"""Ends of the drawn intervals are rounded to this."""


def write_site(board: Board, out: Path) -> Path:
    """Write a leaderboard as a site: all tables, each run's provenance, CSV and JSON.

    Each page is self-contained and makes no network request.  An earlier leaderboard in the
    folder is replaced, unless a file was changed or added since.  The same runs in the same
    order give the same bytes.

    Args:
        board: the leaderboard.
        out: the folder.

    Returns:
        The path of the first page.

    Raises:
        RunError: the folder holds something else or cannot be written.
    """
    pages = {run.name: f"run-{place}.html" for place, run in enumerate(board.runs, start=1)}
    write_folder(out, _KIND, lambda folder: _fill(folder, board, pages), {})
    return out / INDEX


def _fill(folder: Path, board: Board, pages: dict[str, str]) -> None:
    made = environment(
        {
            "rate": rate,
            "estimate": texts.estimate,
            "interval": texts.interval,
            "rank": texts.rank,
            "title": texts.title,
            "order": texts.order,
            "grid": texts.make_grid,
            "sorted_rank": _sorted_rank,
            "sorted_number": _sorted_number,
            "span": span,
        }
    )
    shared = assets("report.css", "leaderboard/leaderboard.css")
    contents = {
        INDEX: made.get_template("leaderboard/index.html.j2").render(
            board=board, pages=pages, advice=(texts.RANKS, texts.POSERS, texts.CHANCE), **shared
        ),
        "leaderboard.csv": board_text(board, "csv"),
        "leaderboard.json": board_text(board, "json"),
    }
    for run in board.runs:
        contents[pages[run.name]] = made.get_template("leaderboard/run.html.j2").render(
            run=run,
            manifest=run.manifest,
            request=run.request,
            backbone=board.labels.backbone(run),
            databases=_databases(run, board),
            protocol=json.dumps(run.request["protocol"], indent=2, ensure_ascii=False),
            **shared,
        )
    for name, text in contents.items():
        (folder / name).write_bytes(text.encode())


def _databases(run: Submission, board: Board) -> list[dict[str, Any]]:
    """Return what a page says of the databases of its run."""
    return [
        {
            "label": board.labels.database(run, entry["name"]),
            "title": entry["card"]["title"],
            "licence": entry["card"]["terms"]["licence"],
            "posers": entry["posers"],
            "photographs": entry["photographs_used"],
            "contents": run.request["contents"][entry["name"]],
        }
        for entry in run.manifest["databases"]
    ]


def _sorted_rank(row: Row) -> str:
    """Return the number by which a rank is sorted; "" for none."""
    return "" if row.rank is None else repr((row.rank.low + row.rank.high) / 2)


def _sorted_number(row: Row) -> str:
    value = row.value.estimate
    return "" if math.isnan(value) else repr(value)


def span(row: Row, table: Table) -> str:
    """Return where an interval is drawn: custom properties, per cent of the table's scale."""
    value = row.value
    if math.isnan(value.low) or math.isnan(value.high):
        return ""
    low, high = _scale(table.rows)
    places = {
        name: 100 * (number - low) / (high - low)
        for name, number in (("a", value.low), ("b", value.high), ("m", value.estimate))
    }
    return "; ".join(f"--{name}: {place:.1f}%" for name, place in places.items())


def _scale(rows: Sequence[Row]) -> tuple[float, float]:
    """Return the ends of the scale that all intervals of a table share."""
    values = [
        number
        for row in rows
        for number in (row.value.low, row.value.high, row.value.estimate)
        if not math.isnan(number)
    ]
    low = math.floor(min(values) / _SCALE) * _SCALE
    high = math.ceil(max(values) / _SCALE) * _SCALE
    return low, max(high, low + _SCALE)
