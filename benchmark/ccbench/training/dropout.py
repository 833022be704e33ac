"""Dropout masks from named streams, the same for every engine, device and block size.

The numbers are those of SplitMix64 (Steele, Lea & Flood, 2014, "Fast splittable pseudorandom
number generators", OOPSLA): the n-th one is a hash of start + n * increment, so that any part
of a stream can be drawn anywhere, all at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ccbench import seeds

_LEVELS = 1 << 16
_LANES = 4
"""Numbers of 16 bits in a word of 64."""
_INCREMENT = 0x9E3779B97F4A7C15
_MIXING = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))
"""Shift, and factor after it."""
_WORD = (1 << 64) - 1
_CHUNK = 1 << 15
"""Words that are mixed at a time on a processor: they stay in its cache."""


class Masks:
    """The masks of one training, view after view.

    Each layer has a stream of its own, each view a row of it: as many words of 64 bits as the
    units take, four to a word, lowest bits first.  A unit is dropped when its 16 bits, read as
    a signed number, are below the rate times 65,536, less 32,768.

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
        self._starts = [int(word) for word in sequence.generate_state(len(widths), np.uint64)]
        self._views = 0

    @property
    def kept(self) -> float:
        """The fraction that is kept; what is kept is divided by it."""
        return 1.0 - self._threshold / _LEVELS

    def draw(self, rows: int, device: str = "cpu") -> list[torch.Tensor]:
        """Draw the masks of the next views.

        Args:
            rows: how many.
            device: where.

        Returns:
            Of each layer bool (rows, units), true where a unit is kept; nothing where
            nothing is dropped.
        """
        if not self._threshold:
            return []
        masks = []
        for start, width in zip(self._starts, self._widths, strict=True):
            words = -(-width // _LANES)
            first = start + _INCREMENT * (1 + self._views * words)
            lanes = _lanes(first & _WORD, rows * words, device).view(rows, words * _LANES)
            masks.append(lanes[:, :width] >= self._threshold - _LEVELS // 2)
        self._views += rows
        return masks


def _lanes(first: int, words: int, device: str) -> torch.Tensor:
    """Return the 16-bit numbers of some words: int16 (4 * words,).

    Args:
        first: what the first word is a hash of.
        words: how many.
        device: where.
    """
    if device == "cpu":
        mixed = _mixed(first, words).astype("<u8", copy=False).view("<i2")
        return torch.from_numpy(mixed.astype(np.int16, copy=False))
    values = torch.arange(words, device=device).mul_(_signed(_INCREMENT)).add_(_signed(first))
    for shift, factor in _MIXING:
        # Without the sign, which shifts into the highest bits.
        values ^= (values >> shift) & (_WORD >> shift)
        values *= _signed(factor)
    return values.view(torch.int16)


def _mixed(first: int, words: int) -> NDArray[np.uint64]:
    found = np.empty(words, np.uint64)
    steps = np.arange(min(words, _CHUNK), dtype=np.uint64) * np.uint64(_INCREMENT)
    shifted = np.empty_like(steps)
    for begin in range(0, words, _CHUNK):
        part = found[begin : begin + _CHUNK]
        beside = shifted[: len(part)]
        np.add(steps[: len(part)], np.uint64((first + _INCREMENT * begin) & _WORD), out=part)
        for shift, factor in _MIXING:
            np.right_shift(part, np.uint64(shift), out=beside)
            np.bitwise_xor(part, beside, out=part)
            if factor != 1:
                np.multiply(part, np.uint64(factor), out=part)
    return found


def _signed(word: int) -> int:
    """Return the number whose 64 bits are those of an unsigned one."""
    return word - (1 << 64) if word >> 63 else word
