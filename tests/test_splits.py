"""Splits: disjoint, of the right size, fair to classes, random where nothing says otherwise."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ccbench.exceptions import LeakageError, SplitError
from ccbench.splits import Split, draw_posers, draw_split, part_sizes

QUICK = (0.6666666666666666, 0.13333333333333333, 0.2)
PAPER = (40, 8, 12)


def named(count: int) -> list[str]:
    return [f"p{index:03}" for index in range(count)]


def complete(count: int) -> dict[str, list[int]]:
    return {poser: [1] * 7 for poser in named(count)}


def draw(signatures: dict[str, list[int]], sizes: tuple[int, int, int], seed: int) -> Split:
    return draw_split(signatures, sizes, np.random.default_rng(seed))


def test_the_papers_sixty_posers() -> None:
    assert part_sizes(60, *PAPER) == (40, 8, 12)
    assert part_sizes(60, *QUICK) == (40, 8, 12)
    split = draw(complete(60), (40, 8, 12), 0)
    assert (len(split.train), len(split.validation), len(split.test)) == (40, 8, 12)
    assert sorted(split.train + split.validation + split.test) == named(60)


@pytest.mark.parametrize("posers", [3, 4, 5, 7, 10, 13, 24, 59, 61, 70, 74, 119, 1000])
@pytest.mark.parametrize("weights", [QUICK, (1, 1, 1), (0.98, 0.01, 0.01), (0.01, 0.01, 0.98)])
def test_weights_share_out_all_posers(posers: int, weights: tuple[float, float, float]) -> None:
    sizes = part_sizes(posers, *weights)
    assert sum(sizes) == posers
    assert min(sizes) >= 1
    if posers >= 200:
        for size, weight in zip(sizes, weights, strict=True):
            assert abs(size - posers * weight / sum(weights)) <= 1


def test_quick_weights_are_within_one_poser_of_the_papers_shares() -> None:
    for posers in range(3, 300):
        train, validation, test = part_sizes(posers, *QUICK)
        assert abs(train - posers * 40 / 60) <= 1
        assert abs(validation - posers * 8 / 60) <= 0.5001 or validation == 1
        assert abs(test - posers * 12 / 60) <= 0.5001 or test == 1


def test_too_few_posers() -> None:
    with pytest.raises(SplitError, match=r"59 posers.*needs 60"):
        part_sizes(59, *PAPER)
    with pytest.raises(SplitError, match=r"2 posers.*at least 3"):
        part_sizes(2, *QUICK)
    with pytest.raises(SplitError, match=r"9 posers.*needs 10"):
        draw(complete(9), (7, 1, 2), 0)
    with pytest.raises(SplitError, match=r"there are 9 posers, 10 are to be drawn"):
        draw_posers(named(9), 10, np.random.default_rng(0))


def test_the_parts_share_no_poser() -> None:
    rng = np.random.default_rng(0)
    for seed in range(200):
        count = int(rng.integers(3, 80))
        signatures = {p: rng.integers(0, 3, 7).tolist() for p in named(count)}
        split = draw(signatures, part_sizes(count, *QUICK), seed)
        union = split.train + split.validation + split.test
        assert len(union) == len(set(union)) == count
        assert all(list(part) == sorted(part) for part in (split.train, split.validation))


def test_a_split_refuses_overlap() -> None:
    with pytest.raises(LeakageError, match="b in more than one part"):
        Split(("a", "b"), ("c",), ("b",))
    with pytest.raises(LeakageError, match="a in more than one part"):
        Split(("a",), ("a",), ("b",))
    with pytest.raises(LeakageError):
        Split(("a", "a"), ("c",), ("b",))
    Split(("a",), (), ("b",))


def test_a_split_depends_on_the_seed_and_not_on_the_order_of_posers() -> None:
    signatures = complete(30)
    backward = dict(reversed(signatures.items()))
    assert draw(signatures, (20, 4, 6), 1) == draw(backward, (20, 4, 6), 1)
    assert draw(signatures, (20, 4, 6), 1) != draw(signatures, (20, 4, 6), 2)


def deviations(draws: list[tuple[dict[str, list[int]], Split]]) -> np.ndarray:
    """Return |posers of a class in a part - its share| of every class, part and split."""
    found = []
    for signatures, split in draws:
        count = len(signatures)
        classes = Counter(tuple(signature) for signature in signatures.values())
        for part in (split.train, split.validation, split.test):
            here = Counter(tuple(signatures[poser]) for poser in part)
            found += [abs(here[c] - n * len(part) / count) for c, n in classes.items()]
    return np.array(found)


def test_single_photograph_posers_of_uneven_classes_are_shared_out() -> None:
    rng = np.random.default_rng(0)
    dealt, by_chance = [], []
    for seed in range(400):
        count, kinds = int(rng.integers(10, 120)), int(rng.integers(2, 8))
        classes = rng.choice(kinds, count, p=rng.dirichlet(np.ones(kinds)))
        signatures = {
            poser: [int(kind == k) for k in range(kinds)]
            for poser, kind in zip(named(count), classes, strict=True)
        }
        sizes = part_sizes(count, *QUICK)
        dealt.append((signatures, draw(signatures, sizes, seed)))
        alike = {poser: [1] for poser in signatures}
        by_chance.append((signatures, draw(alike, sizes, seed)))
    apart = deviations(dealt)
    # Classes rarer than a part is are shuffled with their neighbours, which costs a little.
    assert apart.max() < 3
    assert np.mean(apart <= 1) > 0.95
    # Without the signatures the same test fails: it is not passed by any split.
    assert deviations(by_chance).max() > 4


def test_a_rare_class_is_in_training_and_test() -> None:
    signatures = {p: [1, 0] if i < 10 else [0, 1] for i, p in enumerate(named(60))}
    for seed in range(100):
        split = draw(signatures, (40, 8, 12), seed)
        rare = [sum(signatures[p][0] for p in part) for part in (split.train, split.test)]
        assert 5 <= rare[0] <= 8
        assert 1 <= rare[1] <= 3


def test_posers_within_a_class_are_tested_equally_often() -> None:
    signatures = {p: [int(i < 7), int(7 <= i < 20), int(i >= 20)] for i, p in enumerate(named(30))}
    tested = Counter(p for s in range(3000) for p in draw(signatures, (20, 4, 6), s).test)
    rates = np.array([tested[poser] / 3000 for poser in named(30)])
    # SD of a fair rate: sqrt(.2 * .8 / 3000) = .0073
    assert np.abs(rates - 0.2).max() < 0.035


@pytest.mark.parametrize(("count", "sizes", "sets"), [(10, (7, 1, 2), 45), (30, (20, 4, 6), 2500)])
def test_posers_who_all_differ_are_split_at_random_too(
    count: int, sizes: tuple[int, int, int], sets: int
) -> None:
    signatures = {poser: [index] for index, poser in enumerate(named(count))}
    drawn = [draw(signatures, sizes, seed) for seed in range(4000)]
    assert len({split.test for split in drawn}) >= sets
    for part, size in zip(("train", "validation", "test"), sizes, strict=True):
        rates = Counter(poser for split in drawn for poser in getattr(split, part))
        fair = size / count
        # SD of a fair rate: at most sqrt(.25 / 4000) = .008
        assert max(abs(rates[poser] / 4000 - fair) for poser in named(count)) < 0.06


def test_a_complete_database_is_split_at_random() -> None:
    count, runs = 20, 4000
    signatures = complete(count)
    tested = np.zeros((runs, count))
    trained = np.zeros((runs, count))
    for run in range(runs):
        split = draw(signatures, (13, 3, 4), run)
        tested[run, [int(p[1:]) for p in split.test]] = 1
        trained[run, [int(p[1:]) for p in split.train]] = 1
    for drawn, share in ((tested, 4 / 20), (trained, 13 / 20)):
        # Chi-square with 19 degrees of freedom (scaled: draws are without replacement);
        # mean 19, SD 6.2.
        expected = runs * share
        chi_square = ((drawn.sum(0) - expected) ** 2 / (expected * (1 - share))).sum()
        chi_square *= (count - 1) / count
        assert 4 < chi_square < 50
        # Any two posers: correlation -1/19 by drawing without replacement, SD .016.
        correlation = np.asarray(np.corrcoef(drawn.T))[np.triu_indices(count, 1)]
        assert np.abs(correlation + 1 / (count - 1)).max() < 0.075
        assert abs(correlation.mean() + 1 / (count - 1)) < 0.002


def test_more_posers_than_needed_are_drawn_at_random() -> None:
    left_out = Counter(
        p
        for seed in range(2000)
        for split in [draw(complete(12), (6, 2, 2), seed)]
        for p in set(named(12)) - {*split.train, *split.validation, *split.test}
    )
    rates = np.array([left_out[poser] / 2000 for poser in named(12)])
    assert np.abs(rates - 2 / 12).max() < 0.04


def test_drawn_posers_are_sorted_distinct_and_fair() -> None:
    posers = named(10)
    drawn = [draw_posers(posers[::-1], 4, np.random.default_rng(seed)) for seed in range(2000)]
    for found in drawn:
        assert list(found) == sorted(set(found))
        assert len(found) == 4
    assert draw_posers(posers, 4, np.random.default_rng(5)) == drawn[5]
    counts = Counter(poser for found in drawn for poser in found)
    assert max(abs(counts[p] / 2000 - 0.4) for p in posers) < 0.05
    assert draw_posers(posers, 10, np.random.default_rng(0)) == tuple(posers)
