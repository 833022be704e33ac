"""Features of many photographs, read through memory maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ccbench.cache import Cache

_ALL = slice(None)
_COLUMNS = 1024
"""Features combined at a time: in double precision they stay in the processor's cache."""


class FeatureBlock:
    """The features of a list of photographs, read through memory maps.

    Args:
        keys: cache keys of finished feature tasks, in order.
        cache: where they are.
    """

    def __init__(self, keys: Sequence[str], cache: Cache) -> None:
        self._arrays = [_open(cache.path("features", key)) for key in keys]
        self._starts = np.cumsum([0, *(len(array) for array in self._arrays)])
        self.features = int(self._arrays[0].shape[2])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def rows(
        self,
        photographs: NDArray[np.intp],
        views: NDArray[np.intp],
        columns: slice = _ALL,
    ) -> NDArray[np.float16]:
        """Return the features of (photograph, view) pairs.

        Args:
            photographs: (n,) indices into the list of photographs.
            views: (n,) indices into the views of the tasks.
            columns: which features; all by default.

        Returns:
            float16 (n, features).
        """
        width = len(range(self.features)[columns])
        result = np.empty((len(photographs), width), np.float16)
        for here, part in self._by_shard(photographs, views, columns):
            result[here] = part
        return result

    def combine(
        self,
        coefficients: NDArray[np.float64],
        photographs: NDArray[np.intp],
        views: NDArray[np.intp],
        origin: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return weighted sums of the features of (photograph, view) pairs.

        Args:
            coefficients: (sums, n).
            photographs: (n,) indices into the list of photographs.
            views: (n,) indices into the views of the tasks.
            origin: (features,), subtracted from every row.

        Returns:
            float64 (sums, features): ``coefficients @ (rows - origin)``.
        """
        import torch

        total = np.zeros((len(coefficients), self.features))
        for here, part in self._by_shard(photographs, views, _ALL):
            weights = np.ascontiguousarray(coefficients[:, here])
            for start in range(0, self.features, _COLUMNS):
                columns = slice(start, start + _COLUMNS)
                # torch converts half precision several times faster than NumPy.
                rows: NDArray[np.float64] = (
                    torch.from_numpy(part[:, columns]).to(torch.float64).numpy()
                )
                rows -= origin[columns]
                total[:, columns] += weights @ rows
        return total

    def _by_shard(
        self, photographs: NDArray[np.intp], views: NDArray[np.intp], columns: slice
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float16]]]:
        """Yield where among the pairs those of one shard are, and their features."""
        shards = np.searchsorted(self._starts, photographs, side="right") - 1
        for shard in np.unique(shards):
            here = np.flatnonzero(shards == shard)
            local = photographs[here] - self._starts[shard]
            yield here, self._arrays[shard][local, views[here], columns]


def _open(folder: Path) -> NDArray[np.float16]:
    path = folder / "features.npy"
    found = path.stat()
    return _mapped(path, found.st_ino, found.st_mtime_ns, found.st_size)


def close_files() -> None:
    """Give up the files that later blocks would have found open."""
    _mapped.cache_clear()


@lru_cache(maxsize=128)
def _mapped(path: Path, _number: int, _time: int, _size: int) -> NDArray[np.float16]:
    """Open a file once: every head reads the same ones; what is not the same file is another."""
    array: NDArray[np.float16] = np.load(path, mmap_mode="r")
    return array
