"""Dropout masks: named, countable, and the same however many are drawn ahead."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ccbench import seeds
from ccbench.training.dropout import Masks


def masks(rate: float = 0.1, database: str = "kdef", run: int = 3, base: int = 0) -> Masks:
    return Masks(rate, (50, 30), base, database, run)


def split_mix(seed: int, count: int) -> list[int]:
    """SplitMix64 word by word, as it was published."""
    found, state, whole = [], seed, (1 << 64) - 1
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & whole
        word = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & whole
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & whole
        found.append(word ^ (word >> 31))
    return found


def test_the_generator_here_is_split_mix() -> None:
    # The first numbers of java.util.SplittableRandom(1234567).
    assert split_mix(1234567, 2) == [6457827717110365317, 3203168211198807973]


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_a_mask_is_16_bits_a_unit_of_a_named_stream(device: str) -> None:
    # "cpu:0" goes the way of a graphics card.
    starts = seeds.seed_sequence(0, "dropout", "kdef", 3).generate_state(2, np.uint64)
    drawn = masks()
    parts = [drawn.draw(rows, device) for rows in (4, 3)]
    for layer, width in enumerate((50, 30)):
        words = -(-width // 4)
        stream = split_mix(int(starts[layer]), 7 * words)
        for row, mask in enumerate(torch.cat([part[layer] for part in parts])):
            here = stream[row * words : (row + 1) * words]
            lanes = [(word >> shift) & 0xFFFF for word in here for shift in (0, 16, 32, 48)]
            signed = [lane - 65536 if lane > 32767 else lane for lane in lanes[:width]]
            assert mask.tolist() == [lane >= 6554 - 32768 for lane in signed]


def test_long_streams_are_the_same_on_every_device() -> None:
    here, there = (Masks(0.1, (9216, 4096), 1, "krc", 39) for _ in range(2))
    for rows in (32, 100):
        for one, other in zip(here.draw(rows), there.draw(rows, "cpu:0"), strict=True):
            assert torch.equal(one, other)


def test_streams_differ_by_database_run_and_seed() -> None:
    drawn = [masks(), masks(database="krc"), masks(run=4), masks(base=1)]
    first = [each.draw(8)[0] for each in drawn]
    assert all((first[0] != other).any() for other in first[1:])
    assert (masks().draw(8)[0] == first[0]).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_fraction_kept_is_what_it_says(rate: float) -> None:
    drawn = Masks(rate, (1000,), 0, "kdef", 0)
    assert drawn.kept == pytest.approx(1 - rate, abs=1 / 65536)
    share = float(drawn.draw(1000)[0].double().mean())
    # Four standard errors of a million draws.
    assert share == pytest.approx(drawn.kept, abs=4 * (rate * (1 - rate) / 1e6) ** 0.5)


def test_without_dropout_nothing_is_drawn() -> None:
    assert masks(rate=0.0).draw(5) == []
    assert masks(rate=0.0).kept == 1.0


def test_units_and_views_are_dropped_independently() -> None:
    drawn = Masks(0.5, (400, 400), 2, "kdef", 1)
    first, second = (mask.double().numpy() - 0.5 for mask in drawn.draw(4000))
    # Correlations of 400 units over 4,000 views, and of views over units: within five
    # standard errors, among 80,000 and more.
    for table in (first, first.T, np.hstack([first[:, :200], second[:, :200]])):
        standard = table[:, :400] / table[:, :400].std(0)
        found = standard.T @ standard / len(table) - np.outer(standard.mean(0), standard.mean(0))
        apart = np.abs(found[np.triu_indices(len(found), 1)])
        assert apart.max() < 5.0 / np.sqrt(len(table))
        assert apart.mean() == pytest.approx(np.sqrt(2 / np.pi / len(table)), rel=0.05)
