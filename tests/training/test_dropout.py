"""Dropout masks: named, countable, and the same however many are drawn ahead."""

from __future__ import annotations

import numpy as np
import pytest

from ccbench import seeds
from ccbench.training.dropout import Masks


def masks(rate: float = 0.1, database: str = "kdef", run: int = 3, base: int = 0) -> Masks:
    return Masks(rate, (50, 30), base, database, run)


def test_a_mask_is_16_bits_a_unit_of_a_named_stream() -> None:
    stream = np.random.SFC64(seeds.seed_sequence(0, "dropout", "kdef", 3))
    data = np.random.Generator(stream).bytes(2 * 4 * 80)
    numbers = np.array([data[i] + 256 * data[i + 1] for i in range(0, len(data), 2)])
    first, second = masks().draw(4)
    assert (first == (numbers[:200] >= 6554).reshape(4, 50)).all()
    assert (second == (numbers[200:] >= 6554).reshape(4, 30)).all()


def test_streams_differ_by_database_run_and_seed() -> None:
    drawn = [masks(), masks(database="krc"), masks(run=4), masks(base=1)]
    first = [each.draw(8)[0] for each in drawn]
    assert all((first[0] != other).any() for other in first[1:])
    assert (masks().draw(8)[0] == first[0]).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_fraction_kept_is_what_it_says(rate: float) -> None:
    drawn = Masks(rate, (1000,), 0, "kdef", 0)
    assert drawn.kept == pytest.approx(1 - rate, abs=1 / 65536)
    share = drawn.draw(1000)[0].mean()
    # Four standard errors of a million draws.
    assert share == pytest.approx(drawn.kept, abs=4 * (rate * (1 - rate) / 1e6) ** 0.5)


def test_without_dropout_nothing_is_drawn() -> None:
    assert masks(rate=0.0).draw(5) == []
    assert masks(rate=0.0).kept == 1.0
