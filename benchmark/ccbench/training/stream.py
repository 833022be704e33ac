"""What heads are trained on, block after block: order of the views and dropout masks.

All of it comes from seeded streams on the CPU.  Where several heads are trained at once, it
is drawn by several threads, a block ahead of the device, and masks travel as bits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from ccbench import seeds
from ccbench.protocol import PerceptronHead, Schedule
from ccbench.training.dropout import Masks
from ccbench.training.task import TrainingTask, pairs
from ccbench.training.views import Views

Each = Callable[[Callable[["Pupil"], "Drawn"], Sequence["Pupil"]], Iterable["Drawn"]]
"""``map``, or that of a pool of threads."""


@dataclass(frozen=True)
class Drawn:
    """A block of mini-batches of one head, on the CPU.

    Attributes:
        rows: int64 (rows,), of the views in memory.
        labels: int64 (rows,).
        masks: of each layer that is dropped from, (rows, units) true where a unit is kept, or
            (rows, units / 8 rounded up) the same as bits.
    """

    rows: torch.Tensor
    labels: torch.Tensor
    masks: tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Round:
    """The same block of several heads.

    Attributes:
        drawn: of each head.
        sizes: views in each mini-batch.
        rates: learning rate of each mini-batch.
        last: whether an epoch ends with it.
    """

    drawn: tuple[Drawn, ...]
    sizes: tuple[int, ...]
    rates: tuple[float, ...]
    last: bool


class Pupil:
    """The streams of one head.

    Args:
        task: the head.
        views: where its views are.
        spec: the perceptron.
        bits: whether masks are wanted as bits.
    """

    def __init__(
        self, task: TrainingTask, views: Views, spec: PerceptronHead, *, bits: bool
    ) -> None:
        self.task, self.views = task, views
        self.width = views.features.shape[1]
        photographs, numbers, labels = pairs(task.train, task.views)
        self._rows, self._labels = views.find(photographs, numbers), torch.from_numpy(labels)
        self._shuffling = seeds.generator(task.seed, "batches", task.database, task.run)
        self.mask_widths = (self.width, *spec.hidden[:-1]) if spec.hidden else ()
        self.masks = Masks(spec.dropout, self.mask_widths, task.seed, task.database, task.run)
        self._bits = bits
        self._order = torch.empty(0, dtype=torch.int64)

    def __len__(self) -> int:
        """Return the number of training views."""
        return len(self._labels)

    def draw(self, sizes: Sequence[int]) -> Drawn:
        """Draw the next mini-batches; after the last one of an epoch views are shuffled anew."""
        if not len(self._order):
            self._order = torch.from_numpy(self._shuffling.permutation(len(self)))
        chosen, self._order = self._order[: sum(sizes)], self._order[sum(sizes) :]
        steps = [self.masks.draw(size) for size in sizes]
        layers = [_joined(layer, bits=self._bits) for layer in zip(*steps, strict=True)]
        return Drawn(self._rows[chosen], self._labels[chosen], tuple(layers))


def rounds(
    pupils: Sequence[Pupil], schedule: Schedule, steps: int, each: Each
) -> Generator[Round, None, None]:
    """Draw a whole training.

    Args:
        pupils: with equally many training views.
        schedule: of the training.
        steps: mini-batches in a block; none goes beyond an epoch.
        each: draws for one pupil after the other, or at the same time.
    """
    done = 0
    while done < schedule.iterations:
        sizes_of = list(_blocks(len(pupils[0]), schedule, done, steps))
        for number, sizes in enumerate(sizes_of, 1):
            rates = tuple(learning_rate(schedule, done + step) for step in range(len(sizes)))
            drawn = tuple(each(lambda pupil, sizes=sizes: pupil.draw(sizes), pupils))  # type: ignore[misc]
            yield Round(drawn, sizes, rates, last=number == len(sizes_of))
            done += len(sizes)


def learning_rate(schedule: Schedule, iteration: int) -> float:
    """Return the rate of an iteration, counted from 0."""
    return [rate for start, rate in schedule.learning_rate if start <= iteration][-1]


def as_masks(layer: torch.Tensor, units: int) -> torch.Tensor:
    """Return masks as bool (..., units), whether they are that already or bits."""
    if layer.dtype == torch.bool:
        return layer
    places = torch.arange(8, dtype=torch.uint8, device=layer.device)
    bits = (layer[..., None] >> places).bitwise_and_(1)
    return bits.flatten(-2)[..., :units].to(torch.bool)


def _joined(steps: Sequence[NDArray[np.bool_]], *, bits: bool) -> torch.Tensor:
    """Return the masks of consecutive mini-batches, one below the other."""
    if bits:
        return torch.from_numpy(
            np.concatenate([np.packbits(step, axis=-1, bitorder="little") for step in steps])
        )
    return torch.from_numpy(np.concatenate(steps))


def _blocks(views: int, schedule: Schedule, done: int, steps: int) -> Iterator[tuple[int, ...]]:
    """Cut an epoch, or what is left of the training, into blocks of mini-batch sizes."""
    starts = range(0, views, schedule.batch_size)[: schedule.iterations - done]
    sizes = [min(schedule.batch_size, views - start) for start in starts]
    edges = [*range(0, len(sizes), steps), len(sizes)]
    for begin, end in pairwise(edges):
        yield tuple(sizes[begin:end])
