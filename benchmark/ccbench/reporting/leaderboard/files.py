"""A leaderboard as CSV, JSON or LaTeX."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from typing import Any, Literal, get_args

import ccbench
from ccbench.analysis.leaderboard import Board, Group, Table
from ccbench.reporting.latex import latex_table
from ccbench.reporting.leaderboard import texts

Format = Literal["csv", "latex", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)


def board_text(board: Board, kind: Format) -> str:
    """Return a leaderboard as text for other software.

    Args:
        board: the leaderboard.
        kind: "csv" and "json" in full precision, one entry a row; "latex" rounded, one float
            a table.
    """
    if kind == "csv":
        return _csv(records(board))
    if kind == "json":
        return _json(board)
    return "\n".join(
        _latex(table, place, group)
        for place, group in enumerate(board.groups, start=1)
        for table in (*group.tables, *group.means)
    )


def records(board: Board) -> list[dict[str, Any]]:
    """Return one record per entry and measure; ``None`` where there is no number.

    The ranks are those among all entries of the group; group numbers count from 1.
    """
    found = []
    for place, group in enumerate(board.groups, start=1):
        for table in (*group.tables, *group.means):
            for row in table.rows:
                found.append(
                    {
                        "group": place,
                        "protocol": group.protocol,
                        "measure": table.measure.key,
                        "probe": table.detail,
                        "among": " + ".join(table.among),
                        "rank_low": row.rank.low if row.rank else None,
                        "rank_high": row.rank.high if row.rank else None,
                        "ranked": row.rank.of if row.rank else None,
                        "backbone": row.backbone,
                        "database": row.database,
                        "estimate": _number(row.value.estimate),
                        "low": _number(row.value.low),
                        "high": _number(row.value.high),
                        "counted": row.value.counted,
                        "counts": f"{table.measure.counted}s",
                        "expressions": row.value.expressions,
                        "run": row.run.name,
                        "remarks": "; ".join(row.remarks),
                    }
                )
    return found


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _csv(rows: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _json(board: Board) -> str:
    value = {
        "ccbench": ccbench.__version__,
        "groups": [
            {
                "group": place,
                "protocol": group.protocol,
                "differing": dict(group.differing),
                "runs": [run.name for run in group.runs],
            }
            for place, group in enumerate(board.groups, start=1)
        ],
        "runs": [
            {
                "name": run.name,
                "fingerprint": run.fingerprint,
                "ccbench": run.manifest["ccbench"],
                "request": run.request,
            }
            for run in board.runs
        ],
        "entries": records(board),
        "notes": list(board.notes),
    }
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _latex(table: Table, place: int, group: Group) -> str:
    rows = [
        [
            texts.rank(row),
            row.backbone,
            row.database,
            texts.estimate(row.value),
            texts.interval(row.value),
            str(row.value.counted),
        ]
        for row in table.rows
    ]
    header = ["Rank", "Backbone", "Trained on", table.measure.title, "95 % CI"]
    among = f", among {', '.join(table.among)}" if table.among else ""
    caption = f"{texts.title(table)}, protocol {group.protocol}{among} ({texts.order(table)})"
    mean = "-means" if table.rows[0].database not in group.by_database else ""
    words = f"leaderboard-{place}-{table.measure.key}-{table.detail}-{'-'.join(table.among)}{mean}"
    label = "tab:" + re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-")
    return latex_table([*header, f"{table.measure.counted}s".capitalize()], rows, caption, label,
                       words=3)  # fmt: skip
