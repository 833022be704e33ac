"""Action units permuted and resampled as blocks, against scipy on profiles written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from scipy.stats import t as t_distribution

from ccbench.analysis.statistics.blocks import (
    correlation_interval,
    correlation_p,
    permuted_correlations,
    resampled_correlations,
    unit_permutations,
    unit_weights,
)
from ccbench.analysis.statistics.outcomes import Array


def profile(seed: int, units: int = 8, levels: int = 5, ties: bool = True) -> Array:
    values = np.random.default_rng(seed).normal(size=(units, levels)).cumsum(axis=1)
    return np.round(values) if ties else values


@pytest.mark.parametrize("ties", [True, False])
def test_permutations_reorder_whole_action_units(ties: bool) -> None:
    one, other = profile(1, ties=ties), profile(2, ties=ties)
    orders = unit_permutations(0, 8, 300)
    assert (np.sort(orders, axis=1) == np.arange(8)).all()
    found = permuted_correlations(one, other, orders)
    wanted = np.array([spearmanr(one.ravel(), other[order].ravel()).statistic for order in orders])
    assert found == pytest.approx(wanted, abs=1e-9)
    observed = spearmanr(one.ravel(), other.ravel()).statistic
    extreme = (np.abs(wanted) >= abs(observed) - 1e-12).sum()
    assert correlation_p(one, other, orders) == (1 + extreme) / 301


@pytest.mark.parametrize("ties", [True, False])
def test_resamples_repeat_whole_action_units(ties: bool) -> None:
    one, other = profile(1, ties=ties), profile(3, ties=ties)
    weights = unit_weights(0, 8, 300)
    assert (weights.sum(axis=1) == 8).all()
    found = resampled_correlations(one, other, weights)
    wanted = np.array(
        [
            spearmanr(
                np.repeat(one, row.astype(int), axis=0).ravel(),
                np.repeat(other, row.astype(int), axis=0).ravel(),
            ).statistic
            for row in weights
        ]
    )
    assert found == pytest.approx(wanted, abs=1e-9)
    r = spearmanr(one.ravel(), other.ravel()).statistic
    half = np.arctanh(wanted).std(ddof=1) * t_distribution.ppf(0.975, 6)
    wanted_interval = np.tanh([np.arctanh(r) - half, np.arctanh(r) + half])
    assert correlation_interval(one, other, weights) == pytest.approx(wanted_interval, abs=1e-9)


def test_constant_resamples_do_not_count() -> None:
    one = profile(1, ties=False)
    one[:-1] = 0.0
    one[-1] = np.arange(5)
    weights = np.eye(8) * 8
    found = resampled_correlations(one, profile(2, ties=False), weights)
    assert np.isfinite(found).tolist() == [False] * 7 + [True]


def test_a_perfect_correlation_has_an_interval() -> None:
    one = profile(1, ties=False)
    low, high = correlation_interval(one, one, unit_weights(0, 8, 50))
    assert low == pytest.approx(1.0, abs=1e-6)
    assert high == pytest.approx(1.0, abs=1e-6)
