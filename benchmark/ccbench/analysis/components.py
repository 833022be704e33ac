"""Principal components of the tunings (paper, "Principal component analysis", Figure 10)."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ccbench.analysis.tuning import peaks

_UNIT = ["database", "expression"]


@dataclass(frozen=True)
class Components:
    """Units as points in the space of principal components.

    Attributes:
        scores: database, expression, pc1, pc2, ...: one row per unit, mean 0.
        loadings: action_unit, pc1, pc2, ...: columns of length 1.
        explained: share of the variance that each component carries, 0 to 1.
    """

    scores: pd.DataFrame
    loadings: pd.DataFrame
    explained: tuple[float, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the components: ("pc1", "pc2", ...)."""
        return tuple(_columns(len(self.explained)))


def principal_components(found: pd.DataFrame, components: int = 3) -> Components:
    """Reduce each unit's peaks and troughs to a few components.

    The paper applies PCA to a feature matrix of 20 action units x 14 units and plots 14
    points.  We take its units as observations and its action units as features: the mean
    over units is subtracted from every action unit, and the points are scores.  (The other
    reading, action units as observations, would plot loadings.)  Responses are not rescaled,
    as the paper mentions no scaling; pass ``normalised(found)`` to give all units the same
    weight.

    Args:
        found: :func:`~ccbench.analysis.profiles` of one probe.  Action units that some unit
            has no response to are left out.
        components: how many; fewer where there are fewer action units, or no more units than
            that (n points span n - 1 dimensions).

    Returns:
        Components in order of their variance.  The loading of largest magnitude of each is
        positive, because the sign of a component means nothing.

    Raises:
        ValueError: ``found`` has several probes.
    """
    if found["probe"].nunique() > 1:
        names = ", ".join(sorted(str(name) for name in found["probe"].unique()))
        raise ValueError(f"principal components are of one probe at a time, not of {names}")
    matrix = peaks(found).pivot(index=_UNIT, columns="action_unit", values="response")
    # Pivoting sorts; the table's order is that of databases and expressions everywhere.
    matrix = matrix.reindex(pd.MultiIndex.from_frame(found[_UNIT].drop_duplicates()))
    matrix = matrix.dropna(axis="columns")
    count = max(0, min(components, len(matrix) - 1, matrix.shape[1]))
    scores, loadings, explained = _decompose(matrix.to_numpy(), count)
    columns = _columns(count)
    return Components(
        scores=pd.DataFrame(scores, columns=columns, index=matrix.index).reset_index(),
        loadings=pd.DataFrame(loadings, columns=columns, index=matrix.columns).reset_index(),
        explained=explained,
    )


def _columns(count: int) -> list[str]:
    return [f"pc{place + 1}" for place in range(count)]


def _decompose(
    matrix: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[float, ...]]:
    """Return scores (units x count), loadings (action units x count) and shares."""
    if count == 0:
        return np.empty((len(matrix), 0)), np.empty((matrix.shape[1], 0)), ()
    centred = matrix - matrix.mean(axis=0)
    if not centred.any():
        # Identical units: every direction is as good, and none carries anything.
        return np.zeros((len(matrix), count)), np.eye(matrix.shape[1], count), (0.0,) * count
    left, singular, right = np.linalg.svd(centred, full_matrices=False)
    scores, loadings = left[:, :count] * singular[:count], right[:count].T
    largest = loadings[np.abs(loadings).argmax(axis=0), np.arange(count)]
    signs = np.where(largest < 0, -1.0, 1.0)
    variances = singular**2
    shares = tuple(float(share) for share in variances[:count] / variances.sum())
    return scores * signs, loadings * signs, shares


def component_distances(components: Components) -> pd.DataFrame:
    """Return how far apart the units of one expression are in two databases.

    Args:
        components: :func:`principal_components`.

    Returns:
        database, other, expression, distance (Euclidean, over all components kept): one row
        per pair of databases and expression that both have.
    """
    points = {
        (str(row["database"]), str(row["expression"])): [row[name] for name in components.names]
        for row in components.scores.to_dict("records")
    }
    databases = dict.fromkeys(database for database, _ in points)
    names = dict.fromkeys(expression for _, expression in points)
    rows = [
        (one, other, name, math.dist(points[one, name], points[other, name]))
        for one, other in itertools.combinations(databases, 2)
        for name in names
        if (one, name) in points and (other, name) in points
    ]
    return pd.DataFrame(rows, columns=["database", "other", "expression", "distance"])
