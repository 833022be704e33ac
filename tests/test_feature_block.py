"""Features of many photographs, read from their files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ccbench.cache import Cache
from ccbench.features import FeatureBlock


def block(
    cache: Cache, sizes: tuple[int, ...], features: int = 6
) -> tuple[FeatureBlock, NDArray[np.float16]]:
    """Store shards of these sizes; return the block and all features in one array."""
    rng = np.random.default_rng(0)
    shards = [rng.normal(size=(size, 4, features)).astype(np.float16) for size in sizes]
    keys = [f"{index:02}shard" for index in range(len(shards))]
    for key, shard in zip(keys, shards, strict=True):
        with cache.create("features", key) as folder:
            np.save(folder / "features.npy", shard)
    return FeatureBlock(keys, cache), np.concatenate(shards)


@pytest.mark.parametrize("sizes", [(7,), (3, 1, 5), (32, 32, 2)])
def test_rows_equal_naive_indexing(sizes: tuple[int, ...]) -> None:
    found, whole = block(Cache(), sizes)
    assert len(found) == sum(sizes)
    assert found.features == 6
    rng = np.random.default_rng(1)
    photographs = rng.integers(0, sum(sizes), 200)
    views = rng.integers(0, 4, 200)
    expected = np.stack([whole[p, v] for p, v in zip(photographs, views, strict=True)])
    rows = found.rows(photographs, views)
    assert rows.dtype == np.float16
    assert np.array_equal(rows, expected)
    # First and last row of every shard.
    ends = np.array([0, *np.cumsum(sizes)[:-1], *(np.cumsum(sizes) - 1)])
    assert np.array_equal(found.rows(ends, np.zeros_like(ends)), whole[ends, 0])


@pytest.mark.parametrize(("sizes", "features"), [((7,), 6), ((3, 1, 5), 6), ((3, 2), 2500)])
def test_some_columns_and_weighted_sums_of_rows(sizes: tuple[int, ...], features: int) -> None:
    found, whole = block(Cache(), sizes, features)
    rng = np.random.default_rng(2)
    photographs, views = rng.integers(0, sum(sizes), 20), rng.integers(0, 4, 20)
    expected = whole[photographs, views]
    assert np.array_equal(found.rows(photographs, views, slice(2, 9999)), expected[:, 2:])
    coefficients, origin = rng.normal(size=(3, 20)), rng.normal(size=features)
    sums = found.combine(coefficients, photographs, views, origin)
    naive_sums = [
        sum(c * (row.astype(np.float64) - origin) for c, row in zip(line, expected, strict=True))
        for line in coefficients
    ]
    assert np.allclose(sums, naive_sums, rtol=0, atol=1e-12)


def test_rows_of_no_photograph() -> None:
    found, _ = block(Cache(), (3, 2))
    nothing = np.array([], np.intp)
    assert found.rows(nothing, nothing).shape == (0, 6)


def test_rows_can_be_written_without_changing_the_store() -> None:
    cache = Cache()
    found, whole = block(cache, (4,))
    rows = found.rows(np.array([1]), np.array([2]))
    rows[:] = 0
    assert np.array_equal(found.rows(np.array([1]), np.array([2]))[0], whole[1, 2])


def test_files_are_opened_once_and_again_when_they_are_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache, opened, load = Cache(), [], np.load

    def count(path: Path, **options: Any) -> Any:
        opened.append(path)
        return load(path, **options)

    monkeypatch.setattr(np, "load", count)
    found, whole = block(cache, (3, 2))
    keys = ["00shard", "01shard"]
    FeatureBlock(keys, cache)
    assert len(opened) == 2
    # Made again, as a damaged one is.
    shutil.rmtree(cache.path("features", keys[1]))
    with cache.create("features", keys[1]) as folder:
        np.save(folder / "features.npy", 2 * whole[3:])
    again = FeatureBlock(keys, cache)
    assert len(opened) == 3
    places, view = np.arange(5), np.zeros(5, np.intp)
    assert np.array_equal(again.rows(places, view)[3:], 2 * whole[3:, 0])
    assert np.array_equal(again.rows(places, view)[:3], found.rows(places, view)[:3])
