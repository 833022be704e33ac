"""``ccbench cite``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.reporting.test_citations import parse_bibtex

from ccbench.cli import cli
from ccbench.cli.cite import cite
from ccbench.reporting.citations import bibtex, reference_list
from ccbench.results import Run

if TYPE_CHECKING:
    from tests.conftest import Command


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.commands, "cite", cite)


def test_bibtex_is_the_default(ccbench: Command, tiny_run: Run) -> None:
    done = ccbench("cite", tiny_run.path)
    assert (done.code, done.err) == (0, "")
    # Ready to be sent into a file.
    assert done.out == bibtex(tiny_run)
    assert {"ccbench", "inagaki2022convolutional"} <= set(parse_bibtex(done.out))
    assert ccbench("cite", tiny_run.path, "--format", "bibtex").out == done.out


def test_text_is_a_reference_list(ccbench: Command, tiny_run: Run) -> None:
    done = ccbench("cite", tiny_run.path, "--format", "text")
    assert done.code == 0
    assert done.out.splitlines() == list(reference_list(tiny_run))
    assert "Inagaki, M., Ito, T." in done.out


def test_no_run(ccbench: Command, tmp_path: Path) -> None:
    assert ccbench("cite", tmp_path / "gone").refusal == (
        f"no such run directory: {tmp_path / 'gone'}"
    )
