"""A run on the terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from ccbench.reporting import print_run, summarise
from ccbench.results import Run, write_table
from ccbench_registry import EXPRESSIONS

BRACKETS = "kdef[session=B]"


def printed(run: Run, width: int = 160) -> str:
    stream = io.StringIO()
    print_run(run, Console(file=stream, width=width, color_system=None))
    return stream.getvalue()


def changed(run: Run, folder: Path, **tables: pd.DataFrame) -> Run:
    """Return a copy of a run with other tables."""
    folder.mkdir()
    for name in ("predictions", "photographs"):
        write_table(folder, name, tables.get(name, run.table(name)))
    return Run(folder, run.manifest)


def test_the_matrix_is_what_the_tables_hold(tiny_run: Run) -> None:
    out = printed(tiny_run)
    table = tiny_run.predictions
    hit = (table["predicted"] == table["expression"]).rename("hit")
    keys = ["train_database", "test_database", "run", "expression"]
    per_run = hit.groupby([table[key] for key in keys]).mean().groupby(keys[:3]).mean()
    rates = per_run.groupby(keys[:2]).agg(["mean", "std"])
    by_pair = dict(zip(rates.index.tolist(), rates.to_numpy().tolist(), strict=True))
    for train in tiny_run.databases:
        cells = []
        for test in tiny_run.databases:
            mean, sd = by_pair[train, test]
            cells.append(f"{mean:.2f} ± {sd:.2f}".replace("0.", "."))
        rows = [line for line in out.splitlines() if line.strip(" │").startswith(f"{train} ")]
        assert any(re.findall(r"[\d.]+ ± [\d.]+", row) == cells for row in rows), cells


def test_it_shows_confusions_quality_and_where_the_run_is(tiny_run: Run) -> None:
    out = printed(tiny_run)
    assert "2 databases" in out
    assert "backbone tiny" in out
    assert "2 runs" in out
    for train in tiny_run.databases:
        for test in tiny_run.databases:
            assert f"{train} → {test}" in out
    for name in EXPRESSIONS:
        assert out.count(f"{name} ") >= 4
    assert "face found" in out
    assert "chance .14" in out
    assert f"Run: {tiny_run.path}" in out


def test_it_fits_a_narrow_terminal(tiny_run: Run) -> None:
    lines = printed(tiny_run, width=80).splitlines()
    assert max(len(line) for line in lines if not line.startswith("Run: ")) <= 80


def test_a_name_in_brackets_is_shown_whole(tiny_run: Run, tmp_path: Path) -> None:
    predictions = tiny_run.predictions.replace("drawn-a", BRACKETS)
    photographs = tiny_run.photographs.replace("drawn-a", BRACKETS)
    run = changed(tiny_run, tmp_path / "[b]", predictions=predictions, photographs=photographs)
    entries = [dict(entry) for entry in run.manifest["databases"]]
    entries[0]["name"], entries[0]["expressions"] = BRACKETS, ["happy", "sad"]
    run = replace(run, manifest={**run.manifest, "databases": entries})
    out = printed(run)
    rows = [line for line in out.splitlines() if line.strip(" │").startswith(f"{BRACKETS} ")]
    assert len([row for row in rows if "→" not in row]) == 2  # the matrix and the photographs
    assert f"{BRACKETS} → drawn-b" in out
    assert f"{BRACKETS} has no usable photograph of: " in out
    assert f"Run: {tmp_path / '[b]'}" in out


def test_four_databases_print_only_their_own_confusions(tiny_run: Run, tmp_path: Path) -> None:
    names = [f"{name}{copy}" for copy in ("", "2") for name in ("drawn-a", "drawn-b")]
    table = tiny_run.predictions
    parts = [
        table.assign(
            train_database=table["train_database"] + train,
            test_database=table["test_database"] + test,
        )
        for train in ("", "2")
        for test in ("", "2")
    ]
    run = changed(tiny_run, tmp_path / "run", predictions=pd.concat(parts, ignore_index=True))
    entries: list[dict[str, Any]] = [
        {**tiny_run.manifest["databases"][0], "name": name} for name in names
    ]
    out = printed(replace(run, manifest={**run.manifest, "databases": entries}))
    for name in names:
        assert f"{name} → {name}" in out
    assert "drawn-a → drawn-b " not in out
    assert "report.html" in out


@pytest.mark.parametrize("missing_in", ["train", "test"])
def test_pairs_scored_on_shared_expressions_are_named(
    tiny_run: Run, tmp_path: Path, missing_in: str
) -> None:
    table = tiny_run.predictions
    if missing_in == "train":
        pair = "drawn-a → drawn-b"
        table.loc[table["train_database"] == "drawn-a", "logit_surprised"] = float("nan")
        table.loc[
            (table["train_database"] == "drawn-a") & (table["predicted"] == "surprised"),
            "predicted",
        ] = "happy"
    else:
        pair = "drawn-b → drawn-a"
        table = table[(table["test_database"] != "drawn-a") | (table["expression"] != "surprised")]
    summary = summarise(changed(tiny_run, tmp_path / "run", predictions=table))
    (note,) = [note for note in summary.notes if note.startswith(f"{pair} ")]
    assert "scored on the 6 shared expressions" in note
    assert ("choosing among the shared ones alone" in note) == (missing_in == "test")
