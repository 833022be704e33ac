"""Inner products of features: against NumPy on the whole table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ccbench import grams
from ccbench.cache import Cache
from ccbench.grams import GramTask, make_gram, read_gram

TASK = GramTask(("shard-1", "shard-2"), (0, 3))


def store(cache: Cache) -> NDArray[np.float16]:
    """Store features in two shards: (photographs, views, features)."""
    array = np.random.default_rng(0).normal(5, 1, size=(11, 4, 23)).astype(np.float16)
    for key, part in (("shard-1", array[:8]), ("shard-2", array[8:])):
        with cache.create("features", key) as folder:
            np.save(folder / "features.npy", part)
    return array


@pytest.mark.parametrize("columns", [5, 23, 2048])
def test_products_of_all_views_about_their_mean(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache()
    rows = store(cache)[:, [0, 3]].reshape(22, 23).astype(np.float64)
    monkeypatch.setattr(grams, "_COLUMNS", columns)
    make_gram(TASK, cache)
    gram = read_gram(TASK, cache)
    assert gram.products.dtype == gram.origin.dtype == np.float64
    assert np.allclose(gram.origin, rows.mean(0), rtol=1e-12)
    centred = rows - rows.mean(0)
    expected = [[sum(a * b) for b in centred] for a in centred]
    assert np.allclose(gram.products, expected, rtol=0, atol=1e-10)


def test_products_are_computed_once() -> None:
    cache = Cache()
    store(cache)
    make_gram(TASK, cache)
    before = read_gram(TASK, cache).products.copy()
    with (cache.path("features", "shard-1") / "features.npy").open("r+b") as file:
        file.seek(-100, 2)
        file.write(bytes(100))
    make_gram(TASK, cache)
    assert np.array_equal(read_gram(TASK, cache).products, before)


def test_the_key_says_which_rows() -> None:
    keys = {
        TASK.key,
        replace(TASK, features=("shard-2", "shard-1")).key,
        replace(TASK, features=("shard-1",)).key,
        replace(TASK, views=(3, 0)).key,
        replace(TASK, views=(0,)).key,
    }
    assert len(keys) == 5
