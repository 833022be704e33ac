"""How long fits of logistic heads take on this machine, from a smaller one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ccbench.grams import inner_products
from ccbench.logistic import fit_gram, fit_logistic, fits_in_span
from ccbench.runner.timing import seconds, settled
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

    @property
    def in_span(self) -> bool:
        """Whether it is fitted through inner products, its own or shared ones."""
        return self.shared or fits_in_span(self.rows, self.features)


def fits_seconds(fits: Mapping[Fit, int], workers: int) -> float:
    """Return the seconds of all fits, one after the other, without what heads share.

    Of fits of one kind the largest is timed and the others are scaled: in most databases each
    split has its own number of photographs.

    Args:
        fits: how many there are of each.
        workers: processes.
    """
    kinds: dict[tuple[bool, bool, int, int, float], list[Fit]] = {}
    for fit in fits:
        kind = (fit.shared, fit.in_span, fit.features, fit.classes, fit.ridge)
        kinds.setdefault(kind, []).append(fit)
    total = 0.0
    for alike in kinds.values():
        largest = max(alike, key=lambda fit: fit.rows)
        relative = {fit: fit.rows / largest.rows for fit in alike}
        # As many of the largest as would take about as long.
        count = sum(fits[fit] * relative[fit] ** (2 if fit.in_span else 1) for fit in alike)
        timed = settled(time_fit, largest, workers, count)
        total += sum(
            fits[fit] * (timed["squared"] * part**2 + timed["linear"] * part)
            for fit, part in relative.items()
        )
    return total


def time_fit(fit: Fit) -> dict[str, float]:
    """Fit a head to random features and scale up.

    Returns:
        "seconds", and what of them grows as the square of the rows ("squared") and with the
        rows ("linear").
    """
    import torch

    tried = min(_ROWS, fit.rows)
    times = fit.rows / tried
    data = torch.rand(tried, fit.features, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(tried) % fit.classes
    if not fit.in_span:
        taken = seconds(
            lambda: fit_logistic(data, labels, fit.classes, fit.ridge, in_span=False), 1
        )
        return {"seconds": taken * times, "squared": 0.0, "linear": taken * times}
    points = data.to(torch.float64).numpy() - 0.5
    gram = points @ points.T
    combination = np.ones((fit.classes, tried))
    # Products with the inner products grow as the square of the rows, those with rows do not.
    squared = seconds(lambda: fit_gram(gram, labels.numpy(), fit.classes, fit.ridge), 1) * times**2
    linear = seconds(lambda: combination @ (points - 0.5), 1) * times
    squared += 0.0 if fit.shared else product_seconds(fit.rows, fit.features)
    return {"seconds": squared + linear, "squared": squared, "linear": linear}


def product_seconds(rows: int, features: int) -> float:
    """Return the seconds that the inner products of rows take."""
    tried, width = min(_ROWS, rows), min(_COLUMNS, features)
    part = np.random.default_rng(0).random((tried, width)).astype(np.float16)
    total = np.zeros((tried, tried))
    taken = seconds(lambda: inner_products(part, total), 1)
    return taken * (rows / tried) ** 2 * features / width
