"""Selections of one database that show the same persons: split together, never leaking."""

from __future__ import annotations

import pytest
from tests.runner.test_selection import (
    NO_FACE,
    PAPER,
    SMALL,
    Row,
    database,
    grid,
    protocol,
    records,
)

from ccbench.exceptions import SplitError
from ccbench.faces import FaceRecord
from ccbench.runner.databases import Database
from ccbench.runner.persons import kin, select_all, share_posers
from ccbench.runner.selection import Selection, select
from ccbench.splits import Split


def session(name: str, rows: list[Row], card: str = "kdef") -> Database:
    """Return a selection of one database, with photographs of its own."""
    own = [(f"{name}/{file}", who, what) for file, who, what in rows]
    return database(own, f"{card}[{name}]", card=card)


def chosen(databases: list[Database], *overrides: str, name: str = "quick") -> list[Selection]:
    every = [records(one) for one in databases]
    return select_all(databases, every, protocol(*overrides, name=name), 0)


def parts(split: Split) -> dict[str, str]:
    """Return person -> part."""
    return {
        poser.casefold(): part
        for part in ("train", "validation", "test")
        for poser in getattr(split, part)
    }


def test_databases_are_kin_by_card_and_poser_also_by_way_of_a_third() -> None:
    women, men = grid(4), [(f"m{file}", f"m{who}", what) for file, who, what in grid(4)]
    one, two = session("sex=F", women), session("sex=M", men)
    both = session("session=B", women + men)
    other = session("sex=F", women, card="krc")
    assert not share_posers(one, two)
    assert share_posers(one, both)
    assert not share_posers(one, other)
    assert kin([one, other, two]) == [[0], [1], [2]]
    assert kin([one, other, two, both]) == [[0, 2, 3], [1]]


def test_sessions_with_the_same_posers_have_the_same_splits() -> None:
    lower = [(file, who.upper(), what) for file, who, what in grid(20)]
    first, second = chosen([session("a", grid(20)), session("b", lower)])
    # Some copies have names in lower case; they are the same persons.
    assert [parts(s) for s in first.splits] == [parts(s) for s in second.splits]
    assert second.splits[0].train[0].isupper()
    assert len({split.test for split in first.splits}) > 1


def test_nobody_is_trained_on_in_one_and_tested_in_another() -> None:
    later = [(f"x{file}", who, what) for file, who, what in grid(45) if who >= "p015"]
    for pair in zip(
        *(s.splits for s in chosen([session("a", grid(30)), session("b", later)])), strict=True
    ):
        assert [len(split.train + split.validation + split.test) for split in pair] == [30, 30]
        known, other = map(parts, pair)
        common = known.keys() & other.keys()
        assert len(common) == 15
        assert all(known[who] == other[who] for who in common)
        # Each has its share of every part.
        assert all(16 <= len(split.train) <= 24 and 3 <= len(split.test) <= 9 for split in pair)


def test_the_paper_s_numbers_are_kept_by_drawing_posers_whom_all_show() -> None:
    # Of 14 posers, one lacks a photograph in each session.
    a, b = session("a", grid(14)), session("b", grid(14)[1:])
    missing = {"a/p013-sad-0.png": NO_FACE}
    for seed in range(5):
        found = select_all(
            [a, b], [records(a, missing), records(b)], protocol(*SMALL, name=PAPER), seed
        )
        for one, two in zip(*(s.splits for s in found), strict=True):
            assert one == two
            assert [len(part) for part in (one.train, one.validation, one.test)] == [6, 2, 2]
            assert not {"p000", "p013"} & set(one.train + one.validation + one.test)


def test_disjoint_groups_are_split_as_if_alone() -> None:
    women = session("group=a", grid(10))
    men = session("group=b", [(f"m{file}", f"m{who}", what) for file, who, what in grid(8)])
    every: list[list[FaceRecord]] = [records(women), records(men)]
    together = select_all([women, men], every, protocol(), 3)
    assert together == [
        select(one, its, protocol(), 3) for one, its in zip((women, men), every, strict=True)
    ]


def test_the_order_of_the_databases_does_not_matter() -> None:
    a, b, other = session("a", grid(9)), session("b", grid(9)), session("c", grid(7), card="krc")
    there, back = chosen([a, other, b]), chosen([b, other, a])
    assert there == back[::-1]


def test_too_few_posers_in_common_is_said() -> None:
    late = [row for row in grid(20) if row[1] >= "p008"]
    with pytest.raises(SplitError) as error:
        chosen([session("a", grid(14)), session("b", late)], *SMALL, name=PAPER)
    for word in ("'kdef[a]' and 'kdef[b]'", "there are 6 posers, 10 are to be drawn", "--set"):
        assert word in str(error.value)
    few = [row for row in grid(40) if row[1] == "p003"]
    with pytest.raises(SplitError, match="would have none in a part"):
        chosen([session("a", grid(40)), session("b", few)])
