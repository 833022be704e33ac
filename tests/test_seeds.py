"""Seeds from names: streams that are independent, pinned and accepted by torch."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from ccbench import seeds

STREAMS = list(itertools.product((0, 1), ("split", "dropout"), ("kdef", "krc"), (0, 1, 39)))


def test_known_values_of_three_streams() -> None:
    # A change of the seeding changes every published number: it must be noticed here.
    assert seeds.generator(0, "split", "kdef", 3).integers(0, 2**32, 3).tolist() == [
        1676327165,
        2724738183,
        605752580,
    ]
    assert seeds.generator(7, "posers", "drawn-a").permutation(8).tolist() == [
        0,
        1,
        4,
        7,
        3,
        2,
        6,
        5,
    ]
    assert seeds.torch_seed(0, "weights", "krc", 1) == 538475065927129402


def test_the_same_name_gives_the_same_stream() -> None:
    for stream in STREAMS:
        first, second = (seeds.generator(*stream).random(5) for _ in range(2))
        assert np.array_equal(first, second)


def test_streams_of_different_names_are_not_alike() -> None:
    drawn = np.stack([seeds.generator(*stream).random(4000) for stream in STREAMS])
    correlation = np.corrcoef(drawn) - np.eye(len(STREAMS))
    # SD of a chance correlation is 1/sqrt(4000) = .016; there are 276 pairs.
    assert np.abs(correlation).max() < 0.08
    assert np.allclose(drawn.mean(axis=1), 0.5, atol=0.025)


def test_purpose_and_database_are_not_merely_joined() -> None:
    assert seeds.torch_seed(0, "ab", "c") != seeds.torch_seed(0, "a", "bc")
    assert seeds.torch_seed(0, "a", "b") != seeds.torch_seed(0, "b", "a")
    assert seeds.torch_seed(1, "a", "b", 0) != seeds.torch_seed(0, "a", "b", 1)


def test_a_database_more_changes_no_stream() -> None:
    alone = seeds.generator(0, "split", "kdef").random(3)
    seeds.generator(0, "split", "another").random(100)
    assert np.array_equal(alone, seeds.generator(0, "split", "kdef").random(3))


def test_torch_seeds_are_in_range_and_distinct() -> None:
    found = [seeds.torch_seed(0, "dropout", "kdef", run) for run in range(300)]
    assert len(set(found)) == 300
    assert all(0 <= value < 2**63 for value in found)
    assert max(found) > 2**61  # all bits are used
    torch.Generator().manual_seed(max(found))


def test_names_may_hold_any_character() -> None:
    names = ["", "kdef[session=B]", "顔", "a" * 500]
    assert len({seeds.torch_seed(0, "split", name) for name in names}) == 4
