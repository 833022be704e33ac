"""What heads are trained on, block after block: the order of the views and dropout masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch

from ccbench import seeds
from ccbench.protocol import PerceptronHead, Schedule
from ccbench.training.dropout import Masks
from ccbench.training.steps import Block
from ccbench.training.task import TrainingTask, pairs
from ccbench.training.views import Views


@dataclass(frozen=True)
class _Part:
    """A block of one head: rows of its views and labels, on the CPU; masks on the device."""

    rows: torch.Tensor
    labels: torch.Tensor
    masks: list[torch.Tensor]


class Pupil:
    """The streams of one head.

    Args:
        task: the head.
        views: where its views are.
        spec: the perceptron.
    """

    def __init__(self, task: TrainingTask, views: Views, spec: PerceptronHead) -> None:
        self.task, self.views = task, views
        self.width = views.features.shape[1]
        photographs, numbers, labels = pairs(task.train, task.views)
        self._rows, self._labels = views.find(photographs, numbers), torch.from_numpy(labels)
        self._shuffling = seeds.generator(task.seed, "batches", task.database, task.run)
        widths = (self.width, *spec.hidden[:-1]) if spec.hidden else ()
        self.masks = Masks(spec.dropout, widths, task.seed, task.database, task.run)
        self._order = torch.empty(0, dtype=torch.int64)

    def __len__(self) -> int:
        """Return the number of training views."""
        return len(self._labels)

    def draw(self, views: int) -> _Part:
        """Draw the next views; after the last one of an epoch they are shuffled anew."""
        if not len(self._order):
            self._order = torch.from_numpy(self._shuffling.permutation(len(self)))
        chosen, self._order = self._order[:views], self._order[views:]
        masks = self.masks.draw(views, self.task.device)
        return _Part(self._rows[chosen], self._labels[chosen], masks)


def blocks(
    pupils: Sequence[Pupil], schedule: Schedule, steps: int, precision: torch.dtype
) -> Iterator[tuple[Block, bool]]:
    """Draw a whole training.

    Args:
        pupils: with equally many training views.
        schedule: of the training.
        steps: mini-batches in a block; none goes beyond an epoch.
        precision: of the inputs.

    Yields:
        A block of all heads, and whether an epoch ends with it.
    """
    done = 0
    while done < schedule.iterations:
        epoch = list(_sizes(len(pupils[0]), schedule, done, steps))
        for number, sizes in enumerate(epoch, 1):
            rates = tuple(learning_rate(schedule, done + step) for step in range(len(sizes)))
            parts = [pupil.draw(sum(sizes)) for pupil in pupils]
            yield _assemble(pupils, parts, sizes, rates, precision), number == len(epoch)
            done += len(sizes)


def learning_rate(schedule: Schedule, iteration: int) -> float:
    """Return the rate of an iteration, counted from 0."""
    return [rate for start, rate in schedule.learning_rate if start <= iteration][-1]


def _sizes(views: int, schedule: Schedule, done: int, steps: int) -> Iterator[tuple[int, ...]]:
    """Cut an epoch, or what is left of the training, into blocks of mini-batch sizes."""
    starts = range(0, views, schedule.batch_size)[: schedule.iterations - done]
    sizes = [min(schedule.batch_size, views - start) for start in starts]
    edges = [*range(0, len(sizes), steps), len(sizes)]
    for begin, end in pairwise(edges):
        yield tuple(sizes[begin:end])


def _assemble(
    pupils: Sequence[Pupil],
    parts: Sequence[_Part],
    sizes: tuple[int, ...],
    rates: tuple[float, ...],
    precision: torch.dtype,
) -> Block:
    """Gather features, labels and masks of the same block of every head, on the device."""
    device = pupils[0].task.device
    rows = _stack([part.rows for part in parts]).to(device)
    inputs = _stack(
        [pupil.views.take(chosen).to(precision) for pupil, chosen in zip(pupils, rows, strict=True)]
    )
    masks = [_stack(layer) for layer in zip(*(part.masks for part in parts), strict=True)]
    if masks:
        inputs.mul_(masks[0])
    labels = _stack([part.labels for part in parts]).to(device)
    return Block(inputs, labels, tuple(masks[1:]), sizes, rates)


def _stack(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    return tensors[0][None] if len(tensors) == 1 else torch.stack(list(tensors))
