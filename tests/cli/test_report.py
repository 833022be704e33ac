"""``ccbench report``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccbench.results import MANIFEST, TABLES, Run

if TYPE_CHECKING:
    from tests.conftest import Command


@pytest.fixture
def copied(tiny_run: Run, tmp_path: Path) -> Path:
    """Return a copy of a finished run, to be damaged at will."""
    folder = tmp_path / "run"
    shutil.copytree(tiny_run.path, folder)
    return folder


def test_it_prints_the_run_again_and_writes_the_page(ccbench: Command, copied: Path) -> None:
    (copied / "report.html").unlink(missing_ok=True)
    done = ccbench("report", copied)
    assert done.code == 0
    assert done.err == ""
    assert "drawn-a" in done.out
    assert f"Run: {copied}" in done.out
    assert f"Report: {copied / 'report.html'}" in done.out
    first = (copied / "report.html").read_bytes()
    # However many draw the figures.
    again = ccbench("report", copied, "--workers", 1)
    assert again.out == done.out
    assert (copied / "report.html").read_bytes() == first


@pytest.mark.parametrize("table", ["predictions", "photographs"])
def test_a_table_cut_short(ccbench: Command, copied: Path, table: str) -> None:
    assert table in TABLES
    path = copied / f"{table}.parquet"
    path.write_bytes(path.read_bytes()[:-200])
    sentence = ccbench("report", copied).refusal
    assert f"{path} is damaged" in sentence
    assert "start the run again" in sentence
    path.unlink()
    assert f"{path} is missing" in ccbench("report", copied).refusal


def test_a_manifest_cut_short(ccbench: Command, copied: Path) -> None:
    path = copied / MANIFEST
    path.write_text(path.read_text()[:300])
    sentence = ccbench("report", copied).refusal
    assert f"{path} is damaged" in sentence
    assert "start the run again" in sentence


def test_a_manifest_of_something_else(ccbench: Command, copied: Path) -> None:
    for content in ({"name": "a web page"}, {"databases": ["a"]}):
        (copied / MANIFEST).write_text(json.dumps(content))
        assert (
            f"{copied / MANIFEST} is not the manifest of a run" in ccbench("report", copied).refusal
        )
    (copied / MANIFEST).write_text("[1]")
    assert f"{copied / MANIFEST} is damaged" in ccbench("report", copied).refusal


def test_a_run_that_is_not_finished(ccbench: Command, copied: Path) -> None:
    (copied / MANIFEST).unlink()
    sentence = ccbench("report", copied).refusal
    assert sentence == f"the run in {copied} is not finished; start it again, it resumes"


def test_no_run_at_all(ccbench: Command, tmp_path: Path) -> None:
    assert ccbench("report", tmp_path / "gone").refusal == (
        f"no such run directory: {tmp_path / 'gone'}"
    )
    (tmp_path / "empty").mkdir()
    assert "holds no run" in ccbench("report", tmp_path / "empty").refusal


@pytest.mark.usefixtures("no_pictures")
def test_a_page_that_cannot_be_written(ccbench: Command, copied: Path) -> None:
    page = copied / "report.html"
    page.unlink(missing_ok=True)
    page.mkdir()
    assert f"cannot write {page}" in ccbench("report", copied, "--workers", 1).refusal


def test_a_run_to_compare_with_that_has_no_tunings(ccbench: Command, copied: Path) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in copied.rglob("*"))
    sentence = ccbench("report", copied, "--against", copied, "--workers", 2).refusal
    assert sorted((path, path.stat().st_mtime_ns) for path in copied.rglob("*")) == before
    assert "share no probe and database" in sentence
    assert "give two runs with the same probe" in sentence
    assert "no such run directory" in ccbench("report", copied, "--against", "gone").refusal


@pytest.mark.parametrize("command", ["report", "cite", "export"])
def test_what_somebody_changed_is_refused_before_anything_is_written(
    ccbench: Command, copied: Path, command: str
) -> None:
    before = sorted(copied.rglob("*"))
    manifest = json.loads((copied / MANIFEST).read_text())
    del manifest["finished"]
    (copied / MANIFEST).write_text(json.dumps(manifest))
    sentence = ccbench(command, copied).refusal
    assert f"{copied / MANIFEST} is not the manifest of a run: finished is missing" in sentence
    assert sorted(copied.rglob("*")) == before
