"""Figures as files: the same, however many processes draw them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.reporting.conftest import Invent

from ccbench.exceptions import RunError
from ccbench.reporting import write_report
from ccbench.reporting.figures.files import write_figures
from ccbench.results import Run, open_run


def written(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_any_number_of_workers_draws_the_same_files(invent: Invent, tmp_path: Path) -> None:
    run = invent(("here", "there"), runs=4, units=(1, 2, 4))
    copied = Path(shutil.copytree(run.path, tmp_path / "copied"))
    # Names of folders are on no figure.
    write_report(run)
    write_report(open_run(copied), workers=2)
    alone, together = written(run.path), written(copied)
    assert [name for name in alone if name.startswith("figures/")]
    assert {name for name in alone if alone[name] != together.get(name)} <= {"report.html"}
    assert alone.keys() == together.keys()


def test_a_worker_that_cannot_write_says_so(tiny_run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"^cannot write .*file.*figure\d\.svg: "):
        write_figures(tiny_run, tmp_path / "file" / "figures", 2)
