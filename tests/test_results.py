"""A run directory: whole, or refused in one sentence that names the file."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from ccbench.exceptions import RunError
from ccbench.results import (
    MANIFEST,
    REQUEST,
    RUN_COLUMNS,
    TABLES,
    Run,
    open_run,
    read_json,
    write_json,
    write_table,
)
from ccbench.runner.tables import write_run
from ccbench_registry import EXPRESSIONS


@pytest.fixture
def copied(tiny_run: Run, tmp_path: Path) -> Path:
    """Return a copy of the finished run, to damage."""
    return Path(shutil.copytree(tiny_run.path, tmp_path / "copied"))


def test_a_finished_run_is_opened(tiny_run: Run) -> None:
    for path in (tiny_run.path, str(tiny_run.path)):
        run = open_run(path)
        assert run.path == tiny_run.path
        assert run.manifest == json.loads((tiny_run.path / MANIFEST).read_text(encoding="utf-8"))
        assert run.databases == ("drawn-a", "drawn-b")
    assert {path.stem for path in tiny_run.path.glob("*.parquet")} == {*TABLES, "examples"}


def test_the_tables_of_a_run_fit_together(tiny_run: Run) -> None:
    predictions, splits = tiny_run.predictions, tiny_run.table("splits")
    photographs = tiny_run.photographs
    logits = predictions[[f"logit_{name}" for name in EXPRESSIONS]].to_numpy()
    # All logits are there, and the largest is the choice.
    choice = [EXPRESSIONS[index] for index in np.nanargmax(logits, axis=1)]
    assert list(predictions["predicted"]) == choice
    labels = photographs.set_index(["database", "photograph"])[["poser", "expression"]]
    tested: dict[object, set[str]] = {}
    for row in splits[splits["part"] == "test"].to_dict("records"):
        tested.setdefault((row["database"], row["run"]), set()).add(row["poser"])
    for key, part in predictions.groupby(["test_database", "run"]):
        assert set(part["poser"]) == tested[key]
    for row in predictions.sample(50, random_state=0).to_dict("records"):
        known = labels.loc[(row["test_database"], row["photograph"])]
        assert (row["poser"], row["expression"]) == (known["poser"], known["expression"])
    # Each poser is in one part of each run.
    assert not splits.duplicated(["database", "run", "poser"]).any()
    assert set(tiny_run.curves["part"]) == {"train", "validation"}
    assert len(tiny_run.table("runs")) == 2 * 2


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no such run directory: .*none"):
        open_run(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="no such run directory"):
        open_run(tmp_path / "file")


def test_a_folder_without_a_manifest_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"holds no run \(manifest.json is missing\)"):
        open_run(tmp_path)


def test_an_unfinished_run_says_so(copied: Path) -> None:
    (copied / MANIFEST).unlink()
    assert (copied / REQUEST).is_file()
    with pytest.raises(RunError, match="not finished; start it again, it resumes"):
        open_run(copied)


@pytest.mark.parametrize("damage", ["cut", "list", "bytes", "empty"])
def test_a_damaged_manifest_is_refused_by_name(copied: Path, damage: str) -> None:
    path = copied / MANIFEST
    data = path.read_bytes()
    damaged = {"cut": data[: len(data) // 2], "list": b"[1]", "bytes": b"\xff\x00", "empty": b""}
    path.write_bytes(damaged[damage])
    with pytest.raises(RunError, match=r"is damaged.*start the run again, it resumes") as error:
        open_run(copied)
    assert str(path) in str(error.value)


def test_another_json_file_is_no_manifest(copied: Path) -> None:
    (copied / MANIFEST).write_text('{"name": "another tool"}')
    with pytest.raises(RunError, match=r"manifest.json is not the manifest of a run"):
        open_run(copied)


@pytest.mark.parametrize("name", list(TABLES))
@pytest.mark.parametrize("keep", [0, 0.5, -1])
def test_a_table_cut_short_is_refused_by_name(copied: Path, name: str, keep: float) -> None:
    path = copied / f"{name}.parquet"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep) if keep > 0 else int(keep)])
    run = open_run(copied)
    damaged = r"is damaged.*delete it and start the run again"
    with pytest.raises(RunError, match=damaged) as of_table:
        run.table(name)
    with pytest.raises(RunError, match=damaged) as of_query:
        run.query(f"select count(*) from {name}")
    for error in (of_table, of_query):
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)


def test_a_missing_table_is_refused_by_name(copied: Path) -> None:
    (copied / "curves.parquet").unlink()
    run = open_run(copied)
    missing = r"curves\.parquet is missing; start the run again"
    with pytest.raises(RunError, match=missing):
        _ = run.curves
    with pytest.raises(RunError, match=missing):
        run.query("select 1")


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["a", "顔", "c's"],
            "count": np.array([1, 2, 3], np.int64),
            "rate": np.array([0.5, np.nan, 0.1], np.float32),
            "used": [True, False, True],
        }
    )


def test_equal_tables_are_equal_bytes(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    write_table(tmp_path / "a", "curves", frame())
    # Neither the index nor pandas' notes on it are part of a table.
    write_table(tmp_path / "b", "curves", frame().set_index(pd.Index([7, 8, 9], name="other")))
    first, second = (tmp_path / name / "curves.parquet" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    write_table(tmp_path / "a", "curves", frame())
    assert first.read_bytes() == second.read_bytes()
    write_table(tmp_path / "b", "curves", frame().assign(count=4))
    assert first.read_bytes() != second.read_bytes()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["curves.parquet"]


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_table(tmp_path, "other", frame())
    found = Run(tmp_path, {}).table("other")
    assert list(found.columns) == list(frame().columns)
    for column in found.columns:
        ours, theirs = found[column], frame()[column]
        assert ours.dtype.kind == theirs.dtype.kind
        for a, b in zip(ours, theirs, strict=True):
            assert a == b or (math.isnan(a) and math.isnan(b))


def test_json_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    value = {"z": [1, 2.5, None], "a": {"顔": "true"}}
    write_json(path, value)
    assert read_json(path) == value
    assert list(read_json(path) or {}) == ["z", "a"]
    assert "顔" in path.read_text(encoding="utf-8")
    assert path.read_bytes().endswith(b"}\n")
    assert read_json(tmp_path / "none.json") is None


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot write .*curves\.parquet.*--out"):
        write_table(tmp_path / "file", "curves", frame())
    with pytest.raises(RunError, match=r"cannot write .*a\.json.*--out"):
        write_json(tmp_path / "file" / "a.json", {})


def test_sql_over_the_tables(tiny_run: Run) -> None:
    found = tiny_run.query(
        "select database, run, avg(loss) as loss from curves where part = 'validation' "
        "group by database, run order by database, run"
    )
    curves = tiny_run.curves
    expected = curves[curves["part"] == "validation"].groupby(["database", "run"])["loss"].mean()
    assert len(found) == len(expected) == 4
    assert np.allclose(found["loss"], expected)
    joined = tiny_run.query(
        "select count(*) as n from predictions p join photographs f "
        "on p.test_database = f.database and p.photograph = f.photograph "
        "and p.expression = f.expression"
    )
    assert joined["n"].tolist() == [len(tiny_run.predictions)]
    for name in TABLES:
        assert list(tiny_run.query(f"select * from {name} limit 1").columns) == list(
            tiny_run.table(name).columns
        )


def test_wrong_sql_is_duckdbs_error(tiny_run: Run) -> None:
    with pytest.raises(duckdb.Error, match="nonsense"):
        tiny_run.query("select * from nonsense")


@pytest.mark.parametrize("name", ["seed=1", "kdef[session=A]", "it's", "a*?"])
def test_any_folder_name_can_be_read(copied: Path, name: str) -> None:
    run = open_run(copied.rename(copied.with_name(name)))
    columns = ["database", "run", "poser", "part", "source"]
    assert list(run.table("splits").columns) == columns
    found = run.query("select * from splits")
    assert list(found.columns) == columns  # no column "seed" from the name of the folder
    assert len(found) == len(run.table("splits"))


def test_a_run_can_be_moved(copied: Path, tmp_path: Path) -> None:
    run = open_run(copied.rename(tmp_path / "moved"))
    assert len(run.predictions) > 0
    assert replace(run, path=tmp_path / "moved").databases == run.databases


@pytest.mark.parametrize("name", [*TABLES, "examples"])
def test_a_table_without_a_column_or_rows_is_refused_by_name(copied: Path, name: str) -> None:
    run = open_run(copied)
    whole = run.table(name)
    for column in RUN_COLUMNS[name]:
        write_table(copied, name, whole.drop(columns=column))
        with pytest.raises(
            RunError, match=rf"{name}.parquet is of .*the column {column} is missing; "
        ):
            run.table(name)
    write_table(copied, name, whole[:0])
    with pytest.raises(
        RunError, match=rf"{name}.parquet is of .*: it has no rows; delete it and start"
    ):
        run.table(name)


def test_an_expression_that_is_none_is_refused(copied: Path) -> None:
    run = open_run(copied)
    write_table(copied, "predictions", run.table("predictions").assign(expression="Sad"))
    with pytest.raises(
        RunError, match=r"predictions.parquet is of .*: 'Sad' is no expression; delete"
    ):
        _ = run.predictions


def test_an_example_that_is_no_picture_is_refused(copied: Path) -> None:
    run = open_run(copied)
    write_table(copied, "examples", run.table("examples").assign(png=b"no picture"))
    with pytest.raises(RunError, match=r"examples.parquet is damaged .*start the run again"):
        _ = run.examples


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"finished": None}, "finished is of another type"),
        ({"citations": 5}, "citations is of another type"),
        ({"backbone": None}, "backbone.card.title is missing"),
        ({"mixtures": "abc"}, "mixtures is of another type"),
        ({"mixtures": [{"name": "a+b"}]}, "mixtures.shares is missing"),
        ({"databases": [{"name": 5}]}, "databases.name is of another type"),
        ({"probes": [{}]}, "probes.name is missing"),
    ],
)
def test_a_manifest_of_another_form_is_refused(
    copied: Path, change: dict[str, object], reason: str
) -> None:
    write_json(copied / MANIFEST, {**(read_json(copied / MANIFEST) or {}), **change})
    with pytest.raises(RunError, match=rf"is not the manifest of a run: {reason}; delete it and"):
        open_run(copied)


@pytest.mark.parametrize("citations", ["text", ["text"], [{"doi": "10.1/2"}]])
def test_citations_of_another_form_are_refused(copied: Path, citations: object) -> None:
    manifest = read_json(copied / MANIFEST) or {}
    manifest["databases"][0]["card"]["citations"] = citations
    write_json(copied / MANIFEST, manifest)
    with pytest.raises(RunError, match=r"databases.card.citations.* is (of another type|missing)"):
        open_run(copied)


def test_a_run_from_before_there_were_probes_is_opened(copied: Path) -> None:
    manifest = read_json(copied / MANIFEST) or {}
    del manifest["probes"], manifest["request"]["probes"]
    write_json(copied / MANIFEST, manifest)
    assert open_run(copied).responses.empty


def test_a_manifest_nested_without_end_is_damaged(copied: Path) -> None:
    (copied / MANIFEST).write_text("[" * 100_000)
    with pytest.raises(RunError, match=r"manifest.json is damaged"):
        open_run(copied)


def test_a_finished_run_that_cannot_be_written_again_stays(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = {path: path.read_bytes() for path in copied.iterdir() if path.is_file()}
    run = open_run(copied)
    changed = {"predictions": run.predictions.assign(run=0), "curves": run.curves}
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"cannot write .*No space left.*with --out"):
        write_run(copied, changed, {**run.manifest, "finished": "now"})
    assert {path: path.read_bytes() for path in copied.iterdir() if path.is_file()} == before
