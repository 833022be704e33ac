"""Permutations and bootstraps in matrices, against loops with the same draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import permutation_test, ttest_ind
from tests.analysis.statistics.test_moments import scores

from ccbench.analysis.statistics.moments import poser_moments
from ccbench.analysis.statistics.outcomes import Array
from ccbench.analysis.statistics.poser_groups import difference_test, interaction_test
from ccbench.analysis.statistics.poser_pairs import paired_test
from ccbench.analysis.statistics.resampling import (
    aligned,
    bootstrap_t,
    bootstrap_weights,
    divisions,
    interaction_statistic,
    permutation_p,
    permuted_groups,
    sign_flips,
    studentised_difference,
    t_interval,
)


def test_draws_are_what_they_say() -> None:
    members = divisions(0, 5, 7, 400)
    assert members.shape == (400, 12)
    assert (members.sum(axis=1) == 5).all()
    assert members.mean(axis=0) == pytest.approx(np.full(12, 5 / 12), abs=0.1)
    weights = bootstrap_weights(0, "a", 9, 400)
    assert (weights.sum(axis=1) == 9).all()
    assert (weights != bootstrap_weights(0, "b", 9, 400)).any()
    assert set(np.unique(sign_flips(0, "a", 9, 50))) == {-1.0, 1.0}


def test_permuted_t_is_welchs_for_every_division() -> None:
    one, other = scores(1, posers=6), scores(2, posers=9)
    members = divisions(0, 6, 9, 200)
    found = studentised_difference(*permuted_groups(one, other, members))
    means = np.concatenate([one.mean(axis=1), other.mean(axis=1)])
    wanted = [
        ttest_ind(means[row == 1], means[row == 0], equal_var=False).statistic for row in members
    ]
    assert found == pytest.approx(np.array(wanted), abs=1e-9)
    observed = ttest_ind(one.mean(axis=1), other.mean(axis=1), equal_var=False).statistic
    t, p = difference_test(one, other, members)
    assert t == pytest.approx(observed, rel=1e-9)
    assert p == (1 + sum(abs(value) >= abs(observed) for value in wanted)) / 201


def naive_interaction(one: Array, other: Array) -> float:
    apart = np.nanmean(one, axis=0) - np.nanmean(other, axis=0)
    above = sum((value - apart.mean()) ** 2 for value in apart)
    below = 0.0
    for group in (one, other):
        influence = np.nan_to_num(
            (group - np.nanmean(group, axis=0)) / np.isfinite(group).sum(axis=0)
        )
        for row in influence:
            below += len(group) / (len(group) - 1) * sum((value - row.mean()) ** 2 for value in row)
    return float(above / below)


@pytest.mark.parametrize("gaps", [0.0, 0.25])
def test_permuted_interaction_is_that_of_every_division(gaps: float) -> None:
    one, other = scores(1, posers=9, gaps=gaps), 1 + scores(2, posers=12, gaps=gaps)
    members = divisions(0, 9, 12, 200)
    moved = [part - np.mean([np.nanmean(column) for column in part.T]) for part in (one, other)]
    pool = np.vstack(moved)
    wanted = np.array([naive_interaction(pool[row == 1], pool[row == 0]) for row in members])
    found = interaction_statistic(*permuted_groups(aligned(one), aligned(other), members))
    assert found == pytest.approx(wanted, rel=1e-9)
    q, p = interaction_test(one, other, members)
    assert q == pytest.approx(naive_interaction(one, other), rel=1e-9)
    assert p == (1 + (wanted >= q - 1e-9).sum()) / 201
    # A difference of the means alone changes nothing.
    assert interaction_test(one + 5, other, members) == pytest.approx((q, p), rel=1e-6)


def test_p_is_that_of_scipys_exact_test() -> None:
    one, other = scores(4, posers=5), scores(5, posers=5) + 0.2

    def welch(x: Array, y: Array) -> float:
        return float(ttest_ind(x, y, equal_var=False).statistic)

    exact = permutation_test(
        (one.mean(axis=1), other.mean(axis=1)), welch, n_resamples=np.inf
    ).pvalue
    assert difference_test(one, other, divisions(0, 5, 5, 20_000))[1] == pytest.approx(
        exact, abs=0.01
    )


@pytest.mark.parametrize("gaps", [0.0, 0.25])
def test_sign_flips_are_those_of_a_loop(gaps: float) -> None:
    apart = scores(3, posers=10, gaps=gaps) - 0.8
    signs = sign_flips(0, "a", 10, 300)
    wanted = [abs(np.nanmean(row[:, None] * apart, axis=0).mean()) for row in signs]
    mean, p = paired_test(apart, signs)
    assert mean == pytest.approx(np.nanmean(apart, axis=0).mean(), rel=1e-9)
    assert p == (1 + sum(value >= abs(mean) - 1e-12 for value in wanted)) / 301


@pytest.mark.parametrize("gaps", [0.0, 0.25])
def test_bootstrap_t_is_that_of_a_loop(gaps: float) -> None:
    groups = [scores(1, posers=9, gaps=gaps), scores(2, posers=12, gaps=gaps)]
    weights = [
        bootstrap_weights(0, name, len(group), 300)
        for name, group in zip("ab", groups, strict=True)
    ]
    wanted = []
    estimate = [np.nanmean(group, axis=0).mean() for group in groups]
    for rows in zip(*weights, strict=True):
        drawn = [
            np.repeat(group, row.astype(int), axis=0)
            for group, row in zip(groups, rows, strict=True)
        ]
        if not all(np.isfinite(group).any(axis=0).all() for group in drawn):
            continue
        means = [np.nanmean(group, axis=0).mean() for group in drawn]
        error = np.sqrt(sum(poser_moments(group).variance[0] for group in drawn))
        wanted.append((means[0] - means[1] - estimate[0] + estimate[1]) / error)
    found = bootstrap_t(groups, weights, (1, -1))
    assert found == pytest.approx(np.array(wanted), abs=1e-9)
    ends = t_interval(0.3, 0.1, found)
    assert ends is not None
    assert ends[0] == pytest.approx(0.3 - 0.1 * np.quantile(wanted, 0.975))
    assert ends[1] == pytest.approx(0.3 - 0.1 * np.quantile(wanted, 0.025))


@pytest.mark.parametrize(("imperfect", "told"), [(1, False), (2, False), (6, True)])
def test_few_posers_below_the_ceiling_leave_the_interval_open(imperfect: int, told: bool) -> None:
    ceiling = np.ones((12, 2))
    ceiling[:imperfect, 0] = np.linspace(0.2, 0.6, imperfect)
    found = bootstrap_t([ceiling], [bootstrap_weights(0, "a", 12, 2000)], (1,))
    # As often as nobody below the ceiling is drawn.
    assert np.isposinf(found).mean() == pytest.approx((1 - imperfect / 12) ** 12, abs=0.03)
    assert not np.isneginf(found).any()
    ends = t_interval(ceiling.mean(), 0.02, found)
    assert (ends is not None) == told
    if ends is not None:
        assert ends[0] < ceiling.mean() < ends[1]


def test_rare_draws_without_scatter_are_the_largest() -> None:
    draws = np.linspace(-3, 3, 1000)
    with_infinite = np.where(np.arange(1000) >= 990, np.inf, draws)
    assert t_interval(0.0, 1.0, with_infinite) == t_interval(0.0, 1.0, draws)
    assert t_interval(0.0, 1.0, np.where(np.arange(1000) >= 970, np.inf, draws)) is None
    assert t_interval(0.0, 1.0, np.where(np.arange(1000) < 30, -np.inf, draws)) is None


def test_undefined_permutations_do_not_count() -> None:
    assert permutation_p(2.0, np.array([1.0, 2.0, np.nan, 3.0])) == 3 / 4
    assert permutation_p(2.0, np.array([2.0 - 1e-12])) == 1.0
