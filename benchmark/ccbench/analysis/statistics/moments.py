"""Means and variances over posers, for many sets of weights at once.

A statistic is a mean over expressions of means over posers, so that uneven classes count
alike and posers may lack expressions.  Its variance comes from the influence of each poser,
which for complete data is the textbook variance of a mean.  A set of weights is a bootstrap
draw (how often each poser was drawn) or one side of a permutation (who is in it).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ccbench.analysis.statistics.outcomes import Array, Outcomes

NOTHING = 1e-20
"""A variance of correct rates below this is rounding."""


@dataclass(frozen=True, eq=False)
class Moments:
    """What each set of weights gives.

    Attributes:
        means: per expression, (sets, expressions); nan where no poser with it has weight.
        variance: of the mean over expressions, (sets,).
        spread: sum over expressions of the variance of each mean after subtraction of
            the mean over expressions, (sets,).
    """

    means: Array
    variance: Array
    spread: Array


def weighted_moments(scores: Array, weights: Array) -> Moments:
    """Return means and variances over posers for every set of weights.

    Args:
        scores: (posers, expressions), nan where a poser lacks one.
        weights: (sets, posers).
    """
    mask = np.isfinite(scores).astype(np.float64)
    values = np.where(mask > 0, scores, 0.0)
    expressions = scores.shape[1]
    total = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        counted = weights @ mask
        means = (weights @ values) / counted
        share = 1 / (expressions * counted)
        influence = share @ values.T - (share * means) @ mask.T
        squares = (weights @ values**2 - counted * means**2) / counted**2
        correction = total / (total - 1)
        own = np.einsum("sp,sp,sp->s", weights, influence, influence)
        spread = squares.sum(axis=1) - expressions * own
    return Moments(means, correction * own, correction * np.maximum(spread, 0.0))


def poser_moments(scores: Array) -> Moments:
    """Return the moments of the posers as they are, as one set of weights."""
    return weighted_moments(scores, np.ones((1, len(scores))))


def influence_of_cells(outcomes: Outcomes) -> Array:
    """Return what each poser contributes, in each run, to the mean over expressions.

    Summed over runs, the deviation of a poser from the mean, divided by the number of posers.

    Returns:
        (runs, posers).
    """
    shown = outcomes.shown.sum(axis=0)
    counted = (shown > 0).sum(axis=0)
    means = np.nanmean(outcomes.scores, axis=0)
    weight = np.divide(1.0, len(means) * counted * shown, where=shown > 0, out=np.zeros_like(shown))
    deviations: Array = ((outcomes.correct - outcomes.shown * means) * weight).sum(axis=2)
    return deviations


def two_way_variance(parts: list[Outcomes], signs: tuple[int, ...]) -> float:
    """Return the variance of a sum or difference of rates when runs and posers are random.

    V(posers) + V(runs) - V(cells), of which each is the sum of squared influences added up
    within posers, within runs, and within both; the first two count what is particular to
    one poser in one run twice.  Owen (2007, Annals of Applied Statistics 1:386-411) and
    Cameron, Gelbach & Miller (2011, Journal of Business & Economic Statistics 29:238-249).
    Where runs scatter less than chance alone would make them, V(posers) is returned.

    Args:
        parts: outcomes with the same runs and different posers.
        signs: +1 or -1 for each.
    """
    cells = [sign * influence_of_cells(part) for sign, part in zip(signs, parts, strict=True)]
    return influence_variance(cells, min(part.runs for part in parts))


def influence_variance(cells: list[Array], runs: int) -> float:
    """Return the two-way variance of what influences add up to (:func:`two_way_variance`).

    Args:
        cells: (runs, posers) each, of different posers.
        runs: in which anything was tested.
    """
    posers = 0.0
    for part in cells:
        many = part.shape[1]
        posers += many / (many - 1) * float((part.sum(axis=0) ** 2).sum())
    together = np.hstack(cells)
    between = runs / (runs - 1) * float((together.sum(axis=1) ** 2).sum())
    return posers + max(0.0, between - float((together**2).sum()))
