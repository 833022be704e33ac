"""How long the training of heads takes on this machine, from a few blocks of steps."""

from __future__ import annotations

import math
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ccbench import atomic
from ccbench.cache import Cache
from ccbench.exceptions import CacheError
from ccbench.features import FeatureBlock
from ccbench.heads import Head, load_head, save_head
from ccbench.processor import full_precision
from ccbench.protocol import PerceptronHead, Schedule
from ccbench.training.engines import Engine
from ccbench.training.memory import storing_threads
from ccbench.training.perceptron import train_perceptrons
from ccbench.training.task import TrainingTask

_EPOCH = 2
"""Blocks in an epoch."""
_VALIDATED = 512
_DIFFERENT = 512
"""Rows of random features; others are the same again."""


@dataclass(frozen=True)
class Trial:
    """A training to be timed.

    Attributes:
        head: the perceptron.
        schedule: of its training.
        engine: that trains it.
        features: number of inputs.
        expressions: number of output units.
        device: "cpu", "cuda", ...
        heads: how many are trained at once.
        blocks: of steps that are trained, at least 6; the first is not counted.
        store: folder on the disk that heads are stored on; the system's temporary one by default.
    """

    head: PerceptronHead
    schedule: Schedule
    engine: Engine
    features: int
    expressions: int
    device: str
    heads: int = 1
    blocks: int = 6
    store: Path | None = None


@dataclass(frozen=True)
class Pace:
    """What was measured, of all heads at once.

    Attributes:
        step: seconds a weight update.
        validated: seconds a validation view.
        begun: seconds before the first step.
        kept: seconds that storing the trained heads, reading them again and testing them take.
    """

    step: float
    validated: float
    begun: float
    kept: float

    def whole(self, schedule: Schedule, views: int, validation: int) -> float:
        """Return the seconds that a whole training takes.

        Args:
            schedule: of the training.
            views: each head is trained on.
            validation: views that each is watched with after every epoch.
        """
        epochs = math.ceil(schedule.iterations / math.ceil(views / schedule.batch_size))
        watching = epochs * validation * self.validated
        return self.begun + schedule.iterations * self.step + watching + self.kept


def time_training(trial: Trial) -> Pace:
    """Train a few blocks on random features, as sparse as those of a network."""
    block = trial.engine.block
    task = trial_task(trial, trial.blocks * block, _EPOCH * block)
    tasks = [replace(task, run=run) for run in range(trial.heads)]
    features = RandomFeatures(trial.features)
    begun = time.perf_counter()
    # When each block was done; the last blocks of epochs are not followed by the next at once.
    done: list[float] = []
    with full_precision():
        outcomes = train_perceptrons(
            tasks, [features] * len(tasks), lambda _part: done.append(time.perf_counter())
        )
        head = next(outcomes).head
        outcomes.close()
    assert head is not None
    spent = np.diff(done)
    between = [seconds for index, seconds in enumerate(spent, 1) if index % _EPOCH]
    after_epochs = [seconds for index, seconds in enumerate(spent, 1) if not index % _EPOCH]
    # Means: what now and then takes longer, on a machine with neighbours, does so in the run.
    usual = statistics.fmean(between)
    return Pace(
        step=usual / block,
        validated=max(0.0, statistics.fmean(after_epochs) - usual) / _VALIDATED,
        begun=max(0.0, done[0] - begun - usual),
        kept=_seconds_kept(head, trial),
    )


def trial_task(trial: Trial, steps: int, epoch: int) -> TrainingTask:
    """Return a head to train on :class:`RandomFeatures`.

    Args:
        trial: which head.
        steps: how many mini-batches.
        epoch: mini-batches in an epoch.
    """
    views = epoch * trial.schedule.batch_size
    rows = tuple((row, row % trial.expressions) for row in range(views + _VALIDATED))
    return TrainingTask(
        database="timing",
        run=0,
        seed=0,
        expressions=tuple(map(str, range(trial.expressions))),
        features=(),
        train=rows[:views],
        validation=rows[views:],
        views=(0,),
        head=trial.head,
        # So small a rate that nothing diverges.
        schedule=trial.schedule.model_copy(
            update={"iterations": steps, "learning_rate": ((0, 1e-6),)}
        ),
        device=trial.device,
        engine=trial.engine,
    )


def _seconds_kept(head: Head, trial: Trial) -> float:
    """Store a head, as many at once as in a run, and read it again."""
    try:
        return _stored(head, trial, trial.store)
    except (OSError, CacheError):
        # No room there, which the run will say; the time is about that of another disk.
        return _stored(head, trial, None)


def _stored(head: Head, trial: Trial, place: Path | None) -> float:
    with atomic.temporary_directory(place) as folder:
        cache = Cache(folder)

        def store(key: str) -> None:
            with cache.create("heads", key) as place:
                save_head(head, place)

        threads = storing_threads(trial.heads)
        start = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(store, map(str, range(threads))))
        stored = (time.perf_counter() - start) / threads
        start = time.perf_counter()
        _read(cache.path("heads", "0"), trial)
        return trial.heads * (stored + time.perf_counter() - start)


def _read(folder: Path, trial: Trial) -> None:
    # The file is mapped for as long as the head is there; Windows would not let it be removed.
    read = load_head(folder).to(trial.device)
    float(read.logits(torch.zeros(_VALIDATED, trial.features, device=trial.device)).sum())


class RandomFeatures(FeatureBlock):
    """Features that are nowhere stored, half of them zero."""

    def __init__(self, features: int) -> None:
        self.features = features
        values = np.random.default_rng(0).standard_normal((_DIFFERENT, features), np.float32)
        self._values = np.maximum(values - 0.6, 0.0).astype(np.float16)

    def rows(
        self,
        photographs: NDArray[np.intp],
        views: NDArray[np.intp],  # noqa: ARG002
        columns: slice = slice(None),
    ) -> NDArray[np.float16]:
        """Return the features of (photograph, view) pairs, as ``FeatureBlock.rows`` does."""
        chosen: NDArray[np.float16] = self._values[photographs % _DIFFERENT][:, columns]
        return chosen
