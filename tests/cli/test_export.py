"""``ccbench export``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccbench.cli import cli
from ccbench.cli.export import export
from ccbench.results import Run

if TYPE_CHECKING:
    from tests.conftest import Command


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.commands, "export", export)


@pytest.fixture
def copied(tiny_run: Run, tmp_path: Path) -> Path:
    """Return a copy of a finished run, to be written into."""
    folder = tmp_path / "run"
    shutil.copytree(tiny_run.path, folder)
    return folder


def test_it_writes_below_the_run_and_names_the_files(ccbench: Command, copied: Path) -> None:
    done = ccbench("export", copied)
    assert (done.code, done.err) == (0, "")
    folder = copied / "export-csv"
    named = {Path(line) for line in done.out.splitlines()}
    assert named == {path for path in folder.iterdir() if path.name != "export.json"}
    assert {folder / "README.txt", folder / "analysis.R", folder / "correctness_long.csv"} <= named
    again = ccbench("export", copied)
    assert again.out == done.out


@pytest.mark.parametrize(("kind", "ending"), [("parquet", ".parquet"), ("latex", ".tex")])
def test_formats_and_folder(ccbench: Command, copied: Path, kind: str, ending: str) -> None:
    assert ccbench("export", copied, "--format", kind).code == 0
    assert (copied / f"export-{kind}" / f"correct_rates{ending}").is_file()
    out = copied.parent / "elsewhere" / "tables"
    assert ccbench("export", copied, "--format", kind, "--out", out).code == 0
    assert (out / f"correct_rates{ending}").is_file()


def test_refusals_are_one_sentence(ccbench: Command, copied: Path, tmp_path: Path) -> None:
    assert "no such run directory" in ccbench("export", tmp_path / "gone").refusal
    assert ccbench("export", copied, "--out", copied).refusal == (
        f"{copied} is not empty and holds no export; give another folder with --out"
    )
    ccbench("export", copied)
    script = copied / "export-csv" / "analysis.R"
    script.write_text("# mine")
    assert ccbench("export", copied).refusal == (
        f"{script} was changed or added after the export; move it away, or give another folder "
        f"with --out"
    )
    assert script.read_text() == "# mine"
    (copied / "predictions.parquet").unlink()
    assert (
        "predictions.parquet is missing"
        in ccbench("export", copied, "--out", tmp_path / "x").refusal
    )
    assert not (tmp_path / "x").exists()


def test_a_format_that_is_none(ccbench: Command, copied: Path) -> None:
    done = ccbench("export", copied, "--format", "xlsx")
    assert done.code == 2
    assert "'csv', 'parquet', 'latex'" in done.err
