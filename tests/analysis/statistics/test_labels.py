"""Relabelling, against a loop over every permutation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from ccbench.analysis.statistics.labels import (
    label_p,
    relabelled_correlations,
    relabellings,
    smallest_p,
)


@pytest.mark.parametrize("labels", [3, 4, 7])
@pytest.mark.parametrize("diagonal", [True, False])
def test_every_relabelling_is_that_of_a_loop(labels: int, diagonal: bool) -> None:
    rng = np.random.default_rng(labels)
    one, other = rng.integers(0, 9, (labels, labels)), rng.random((labels, labels))
    other += 0.5 * np.eye(labels)
    cells = [(i, j) for i in range(labels) for j in range(labels) if diagonal or i != j]
    second = rankdata([other[cell] for cell in cells])
    wanted = []
    for order in itertools.permutations(range(labels)):
        first = rankdata([one[order[i], order[j]] for i, j in cells])
        wanted.append(np.corrcoef(first, second)[0, 1])
    found = relabelled_correlations(one.astype(float), other, diagonal=diagonal)
    assert len(found) == math.factorial(labels)
    assert found == pytest.approx(np.array(wanted), abs=1e-9)
    at_rest = spearmanr([one[c] for c in cells], [other[c] for c in cells]).statistic
    assert found[0] == pytest.approx(at_rest, abs=1e-9)
    extreme = sum(abs(value) >= abs(wanted[0]) - 1e-9 for value in wanted)
    assert label_p(found) == extreme / len(wanted)


def test_equal_matrices_give_the_smallest_p() -> None:
    matrix = np.random.default_rng(0).random((5, 5))
    found = relabelled_correlations(matrix, matrix, diagonal=False)
    assert found[0] == pytest.approx(1.0)
    assert label_p(found) == smallest_p(5) == 1 / 120


def test_the_first_relabelling_changes_nothing() -> None:
    assert relabellings(7).shape == (5040, 7)
    assert relabellings(7)[0].tolist() == list(range(7))
