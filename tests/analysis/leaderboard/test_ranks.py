"""Ranks: against a loop over pairs and draws, and as often right as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ccbench.analysis.leaderboard.measures import PLAN, PoserSet, Value
from ccbench.analysis.leaderboard.people import Agreement, rate_correlation
from ccbench.analysis.leaderboard.ranks import Rank, rank_values
from ccbench.analysis.leaderboard.rates import RateSum
from ccbench.analysis.statistics.outcomes import Array, Outcomes
from ccbench.analysis.statistics.resampling import bootstrap_weights

RUNS, POSERS = 12, 20
SAME = PoserSet("a", "x")


def splits(rng: np.random.Generator, runs: int = RUNS) -> Array:
    """Return who is tested: (runs, posers), 0 or 1."""
    drawn = rng.random((runs, POSERS)).argsort(axis=1)
    return (drawn < POSERS // 4).astype(np.float64)


def entry(
    rng: np.random.Generator,
    chances: Array,
    key: PoserSet = SAME,
    tested: Array | None = None,
    measure: str = "own",
) -> Value:
    """Return a value of networks that are right with these chances, (posers, expressions)."""
    who = splits(np.random.default_rng(0)) if tested is None else tested
    shown = np.repeat(who[:, :, None], chances.shape[1], axis=2)
    correct = (rng.random(shown.shape) < chances) * shown
    names = ("neutral", "happy", "sad")[: chances.shape[1]]
    part = RateSum({key: Outcomes(names, correct, shown)})
    scores = correct.sum(axis=0) / np.where(shown.sum(axis=0) > 0, shown.sum(axis=0), np.nan)
    estimate = float(np.nanmean(scores, axis=0).mean())
    return Value(measure, "a", estimate=estimate, resampled=part)


def naive_ranks(values: list[Value]) -> list[Rank]:
    """Rank with loops over pairs and draws; all values on the same posers."""
    parts = [next(iter(v.resampled.parts.values())) for v in values]  # type: ignore[union-attr]
    tested = np.flatnonzero(sum(part.shown.sum(axis=(0, 2)) for part in parts) > 0)
    weights = bootstrap_weights(PLAN.seed, "a", len(tested), PLAN.draws)
    scores = [part.correct.sum(axis=0)[tested] / part.shown.sum(axis=0)[tested] for part in parts]
    drawn = np.array([[(w[:, None] * s).sum(axis=0).mean() / w.sum() for w in weights]
                      for s in scores])  # fmt: skip
    count = len(values)
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    moved, error = [], {}
    for i, j in pairs:
        apart = drawn[i] - drawn[j]
        observed = values[i].estimate - values[j].estimate
        moved.append(np.abs(apart - observed) / apart.std(ddof=1))
        cells = []
        for place in (i, j):
            shown, correct = parts[place].shown, parts[place].correct
            times = shown.sum(axis=0)
            mean = (correct.sum(axis=0) / np.where(times > 0, times, np.nan))[tested].mean(axis=0)
            cell = np.zeros(shown.shape[:2])
            for run, poser in zip(*np.nonzero(shown[:, :, 0]), strict=True):
                for k in range(shown.shape[2]):
                    weight = 1 / (shown.shape[2] * len(tested) * times[poser, k])
                    cell[run, poser] += weight * (correct[run, poser, k] - mean[k])
            cells.append(cell)
        both = (cells[0] - cells[1])[:, tested]
        many, runs = len(tested), len(both)
        posers = many / (many - 1) * (both.sum(axis=0) ** 2).sum()
        more = runs / (runs - 1) * (both.sum(axis=1) ** 2).sum() - (both**2).sum()
        error[i, j] = math.sqrt(posers + max(0.0, more))
    critical = float(np.quantile(np.max(moved, axis=0), 0.95))
    low, high = [1] * count, [count] * count
    for i, j in pairs:
        apart_ = values[i].estimate - values[j].estimate
        if abs(apart_) > critical * error[i, j]:
            better, worse = (i, j) if apart_ > 0 else (j, i)
            low[worse] += 1
            high[better] -= 1
    return [Rank(a, b, count) for a, b in zip(low, high, strict=True)]


def test_ranks_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(3)
    base = rng.beta(2, 1, (POSERS, 3))
    values = [entry(rng, np.clip(base - step, 0, 1)) for step in (0.0, 0.02, 0.3, 0.45, 0.9)]
    found = rank_values(values)
    assert found == naive_ranks(values)
    assert len(set(found)) >= 3, "the example ranks nothing"


def test_entries_that_posers_cannot_tell_apart_share_ranks() -> None:
    rng = np.random.default_rng(1)
    level = np.full((POSERS, 3), 0.7)
    values = [entry(rng, level), entry(rng, level), entry(rng, level - 0.6)]
    ranks = rank_values(values)
    assert [str(rank) for rank in ranks] == ["1–2", "1–2", "3"]
    assert str(rank_values(values[:1])[0]) == "–"
    again = rank_values([values[2], values[0], values[1]])
    assert again == [ranks[2], ranks[0], ranks[1]]


def test_where_low_is_best_the_lowest_is_first() -> None:
    rng = np.random.default_rng(1)
    values = [entry(rng, np.full((POSERS, 3), level), measure="drop") for level in (0.8, 0.2)]
    assert [str(rank) for rank in rank_values(values)] == ["2", "1"]


def test_the_same_posers_tell_more_than_others_would() -> None:
    rng = np.random.default_rng(5)
    hard = np.repeat(rng.choice([0.05, 0.95], POSERS)[:, None], 3, axis=1)
    worse = np.clip(hard - 0.15, 0, 1)
    paired = rank_values([entry(rng, hard), entry(rng, worse)])
    apart = rank_values([entry(rng, hard), entry(rng, worse, PoserSet("b", "y"))])
    assert [str(rank) for rank in paired] == ["1", "2"]
    assert [str(rank) for rank in apart] == ["1–2", "1–2"]
    # The same name with other photographs is another set of posers.
    other = rank_values([entry(rng, hard), entry(rng, worse, PoserSet("a", "y"))])
    assert [str(rank) for rank in other] == ["1–2", "1–2"]


def test_two_runs_rank_nothing_and_what_is_not_there_has_no_rank() -> None:
    rng = np.random.default_rng(2)
    few = splits(rng, runs=2)
    values = [entry(rng, np.full((POSERS, 3), p), tested=few) for p in (0.95, 0.05)]
    unknown = Value("own", "b", why="no reason")
    assert rank_values([values[0], unknown, values[1]]) == [Rank(1, 2, 2), None, Rank(1, 2, 2)]
    assert rank_values([unknown]) == [None]


def test_agreements_with_people_of_two_runs_are_not_ranked() -> None:
    rng = np.random.default_rng(2)
    people = np.array([0.2, 0.5, 0.9])

    def value(slope: float, runs: int) -> Value:
        shown = np.repeat(splits(np.random.default_rng(0), runs=runs)[:, :, None], 3, axis=2)
        correct = (rng.random(shown.shape) < 0.5 + slope * (people - 0.5)) * shown
        part = Outcomes(("neutral", "happy", "sad"), correct, shown)
        found = Agreement(SAME, part, people, rate_correlation)
        return Value("rates", "a", estimate=0.9 * slope, resampled=found)

    assert rank_values([value(1, 12), value(-1, 12)]) == [Rank(1, 1, 2), Rank(2, 2, 2)]
    assert rank_values([value(1, 2), value(-1, 2)]) == [Rank(1, 2, 2), Rank(1, 2, 2)]


def test_runs_of_different_numbers_can_be_ranked() -> None:
    rng = np.random.default_rng(2)
    values = [
        entry(rng, np.full((POSERS, 3), 0.9), tested=splits(rng, runs=5)),
        entry(rng, np.full((POSERS, 3), 0.2), tested=splits(rng, runs=9)),
    ]
    assert [str(rank) for rank in rank_values(values)] == ["1", "2"]


@pytest.mark.parametrize("paired", [True, False])
def test_equal_networks_are_seldom_put_in_an_order(paired: bool) -> None:
    wrong = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        easy = rng.beta(1.5, 0.5, (POSERS, 3))
        values = []
        for place in range(3):
            own = rng.beta(1.5, 0.5, (POSERS, 3))
            key = SAME if paired else PoserSet(f"d{place}", "x")
            values.append(entry(rng, (easy + own) / 2 if paired else own, key))
        wrong += any(rank != Rank(1, 3, 3) for rank in rank_values(values))
    # 3 are expected; 9 or more have a chance below .005.
    assert wrong <= 8
