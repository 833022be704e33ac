"""Fitting a head on cached features (paper, "Training").

Plain torch: the reference that faster engines are compared with.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ccbench import seeds
from ccbench.cache import Cache, content_key
from ccbench.exceptions import CcbenchError
from ccbench.features import FeatureBlock
from ccbench.grams import GramTask, make_gram, read_gram
from ccbench.heads import Head, as_tensor, he_normal, save_head
from ccbench.logistic import GRAM_LIMIT, fit_gram, fit_logistic
from ccbench.protocol import LogisticHead, PerceptronHead, Schedule

RECIPE = "training-2"
"""Version of everything here and in ``logistic`` and ``grams`` that changes numbers; part of
every cache key."""
CURVES = "curves.json"
Report = Callable[[float], None]
"""Called with the fraction done, 0 to 1."""

Curve = list[dict[str, float | int | str]]
"""Rows of iteration, part ("train", "validation"), correct_rate and loss."""

_VALIDATION_BATCH = 512


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

    @property
    def key(self) -> str:
        """The cache key."""
        return content_key(
            "heads",
            code=[RECIPE, torch.__version__, np.__version__],
            seed=[self.seed, self.database, self.run],
            expressions=self.expressions,
            features=self.features,
            train=self.train,
            validation=self.validation,
            views=self.views,
            head=self.head,
            schedule=self.schedule if self.head.kind == "mlp" else None,
            device=self.device.split(":")[0],
        )


def train_head(task: TrainingTask, cache: Cache, report: Report) -> None:
    """Train the head of a task and store it with its learning curve, unless it is there.

    Raises:
        CcbenchError: the training diverged.
    """
    if cache.find("heads", task.key):
        report(1.0)
        return
    block = FeatureBlock(task.features, cache)
    if isinstance(task.head, LogisticHead):
        head, curve = _train_logistic(task, task.head, block, cache)
    else:
        assert task.schedule is not None
        head, curve = _train_perceptron(task, task.head, task.schedule, block, report)
    with cache.create("heads", task.key) as folder:
        save_head(head, folder)
        (folder / CURVES).write_text(json.dumps(curve))
    report(1.0)


def read_curve(folder: Path) -> Curve:
    """Return the learning curve stored beside a head."""
    curve: Curve = json.loads((folder / CURVES).read_text())
    return curve


def gram_task(task: TrainingTask, block: FeatureBlock) -> GramTask | None:
    """Return the inner products that a head is fitted with, or ``None`` if it needs none.

    Args:
        task: the head.
        block: its features.
    """
    rows = len(block) * len(task.views)
    trained = len(task.train) * len(task.views)
    if task.head.kind != "logistic" or rows > GRAM_LIMIT or trained > block.features:
        return None
    return GramTask(task.features, task.views)


def _train_logistic(
    task: TrainingTask, spec: LogisticHead, block: FeatureBlock, cache: Cache
) -> tuple[Head, Curve]:
    shared = gram_task(task, block)
    if shared is not None:
        return _train_in_span(task, spec, block, shared, cache)
    features, labels = _all_views(task.train, task, block)
    weight, bias = fit_logistic(features, labels, len(task.expressions), spec.ridge)
    head = Head(task.expressions, ((weight, bias),))
    curve: Curve = [_measure(head, features, labels, "train", 0)]
    if task.validation:
        curve.append(_measure(head, *_all_views(task.validation, task, block), "validation", 0))
    return head, curve


def _train_in_span(
    task: TrainingTask,
    spec: LogisticHead,
    block: FeatureBlock,
    shared: GramTask,
    cache: Cache,
) -> tuple[Head, Curve]:
    """Fit the same head from the inner products that all heads of a database share."""
    make_gram(shared, cache)
    gram = read_gram(shared, cache)
    trained, labels = _gram_rows(task.train, len(task.views))
    combination, bias = fit_gram(
        gram.products[np.ix_(trained, trained)], labels, len(task.expressions), spec.ridge
    )
    photographs, views, _ = _pairs(task.train, task.views)
    weight = block.combine(combination, photographs, views, gram.origin).astype(np.float32)
    # The bias belongs to the weights as they are stored.
    shifted = bias - weight.astype(np.float64) @ gram.origin
    head = Head(
        task.expressions,
        ((torch.from_numpy(weight), torch.from_numpy(shifted.astype(np.float32))),),
    )
    curve: Curve = []
    for part, rows in (("train", task.train), ("validation", task.validation)):
        if rows:
            measured, labels = _gram_rows(rows, len(task.views))
            logits = combination @ gram.products[np.ix_(trained, measured)] + bias[:, None]
            curve.append(_rates(torch.from_numpy(logits.T), torch.from_numpy(labels), part, 0))
    return head, curve


def _gram_rows(
    rows: tuple[tuple[int, int], ...], views: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the rows of a :class:`~ccbench.grams.Gram` for these photographs, and labels."""
    photographs, view, labels = _pairs(rows, tuple(range(views)))
    return photographs * views + view, labels


def _train_perceptron(
    task: TrainingTask,
    spec: PerceptronHead,
    schedule: Schedule,
    block: FeatureBlock,
    report: Report,
) -> tuple[Head, Curve]:
    stream = (task.seed, task.database, task.run)
    initial = torch.Generator().manual_seed(_seed("weights", stream))
    dropping = torch.Generator(task.device).manual_seed(_seed("dropout", stream))
    shuffling = seeds.generator(task.seed, "batches", task.database, task.run)
    sizes = (block.features, *spec.hidden, len(task.expressions))
    weights = [t.to(task.device).requires_grad_() for t in he_normal(sizes, initial)]
    optimiser = torch.optim.SGD(
        weights,
        lr=schedule.learning_rate[0][1],
        momentum=schedule.momentum,
        weight_decay=schedule.weight_decay,
    )
    photographs, views, labels = _pairs(task.train, task.views)
    curve: Curve = []
    iteration = 0
    while iteration < schedule.iterations:
        order = shuffling.permutation(len(labels))
        losses: list[float] = []
        hits = seen = 0
        for start in range(0, len(order), schedule.batch_size):
            if iteration == schedule.iterations:
                break
            batch = order[start : start + schedule.batch_size]
            for group in optimiser.param_groups:
                group["lr"] = _rate(schedule, iteration)
            features = as_tensor(block.rows(photographs[batch], views[batch]), task.device)
            target = torch.from_numpy(labels[batch]).to(task.device)
            logits = _forward(features, weights, spec.dropout, dropping)
            loss = F.cross_entropy(logits, target)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            value = loss.item()
            if not np.isfinite(value):
                raise CcbenchError(
                    f"the training of run {task.run + 1} on '{task.database}' diverged at "
                    f"iteration {iteration + 1}; lower training.learning_rate with --set"
                )
            losses.append(value * len(batch))
            hits += int((logits.argmax(1) == target).sum())
            seen += len(batch)
            iteration += 1
            if iteration % 20 == 0:
                report(iteration / schedule.iterations)
        curve.append(
            {
                "iteration": iteration,
                "part": "train",
                "correct_rate": hits / seen,
                "loss": sum(losses) / seen,
            }
        )
        head = _head(task, weights)
        if task.validation:
            curve.append(_validate(head, task, block, iteration))
    return head, curve


def _forward(
    features: torch.Tensor, weights: list[torch.Tensor], dropout: float, rng: torch.Generator
) -> torch.Tensor:
    """Forward pass with dropout before every layer but the last (paper, "Network")."""
    hidden = features
    last = len(weights) // 2 - 1
    for index in range(last + 1):
        if index:
            hidden = F.relu(hidden)
        if dropout and index < last:
            keep = torch.rand(hidden.shape, generator=rng, device=hidden.device) >= dropout
            hidden = hidden * keep / (1 - dropout)
        hidden = F.linear(hidden, weights[2 * index], weights[2 * index + 1])
    return hidden


def _rate(schedule: Schedule, iteration: int) -> float:
    return [rate for start, rate in schedule.learning_rate if start <= iteration][-1]


def _seed(purpose: str, stream: tuple[int, str, int]) -> int:
    base, database, run = stream
    return seeds.torch_seed(base, purpose, database, run)


def _head(task: TrainingTask, weights: list[torch.Tensor]) -> Head:
    tensors = [tensor.detach() for tensor in weights]
    return Head(task.expressions, tuple(zip(tensors[::2], tensors[1::2], strict=True)))


def _pairs(
    rows: tuple[tuple[int, int], ...], views: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    """Return photograph, view and label of every view of every photograph."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    photographs = np.repeat(table[:, 0], len(views)).astype(np.intp)
    labels = np.repeat(table[:, 1], len(views))
    return photographs, np.tile(np.array(views, np.intp), len(rows)), labels


def _all_views(
    rows: tuple[tuple[int, int], ...], task: TrainingTask, block: FeatureBlock
) -> tuple[torch.Tensor, torch.Tensor]:
    photographs, views, labels = _pairs(rows, task.views)
    return (
        as_tensor(block.rows(photographs, views), task.device),
        torch.from_numpy(labels).to(task.device),
    )


def _measure(
    head: Head, features: torch.Tensor, labels: torch.Tensor, part: str, iteration: int
) -> dict[str, float | int | str]:
    with torch.inference_mode():
        return _rates(head.logits(features), labels, part, iteration)


def _rates(
    logits: torch.Tensor, labels: torch.Tensor, part: str, iteration: int
) -> dict[str, float | int | str]:
    return {
        "iteration": iteration,
        "part": part,
        "correct_rate": float((logits.argmax(1) == labels).double().mean()),
        "loss": float(F.cross_entropy(logits, labels)),
    }


def _validate(
    head: Head, task: TrainingTask, block: FeatureBlock, iteration: int
) -> dict[str, float | int | str]:
    photographs, views, labels = _pairs(task.validation, task.views)
    hits = loss = 0.0
    for start in range(0, len(labels), _VALIDATION_BATCH):
        part = slice(start, start + _VALIDATION_BATCH)
        features = as_tensor(block.rows(photographs[part], views[part]), task.device)
        target = torch.from_numpy(labels[part]).to(task.device)
        row = _measure(head, features, target, "validation", iteration)
        hits += float(row["correct_rate"]) * len(target)
        loss += float(row["loss"]) * len(target)
    return {
        "iteration": iteration,
        "part": "validation",
        "correct_rate": hits / len(labels),
        "loss": loss / len(labels),
    }
