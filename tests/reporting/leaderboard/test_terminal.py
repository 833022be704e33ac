"""A leaderboard on a terminal: nothing of a name is lost, however narrow it is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from tests.analysis.leaderboard.invented import invent, submitted

from ccbench.analysis.leaderboard import Board, make_board, measure
from ccbench.reporting.leaderboard import print_board
from ccbench.reporting.leaderboard.terminal import folded

LONG = "timm:vit_base_patch14_reg4_dinov2.lvd142m[layer=blocks.{}.mlp.fc2,pool=flat]"
NAMES = (LONG.format(10), LONG.format(11))


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """Return a leaderboard of two backbones whose names differ in their middle."""
    folder = tmp_path_factory.mktemp("long")
    labs = zip(("one", "other"), NAMES, strict=True)
    runs = [invent(folder / lab, runs=3, backbone=name) for lab, name in labs]
    return make_board([measure(submitted(run, run.path.name)) for run in runs])


def printed(board: Board, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    print_board(board, console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text.splitlines()


@pytest.mark.parametrize("width", [30, 90, 200])
def test_every_row_says_what_it_is_of(board: Board, width: int) -> None:
    lines = printed(board, width)
    start = next(i for i, line in enumerate(lines) if line.startswith("  rank"))
    backbone, trained = (lines[start].index(head) for head in ("backbone", "trained on"))
    rows: list[list[str]] = []
    for line in lines[start + 2 :]:
        if not line.strip():
            break
        if line[:backbone].strip():
            rows.append(["", line[trained:].split()[0]])
        rows[-1][0] += line[backbone:trained].strip()
    assert sorted(map(tuple, rows)) == sorted((n, d) for n in NAMES for d in ("here", "there"))


def test_it_fits_where_it_can(board: Board) -> None:
    assert max(map(len, printed(board, 90))) <= 90
    # Names are folded only where there is no room for them.
    assert any(NAMES[0] in line for line in printed(board, 200))


def test_into_a_file_no_name_is_folded(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    console = Console(file=io.StringIO())
    print_board(board, console)
    assert NAMES[1] in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [*NAMES, "a", "x" * 50, "表情" * 20, "a b-c_" * 9])
@pytest.mark.parametrize("width", [1, 7, 12, 40])
def test_folding_loses_nothing(name: str, width: int) -> None:
    lines = folded(name, width).splitlines()
    assert max(map(len, lines)) <= width
    assert "".join(lines).replace(" ", "") == name.replace(" ", "")


def test_the_means_of_a_run_alone_on_its_databases_are_printed_too(tmp_path: Path) -> None:
    names = {"one": ("kdef", "krc"), "two": ("kdef", "krc"), "three": ("kdef", "jaffe")}
    runs = [
        invent(tmp_path / lab, databases, runs=3, backbone=f"timm:{lab}", seed=len(lab))
        for lab, databases in names.items()
    ]
    board = make_board([measure(submitted(run, run.path.name)) for run in runs])
    lines = printed(board, 160)
    assert sum("mean over the databases of a run" in line for line in lines) >= 3
    assert any("Own rate, mean of all 2 databases: " in line for line in lines)
