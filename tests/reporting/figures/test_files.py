"""Figures as files: the same, however many processes draw them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reporting.conftest import Invent

from ccbench.exceptions import RunError
from ccbench.reporting.figures.files import write_figures
from ccbench.results import Run


def written(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_any_number_of_workers_draws_the_same_files(invent: Invent, tmp_path: Path) -> None:
    run = invent(("here", "there"), runs=2, units=(1, 2, 4))
    by_workers = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        drawn = write_figures(run, folder, workers)
        relative = [
            (name, words, [path.relative_to(folder) for path in paths])
            for name, words, paths in drawn
        ]
        by_workers.append((relative, written(folder)))
    alone, together = by_workers
    assert {path.name for _, _, paths in alone[0] for path in paths} == alone[1].keys()
    assert len(alone[1]) == 10
    assert alone == together


def test_a_worker_that_cannot_write_says_so(tiny_run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"^cannot write .*file.*figure\d\.svg: "):
        write_figures(tiny_run, tmp_path / "file" / "figures", 2)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_goes_wrong_meanwhile_is_raised_and_leaves_nothing_half_written(
    tiny_run: Run, tmp_path: Path, workers: int
) -> None:
    def wrong() -> None:
        raise RunError("the table is damaged")

    with pytest.raises(RunError, match=r"^the table is damaged$"):
        write_figures(tiny_run, tmp_path, workers, wrong)
    assert all(path.suffix == ".svg" and path.name[0] != "." for path in tmp_path.iterdir())
