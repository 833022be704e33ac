"""What terminal and page say about the tuning of the units."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from tests.reporting.test_html import Page

from ccbench.reporting import print_run, summarise_tuning, write_report
from ccbench.results import MANIFEST, RESPONSE_COLUMNS, Run, open_run, write_table

LEVELS = (0.5, 1.0)
# database -> expression -> action unit -> response at full intensity
PROFILES: dict[str, dict[str, dict[int, float]]] = {
    "drawn-a": {"happy": {4: -2.0, 12: 4.0}, "angry": {4: 3.0, 12: -1.5}},
    "drawn-b": {"happy": {4: -1.0, 12: 5.0}, "angry": {4: -1.0, 12: 0.1}},
}


def responses() -> pd.DataFrame:
    rows = []
    for database, units in PROFILES.items():
        for run in (0, 1):
            for name, curve in units.items():
                rows.append((database, run, "au", "p1", 0, 0, 0.0, name, 0.0, 7.0))
                for unit, top in curve.items():
                    for level in LEVELS:
                        # Half as far at half the intensity; the runs differ by 0.2.
                        value = top * level + (0.1 if run else -0.1)
                        rows.append((database, run, "au", "p1", unit, 0, level, name, value, 7.0))
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


@pytest.fixture
def probed(tiny_run: Run, tmp_path: Path) -> Run:
    folder = tmp_path / "run"
    shutil.copytree(tiny_run.path, folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["probes"] = [{"name": "au"}]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    write_table(folder, "responses", responses())
    return open_run(folder)


def test_shares_are_those_of_the_whole_profile(probed: Run) -> None:
    (tuning,) = summarise_tuning(probed)
    assert tuning.databases == ("drawn-a", "drawn-b")
    assert tuning.expressions == ("happy", "angry")
    assert tuning.units == (4, 12)
    assert (tuning.level, tuning.levels, tuning.runs, tuning.identities) == (1.0, 2, 2, 1)
    assert tuning.shares["drawn-a"]["happy"] == pytest.approx({4: -0.5, 12: 1.0})
    assert tuning.shares["drawn-b"]["angry"] == pytest.approx({4: -1.0, 12: 0.1})
    assert tuning.strongest["drawn-a"]["angry"] == ([4], [12])
    # A tenth of the unit's largest is not told.
    assert tuning.strongest["drawn-b"]["angry"] == ([], [4])
    # By hand: -1, -2, 2, 4 against -.5, -1, 2.5, 5; 1.5, 3, -.75, -1.5 against -.5, -1, .05, .1.
    assert tuning.correlations["drawn-a", "drawn-b"] == pytest.approx({"happy": 1.0, "angry": -1.0})
    assert tuning.comparisons == (
        "Between drawn-a and drawn-b, the tuning of the happy unit is most alike "
        "(Spearman correlation 1.00), that of the angry unit least (−1.00).",
    )
    assert "2 runs and 1 identity of the probe au: 2 action units" in tuning.sentence


def test_the_terminal_shows_units_and_correlations(
    probed: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    print_run(probed, Console(width=80, no_color=True))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "happy 12 | −4 12 | – 1.00" in lines
    assert "angry 4 | −12 – | −4 −1.00" in lines


@pytest.mark.usefixtures("no_pictures")
def test_the_page_shows_them_too(probed: Run) -> None:
    page = Page(write_report(probed))
    cells = [" ".join(cell.split()) for cell in page.cells]
    assert "What the units are tuned to" in page.text
    assert cells.count("−.50") == 2
    row = cells.index("AU")
    assert cells[row : row + 9] == [
        "AU",
        "4",
        "12",
        "happy",
        "−.50",
        "1.00",
        "angry",
        "1.00",
        "−.50",
    ]
    assert 'title="happy, AU12 lip corner puller: 1.00"' in page.source
    assert "the tuning of the happy unit is most alike" in page.text
    assert "AU4 brow lowerer, AU12 lip corner puller." in page.text


@pytest.mark.usefixtures("no_pictures")
def test_a_run_without_a_probe_says_nothing_of_it(
    tiny_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tiny_run.path, tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert summarise_tuning(run) == []
    print_run(run, Console(width=80))
    assert "tuned to" not in capsys.readouterr().out
    assert "tuned to" not in Page(write_report(run)).text
