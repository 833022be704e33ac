"""The simulation of the docs runs, and repeats itself with any number of workers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "docs" / "simulations" / "false_positives.py"
PAGE = SCRIPT.parents[1] / "statistics.md"


def simulate(workers: int) -> list[str]:
    options = ["--repetitions", "2", "--seed", "1", "--workers", str(workers)]
    command = [sys.executable, str(SCRIPT), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def test_the_table_of_the_docs_has_the_rows_of_the_simulation() -> None:
    found = simulate(1)
    assert found == simulate(2)
    rows = [line.rsplit(" | ", line.count(" | ") - 2)[0] for line in found if line[:2] == "| "]
    assert len(rows) == 3 + 21 + 3 + 3
    page = PAGE.read_text(encoding="utf-8")
    assert [row for row in rows if row not in page] == []
