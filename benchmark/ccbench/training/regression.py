"""Fitting a logistic head to features, directly or through inner products."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ccbench.cache import Cache
from ccbench.features import FeatureBlock
from ccbench.grams import GramTask, make_gram, read_gram
from ccbench.heads import Head, as_tensor
from ccbench.logistic import GRAM_LIMIT, fit_gram, fit_logistic
from ccbench.protocol import LogisticHead
from ccbench.training.task import Curve, TrainingTask, curve_row, pairs


def gram_task(task: TrainingTask, block: FeatureBlock) -> GramTask | None:
    """Return the inner products that a head is fitted with, or ``None`` if it needs none.

    Args:
        task: the head.
        block: its features.
    """
    rows = len(block) * len(task.views)
    trained = len(task.train) * len(task.views)
    if task.head.kind != "logistic" or not shares_inner_products(rows, trained, block.features):
        return None
    return GramTask(task.features, task.views)


def shares_inner_products(rows: int, trained: int, features: int) -> bool:
    """Whether logistic heads of a database share the inner products of all its views.

    Args:
        rows: views of all its photographs.
        trained: views that a head is fitted to.
        features: of each.
    """
    return rows <= GRAM_LIMIT and trained <= features


def train_logistic(
    task: TrainingTask, spec: LogisticHead, block: FeatureBlock, cache: Cache
) -> tuple[Head, Curve]:
    """Fit multinomial logistic regression.

    Raises:
        CcbenchError: no convergence.
    """
    shared = gram_task(task, block)
    if shared is not None:
        return _train_in_span(task, spec, block, shared, cache)
    features, labels = _all_views(task.train, task, block)
    weight, bias = fit_logistic(features, labels, len(task.expressions), spec.ridge)
    head = Head(task.expressions, ((weight, bias),))
    curve: Curve = [_measure(head, features, labels, "train")]
    if task.validation:
        curve.append(_measure(head, *_all_views(task.validation, task, block), "validation"))
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
    photographs, views, _ = pairs(task.train, task.views)
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
            curve.append(curve_row(torch.from_numpy(logits.T), torch.from_numpy(labels), part, 0))
    return head, curve


def _gram_rows(
    rows: tuple[tuple[int, int], ...], views: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the rows of a :class:`~ccbench.grams.Gram` for these photographs, and labels."""
    photographs, view, labels = pairs(rows, tuple(range(views)))
    return photographs * views + view, labels


def _all_views(
    rows: tuple[tuple[int, int], ...], task: TrainingTask, block: FeatureBlock
) -> tuple[torch.Tensor, torch.Tensor]:
    photographs, views, labels = pairs(rows, task.views)
    # Fitted on the CPU, wherever heads are scored.
    return as_tensor(block.rows(photographs, views), "cpu"), torch.from_numpy(labels)


def _measure(
    head: Head, features: torch.Tensor, labels: torch.Tensor, part: str
) -> dict[str, float | int | str]:
    with torch.inference_mode():
        return curve_row(head.logits(features), labels, part, 0)
