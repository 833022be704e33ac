"""Dropout masks from named streams, the same for every engine, device and block size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ccbench import seeds

_LEVELS = 1 << 16


class Masks:
    """The masks of one training, step after step.

    A unit is dropped when the next 16 bits of the stream, read as a whole number, are below
    the rate times 65,536.  The stream is cut by steps and layers only, so that it does not
    matter how many steps are drawn ahead.

    Args:
        rate: fraction dropped; the nearest multiple of 1/65,536 is used.
        widths: units of each layer that is dropped from, in order.
        base: the user's seed.
        database: name of the database.
        run: index of the run.
    """

    def __init__(
        self, rate: float, widths: Sequence[int], base: int, database: str, run: int
    ) -> None:
        self._threshold = round(rate * _LEVELS)
        self._widths = tuple(widths)
        sequence = seeds.seed_sequence(base, "dropout", database, run)
        self._stream = np.random.Generator(np.random.SFC64(sequence))

    @property
    def kept(self) -> float:
        """The fraction that is kept; what is kept is divided by it."""
        return 1.0 - self._threshold / _LEVELS

    def draw(self, rows: int) -> list[NDArray[np.bool_]]:
        """Draw the masks of one step.

        Args:
            rows: of the mini-batch.

        Returns:
            Of each layer bool (rows, units), true where a unit is kept; nothing where
            nothing is dropped.
        """
        if not self._threshold:
            return []
        masks = []
        for width in self._widths:
            # The same bytes as the stream's own ``bytes``, without two copies of them.
            words = self._stream.integers(0, 1 << 32, (rows * width + 1) // 2, np.uint32)
            lanes = words.astype("<u4", copy=False).view("<u2")[: rows * width]
            masks.append((lanes >= self._threshold).reshape(rows, width))
        return masks
