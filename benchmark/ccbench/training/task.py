"""A head to train, and what is known of its training afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ccbench.cache import content_key
from ccbench.protocol import LogisticHead, PerceptronHead, Schedule
from ccbench.training.engines import Engine

RECIPE = "training-5"
"""Version of everything in this package that changes perceptrons; part of their cache keys."""
LOGISTIC_RECIPE = "logistic-6"
"""Of everything here and in ``logistic`` and ``grams`` that changes logistic heads."""
CURVES = "curves.json"

Curve = list[dict[str, float | int | str]]
"""Rows of iteration, part ("train", "validation"), correct_rate and loss."""


@dataclass(frozen=True)
class TrainingTask:
    """One head to train.

    Attributes:
        database: name, part of the seed.
        run: index, part of the seed.
        seed: the user's base seed.
        expressions: the output units.
        features: cache keys of the database's feature tasks, in order.
        train: (photograph, expression) indices to train on.
        validation: likewise, to watch.
        views: indices of the views to train on.
        head: which head.
        schedule: of stochastic gradient descent; ``None`` for logistic regression.
        device: "cpu", "cuda", ...
        engine: how a perceptron is trained; ``None`` for logistic regression.
    """

    database: str
    run: int
    seed: int
    expressions: tuple[str, ...]
    features: tuple[str, ...]
    train: tuple[tuple[int, int], ...]
    validation: tuple[tuple[int, int], ...]
    views: tuple[int, ...]
    head: LogisticHead | PerceptronHead
    schedule: Schedule | None
    device: str
    engine: Engine | None = None

    @property
    def key(self) -> str:
        """The cache key."""
        perceptron = self.head.kind == "mlp"
        return content_key(
            "heads",
            code=[RECIPE if perceptron else LOGISTIC_RECIPE, torch.__version__, np.__version__],
            seed=[self.seed, self.database, self.run],
            expressions=self.expressions,
            features=self.features,
            train=self.train,
            validation=self.validation,
            views=self.views,
            head=self.head,
            schedule=self.schedule if perceptron else None,
            engine=self.engine if perceptron else None,
            device=self.device.split(":")[0],
        )


def pairs(
    rows: tuple[tuple[int, int], ...], views: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    """Return photograph, view and label of every view of every photograph, views fastest."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    photographs = np.repeat(table[:, 0], len(views)).astype(np.intp)
    labels = np.repeat(table[:, 1], len(views))
    return photographs, np.tile(np.array(views, np.intp), len(rows)), labels


def curve_row(
    logits: torch.Tensor, labels: torch.Tensor, part: str, iteration: int
) -> dict[str, float | int | str]:
    """Return a row of a learning curve.

    Args:
        logits: (n, expressions).
        labels: int64 (n,).
        part: "train" or "validation".
        iteration: weight updates so far.
    """
    return {
        "iteration": iteration,
        "part": part,
        "correct_rate": float((logits.argmax(1) == labels).cpu().double().mean()),
        "loss": float(F.cross_entropy(logits, labels)),
    }


def read_curve(folder: Path) -> Curve:
    """Return the learning curve stored beside a head."""
    curve: Curve = json.loads((folder / CURVES).read_text())
    return curve
