"""Spearman's rank correlation of many pairs of profiles at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def spearman(one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """Correlate the ranks of two arrays along their last axis; ties share their mean rank.

    Args:
        one: shape (..., points), without missing values.
        other: a shape that broadcasts with it.

    Returns:
        Shape (...); nan where either side is constant or has fewer than two points.
    """
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if min(a.shape[-1], b.shape[-1]) < 2:
        return np.full(np.broadcast_shapes(a.shape[:-1], b.shape[:-1]), np.nan)
    return np.asarray((_unit_ranks(a) * _unit_ranks(b)).sum(axis=-1))


def _unit_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks of mean 0 and length 1; nan where all values are equal."""
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=-1) - (values.shape[-1] + 1) / 2
    length = np.linalg.norm(ranks, axis=-1, keepdims=True)
    return np.asarray(ranks / np.where(length > 0, length, np.nan))
