"""The site, files and terminal of a leaderboard show what the board holds."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from rich.console import Console
from tests.analysis.leaderboard.invented import invent, submitted
from tests.reporting.test_html import Page

from ccbench.analysis.leaderboard import MEAN, MEASURES, Board, make_board, measure
from ccbench.exceptions import RunError
from ccbench.reporting.leaderboard import board_text, print_board, write_site

EVIL = "<script>alert('faces')</script>&\"x"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """Return a board of three runs: two protocols, two backbones, names out of order."""
    folder = tmp_path_factory.mktemp("board")
    runs = [
        submitted(invent(folder / "a", ("kdef", EVIL), runs=5), "one"),
        submitted(
            invent(folder / "b", ("kdef", EVIL), runs=5, seed=1, skill=0.1, backbone=EVIL), EVIL
        ),
        submitted(
            invent(folder / "c", ("kdef",), runs=2, probe=False, overrides=["head.ridge=0.5"]), "c"
        ),
    ]
    return make_board([measure(run) for run in runs])


@pytest.fixture(scope="module")
def site(board: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(board, tmp_path_factory.mktemp("out") / "site").parent


def test_pages_are_self_contained_and_nothing_of_a_run_is_code(site: Path) -> None:
    pages = sorted(site.glob("*.html"))
    assert [page.name for page in pages] == ["index.html", *(f"run-{n}.html" for n in (1, 2, 3))]
    for path in pages:
        page = Page(path)
        assert EVIL not in page.source
        assert page.tags.count("script") == 1
        assert not {"onclick", "onload", "onerror"} & set(page.attributes)
        for target in page.targets:
            assert target.startswith("#") or (site / target).is_file(), target
        assert "Content-Security-Policy" in page.source


def test_the_index_shows_every_entry_with_its_rank(site: Path, board: Board) -> None:
    page = Page(site / "index.html")
    assert EVIL in page.text
    assert "Protocol quick: head.ridge = 0.0001" in page.text
    assert "Protocol quick: head.ridge = 0.5" in page.text
    for group in board.groups:
        for table in group.tables:
            assert table.measure.title in page.text
            assert table.measure.what in page.text
            for row in table.rows:
                if row.rank and row.rank.of > 1:
                    assert str(row.rank) in page.cells
    assert "interval not estimable: fewer than three runs" in page.cells
    assert "people: goeleven2008" in page.cells
    assert "mean drop" in page.text


def test_each_run_has_its_provenance(site: Path, board: Board) -> None:
    for place, run in enumerate(board.runs, start=1):
        text = Page(site / f"run-{place}.html").text
        for needed in (
            run.name,
            run.fingerprint,
            run.request["weights"],
            *run.request["contents"].values(),
            *run.request["probes"].values(),
            '"ridge": ',
            "numpy 2",
            "Someone (2000).",
            run.manifest["finished"],
        ):
            assert needed in text


def test_csv_and_json_hold_the_board_in_full(site: Path, board: Board) -> None:
    rows = list(csv.DictReader(io.StringIO((site / "leaderboard.csv").read_text())))
    data = json.loads((site / "leaderboard.json").read_text())
    entries = [
        row for group in board.groups for t in (*group.tables, *group.means) for row in t.rows
    ]
    assert len(rows) == len(data["entries"]) == len(entries)
    for row, entry, record in zip(entries, data["entries"], rows, strict=True):
        assert entry["measure"] in {measure.key for measure in MEASURES}
        assert (entry["backbone"], entry["database"]) == (row.backbone, row.database)
        if row.rank is None:
            assert (entry["estimate"], record["estimate"], entry["rank_low"]) == (None, "", None)
        else:
            assert entry["estimate"] == float(record["estimate"]) == row.value.estimate
            assert entry["rank_low"] == int(record["rank_low"]) == row.rank.low
    assert MEAN in {row["database"] for row in rows}
    assert [run["fingerprint"] for run in data["runs"]] == [run.fingerprint for run in board.runs]
    assert data["groups"][1]["differing"] == {"head.ridge": 0.5}


def test_latex_has_one_float_a_table_with_a_label_of_its_own(board: Board) -> None:
    text = board_text(board, "latex")
    tables = sum(len(group.tables) + len(group.means) for group in board.groups)
    labels = re.findall(r"\\label\{(.*?)\}", text)
    assert text.count(r"\begin{table}") == len(set(labels)) == tables
    assert all(re.fullmatch(r"tab:[A-Za-z0-9-]+", label) for label in labels)
    assert r"\textless{}script\textgreater{}" in text


def test_the_terminal_shows_ranks_remarks_and_how_to_read_them(board: Board) -> None:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    print_board(board, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for table in board.groups[0].tables:
        assert f"{table.measure.title}" in text
    assert "*1 people: goeleven2008" in text
    assert "interval not estimable: fewer than three runs" in text
    assert "all ranks of a table hold" in text
    assert "entries are ranked only within one" in text
    own = next(t for t in board.groups[0].tables if t.measure.key == "own")
    for row in own.rows:
        assert re.search(rf"{row.rank} .*\.\d\d", text)


def test_the_same_board_gives_the_same_bytes(board: Board, site: Path, tmp_path: Path) -> None:
    write_site(board, tmp_path / "again")
    for path in site.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_only_leaderboards_are_replaced(board: Board, site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    (folder / "run-1.html").unlink()
    assert write_site(board, folder) == folder / "index.html"
    assert (folder / "run-1.html").is_file()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match=r"notes.txt was changed or added after the leaderboard"):
        write_site(board, folder)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match="is not empty and holds no leaderboard"):
        write_site(board, tmp_path / "mine")
