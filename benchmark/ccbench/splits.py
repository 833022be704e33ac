"""Poser-disjoint splits into training, validation and test posers.

A split knows posers and labels only, never pixels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ccbench.exceptions import LeakageError, SplitError


@dataclass(frozen=True)
class Split:
    """Posers of one run, sorted within each part; the parts share no poser.

    Raises:
        LeakageError: a poser in two parts.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self) -> None:
        count = Counter((*self.train, *self.validation, *self.test))
        shared = sorted(poser for poser, times in count.items() if times > 1)
        if shared:
            raise LeakageError(f"the split has {', '.join(shared[:3])} in more than one part")


def part_sizes(posers: int, train: float, validation: float, test: float) -> tuple[int, int, int]:
    """Return how many posers each part gets.

    Whole numbers above 1 are counts; values up to 1 are weights of however many posers
    there are (each part gets at least one).

    >>> part_sizes(60, 40, 8, 12)
    (40, 8, 12)
    >>> part_sizes(60, 40 / 60, 8 / 60, 12 / 60), part_sizes(10, 40 / 60, 8 / 60, 12 / 60)
    ((40, 8, 12), (7, 1, 2))

    Raises:
        SplitError: too few posers for the counts, or fewer than three.
    """
    if max(train, validation, test) > 1:
        counts = (int(train), int(validation), int(test))
        if sum(counts) > posers:
            raise SplitError(f"there are {posers} posers, the split needs {sum(counts)}")
        return counts
    if posers < 3:
        raise SplitError(f"there are {posers} posers; a split needs at least 3, one in each part")
    whole = train + validation + test
    held_test = max(1, round(posers * test / whole))
    held_validation = max(1, round(posers * validation / whole))
    while posers - held_test - held_validation < 1:
        held_test, held_validation = max(1, held_test - 1), max(1, held_validation - 1)
    return posers - held_test - held_validation, held_validation, held_test


def draw_split(
    signatures: Mapping[str, Sequence[int]],
    sizes: tuple[int, int, int],
    rng: np.random.Generator,
) -> Split:
    """Draw a poser-disjoint split, balanced over what the posers have shown.

    Posers are sorted by their signature (how many photographs of each expression they have)
    and dealt to the parts at even strides, so that each part gets its share of every kind of
    poser.  Posers of one signature are in random order, and rare signatures are shuffled
    with their neighbours, so that no poser is bound to a part.  A complete database is
    thereby split at random, as in the paper.

    Args:
        signatures: poser -> photographs per expression.
        sizes: posers in training, validation and test.
        rng: the random stream of this run.

    Raises:
        SplitError: fewer posers than the sizes need.
    """
    posers = sorted(signatures)
    needed = sum(sizes)
    if len(posers) < needed:
        raise SplitError(f"there are {len(posers)} posers, the split needs {needed}")
    drawn = [posers[index] for index in rng.permutation(len(posers))][:needed]
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for poser, part in zip(_line_up(drawn, signatures, sizes, rng), _deal(sizes, rng), strict=True):
        parts[part].append(poser)
    train, validation, test = (tuple(sorted(part)) for part in parts)
    return Split(train, validation, test)


def _line_up(
    posers: Sequence[str],
    signatures: Mapping[str, Sequence[int]],
    sizes: tuple[int, int, int],
    rng: np.random.Generator,
) -> list[str]:
    """Order posers by signature; shuffle those whose signature is rarer than a part is.

    A stretch that is dealt at even strides must hold about one poser of the smallest part,
    or its order would decide who is tested.
    """
    stretch = math.ceil(sum(sizes) / min(sizes))
    groups: dict[tuple[int, ...], list[str]] = {}
    for poser in posers:
        groups.setdefault(tuple(signatures[poser]), []).append(poser)
    line: list[str] = []
    mixed: list[str] = []
    for _, group in sorted(groups.items()):
        if len(group) >= stretch:
            line += group
            continue
        mixed += group
        if len(mixed) >= stretch:
            line += [mixed[index] for index in rng.permutation(len(mixed))]
            mixed = []
    return line + [mixed[index] for index in rng.permutation(len(mixed))]


def _deal(sizes: tuple[int, int, int], rng: np.random.Generator) -> list[int]:
    """Return part numbers, each spread evenly over the whole length at a random phase."""
    positions = []
    for part, size in enumerate(sizes):
        phase = rng.random()
        positions += [((k + phase) / size, part) for k in range(size)]
    return [part for _, part in sorted(positions)]


def draw_posers(posers: Sequence[str], count: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Draw ``count`` posers without replacement; sorted.

    Raises:
        SplitError: there are fewer.
    """
    ordered = sorted(posers)
    if len(ordered) < count:
        raise SplitError(f"there are {len(ordered)} posers, {count} are to be drawn")
    return tuple(sorted(ordered[index] for index in rng.permutation(len(ordered))[:count]))
