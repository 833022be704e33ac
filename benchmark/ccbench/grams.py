"""Inner products of a database's features, computed once and shared by all its heads.

Each run trains on some of the photographs; the inner products among those are a part of
the table of all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ccbench.cache import Cache, content_key
from ccbench.features import FeatureBlock

RECIPE = "grams-1"
"""Version of everything in this module that changes numbers; part of every cache key."""
_COLUMNS = 2048
"""Features converted to double precision at a time."""


@dataclass(frozen=True)
class GramTask:
    """Inner products of some views of all photographs of a database.

    Attributes:
        features: cache keys of the database's feature tasks, in order.
        views: indices of the views.
    """

    features: tuple[str, ...]
    views: tuple[int, ...]

    @property
    def key(self) -> str:
        """The cache key."""
        return content_key(
            "grams", code=[RECIPE, np.__version__], features=self.features, views=self.views
        )


@dataclass(frozen=True)
class Gram:
    """Inner products about the mean of the rows.

    Rows are views of photographs, views fastest.

    Attributes:
        products: float64 (rows, rows).
        origin: float64 (features,), mean of the rows.
    """

    products: NDArray[np.float64]
    origin: NDArray[np.float64]


def make_gram(task: GramTask, cache: Cache) -> None:
    """Compute and store the inner products of a task, unless they are there."""
    if cache.find("grams", task.key):
        return
    block = FeatureBlock(task.features, cache)
    photographs = np.repeat(np.arange(len(block)), len(task.views))
    views = np.tile(np.array(task.views, np.intp), len(block))
    products = np.zeros((len(photographs), len(photographs)))
    origin = np.empty(block.features)
    for start in range(0, block.features, _COLUMNS):
        columns = slice(start, start + _COLUMNS)
        origin[columns] = inner_products(block.rows(photographs, views, columns), products)
    with cache.create("grams", task.key) as folder:
        np.save(folder / "products.npy", products)
        np.save(folder / "origin.npy", origin)


def inner_products(rows: NDArray[np.float16], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add the inner products of rows, about their mean, to a total.

    Args:
        rows: (n, features).
        total: (n, n), changed.

    Returns:
        The mean, (features,).
    """
    exact = rows.astype(np.float64)
    mean: NDArray[np.float64] = exact.mean(0)
    exact -= mean
    total += exact @ exact.T
    return mean


def read_gram(task: GramTask, cache: Cache) -> Gram:
    """Return the inner products of a finished task, through memory maps."""
    folder = cache.path("grams", task.key)
    return Gram(
        np.load(folder / "products.npy", mmap_mode="r"),
        np.load(folder / "origin.npy"),
    )
