"""Mixtures of databases: names, shares, who is trained on, and that nobody tested is."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from tests.runner.test_persons import chosen, session
from tests.runner.test_selection import database, grid, protocol

from ccbench.cache import Cache
from ccbench.exceptions import CcbenchError, DatasetError, SplitError
from ccbench.features import FeatureBlock
from ccbench.results import Run
from ccbench.runner import run_matrix
from ccbench.runner.mixtures import (
    Mixture,
    TrainingSet,
    all_but_one,
    apportion,
    join_mixtures,
    parse_mixture,
    read_mixtures,
    training_sets,
)
from ccbench.runner.selection import Selection
from ccbench.runner.work import make_cells
from ccbench_registry import EXPRESSIONS

if TYPE_CHECKING:
    from tests.conftest import Command, FewPosers

NAMES = ["kdef", "krc[pattern=(a+b):x,view=d]", "rafd[group=a]", "rafd[group=b]"]
RUNS = 5

# --- names --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "shares"),
    [
        ("kdef+rafd[group=a]", "kdef+rafd[group=a]", ["1/2", "1/2"]),
        ("rafd[group=b]+kdef", "kdef+rafd[group=b]", ["1/2", "1/2"]),
        ("kdef:0.75+krc:.25", "kdef:0.75+krc[pattern=(a+b):x,view=d]:0.25", ["3/4", "1/4"]),
        ("krc : 1 + kdef : 3", "kdef:0.75+krc[pattern=(a+b):x,view=d]:0.25", ["3/4", "1/4"]),
        ("kdef:1/3+krc:2/3", "kdef:1+krc[pattern=(a+b):x,view=d]:2", ["1/3", "2/3"]),
        ("kdef:2+krc:2", "kdef+krc[pattern=(a+b):x,view=d]", ["1/2", "1/2"]),
    ],
)
def test_a_mixture_is_named_by_its_content(text: str, name: str, shares: list[str]) -> None:
    mixture = parse_mixture(text, NAMES)
    assert mixture.name == name
    assert [share for _, share in mixture.shares] == [Fraction(share) for share in shares]
    # The name is a way to write it.
    assert parse_mixture(name, NAMES) == mixture


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("kdef+krx", "--train kdef+krx: no database 'krx' is given with -d; did you mean 'krc'?"),
        ("kdef+", "no database '' is given"),
        ("", "no database '' is given"),
        ("kdef", "every database is trained on by itself anyway; join two or more by +"),
        ("kdef+rafd", "'rafd' may be rafd[group=a] or rafd[group=b]; write it with its options"),
        ("kdef+kdef", "'kdef' is named twice"),
        ("kdef:0.5+krc", "give a share to every database, or to none"),
        ("kdef:0+krc:1", "'0' is no share; give a number above 0"),
        ("kdef:x+krc:1", "'x' is no share"),
        ("kdef:1/0+krc:1", "'1/0' is no share"),
        ("kdef:-1+krc:1", "'-1' is no share"),
        ("kdef:1 krc:1", "join databases by +"),
        ("kdef[group=a]+krc", "no database 'kdef[group=a]' is given"),
    ],
)
def test_what_is_no_mixture_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(CcbenchError) as error:
        parse_mixture(text, NAMES)
    assert sentence in str(error.value)


def test_a_mixture_given_twice_counts_once() -> None:
    found = read_mixtures(["a+b", "b:1+a:1", "a:3+b:1"], ["a", "b"])
    assert [mixture.name for mixture in found] == ["a+b", "a:0.75+b:0.25"]


# --- shares -------------------------------------------------------------------------------


def test_shares_are_met_to_the_nearest_poser() -> None:
    rng = np.random.default_rng(0)
    for total, weights in itertools.product(range(1, 50), [(1, 1), (3, 1), (1, 2, 4), (1,) * 7]):
        shares = [Fraction(weight, sum(weights)) for weight in weights]
        counts = apportion(total, shares, rng)
        assert sum(counts) == total
        assert all(abs(c - s * total) < 1 for c, s in zip(counts, shares, strict=True))
    halves = {apportion(47, [Fraction(1, 2)] * 2, rng) for _ in range(50)}
    assert halves == {(23, 24), (24, 23)}


# --- who is trained on --------------------------------------------------------------------


def sets_of(
    selections: list[Selection], *train: str, seed: int = 0
) -> dict[str, list[TrainingSet]]:
    names = [selection.database.name for selection in selections]
    found: dict[str, list[TrainingSet]] = {}
    for run in training_sets(selections, read_mixtures(train, names), RUNS, seed):
        for one in run:
            found.setdefault(one.name, []).append(one)
    return found


@pytest.fixture(scope="module")
def three() -> list[Selection]:
    """Return databases of different sizes; one lacks an expression."""
    return chosen(
        [
            database(grid(30), "a"),
            database(grid(24), "b"),
            database(grid(60, EXPRESSIONS[1:]), "c"),
        ]
    )


def test_a_mixture_trains_on_training_posers_only_and_on_as_many_as_its_smallest(
    three: list[Selection],
) -> None:
    found = sets_of(three, "a+b", "a:0.75+c:0.25", "a+b+c")
    splits = {selection.database.name: selection.splits for selection in three}
    totals = {"a+b": (16, 3), "a:0.75+c:0.25": (20, 4), "a+b+c": (16, 3)}
    shares = {"a+b": {"a": 0.5, "b": 0.5}, "a:0.75+c:0.25": {"a": 0.75, "c": 0.25}}
    for name, (train, validation) in totals.items():
        for run, mixed in enumerate(found[name]):
            assert mixed.tested == 0
            assert sum(len(source.train) for source in mixed.sources) == train
            assert sum(len(source.validation) for source in mixed.sources) == validation
            for source in mixed.sources:
                of = source.selection.database.name
                assert set(source.train) <= set(splits[of][run].train)
                assert set(source.validation) <= set(splits[of][run].validation)
                if name in shares:
                    assert len(source.train) == shares[name][of] * train
    # Plain databases are as they were; a head has a unit for what any of its databases shows.
    assert [one.sources[0].train for one in found["b"]] == [s.train for s in splits["b"]]
    assert found["c"][0].expressions == EXPRESSIONS[1:]
    assert found["a:0.75+c:0.25"][0].expressions == EXPRESSIONS


def posers(of: TrainingSet, database: str) -> set[str]:
    return next(set(s.train) for s in of.sources if s.selection.database.name == database)


def test_a_smaller_share_is_part_of_a_larger_one(three: list[Selection]) -> None:
    found = sets_of(three, "a:1+b:3", "a+b", "a:3+b:1")
    for run in range(RUNS):
        few, half, many = (posers(found[n][run], "a") for n in list(found)[3:])
        assert few < half < many
    drawn = [frozenset(posers(one, "a")) for one in found["a+b"]]
    assert len(set(drawn)) == RUNS
    other = sets_of(three, "a+b", seed=1)["a+b"]
    assert [frozenset(posers(one, "a")) for one in other] != drawn


def test_one_mixture_more_or_another_order_changes_nothing(three: list[Selection]) -> None:
    alone = sets_of(three, "a+b")["a+b"]
    back = sets_of(three[::-1], "a:3+b:1", "c+a", "a+b")["a+b"]
    for one, other in zip(alone, back, strict=True):
        assert [(s.train, s.validation) for s in one.sources] == [
            (s.train, s.validation) for s in other.sources
        ]


def test_a_person_in_two_databases_of_a_mixture_is_drawn_once() -> None:
    selections = chosen([session("a", grid(30)), session("b", grid(30))])
    for mixed in sets_of(selections, "kdef[a]+kdef[b]")["kdef[a]+kdef[b]"]:
        one, other = (set(source.train) for source in mixed.sources)
        assert len(one) == len(other) == 10
        assert not one & other


def test_a_share_of_no_poser_is_refused(three: list[Selection]) -> None:
    with pytest.raises(SplitError) as error:
        sets_of(three, "a:99+b:1")
    assert "--train a:0.99+b:0.01: of the 16 posers to train on" in str(error.value)
    assert "the share of 'b' is none; give it a larger share" in str(error.value)


def test_the_photographs_of_a_mixture_are_those_of_its_posers(
    three: list[Selection], tmp_path: Path
) -> None:
    # Features that say which photograph of which database they are of.
    cache, keys = Cache(tmp_path / "cache"), []
    for place, selection in enumerate(three):
        key = f"{place}" * 40
        array = np.zeros((len(selection.chosen), 1, 2), np.float16)
        array[:, 0, 0], array[:, 0, 1] = place, np.arange(len(array))
        with cache.create("features", key) as folder:
            np.save(folder / "features.npy", array)
        keys.append((key,))
    sets = training_sets(three, read_mixtures(["c+b"], ["a", "b", "c"]), RUNS, 0)
    cells = make_cells(sets, three, keys, protocol("views.reflections=false"), 0, "cpu", None)
    mixed = [cell for cell in cells if cell.training.database == "b+c"]
    assert len(mixed) == RUNS
    for cell, chosen_set in zip(mixed, (run[-1] for run in sets), strict=True):
        task = cell.training
        block = FeatureBlock(task.features, cache)
        for rows, part in ((task.train, "train"), (task.validation, "validation")):
            positions = np.array([position for position, _ in rows])
            seen = set()
            for (place, index), (_, label) in zip(
                block.rows(positions, np.zeros_like(positions)).astype(int), rows, strict=True
            ):
                selection = three[place]
                sample = selection.database.table[selection.chosen[index]]
                assert task.expressions[label] == sample.expression
                seen.add((selection.database.name, sample.poser, sample.expression))
            assert seen == {
                (s.selection.database.name, poser, expression)
                for s in chosen_set.sources
                for poser in getattr(s, part)
                for expression in s.selection.expressions
            }
        assert len(cell.scores) == 3


# --- all but one --------------------------------------------------------------------------


def test_all_but_one_leaves_each_database_out_once() -> None:
    databases = [database(grid(3), name) for name in ("b", "a", "c")]
    found = all_but_one(databases)
    assert [mixture.name for mixture in found] == ["a+c", "b+c", "a+b"]
    assert [mixture.leaves_out for mixture in found] == [("b",), ("a",), ("c",)]
    both = join_mixtures(read_mixtures(["c+a", "a:2+c:1"], ["a", "b", "c"]), found)
    assert [mixture.name for mixture in both] == ["a+c", "a:2+c:1", "b+c", "a+b"]
    assert both[0].leaves_out == ("b",)


def test_all_but_one_leaves_out_who_shows_the_same_posers() -> None:
    sessions = [session("a", grid(3)), session("b", grid(3))]
    databases = [*sessions, database(grid(3), "krc"), database(grid(3), "rafd")]
    found = {mixture.leaves_out: mixture.name for mixture in all_but_one(databases)}
    assert found == {
        ("kdef[a]", "kdef[b]"): "krc+rafd",
        ("krc",): "kdef[a]+kdef[b]+rafd",
        ("rafd",): "kdef[a]+kdef[b]+krc",
    }


@pytest.mark.parametrize(
    ("names", "what"), [(["a"], "no database"), (["a", "b"], "only b")], ids=["one", "two"]
)
def test_all_but_one_needs_three(names: list[str], what: str) -> None:
    with pytest.raises(DatasetError, match=f"without 'a' there is {what} to train on.*three"):
        all_but_one([database(grid(3), name) for name in names])


# --- runs ---------------------------------------------------------------------------------


@pytest.fixture
def pair(lab: Path, few_posers: FewPosers) -> list[str]:
    return [f"{name}={few_posers(name, 6)}" for name in ("drawn-a", "drawn-b")]


def plain(run: Run, table: str, column: str) -> pd.DataFrame:
    frame = run.table(table)
    return frame[frame[column].isin(run.databases)].reset_index(drop=True)


def test_a_mixture_adds_rows_and_changes_none(pair: list[str], tmp_path: Path) -> None:
    before = run_matrix(pair, backbone="tiny", runs=2, out=tmp_path / "run")
    old = {name: before.table(name) for name in ("predictions", "curves", "runs", "splits")}
    run = run_matrix(pair, backbone="tiny", runs=2, out=tmp_path / "run", train=["drawn-b+drawn-a"])
    assert run.databases == ("drawn-a", "drawn-b")
    assert run.mixtures == ("drawn-a+drawn-b",)
    for name, column in {"predictions": "train_database", "runs": "database"}.items():
        pd.testing.assert_frame_equal(plain(run, name, column), old[name], check_exact=True)
    pd.testing.assert_frame_equal(plain(run, "splits", "database"), old["splits"])
    pd.testing.assert_frame_equal(plain(run, "curves", "database"), old["curves"])
    pairs = run.predictions.groupby(["train_database", "test_database"]).size().to_dict()
    assert len(pairs) == 3 * 2
    assert all(pairs["drawn-a+drawn-b", test] == pairs["drawn-a", test] for test in run.databases)
    heads = run.table("runs").set_index("database").loc["drawn-a+drawn-b"]
    assert heads["train_posers"].tolist() == [4, 4]
    assert heads["test_posers"].tolist() == [0, 0]
    assert run.manifest["mixtures"][0]["shares"] == {"drawn-a": 0.5, "drawn-b": 0.5}
    assert any("Dailey" in text for text in run.manifest["citations"])
    # Nobody who is tested in a run is trained on in it.
    splits = run.table("splits").assign(who=lambda t: t["source"] + " " + t["poser"])
    for _, part in splits.groupby("run"):
        mixed = part[part["database"] == "drawn-a+drawn-b"]
        assert not set(mixed["who"]) & set(part[part["part"] == "test"]["who"])


def test_the_order_of_databases_changes_no_number_of_a_mixture(
    pair: list[str], tmp_path: Path
) -> None:
    keys = ["train_database", "test_database", "run", "photograph"]
    there, back = (
        run_matrix(
            order, backbone="tiny", runs=2, out=tmp_path / str(at), train=["drawn-a:2+drawn-b:1"]
        )
        .predictions.sort_values(keys)
        .reset_index(drop=True)
        for at, order in enumerate((pair, pair[::-1]))
    )
    pd.testing.assert_frame_equal(there, back, check_exact=True)


def test_a_dry_run_counts_mixtures(ccbench: Command, pair: list[str]) -> None:
    start = ("matrix", "-d", pair[0], "-d", pair[1], "-d", "mylab", "-b", "tiny", "--runs", 2)
    done = ccbench(*start, "--leave-one-out", "--train", "mylab:3+drawn-a:3", "--dry-run")
    assert done.code == 0, done.err
    assert "drawn-a+mylab: 1 of drawn-a, 1 of mylab to train" in done.out
    heads = next(line for line in done.out.splitlines() if "heads" in line)
    # Two runs of three databases, and of three mixtures, of which the one named is one.
    assert re.findall(r"\d+", heads)[:2] == ["0", "12"]
    assert "--train drawn-a+mylob" in ccbench(*start, "--train", "drawn-a+mylob").refusal
    assert "three databases or more" in ccbench(*start[:5], "--leave-one-out").refusal


def test_mixture_is_hashable_by_content() -> None:
    halves = (("a", Fraction(1, 2)), ("b", Fraction(1, 2)))
    assert len({Mixture(halves), parse_mixture("b+a", ["a", "b"])}) == 1
