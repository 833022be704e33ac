"""Training perceptrons: mini-batches, masks, learning curves (paper, "Training").

The steps themselves are an engine's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional as F

from ccbench import seeds
from ccbench.exceptions import DivergedError
from ccbench.features import FeatureBlock
from ccbench.heads import Head, he_normal
from ccbench.protocol import PerceptronHead, Schedule
from ccbench.training.delayed import DelayedHeads
from ccbench.training.engines import Engine
from ccbench.training.memory import storing_threads
from ccbench.training.reference import AutogradHeads
from ccbench.training.steps import Block, Trainee
from ccbench.training.stream import Pupil, blocks
from ccbench.training.task import Curve, TrainingTask, pairs
from ccbench.training.views import Views

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
    tasks: Sequence[TrainingTask], features: Sequence[FeatureBlock], report: Report
) -> Generator[Outcome, None, None]:
    """Train one head, or several at once, and yield what became of each, in order.

    A head whose loss is no longer finite is given up; the others are trained to the end.
    Heads leave the device one by one, when they are asked for.

    Args:
        tasks: equal in head, schedule, engine, device, number of expressions and of views.
        features: of each.
        report: told how far it is.
    """
    first = tasks[0]
    spec, schedule, engine = first.head, first.schedule, first.engine
    assert isinstance(spec, PerceptronHead)
    assert schedule is not None
    assert engine is not None
    outcomes = [Outcome() for _ in tasks]
    pupils = _pupils(tasks, features, spec, engine)
    trainee = _trainee(pupils, spec, schedule, engine)
    drawn = blocks(pupils, schedule, engine.block, _precision(engine))
    _train(trainee, pupils, outcomes, drawn, report)
    for index, outcome in enumerate(outcomes):
        if outcome.error is None and not _is_sound(pupils[index], trainee, index):
            # The last update may be the one that went too far.
            last = schedule.iterations
            outcome.error = DivergedError([(tasks[index].database, tasks[index].run, last)])
        if outcome.error is None:
            tensors = [tensor.cpu() for tensor in trainee.weights(index)]
            layers = tuple(zip(tensors[::2], tensors[1::2], strict=True))
            outcome.head = Head(tasks[index].expressions, layers)
        yield outcome
        outcome.head = None


def _train(
    trainee: Trainee,
    pupils: Sequence[Pupil],
    outcomes: Sequence[Outcome],
    drawn: Iterator[tuple[Block, bool]],
    report: Report,
) -> None:
    schedule = pupils[0].task.schedule
    assert schedule is not None
    done = 0
    losses: list[torch.Tensor] = []
    hits: list[torch.Tensor] = []
    for block, last in drawn:
        logits = trainee.train(block)
        loss = F.cross_entropy(logits.flatten(0, 1), block.labels.flatten(), reduction="none")
        losses.append(loss.view(block.labels.shape))
        hits.append(logits.argmax(2) == block.labels)
        # Asked once for all heads: the device is waited for.
        finite = torch.isfinite(losses[-1]).all(1).tolist()
        for index, outcome in enumerate(outcomes):
            if outcome.error is None and not finite[index]:
                task = pupils[index].task
                outcome.error = _diverged(task, done, block.sizes, losses[-1][index])
        done += len(block.sizes)
        report(done / schedule.iterations)
        if not last:
            continue
        for index, outcome in enumerate(outcomes):
            outcome.curve.append(_train_row(index, losses, hits, done))
            if pupils[index].task.validation and outcome.error is None:
                outcome.curve.append(_validate(pupils[index], trainee, index, done))
        losses, hits = [], []
        if all(outcome.error for outcome in outcomes):
            return


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


def _pupils(
    tasks: Sequence[TrainingTask],
    features: Sequence[FeatureBlock],
    spec: PerceptronHead,
    engine: Engine,
) -> list[Pupil]:
    # Half precision as stored: exact in float32, and half the memory.
    kind = torch.bfloat16 if engine.name == "bfloat16" else torch.float16
    alike: dict[tuple[str, ...], list[TrainingTask]] = {}
    for task in tasks:
        alike.setdefault(task.features, []).append(task)
    stored = {task.features: block for task, block in zip(tasks, features, strict=True)}
    views = {keys: Views(stored[keys], same, kind) for keys, same in alike.items()}
    return [Pupil(task, views[task.features], spec) for task in tasks]


class _Weights(Collection[list[torch.Tensor]]):
    """Initial weights of several heads, drawn a few heads ahead and given up once taken."""

    def __init__(self, pupils: Sequence[Pupil]) -> None:
        self._pupils = pupils

    def __len__(self) -> int:
        return len(self._pupils)

    def __contains__(self, _item: object) -> bool:
        return False

    def __iter__(self) -> Iterator[list[torch.Tensor]]:
        device = self._pupils[0].task.device
        ahead = storing_threads(len(self))
        with ThreadPoolExecutor(ahead) as pool:
            for start in range(0, len(self), ahead):
                part = self._pupils[start : start + ahead]
                for drawn in pool.map(lambda each: initial_weights(each.task, each.width), part):
                    yield [tensor.to(device) for tensor in drawn]


def _trainee(
    pupils: Sequence[Pupil], spec: PerceptronHead, schedule: Schedule, engine: Engine
) -> Trainee:
    weights = _Weights(pupils)
    kept = pupils[0].masks.kept if spec.hidden else 1.0
    if engine.name == "reference":
        return AutogradHeads(list(weights), schedule, kept)
    return DelayedHeads(weights, schedule, kept, _precision(engine))


def _precision(engine: Engine) -> torch.dtype:
    return torch.bfloat16 if engine.name == "bfloat16" else torch.float32


def _is_sound(pupil: Pupil, trainee: Trainee, index: int) -> bool:
    """Whether responses to views of both parts are finite."""
    task = pupil.task
    for part in (task.train, task.validation):
        photographs, numbers, _ = pairs(part[:_VALIDATION_BATCH], task.views[:1])
        if len(numbers):
            features = pupil.views.take(pupil.views.find(photographs, numbers))
            if not bool(torch.isfinite(trainee.logits(index, features)).all()):
                return False
    return True


def _validate(
    pupil: Pupil, trainee: Trainee, index: int, iteration: int
) -> dict[str, float | int | str]:
    photographs, numbers, known = pairs(pupil.task.validation, pupil.task.views)
    rows = pupil.views.find(photographs, numbers).to(pupil.views.features.device)
    labels = torch.from_numpy(known).to(rows.device)
    hits = loss = 0.0
    for start in range(0, len(labels), _VALIDATION_BATCH):
        part = slice(start, start + _VALIDATION_BATCH)
        logits = trainee.logits(index, pupil.views.take(rows[part]))
        hits += float((logits.argmax(1) == labels[part]).sum())
        loss += float(F.cross_entropy(logits, labels[part], reduction="sum"))
    return {
        "iteration": iteration,
        "part": "validation",
        "correct_rate": hits / len(labels),
        "loss": loss / len(labels),
    }


def _train_row(
    index: int, losses: Sequence[torch.Tensor], hits: Sequence[torch.Tensor], iteration: int
) -> dict[str, float | int | str]:
    return {
        "iteration": iteration,
        "part": "train",
        "correct_rate": float(torch.cat([hit[index] for hit in hits]).cpu().double().mean()),
        "loss": float(torch.cat([loss[index] for loss in losses]).cpu().double().mean()),
    }


def _diverged(
    task: TrainingTask, done: int, sizes: Sequence[int], loss: torch.Tensor
) -> DivergedError:
    row = int((~torch.isfinite(loss)).to(torch.int8).argmax())
    step = int(np.searchsorted(np.cumsum(sizes), row, side="right"))
    return DivergedError([(task.database, task.run, done + step + 1)])
