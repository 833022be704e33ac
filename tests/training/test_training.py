"""What a trained head depends on, and that it is trained once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.tasks import EXPRESSIONS, FLOAT32, SCHEDULE, store, task_of, train

from ccbench.cache import Cache
from ccbench.heads import load_head
from ccbench.protocol import LogisticHead, PerceptronHead
from ccbench.training import read_curve, train_heads

pytestmark = pytest.mark.usefixtures("one_thread")


def test_validation_and_test_photographs_are_never_trained_on() -> None:
    cache = Cache()
    features = store(cache)
    reference, curve, _ = train(task_of(), cache)
    other = Cache(cache.root.with_name("other"))
    changed = features.copy()
    changed[[0, 1, 2, 25, 26, 27, 28, 29]] += 1  # validation, and photographs of neither part
    changed[:, 1] += 1  # a view that is not used
    for key, part in (("shard-1", changed[:17]), ("shard-2", changed[17:])):
        with other.create("features", key) as folder:
            np.save(folder / "features.npy", part)
    head, other_curve, _ = train(task_of(), other)
    assert torch.equal(head.layers[0][0], reference.layers[0][0])
    assert other_curve[::2] == curve[::2]
    assert other_curve[1::2] != curve[1::2]


def test_runs_seeds_and_databases_have_streams_of_their_own() -> None:
    cache = Cache()
    store(cache)
    tasks = [task_of(), task_of(run=3), task_of(seed=6), task_of(database="krc")]
    found = [train(task, cache)[0].layers[0][0] for task in tasks]
    for index, weight in enumerate(found):
        assert all(not torch.equal(weight, other) for other in found[index + 1 :])


def test_training_twice_gives_the_same_bytes() -> None:
    stored = []
    for seed, name in enumerate(("a", "b")):
        cache = Cache(Path(name))
        store(cache)
        torch.manual_seed(seed)  # the global generator plays no part
        train(task_of(), cache)
        folder = cache.path("heads", task_of().key)
        stored.append({f.name: f.read_bytes() for f in folder.iterdir()})
    assert stored[0] == stored[1]
    assert set(stored[0]) == {"head.safetensors", "curves.json", "entry.json"}


def test_a_trained_head_is_taken_from_the_cache() -> None:
    cache = Cache()
    store(cache)
    train(task_of(), cache)
    before = (cache.path("heads", task_of().key) / "head.safetensors").stat().st_mtime_ns
    _, _, reported = train(task_of(), cache)
    assert reported == [1.0]
    after = (cache.path("heads", task_of().key) / "head.safetensors").stat().st_mtime_ns
    assert after == before


def test_progress_rises_to_one() -> None:
    cache = Cache()
    store(cache)
    _, _, reported = train(task_of(), cache)
    assert reported == sorted(reported)
    assert reported[-1] == 1.0
    assert len(reported) > 2


def test_the_key_says_what_was_trained_on() -> None:
    task = task_of()
    logistic = task_of(head=LogisticHead(kind="logistic", ridge=1e-4), schedule=None)
    changes: list[dict[str, Any]] = [
        {"database": "krc"},
        {"run": 1},
        {"seed": 1},
        {"expressions": EXPRESSIONS[::-1]},
        {"features": ("shard-2", "shard-1")},
        {"train": task.train[1:]},
        {"validation": ()},
        {"views": (0,)},
        {"head": PerceptronHead(kind="mlp", hidden=(12, 9), dropout=0.2)},
        {"schedule": SCHEDULE.model_copy(update={"iterations": 61})},
        {"device": "cuda"},
    ]
    keys = {task.key, logistic.key, *(replace(task, **change).key for change in changes)}
    assert len(keys) == len(changes) + 2
    # What plays no part: which GPU, and a schedule where there is none.
    assert replace(task, device="cuda:1").key == replace(task, device="cuda:0").key
    assert replace(logistic, schedule=SCHEDULE).key == logistic.key


def test_heads_trained_together_are_those_trained_alone() -> None:
    cache, other = Cache(), Cache(Path("other"))
    store(cache)
    store(other)
    tasks = [task_of(engine=FLOAT32, run=run) for run in (0, 1, 2)]
    reported: list[float] = []
    train_heads(tasks, cache, reported.append)
    assert reported[-1] == 1.0
    for task in tasks:
        alone, curve, _ = train(task, other)
        together = load_head(cache.path("heads", task.key))
        for (weight, bias), (expected, expected_bias) in zip(
            together.layers, alone.layers, strict=True
        ):
            assert torch.allclose(weight, expected, atol=1e-5)
            assert torch.allclose(bias, expected_bias, atol=1e-5)
        for ours, theirs in zip(read_curve(cache.path("heads", task.key)), curve, strict=True):
            assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-4)
