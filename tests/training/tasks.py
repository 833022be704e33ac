"""Small tasks of training on stored features."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccbench.cache import Cache
from ccbench.heads import Head, load_head
from ccbench.protocol import PerceptronHead, Schedule
from ccbench.training import Curve, Engine, TrainingTask, read_curve, train_head

EXPRESSIONS = ("happy", "sad", "angry")
FEATURES = 10
VIEWS = 3
REFERENCE = Engine("reference", 4)
FLOAT32 = Engine("float32", 4)
SCHEDULE = Schedule(
    iterations=60,
    batch_size=8,
    learning_rate=((0, 0.05), (20, 0.02), (45, 0.001)),
    momentum=0.0,
    weight_decay=0.0,
)


def store(
    cache: Cache, count: int = 30, gain: float = 1.0, width: int = FEATURES
) -> NDArray[np.float16]:
    """Store features of photographs in two shards: (photographs, views, features)."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(len(EXPRESSIONS), 1, width)) * 1.5
    labels = np.arange(count) % len(EXPRESSIONS)
    values = centres[labels] + rng.normal(size=(count, VIEWS, width))
    array = (values * gain).astype(np.float16)
    for key, part in (("shard-1", array[:17]), ("shard-2", array[17:])):
        with cache.create("features", key) as folder:
            np.save(folder / "features.npy", part)
    return array


def task_of(**changes: Any) -> TrainingTask:
    rows = tuple((photograph, photograph % 3) for photograph in range(30))
    task = TrainingTask(
        database="kdef",
        run=2,
        seed=5,
        expressions=EXPRESSIONS,
        features=("shard-1", "shard-2"),
        train=rows[3:25],
        validation=rows[:3] + rows[25:28],
        views=(0, 2),
        head=PerceptronHead(kind="mlp", hidden=(12, 9), dropout=0.3),
        schedule=SCHEDULE,
        device="cpu",
        engine=REFERENCE,
    )
    return replace(task, **changes)


def train(task: TrainingTask, cache: Cache) -> tuple[Head, Curve, list[float]]:
    reported: list[float] = []
    train_head(task, cache, reported.append)
    folder = cache.find("heads", task.key)
    assert folder is not None
    return load_head(folder), read_curve(folder), reported
