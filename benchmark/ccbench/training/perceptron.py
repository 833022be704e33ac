"""Training perceptrons: mini-batches, masks, learning curves (paper, "Training").

The steps themselves are an engine's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ccbench import seeds
from ccbench.exceptions import DivergedError
from ccbench.features import FeatureBlock
from ccbench.heads import Head, he_normal
from ccbench.protocol import PerceptronHead, Schedule
from ccbench.training.delayed import DelayedHeads
from ccbench.training.dropout import Masks
from ccbench.training.engines import Engine
from ccbench.training.reference import AutogradHeads
from ccbench.training.steps import Block, Trainee
from ccbench.training.task import Curve, TrainingTask, pairs

Report = Callable[[float], None]
"""Called with the fraction done, 0 to 1."""
_VALIDATION_BATCH = 512


@dataclass
class Outcome:
    """What became of one head.

    Attributes:
        curve: its learning curve.
        head: the trained head; ``None`` if it diverged.
        error: why there is none.
    """

    curve: Curve = field(default_factory=list)
    head: Head | None = None
    error: DivergedError | None = None


def train_perceptrons(
    tasks: Sequence[TrainingTask], blocks: Sequence[FeatureBlock], report: Report
) -> Iterator[Outcome]:
    """Train one head, or several at once, and yield what became of each, in order.

    A head whose loss is no longer finite is given up; the others are trained to the end.
    Heads leave the device one by one, when they are asked for.

    Args:
        tasks: equal in head, schedule, engine, device, number of expressions and of views.
        blocks: the features of each.
        report: told how far it is.
    """
    first = tasks[0]
    spec, schedule, engine = first.head, first.schedule, first.engine
    assert isinstance(spec, PerceptronHead)
    assert schedule is not None
    assert engine is not None
    outcomes = [Outcome() for _ in tasks]
    pupils = [_Pupil(task, block, spec, engine) for task, block in zip(tasks, blocks, strict=True)]
    trainee = _trainee(pupils, spec, schedule, engine, first.device)
    done = 0
    while done < schedule.iterations and not all(outcome.error for outcome in outcomes):
        losses: list[list[torch.Tensor]] = [[] for _ in tasks]
        hits: list[list[torch.Tensor]] = [[] for _ in tasks]
        orders = [pupil.shuffle() for pupil in pupils]
        for sizes in _blocks(len(orders[0]), schedule, done, engine.block):
            rates = tuple(learning_rate(schedule, done + step) for step in range(len(sizes)))
            block = _assemble(
                pupils,
                [order[: sum(sizes)] for order in orders],
                sizes,
                rates,
                _precision(engine),
            )
            orders = [order[sum(sizes) :] for order in orders]
            logits = trainee.train(block)
            for index, outcome in enumerate(outcomes):
                loss = F.cross_entropy(logits[index], block.labels[index], reduction="none")
                losses[index].append(loss)
                hits[index].append(logits[index].argmax(1) == block.labels[index])
                if outcome.error is None and not bool(torch.isfinite(loss).all()):
                    outcome.error = _diverged(tasks[index], done, sizes, loss)
            done += len(sizes)
            report(done / schedule.iterations)
        for index, outcome in enumerate(outcomes):
            outcome.curve.append(_train_row(losses[index], hits[index], done))
            if tasks[index].validation and outcome.error is None:
                outcome.curve.append(pupils[index].validate(trainee, index, done))
    for index, outcome in enumerate(outcomes):
        if outcome.error is None and not pupils[index].is_sound(trainee, index):
            # The last update may be the one that went too far.
            outcome.error = DivergedError([(tasks[index].database, tasks[index].run, done)])
        if outcome.error is None:
            tensors = [tensor.cpu() for tensor in trainee.weights(index)]
            layers = tuple(zip(tensors[::2], tensors[1::2], strict=True))
            outcome.head = Head(tasks[index].expressions, layers)
        yield outcome
        outcome.head = None


def learning_rate(schedule: Schedule, iteration: int) -> float:
    """Return the rate of an iteration, counted from 0."""
    return [rate for start, rate in schedule.learning_rate if start <= iteration][-1]


def initial_weights(task: TrainingTask, features: int) -> list[torch.Tensor]:
    """Return He-normal weights from the task's stream.

    Args:
        task: whose head.
        features: number of inputs.
    """
    assert isinstance(task.head, PerceptronHead)
    sizes = (features, *task.head.hidden, len(task.expressions))
    seed = seeds.torch_seed(task.seed, "weights", task.database, task.run)
    return he_normal(sizes, torch.Generator().manual_seed(seed))


def _trainee(
    pupils: Sequence[_Pupil],
    spec: PerceptronHead,
    schedule: Schedule,
    engine: Engine,
    device: str,
) -> Trainee:
    weights = [
        [tensor.to(device) for tensor in initial_weights(pupil.task, pupil.width)]
        for pupil in pupils
    ]
    kept = pupils[0].masks.kept if spec.hidden else 1.0
    if engine.name == "reference":
        return AutogradHeads(weights, schedule, kept)
    return DelayedHeads(weights, schedule, kept, _precision(engine))


def _precision(engine: Engine) -> torch.dtype:
    return torch.bfloat16 if engine.name == "bfloat16" else torch.float32


class _Pupil:
    """The training views, masks and order of one head."""

    def __init__(
        self, task: TrainingTask, block: FeatureBlock, spec: PerceptronHead, engine: Engine
    ) -> None:
        self.task = task
        self.width = block.features
        # Half precision as stored: exact in float32, and half the memory.
        self._kept_as = torch.bfloat16 if engine.name == "bfloat16" else torch.float16
        self._block = block
        photographs, views, labels = pairs(task.train, task.views)
        self.features = self._load(photographs, views)
        self.labels = torch.from_numpy(labels).to(task.device)
        self._shuffling = seeds.generator(task.seed, "batches", task.database, task.run)
        widths = (self.width, *spec.hidden[:-1]) if spec.hidden else ()
        self.masks = Masks(spec.dropout, widths, task.seed, task.database, task.run)

    def _load(self, photographs: NDArray[np.intp], views: NDArray[np.intp]) -> torch.Tensor:
        """Return features on the device, in 16 bits each, converted in parts."""
        found = torch.empty(
            len(photographs), self.width, dtype=self._kept_as, device=self.task.device
        )
        for start in range(0, len(photographs), _VALIDATION_BATCH):
            part = slice(start, start + _VALIDATION_BATCH)
            found[part] = torch.from_numpy(self._block.rows(photographs[part], views[part])).to(
                self.task.device
            )
        return found

    def shuffle(self) -> torch.Tensor:
        """Return the order of the views in the next epoch."""
        return torch.from_numpy(self._shuffling.permutation(len(self.labels)))

    def masks_of(self, sizes: Sequence[int]) -> list[torch.Tensor]:
        """Return the masks of consecutive mini-batches, one below the other, by layer."""
        steps = [self.masks.draw(size) for size in sizes]
        return [
            torch.from_numpy(np.concatenate(layer)).to(self.task.device)
            for layer in zip(*steps, strict=True)
        ]

    def is_sound(self, trainee: Trainee, index: int) -> bool:
        """Whether responses to views of both parts are finite."""
        for part in (self.task.train, self.task.validation):
            photographs, views, _ = pairs(part[:_VALIDATION_BATCH], self.task.views[:1])
            if len(views):
                logits = trainee.logits(index, self._load(photographs, views))
                if not bool(torch.isfinite(logits).all()):
                    return False
        return True

    def validate(
        self, trainee: Trainee, index: int, iteration: int
    ) -> dict[str, float | int | str]:
        photographs, views, labels = pairs(self.task.validation, self.task.views)
        hits = loss = 0.0
        for start in range(0, len(labels), _VALIDATION_BATCH):
            part = slice(start, start + _VALIDATION_BATCH)
            logits = trainee.logits(index, self._load(photographs[part], views[part]))
            target = torch.from_numpy(labels[part]).to(self.task.device)
            hits += float((logits.argmax(1) == target).sum())
            loss += float(F.cross_entropy(logits, target, reduction="sum"))
        return {
            "iteration": iteration,
            "part": "validation",
            "correct_rate": hits / len(labels),
            "loss": loss / len(labels),
        }


def _blocks(views: int, schedule: Schedule, done: int, steps: int) -> Iterator[tuple[int, ...]]:
    """Cut an epoch, or what is left of the training, into blocks of mini-batch sizes."""
    starts = range(0, views, schedule.batch_size)[: schedule.iterations - done]
    sizes = [min(schedule.batch_size, views - start) for start in starts]
    edges = [*range(0, len(sizes), steps), len(sizes)]
    for begin, end in pairwise(edges):
        yield tuple(sizes[begin:end])


def _assemble(
    pupils: Sequence[_Pupil],
    orders: Sequence[torch.Tensor],
    sizes: tuple[int, ...],
    rates: tuple[float, ...],
    precision: torch.dtype,
) -> Block:
    """Gather features, labels and masks of the same block of every head."""
    inputs, labels, hidden = [], [], []
    for pupil, order in zip(pupils, orders, strict=True):
        order = order.to(pupil.labels.device)
        rows = pupil.features.index_select(0, order).to(precision)
        masks = pupil.masks_of(sizes)
        if masks:
            rows.mul_(masks[0])
        inputs.append(rows)
        labels.append(pupil.labels[order])
        hidden.append(masks[1:])
    return Block(
        _stack(inputs),
        _stack(labels),
        tuple(_stack(layer) for layer in zip(*hidden, strict=True)),
        sizes,
        rates,
    )


def _stack(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    return tensors[0][None] if len(tensors) == 1 else torch.stack(list(tensors))


def _train_row(
    losses: Sequence[torch.Tensor], hits: Sequence[torch.Tensor], iteration: int
) -> dict[str, float | int | str]:
    return {
        "iteration": iteration,
        "part": "train",
        "correct_rate": float(torch.cat(list(hits)).cpu().double().mean()),
        "loss": float(torch.cat(list(losses)).cpu().double().mean()),
    }


def _diverged(
    task: TrainingTask, done: int, sizes: Sequence[int], loss: torch.Tensor
) -> DivergedError:
    row = int((~torch.isfinite(loss)).to(torch.int8).argmax())
    step = int(np.searchsorted(np.cumsum(sizes), row, side="right"))
    return DivergedError([(task.database, task.run, done + step + 1)])
