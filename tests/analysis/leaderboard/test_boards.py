"""What is put side by side, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.analysis.leaderboard.invented import invent, submitted

from ccbench.analysis.leaderboard import MEAN, Board, Measured, Table, make_board, measure


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Return a run of one laboratory."""
    folder = tmp_path_factory.mktemp("lab") / "run"
    return measure(submitted(invent(folder, posers=12, runs=6, probe=False), "mine"))


def another(folder: Path, name: str = "yours", **options: object) -> Measured:
    arguments = {"posers": 12, "runs": 6, "seed": 1, "skill": 0.1, "probe": False, **options}
    return measure(submitted(invent(folder / name, **arguments), name))  # type: ignore[arg-type]


def table(board: Board, measure: str, group: int = 0) -> Table:
    (found,) = (t for t in board.groups[group].tables if t.measure.key == measure)
    return found


def test_entries_of_two_labs_are_ranked_together(lab: Measured, tmp_path: Path) -> None:
    board = make_board([lab, another(tmp_path, backbone="other", weights="b")])
    assert board.notes == ()
    (group,) = board.groups
    assert group.heading == "Protocol quick"
    own = table(board, "own")
    assert {(row.backbone, row.database) for row in own.rows} == {
        (backbone, database) for backbone in ("alexnet", "other") for database in ("here", "there")
    }
    estimates = [row.value.estimate for row in own.rows]
    assert estimates == sorted(estimates, reverse=True)
    assert [row.backbone for row in own.rows[:2]] == ["alexnet", "alexnet"]
    assert own.rows[0].rank is not None
    assert own.rows[0].rank.of == 4
    assert table(board, "drop").rows[0].backbone == "other", "the lowest drop is first"
    assert set(group.by_database) == {"here", "there"}
    assert set(group.by_backbone) == {"alexnet", "other"}
    for tables in (*group.by_database.values(), *group.by_backbone.values()):
        assert {len(t.rows) for t in tables} == {2}
    means = [t for t in group.means if t.measure.key == "own"]
    assert [row.database for t in means for row in t.rows] == [MEAN, MEAN]


def test_the_same_run_counts_once(lab: Measured, tmp_path: Path) -> None:
    copy = measure(submitted(invent(tmp_path / "copy", posers=12, runs=6, probe=False), "copy"))
    board = make_board([lab, lab, copy])
    assert [run.name for run in board.runs] == ["mine"]
    assert board.notes == (
        "mine was given twice; it counts once.",
        "copy is the same run as mine; it counts once.",
    )
    assert len(table(board, "own").rows) == 2


def test_two_runs_of_one_name_get_numbers(lab: Measured, tmp_path: Path) -> None:
    board = make_board([lab, another(tmp_path, "mine")])
    assert [run.name for run in board.runs] == ["mine", "mine (2)"]


def test_protocols_are_kept_apart_and_their_differences_named(
    lab: Measured, tmp_path: Path
) -> None:
    more_runs = another(tmp_path, "more", runs=7)
    ridge = another(tmp_path, "ridge", overrides=["head.ridge=0.5", "face.crop=1.2"])
    board = make_board([lab, ridge, more_runs])
    assert [[run.name for run in group.runs] for group in board.groups] == [
        ["mine", "more"],
        ["ridge"],
    ]
    assert [group.heading for group in board.groups] == [
        "Protocol quick: face.crop = 1.1, head.ridge = 0.0001",
        "Protocol quick: face.crop = 1.2, head.ridge = 0.5",
    ]
    assert board.notes == ("The runs are of 2 protocols; entries are ranked only within one.",)


def test_other_photographs_under_one_name_are_said(lab: Measured, tmp_path: Path) -> None:
    board = make_board([lab, another(tmp_path, contents={"there": "other contents"})])
    (note,) = board.notes
    assert note == (
        "Runs have different photographs or labels under the name there: A (contents contents…) "
        "in mine; B (contents other co…) in yours. Their rates are of different posers and are "
        "not pooled."
    )
    labels = {row.database for row in table(board, "own").rows}
    assert labels == {"here", "there (photographs A)", "there (photographs B)"}
    assert set(board.groups[0].by_database) == labels
    swapped = {(r.run.name, r.database): r.remarks for r in table(board, "swapped").rows}
    assert swapped["mine", "here"] == ("with there (photographs A)",)
    assert swapped["yours", "here"] == ("with there (photographs B)",)
    assert swapped["yours", "there (photographs B)"] == ()
    (means,) = (table for table in board.groups[0].means if table.measure.key == "own")
    assert {(row.run.name, *row.remarks) for row in means.rows} == {
        ("mine", "with there (photographs A)"),
        ("yours", "with there (photographs B)"),
    }


def test_other_weights_or_probes_under_one_name_are_told_apart(tmp_path: Path) -> None:
    one = another(tmp_path, "one", probe=True)
    other = another(tmp_path, "other", probe=True, seed=2, weights="bbbbbbbbbbbb")
    other.submission.request["probes"]["series"] = "other images"
    board = make_board([one, other])
    assert set(board.groups[0].by_backbone) == {
        "alexnet (weights aaaaaaaa)",
        "alexnet (weights bbbbbbbb)",
    }
    tunings = [t.detail for t in board.groups[0].tables if t.measure.key == "tuning"]
    assert tunings == ["series (images images)", "series (images other im)"]


def test_what_depends_on_the_others_is_ranked_among_the_same_others(
    lab: Measured, tmp_path: Path
) -> None:
    board = make_board([lab, another(tmp_path, databases=("here", "there", "far"))])
    assert len(table(board, "own").rows) == 5
    swapped = [t for t in board.groups[0].tables if t.measure.key == "swapped"]
    assert [t.among for t in swapped] == [("here", "there"), ("here", "there", "far")]
    assert [len(t.rows) for t in swapped] == [2, 3]


def test_fewer_expressions_and_missing_numbers_are_remarks(lab: Measured, tmp_path: Path) -> None:
    board = make_board([lab, another(tmp_path, databases=("few",), missing={"few": ["sad"]})])
    remarks = {row.database: row.remarks for row in table(board, "own").rows}
    assert remarks == {"here": (), "there": (), "few": ("6 expressions only, others 7",)}
    (alone,) = [t for t in board.groups[0].tables if t.measure.key == "drop" and len(t.rows) == 1]
    assert alone.rows[0].rank is None
    assert alone.rows[0].remarks == ("one database only",)
