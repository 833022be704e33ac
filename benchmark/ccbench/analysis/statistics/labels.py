"""Two matrices over the same labels, compared by every relabelling of one of them.

The quadratic assignment procedure (Hubert & Schultz 1976; Krackhardt 1988): the cells of a
matrix share their rows and columns and are not independent, but under the null hypothesis
that labels do not matter, rows and columns of one matrix may be renamed together.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ccbench.analysis.statistics.outcomes import Array


@lru_cache(maxsize=4)
def relabellings(labels: int) -> NDArray[np.intp]:
    """Return every order of the labels, (labels!, labels); the first is the identity."""
    orders = np.array(list(itertools.permutations(range(labels))), np.intp)
    orders.flags.writeable = False
    return orders


def relabelled_correlations(one: Array, other: Array, *, diagonal: bool) -> Array:
    """Return Spearman's r_s of two matrices for every relabelling of the first.

    A cell on the diagonal stays on it, so ranks need not be computed anew.

    Args:
        one: (labels, labels), without nan; not constant over the cells used.
        other: same shape.
        diagonal: whether the cells of the diagonal count.

    Returns:
        (labels!,); the first is that of the matrices as they are.
    """
    cells = np.ones(one.shape, bool) if diagonal else ~np.eye(len(one), dtype=bool)
    first, second = _standardised_ranks(one, cells), _standardised_ranks(other, cells)
    orders = relabellings(len(one))
    moved = first[orders[:, :, None], orders[:, None, :]].reshape(len(orders), -1)
    found: Array = moved @ second.ravel()
    return found


def _standardised_ranks(matrix: Array, cells: NDArray[np.bool_]) -> Array:
    """Rank the cells used; the others become 0 and drop out of every product."""
    from scipy.stats import rankdata

    ranks = rankdata(matrix[cells])
    centred = ranks - ranks.mean()
    found = np.zeros(matrix.shape)
    found[cells] = centred / np.sqrt((centred**2).sum())
    return found


def label_p(correlations: Array) -> float:
    """Return the exact two-sided p: the share of relabellings at least as far from 0."""
    extreme = np.abs(correlations) >= abs(correlations[0]) - 1e-12
    return float(extreme.sum()) / len(correlations)


def smallest_p(labels: int) -> float:
    """Return the smallest p that relabelling so many labels can give."""
    return 1 / math.factorial(labels)
