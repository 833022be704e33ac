"""Which photographs a run uses: duplicates, missing faces, incomplete posers, odd databases."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from ccbench.exceptions import DatasetError, LeakageError, SplitError
from ccbench.faces import UNSEEN, FaceRecord, Photograph
from ccbench.protocol import Protocol, load_protocol
from ccbench.runner.databases import Database
from ccbench.runner.selection import (
    Selection,
    mark_duplicates,
    refuse_shared_photographs,
    select,
)
from ccbench.samples import Sample, SampleTable
from ccbench_registry import EXPRESSIONS, DatasetCard, Terms

OK = FaceRecord("ok", "", (50.0, 50.0, 40.0), 0.01)
NO_FACE = FaceRecord("no face", "no frontal face found", None, 0.0)
BLACK = FaceRecord("black", "mean grey level 0.0 of 255", None, 0.0)
ROOT = Path("/photographs")
Row = tuple[str, str, str]
"""File, poser and expression."""


def database(
    rows: Iterable[Row], name: str = "mine", same: dict[str, str] | None = None, card: str = ""
) -> Database:
    """Return a database; ``same`` maps a file to another whose bytes it has."""
    table = SampleTable(ROOT, tuple(Sample(ROOT / file, who, what) for file, who, what in rows))
    files = [table.relative(sample.path) for sample in table]
    source = {file: (same or {}).get(file, f"{name}/{file}") for file in files}
    return Database(
        name,
        DatasetCard(name=card or name, title=name, terms=Terms(licence="free")),
        table,
        tuple(
            Photograph(sample.path, hashlib.sha256(source[file].encode()).hexdigest())
            for sample, file in zip(table, files, strict=True)
        ),
    )


def grid(posers: int, expressions: Sequence[str] = EXPRESSIONS, takes: int = 1) -> list[Row]:
    return [
        (f"p{poser:03}-{name}-{take}.png", f"p{poser:03}", name)
        for poser in range(posers)
        for name in expressions
        for take in range(takes)
    ]


def records(of: Database, other: dict[str, FaceRecord] | None = None) -> list[FaceRecord]:
    return [(other or {}).get(of.table.relative(sample.path), OK) for sample in of.table]


def protocol(*overrides: str, name: str = "quick") -> Protocol:
    return load_protocol(name, ["runs=5", *overrides])


def files(selection: Selection) -> set[str]:
    table = selection.database.table
    return {table.relative(table[index].path) for index in selection.chosen}


# --- duplicates ---------------------------------------------------------------------------


def test_one_photograph_of_two_posers_is_refused() -> None:
    rows = [("a.png", "ann", "happy"), ("b.png", "bob", "happy"), ("c.png", "bob", "sad")]
    mine = database(rows, same={"a.png": "x", "b.png": "x"})
    with pytest.raises(LeakageError) as error:
        mark_duplicates(mine, records(mine))
    for word in ("'mine'", "a.png", "b.png", "ann", "bob", "remove one"):
        assert word in str(error.value)
    with pytest.raises(LeakageError):
        select(mine, records(mine), protocol(), 0)


def test_one_photograph_under_two_expressions_is_refused() -> None:
    rows = [("a.png", "ann", "happy"), ("b.png", "ann", "sad"), ("c.png", "bob", "sad")]
    mine = database(rows, same={"a.png": "x", "b.png": "x"})
    with pytest.raises(DatasetError) as error:
        mark_duplicates(mine, records(mine))
    for word in ("'mine'", "a.png", "b.png", "happy", "sad", "remove the wrong one"):
        assert word in str(error.value)


def test_a_second_copy_is_left_out_and_recorded() -> None:
    rows = [*grid(5), ("copy-1.png", "p000", "happy"), ("copy-2.png", "p000", "happy")]
    same = {"copy-1.png": "x", "copy-2.png": "x", "p000-happy-0.png": "x"}
    mine = database(rows, same=same)
    selection = select(mine, records(mine), protocol(), 0)
    status = {
        mine.table.relative(sample.path): record
        for sample, record in zip(mine.table, selection.records, strict=True)
    }
    # The first in the table's order stays: of one poser and expression, by path.
    assert status["copy-1.png"].status == "ok"
    for file in ("copy-2.png", "p000-happy-0.png"):
        assert status[file].status == "duplicate"
        assert "copy-1.png" in status[file].detail
        assert not status[file].usable
    assert Counter(record.status for record in selection.records) == {"ok": 35, "duplicate": 2}
    assert files(selection) == {row[0] for row in rows} - {"copy-2.png", "p000-happy-0.png"}


def test_black_photographs_are_no_duplicates() -> None:
    rows = [*grid(4), ("x.png", "p000", "happy"), ("y.png", "p001", "sad")]
    mine = database(rows, same={"x.png": "x", "y.png": "x"})
    black = {"x.png": BLACK, "y.png": BLACK}
    selection = select(mine, records(mine, black), protocol(), 0)
    assert len(selection.chosen) == 28
    assert Counter(record.status for record in selection.records) == {"ok": 28, "black": 2}


def selected(of: Database, other: dict[str, FaceRecord] | None = None) -> Selection:
    return select(of, records(of, other), protocol(), 0)


def test_two_databases_that_share_a_photograph_are_refused() -> None:
    one = selected(database(grid(3), "one", same={"p001-happy-0.png": "x"}))
    two = selected(database(grid(3), "two", same={"p002-sad-0.png": "x"}))
    three = selected(database(grid(3), "three"))
    refuse_shared_photographs([one])
    refuse_shared_photographs([one, three])
    with pytest.raises(LeakageError) as error:
        refuse_shared_photographs([one, three, two])
    for word in ("'one'", "'two'", "p001-happy-0.png", "p002-sad-0.png"):
        assert word in str(error.value)


def test_databases_may_share_what_is_left_out() -> None:
    rows = [*grid(4), ("x.png", "p000", "happy")]
    one, two = (database(rows, name, same={"x.png": "x"}) for name in ("one", "two"))
    refuse_shared_photographs([selected(one, {"x.png": BLACK}), selected(two, {"x.png": BLACK})])
    with pytest.raises(LeakageError):
        refuse_shared_photographs([selected(one), selected(two)])


def test_a_dry_run_does_not_judge_photographs_it_has_not_opened() -> None:
    # Two black files have the same bytes; only after a look they are known to be black.
    rows = [*grid(4), ("x.png", "p000", "happy"), ("y.png", "p001", "sad")]
    one, two = (database(rows, name, same={"x.png": "x", "y.png": "x"}) for name in ("one", "two"))
    unseen = [FaceRecord(UNSEEN, "", None, 0.0)] * len(rows)
    found = [select(mine, unseen, protocol(), 0) for mine in (one, two)]
    assert [len(selection.chosen) for selection in found] == [30, 30]
    refuse_shared_photographs(found)


# --- missing faces ------------------------------------------------------------------------


def test_photographs_without_a_face_are_left_out() -> None:
    mine = database(grid(5))
    selection = select(mine, records(mine, {"p000-sad-0.png": NO_FACE}), protocol(), 0)
    assert files(selection) == {row[0] for row in grid(5)} - {"p000-sad-0.png"}


def test_photographs_without_a_face_may_be_an_error() -> None:
    mine = database(grid(5))
    missing = {f"p00{poser}-sad-0.png": NO_FACE for poser in range(5)}
    strict = protocol("face.on_missing_face=error")
    with pytest.raises(DatasetError) as error:
        select(mine, records(mine, missing), strict, 0)
    for word in ("5 photographs", "'mine'", "p000-sad-0.png", "--on-missing-face"):
        assert word in str(error.value)
    assert "p003" not in str(error.value)  # three examples
    assert len(select(mine, records(mine), strict, 0).chosen) == 35


def test_a_database_without_any_face_is_refused_with_reasons() -> None:
    mine = database(grid(2))
    with pytest.raises(
        DatasetError, match=r"no usable photograph.*no frontal face.*datasets check"
    ):
        select(mine, [NO_FACE] * len(mine.table), protocol(), 0)


def test_an_expression_that_nobody_shows_any_more_has_no_unit() -> None:
    mine = database(grid(6))
    missing = {f"p00{poser}-neutral-0.png": NO_FACE for poser in range(6)}
    selection = select(mine, records(mine, missing), protocol(), 0)
    assert selection.expressions == EXPRESSIONS[1:]


# --- posers -------------------------------------------------------------------------------


PAPER = "inagaki2022"
SMALL = ("photographs.posers=10", "split.train=6", "split.validation=2", "split.test=2")


def test_the_paper_draws_complete_posers_by_seed() -> None:
    # 14 posers, of whom p000 and p001 lack a face.
    mine = database(grid(14, takes=2))
    lacking = {
        f"{poser}-sad-{take}.png": NO_FACE for poser in ("p000", "p001") for take in (0, 1)
    } | {"p002-sad-0.png": NO_FACE}
    drawn = []
    for seed in range(30):
        selection = select(mine, records(mine, lacking), protocol(*SMALL, name=PAPER), seed)
        cells = Counter(
            (mine.table[index].poser, mine.table[index].expression) for index in selection.chosen
        )
        posers = {poser for poser, _ in cells}
        assert len(posers) == 10
        assert not posers & {"p000", "p001"}
        # One photograph of each poser and expression.
        assert set(cells.values()) == {1}
        assert len(cells) == 70
        drawn.append(frozenset(posers))
        for split in selection.splits:
            assert (len(split.train), len(split.validation), len(split.test)) == (6, 2, 2)
            assert {*split.train, *split.validation, *split.test} == posers
    assert len(set(drawn)) > 10
    assert frozenset.union(*drawn) == {f"p{index:03}" for index in range(2, 14)}


def test_too_few_complete_posers_says_how_many_and_what_to_do() -> None:
    mine = database(grid(12))
    lacking = {f"p00{poser}-sad-0.png": NO_FACE for poser in range(3)}
    with pytest.raises(SplitError) as error:
        select(mine, records(mine, lacking), protocol(*SMALL, name=PAPER), 0)
    for word in (
        "'mine'",
        "'inagaki2022'",
        "there are 9 complete posers",
        "of 12",
        "10 are drawn",
        "--set photographs.posers=N",
        "--set split.train=N",
        "--protocol quick",
    ):
        assert word in str(error.value)
    # What the sentence says helps.
    fewer = protocol(*SMALL, "photographs.posers=9", "split.train=5", name=PAPER)
    assert len(select(mine, records(mine, lacking), fewer, 0).splits) == 5
    assert select(mine, records(mine, lacking), protocol(), 0).chosen


def test_a_split_larger_than_the_posers_says_what_to_do() -> None:
    mine = database(grid(8))
    everybody = protocol(*SMALL, "photographs.posers=0", name=PAPER)
    with pytest.raises(SplitError) as error:
        select(mine, records(mine), everybody, 0)
    assert "there are 8 posers, the split needs 10" in str(error.value)
    assert "--set split.train=N" in str(error.value)
    assert "photographs.posers" not in str(error.value)  # would not help


def test_quick_with_two_posers_asks_for_more() -> None:
    mine = database(grid(2))
    with pytest.raises(SplitError, match=r"there are 2 posers.*add photographs of more posers"):
        select(mine, records(mine), protocol(), 0)


def test_no_complete_poser_at_all() -> None:
    mine = database([row for row in grid(7) if EXPRESSIONS.index(row[2]) != int(row[1][1:])])
    with pytest.raises(SplitError, match="there are 0 complete posers") as error:
        select(mine, records(mine), protocol("photographs.complete_only=true"), 0)
    assert "photographs.complete_only=false" in str(error.value)


# --- databases of other shapes ------------------------------------------------------------


def test_quick_takes_everything() -> None:
    mine = database([*grid(9), *grid(12, ("happy", "sad"))[18:]])
    selection = select(mine, records(mine), protocol(), 0)
    assert len(selection.chosen) == len(mine.table) == 9 * 7 + 6
    assert list(selection.chosen) == sorted(selection.chosen)
    assert selection.expressions == EXPRESSIONS
    assert len(selection.splits) == 5
    assert len(set(selection.splits)) == 5


def test_a_database_lacking_an_expression() -> None:
    shown = tuple(name for name in EXPRESSIONS if name not in {"neutral", "disgusted"})
    mine = database(grid(10, shown))
    selection = select(mine, records(mine), protocol("photographs.complete_only=true"), 0)
    assert selection.expressions == shown
    assert len(selection.chosen) == 50


def test_a_database_of_one_expression_is_refused() -> None:
    mine = database(grid(10, ["happy"]))
    with pytest.raises(DatasetError, match=r"one expression only \(happy\).*at least two"):
        select(mine, records(mine), protocol(), 0)


@pytest.mark.parametrize(("limit", "expected"), [(0, 3), (1, 1), (2, 2), (5, 3)])
def test_photographs_per_poser_and_expression(limit: int, expected: int) -> None:
    # Ten posers with three takes each, as in JAFFE.
    mine = database(grid(10, takes=3))
    chosen = []
    for seed in range(12):
        spec = protocol(f"photographs.per_cell={limit}")
        selection = select(mine, records(mine), spec, seed)
        cells = Counter((mine.table[i].poser, mine.table[i].expression) for i in selection.chosen)
        assert len(cells) == 70
        assert set(cells.values()) == {expected}
        for split in selection.splits:
            assert (len(split.train), len(split.validation), len(split.test)) == (7, 1, 2)
        chosen.append(selection.chosen)
        assert selection == select(mine, records(mine), spec, seed)
    if expected < 3:
        assert len(set(chosen)) == 12  # drawn by seed
        takes = Counter(file[-5] for c in chosen for file in files_of(mine, c))
        assert min(takes.values()) > 0.8 * max(takes.values())
    else:
        assert set(chosen) == {tuple(range(210))}


def files_of(of: Database, chosen: Sequence[int]) -> list[str]:
    return [of.table.relative(of.table[index].path) for index in chosen]


def test_uneven_classes_without_neutral_are_shared_out() -> None:
    # One photograph of each poser, as in collections from the web.
    counts = {"happy": 60, "sad": 24, "angry": 12, "surprised": 9}
    rows = [
        (f"{name}-{index}.png", f"{name}-{index}", name)
        for name, count in counts.items()
        for index in range(count)
    ]
    mine = database(rows)
    selection = select(mine, records(mine), protocol("runs=40"), 0)
    assert selection.expressions == ("happy", "sad", "angry", "surprised")
    for split in selection.splits:
        for part, share in ((split.train, 2 / 3), (split.validation, 2 / 15), (split.test, 0.2)):
            found = Counter(poser.split("-")[0] for poser in part)
            for name, count in counts.items():
                assert abs(found[name] - count * share) < 2


def test_splits_of_a_database_do_not_depend_on_the_other_databases_or_runs() -> None:
    one, two = database(grid(10), "one"), database(grid(10), "two")
    first = select(one, records(one), protocol(), 0)
    assert select(two, records(two), protocol(), 0).splits != first.splits
    more = select(one, records(one), protocol("runs=9"), 0)
    assert more.splits[:5] == first.splits
    assert select(one, records(one), protocol(), 1).splits != first.splits
