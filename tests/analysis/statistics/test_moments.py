"""Moments over posers, against resamples written out and statsmodels' two-way clustering."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

from ccbench.analysis.statistics.moments import (
    influence_of_cells,
    poser_moments,
    two_way_variance,
    weighted_moments,
)
from ccbench.analysis.statistics.outcomes import Array, Outcomes


def scores(seed: int = 0, posers: int = 8, expressions: int = 4, gaps: float = 0.0) -> Array:
    """Return random scores; the first poser lacks none."""
    rng = np.random.default_rng(seed)
    values = rng.random((posers, expressions)) + rng.random((posers, 1))
    values[1:][rng.random((posers - 1, expressions)) < gaps] = np.nan
    return values


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_weights_repeat_posers(gaps: float) -> None:
    values = scores(gaps=gaps)
    rng = np.random.default_rng(1)
    weights = rng.integers(0, 3, (50, len(values))).astype(float)
    weights[:, 0] = 1
    found = weighted_moments(values, weights)
    for index, row in enumerate(weights):
        drawn = np.repeat(values, row.astype(int), axis=0)
        means = np.nanmean(drawn, axis=0)
        counted = np.isfinite(drawn).sum(axis=0)
        each = np.nan_to_num((drawn - means) / counted)
        influence = each.mean(axis=1)
        correction = len(drawn) / (len(drawn) - 1)
        spread = sum(float(((e - e.mean()) ** 2).sum()) for e in each)
        assert found.means[index] == pytest.approx(means, abs=1e-9)
        assert found.variance[index] == pytest.approx(correction * (influence**2).sum(), abs=1e-9)
        assert found.spread[index] == pytest.approx(correction * spread, abs=1e-9)


def test_complete_scores_have_the_textbook_variance() -> None:
    values = scores()
    found = poser_moments(values)
    assert found.variance[0] == pytest.approx(values.mean(axis=1).var(ddof=1) / 8, rel=1e-9)
    uneven = values - values.mean(axis=1, keepdims=True)
    assert found.spread[0] == pytest.approx(uneven.var(axis=0, ddof=1).sum() / 8, rel=1e-9)


def outcomes(seed: int = 0, runs: int = 10, posers: int = 12, network: float = 0.0) -> Outcomes:
    """Return random answers, half of the posers tested in each run, all equally often."""
    rng = np.random.default_rng(seed)
    shown = np.zeros((runs, posers, 3))
    for run in range(runs):
        shown[run, (np.arange(posers) + run) % 2 == 0] = 1
    chance = np.clip(rng.beta(3, 1, (posers, 3)) + network * rng.normal(size=(runs, 1, 1)), 0, 1)
    return Outcomes(("x", "y", "z"), (rng.random(shown.shape) < chance) * shown, shown)


@pytest.mark.parametrize("network", [0.0, 0.3])
def test_variance_is_that_of_two_way_clustering(network: float) -> None:
    """A regression on nothing but a constant, clustered by run and by poser."""
    tested = outcomes(network=network)
    run, poser, _ = np.nonzero(tested.shown)
    answers = tested.correct[tested.shown > 0]
    fit = sm.OLS(answers, np.ones(len(answers))).fit()
    both, runs, posers = (
        float(np.squeeze(cov)) for cov in cov_cluster_2groups(fit, run, poser, use_correction=False)
    )
    cells = runs + posers - both
    assert (influence_of_cells(tested) ** 2).sum() == pytest.approx(cells, rel=1e-9)
    wanted = 12 / 11 * posers + max(0.0, 10 / 9 * runs - cells)
    assert two_way_variance([tested], (1,)) == pytest.approx(wanted, rel=1e-9)
    assert (10 / 9 * runs > cells) == (network > 0)


def test_networks_that_differ_alike_on_both_groups_cancel() -> None:
    one = outcomes(seed=1, network=0.3)
    signs = ((1, -1), (1, 1))
    apart, together = (two_way_variance([one, one], sign) for sign in signs)
    posers = 2 * poser_moments(one.scores).variance[0]
    assert apart == pytest.approx(posers, rel=1e-9)
    assert together > 1.2 * posers


def test_variance_is_that_of_other_posers_and_other_networks() -> None:
    drawn = [outcomes(seed, runs=20, posers=24, network=0.15) for seed in range(400)]
    estimates = [poser_moments(part.scores).means.mean() for part in drawn]
    assumed = np.mean([two_way_variance([part], (1,)) for part in drawn])
    of_posers = np.mean([poser_moments(part.scores).variance[0] for part in drawn])
    assert assumed / np.var(estimates) == pytest.approx(1.0, abs=0.15)
    assert of_posers / np.var(estimates) < 0.8
