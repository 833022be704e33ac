"""A trained head on the test photographs of a database (paper, "Correct rate")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ccbench.cache import Cache, content_key
from ccbench.features import FeatureBlock
from ccbench.heads import Head, as_tensor

RECIPE = "scores-1"
"""Version of everything in this module that changes numbers; part of every cache key."""


@dataclass(frozen=True)
class ScoreTask:
    """One head to score on the test photographs of one database.

    Attributes:
        head: cache key of the head.
        features: cache keys of the test database's feature tasks, in order.
        photographs: indices of the test photographs.
        views: indices of the views whose logits are averaged.
        device: "cpu", "cuda", ...
    """

    head: str
    features: tuple[str, ...]
    photographs: tuple[int, ...]
    views: tuple[int, ...]
    device: str

    @property
    def key(self) -> str:
        """The cache key."""
        parts = {**vars(self), "device": self.device.split(":")[0]}
        return content_key("scores", code=RECIPE, **parts)


def score(task: ScoreTask, head: Head, cache: Cache) -> None:
    """Compute and store the logits of a task, unless they are there."""
    if cache.find("scores", task.key):
        return
    block = FeatureBlock(task.features, cache)
    photographs = np.array(task.photographs, np.intp)
    total = torch.zeros(len(photographs), len(head.expressions), dtype=torch.float64)
    with torch.inference_mode():
        for view in task.views:
            views = np.full(len(photographs), view, np.intp)
            features = as_tensor(block.rows(photographs, views), task.device)
            total += head.logits(features).cpu().to(torch.float64)
    logits = (total / len(task.views)).to(torch.float32).numpy()
    with cache.create("scores", task.key) as folder:
        np.save(folder / "logits.npy", logits)


def read_scores(task: ScoreTask, cache: Cache) -> NDArray[np.float32]:
    """Return the logits of a finished task, float32 (photographs, expressions)."""
    logits: NDArray[np.float32] = np.load(cache.path("scores", task.key) / "logits.npy")
    return logits
