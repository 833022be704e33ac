"""Scores: logits averaged over views equal those of a naive loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ccbench.cache import Cache
from ccbench.evaluation import ScoreTask, read_scores, score
from ccbench.heads import Head

TASK = ScoreTask("head-key", ("shard-1", "shard-2"), (1, 8, 3, 9, 0), (0, 2, 3), "cpu")


@pytest.fixture
def features() -> NDArray[np.float16]:
    array = np.random.default_rng(0).normal(size=(10, 4, 6)).astype(np.float16)
    cache = Cache()
    for key, part in (("shard-1", array[:7]), ("shard-2", array[7:])):
        with cache.create("features", key) as folder:
            np.save(folder / "features.npy", part)
    return array


@pytest.fixture
def head() -> Head:
    rng = torch.Generator().manual_seed(0)
    sizes = ((5, 6), (3, 5))
    layers = tuple(
        (torch.randn(shape, generator=rng), torch.randn(shape[0], generator=rng)) for shape in sizes
    )
    return Head(("happy", "sad", "angry"), layers)


def naive(features: NDArray[np.float16], head: Head, task: ScoreTask) -> NDArray[np.float64]:
    (w1, b1), (w2, b2) = ((w.double().numpy(), b.double().numpy()) for w, b in head.layers)
    rows = []
    for photograph in task.photographs:
        total = np.zeros(3)
        for view in task.views:
            x = features[photograph, view].astype(np.float64)
            total += w2 @ np.maximum(w1 @ x + b1, 0) + b2
        rows.append(total / len(task.views))
    return np.array(rows)


@pytest.mark.parametrize("views", [(0,), (3, 1), (0, 1, 2, 3)])
def test_scores_are_logits_averaged_over_views(
    features: NDArray[np.float16], head: Head, views: tuple[int, ...]
) -> None:
    cache = Cache()
    task = replace(TASK, views=views)
    score(task, head, cache)
    found = read_scores(task, cache)
    assert found.shape == (5, 3)
    assert found.dtype == np.float32
    assert np.allclose(found, naive(features, head, task), atol=1e-5)
    assert np.ptp(found) > 1


def test_scores_are_computed_once(features: NDArray[np.float16], head: Head) -> None:
    cache = Cache()
    score(TASK, head, cache)
    before = read_scores(TASK, cache)
    other = Head(head.expressions, tuple((w + 1, b) for w, b in head.layers))
    score(TASK, other, cache)  # the key says which head it is: nothing to do
    assert np.array_equal(read_scores(TASK, cache), before)


def test_the_key_says_what_was_scored() -> None:
    keys = {
        TASK.key,
        replace(TASK, head="another").key,
        replace(TASK, features=("shard-1",)).key,
        replace(TASK, photographs=(1, 8, 3, 9)).key,
        replace(TASK, photographs=(8, 1, 3, 9, 0)).key,
        replace(TASK, views=(0,)).key,
        replace(TASK, device="cuda").key,
    }
    assert len(keys) == 7
