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


def test_tests_to_new_posers_have_their_level_on_the_page() -> None:
    rows = [
        line.strip("| ").split(" | ")
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.count(" | to new posers | ") == 1
        and "sensitivity" not in line
        and line[-3].isdigit()
    ]
    found = {" ".join(row[:3]): [float(cell) for cell in row[3:] if cell != "–"] for row in rows}
    assert len(found) >= 10
    assert {name: shares for name, shares in found.items() if not near_level(shares)} == {}


def near_level(shares: list[float]) -> bool:
    return bool(shares) and all(abs(share - 0.05) <= 0.02 for share in shares)
