"""Fitting heads on cached features (paper, "Training").

Logistic heads are fitted to convergence; perceptrons are trained by stochastic gradient
descent with one of three engines: ``reference`` (autograd), and ``float32`` and
``bfloat16``, which take the same steps several times faster (``delayed``).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from ccbench.cache import Cache
from ccbench.exceptions import CacheError, CcbenchError, DivergedError
from ccbench.features import FeatureBlock
from ccbench.heads import Head, save_head
from ccbench.processor import full_precision
from ccbench.protocol import LogisticHead
from ccbench.training.engines import ENGINES, Engine, choose_engine
from ccbench.training.memory import fits_at_once, head_bytes, heads_at_once, storing_threads
from ccbench.training.perceptron import Report, train_perceptrons
from ccbench.training.regression import gram_task, shares_inner_products, train_logistic
from ccbench.training.task import CURVES, RECIPE, Curve, TrainingTask, read_curve

__all__ = [
    "ENGINES",
    "RECIPE",
    "Curve",
    "Engine",
    "Report",
    "TrainingTask",
    "choose_engine",
    "fits_at_once",
    "gram_task",
    "head_bytes",
    "heads_at_once",
    "read_curve",
    "shares_inner_products",
    "train_head",
    "train_heads",
]


def train_head(task: TrainingTask, cache: Cache, report: Report) -> None:
    """Train the head of a task and store it with its learning curve, unless it is there.

    Raises:
        CcbenchError: no convergence.
        DivergedError: its loss was no longer finite.
    """
    train_heads([task], cache, report)


def train_heads(tasks: Sequence[TrainingTask], cache: Cache, report: Report) -> None:
    """Train several perceptrons at once, or any one head, and store what is not there yet.

    Raises:
        CcbenchError: no convergence.
        DivergedError: the loss of a head was no longer finite; the others are stored.
    """
    missing = [task for task in tasks if not cache.find("heads", task.key)]
    errors: list[DivergedError] = []
    if missing and isinstance(missing[0].head, LogisticHead):
        for task in missing:
            assert isinstance(task.head, LogisticHead)
            block = FeatureBlock(task.features, cache)
            try:
                fitted = train_logistic(task, task.head, block, cache)
            except CacheError:
                raise
            except CcbenchError as error:
                where = f"run {task.run + 1} on '{task.database}'"
                raise CcbenchError(f"{where}: {error}") from None
            _store(task, *fitted, cache)
    elif missing:
        opened = {keys: FeatureBlock(keys, cache) for keys in {t.features for t in missing}}
        blocks = [opened[task.features] for task in missing]
        storing = storing_threads(len(missing))
        pending: deque[Future[None]] = deque()
        with full_precision(), ThreadPoolExecutor(storing) as pool:
            for task, outcome in zip(
                missing, train_perceptrons(missing, blocks, report), strict=True
            ):
                if outcome.head is not None:
                    pending.append(pool.submit(_store, task, outcome.head, outcome.curve, cache))
                elif outcome.error is not None:
                    errors.append(outcome.error)
                # No more heads in memory than are being written.
                if len(pending) == storing:
                    pending.popleft().result()
            for left in pending:
                left.result()
    if errors:
        raise DivergedError.joined(errors)
    report(1.0)


def _store(task: TrainingTask, head: Head, curve: Curve, cache: Cache) -> None:
    with cache.create("heads", task.key) as folder:
        save_head(head, folder)
        (folder / CURVES).write_text(json.dumps(curve))
