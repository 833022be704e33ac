"""How long fits of logistic heads take on this machine, from a smaller one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ccbench.grams import inner_products
from ccbench.logistic import fit_gram, fit_logistic, fits_in_span
from ccbench.runner.timing import seconds, settled_seconds
from ccbench.training import shares_inner_products

_ROWS = 1500
"""Of a fit that is timed."""
_COLUMNS = 2048
"""Features whose inner products are timed."""


@dataclass(frozen=True)
class Fit:
    """A logistic head.

    Attributes:
        rows: views it is fitted to.
        all_rows: views of all photographs of its database.
        features: of each.
        classes: output units.
        ridge: weight of the penalty.
    """

    rows: int
    all_rows: int
    features: int
    classes: int
    ridge: float

    @property
    def shared(self) -> bool:
        """Whether heads of its database share their inner products."""
        return shares_inner_products(self.all_rows, self.rows, self.features)


def fit_seconds(fit: Fit, workers: int, count: int) -> float:
    """Return the seconds that a worker takes for a fit, without what heads share.

    Args:
        fit: the head.
        workers: processes.
        count: how many such heads there are.
    """
    return settled_seconds(time_fit, fit, workers, count)


def time_fit(fit: Fit) -> dict[str, float]:
    """Fit a head to random features and scale up."""
    import torch

    tried = min(_ROWS, fit.rows)
    times = fit.rows / tried
    data = torch.rand(tried, fit.features, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(tried) % fit.classes
    if not fit.shared and not fits_in_span(fit.rows, fit.features):
        taken = seconds(
            lambda: fit_logistic(data, labels, fit.classes, fit.ridge, in_span=False), 1
        )
        return {"seconds": taken * times}
    points = data.to(torch.float64).numpy() - 0.5
    gram = points @ points.T
    combination = np.ones((fit.classes, tried))
    # Products with the inner products grow as the square of the rows, those with rows do not.
    squared = seconds(lambda: fit_gram(gram, labels.numpy(), fit.classes, fit.ridge), 1)
    linear = seconds(lambda: combination @ (points - 0.5), 1)
    own = 0.0 if fit.shared else product_seconds(fit.rows, fit.features)
    return {"seconds": own + squared * times**2 + linear * times}


def product_seconds(rows: int, features: int) -> float:
    """Return the seconds that the inner products of rows take."""
    tried, width = min(_ROWS, rows), min(_COLUMNS, features)
    part = np.random.default_rng(0).random((tried, width)).astype(np.float16)
    total = np.zeros((tried, tried))
    taken = seconds(lambda: inner_products(part, total), 1)
    return taken * (rows / tried) ** 2 * features / width
