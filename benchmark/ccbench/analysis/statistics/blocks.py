"""Correlation of profiles with action units, not points, as what varies.

The intensities of one action unit move together, so 200 points are worth about 20.  An
action unit is permuted and resampled as a block with all its intensities.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ccbench.analysis.statistics.finding import LEVEL
from ccbench.analysis.statistics.outcomes import Array
from ccbench.analysis.statistics.resampling import permutation_p
from ccbench.seeds import generator


def unit_permutations(seed: int, units: int, permutations: int) -> NDArray[np.intp]:
    """Draw random orders of action units, (permutations, units)."""
    rng = generator(seed, "permute action units", str(units))
    return rng.random((permutations, units)).argsort(axis=1)


def unit_weights(seed: int, units: int, draws: int) -> Array:
    """Draw action units with replacement, (draws, units): how often each was drawn."""
    rng = generator(seed, "bootstrap action units", str(units))
    return rng.multinomial(units, np.full(units, 1 / units), size=draws).astype(np.float64)


def permuted_correlations(one: Array, other: Array, orders: NDArray[np.intp]) -> Array:
    """Return Spearman's r_s for every reordering of the action units of one profile.

    Ranks are over all points and move with their block, so that a reordering only picks
    other products of blocks.

    Args:
        one: profile, (units, intensities).
        other: same shape.
        orders: (permutations, units).
    """
    products = _standardised_ranks(one) @ _standardised_ranks(other).T
    found: Array = products[np.arange(len(one)), orders].sum(axis=1)
    return found


def _standardised_ranks(profile: Array) -> Array:
    from scipy.stats import rankdata

    ranks = rankdata(profile).reshape(profile.shape)
    centred = ranks - ranks.mean()
    scaled: Array = centred / np.sqrt((centred**2).sum())
    return scaled


def resampled_correlations(one: Array, other: Array, weights: Array) -> Array:
    """Return Spearman's r_s for every resample of action units.

    Points are ranked anew in each resample; the rank of a point counts the drawn points
    below it, block by block, which is a matrix product.

    Args:
        one: profile, (units, intensities).
        other: same shape.
        weights: (draws, units).

    Returns:
        (draws,), nan where a resampled profile is constant.
    """
    points = np.repeat(weights, one.shape[1], axis=1)
    middle = points.sum(axis=1, keepdims=True) / 2
    first = weights @ _below(one) - middle
    second = weights @ _below(other) - middle
    # Ranks centred by half the number of points have a weighted mean of exactly 0.
    scale = np.einsum("dp,dp,dp->d", points, first, first)
    scale = np.sqrt(scale * np.einsum("dp,dp,dp->d", points, second, second))
    found = np.full(len(weights), np.nan)
    product = np.einsum("dp,dp,dp->d", points, first, second)
    correlations: Array = np.divide(product, scale, out=found, where=scale > 0)
    return correlations


def _below(profile: Array) -> Array:
    """Return (units, points): points of the unit below each point, ties counting half."""
    flat = profile.ravel()
    below = (flat[:, None] < flat) + 0.5 * (flat[:, None] == flat)
    counted: Array = below.reshape(*profile.shape, -1).sum(axis=1)
    return counted


def correlation_p(one: Array, other: Array, orders: NDArray[np.intp]) -> float:
    """Return the two-sided permutation p of r_s with action units exchanged."""
    unchanged = np.arange(len(one))[None]
    observed = abs(float(permuted_correlations(one, other, unchanged)[0]))
    return permutation_p(observed, np.abs(permuted_correlations(one, other, orders)))


def correlation_interval(one: Array, other: Array, weights: Array) -> tuple[float, float]:
    """Return the 95 % interval of r_s over other action units (:func:`fisher_interval`)."""
    units = len(one)
    observed = float(resampled_correlations(one, other, np.ones((1, units)))[0])
    return fisher_interval(observed, resampled_correlations(one, other, weights), units)


def fisher_interval(observed: float, drawn: Array, units: int) -> tuple[float, float]:
    """Return the 95 % interval of a correlation, or of a mean of some.

    Fisher's z plus and minus its bootstrap standard error times the quantile of t with
    (action units - 2) degrees of freedom; percentiles of 20 blocks are too narrow.

    Args:
        observed: the correlation.
        drawn: that of every resample of action units; nan where it is undefined.
        units: action units.
    """
    from scipy.stats import t

    drawn = _fisher(drawn[np.isfinite(drawn)])
    half = float(t.ppf(1 - LEVEL / 2, units - 2)) * float(drawn.std(ddof=1))
    centre = float(_fisher(np.array([observed]))[0])
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))


def _fisher(correlation: Array) -> Array:
    # A perfect correlation has no finite z.
    found: Array = np.arctanh(np.clip(correlation, -1 + 1e-9, 1 - 1e-9))
    return found
