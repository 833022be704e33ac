"""Permutation and bootstrap of posers.

Random numbers come from streams named by the databases, so that one database more changes
no number of the others, and comparisons of equally many posers share their permutations.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ccbench.analysis.statistics.finding import LEVEL
from ccbench.analysis.statistics.moments import NOTHING, Moments, poser_moments, weighted_moments
from ccbench.analysis.statistics.outcomes import Array
from ccbench.seeds import generator

_TIE = 1e-9
_ZERO = 1e-13


@lru_cache(maxsize=8)
def divisions(seed: int, first: int, second: int, permutations: int) -> Array:
    """Draw random divisions of posers into two groups.

    Returns:
        (permutations, first + second), 1 for members of the first group; read-only.
    """
    rng = generator(seed, "permute posers", f"{first}+{second}")
    ranks = rng.random((permutations, first + second)).argsort(axis=1)
    members = (ranks < first).astype(np.float64)
    members.flags.writeable = False
    return members


@lru_cache(maxsize=32)
def bootstrap_weights(seed: int, database: str, posers: int, draws: int) -> Array:
    """Draw posers with replacement.

    Returns:
        (draws, posers): how often each poser was drawn; read-only.
    """
    rng = generator(seed, "bootstrap posers", database)
    weights = rng.multinomial(posers, np.full(posers, 1 / posers), size=draws).astype(np.float64)
    weights.flags.writeable = False
    return weights


@lru_cache(maxsize=32)
def sign_flips(seed: int, database: str, posers: int, permutations: int) -> Array:
    """Draw random signs, (permutations, posers); read-only."""
    rng = generator(seed, "flip posers", database)
    signs = rng.integers(0, 2, (permutations, posers)).astype(np.float64) * 2 - 1
    signs.flags.writeable = False
    return signs


def permutation_p(observed: float, permuted: Array) -> float:
    """Return the share of permutations at least as large, the observed one among them.

    Phipson & Smyth (2010).  Permutations in which the statistic is undefined (an expression
    that nobody in a group has) do not count.
    """
    defined = permuted[~np.isnan(permuted)]
    extreme = int((defined >= observed - _TIE * max(1.0, abs(observed))).sum())
    return (1 + extreme) / (1 + len(defined))


def studentised_difference(first: Moments, second: Moments) -> Array:
    """Return Welch's t of two groups, per set; 0 where there is neither difference nor spread."""
    return _divide(mean_difference(first, second), np.sqrt(first.variance + second.variance))


def mean_difference(first: Moments, second: Moments) -> Array:
    """Return the difference of the mean rates of two groups, per set."""
    apart: Array = first.means.mean(axis=1) - second.means.mean(axis=1)
    return apart


def interaction_statistic(first: Moments, second: Moments) -> Array:
    """Return how unevenly two groups differ over expressions, per set.

    Sum of squared deviations of the differences from their mean, divided by its expectation
    under no interaction: the ANOVA-type statistic of Brunner, Dette & Munk (1997).
    """
    apart = first.means - second.means
    uneven = apart - apart.mean(axis=1, keepdims=True)
    return _divide((uneven**2).sum(axis=1), first.spread + second.spread)


def _divide(value: Array, scale: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Array = np.where(np.abs(value) < _ZERO, 0.0, value / scale)
    return quotient


def permuted_groups(first: Array, second: Array, members: Array) -> tuple[Moments, Moments]:
    """Return the moments of both groups for every division of the posers of both."""
    pool = np.vstack([first, second])
    return weighted_moments(pool, members), weighted_moments(pool, 1 - members)


def aligned(scores: Array) -> Array:
    """Subtract the mean over expressions of the means over posers: no main effect is left."""
    centred: Array = scores - poser_moments(scores).means.mean()
    return centred


def bootstrap_t(groups: list[Array], weights: list[Array], signs: tuple[int, ...]) -> Array:
    """Return studentised bootstrap deviations of a sum or difference of group means.

    Each group of posers is resampled on its own (Efron & Tibshirani 1993, chapter 12).

    Args:
        groups: scores, (posers, expressions) each.
        weights: :func:`bootstrap_weights` of each.
        signs: +1 or -1 for each.

    Returns:
        (draws,): (bootstrap estimate - estimate) / bootstrap standard error; infinite for draws
        that differ and have no standard error, as of posers who are all at the ceiling.
        Draws in which it is undefined are left out.
    """
    apart, variance = np.zeros(len(weights[0])), np.zeros(len(weights[0]))
    for scores, drawn, sign in zip(groups, weights, signs, strict=True):
        moments = weighted_moments(scores, drawn)
        apart = apart + sign * (moments.means.mean(axis=1) - poser_moments(scores).means.mean())
        variance = variance + moments.variance
    deviations = _divide(apart, np.sqrt(np.where(variance > NOTHING, variance, 0.0)))
    defined: Array = deviations[(variance > NOTHING) | (np.abs(apart) >= _ZERO)]
    return defined


def t_interval(estimate: float, error: float, deviations: Array) -> tuple[float, float] | None:
    """Return the equal-tailed bootstrap-t interval of an estimate.

    Nothing where one tail has no end: where only a few posers differ from the others, draws
    without them tell nothing of the scatter, and to leave these out would end the interval at
    the estimate.
    """
    ranked = np.sort(deviations)
    # The quantile lies between two draws.
    tail = math.ceil(LEVEL / 2 * (len(ranked) - 1))
    if not (np.isfinite(ranked[tail]) and np.isfinite(ranked[-1 - tail])):
        return None
    finite = ranked[np.isfinite(ranked)]
    low, high = np.quantile(ranked.clip(finite[0], finite[-1]), [LEVEL / 2, 1 - LEVEL / 2])
    return float(estimate - high * error), float(estimate - low * error)
