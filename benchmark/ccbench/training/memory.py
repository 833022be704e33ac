"""How many heads fit into memory at once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from ccbench.exceptions import CcbenchError
from ccbench.logistic import fits_in_span
from ccbench.memory import PROCESS, free_memory, room
from ccbench.processor import available_cores
from ccbench.protocol import PerceptronHead
from ccbench.training.task import TrainingTask
from ccbench.training.views import views_bytes

_PRODUCTS = 4
"""Matrices of inner products that a logistic fit has in memory."""
_STORED = 8
"""Heads that are written at once, at most: each is in memory twice meanwhile."""


def head_bytes(task: TrainingTask, features: int) -> int:
    """Return about how much memory the training of one perceptron takes by itself.

    Args:
        task: the head.
        features: number of its inputs.
    """
    return _own_bytes(task, features) + _shared_bytes([task], features)


def heads_at_once(
    tasks: Sequence[TrainingTask], features: int, wanted: int, held: Sequence[int] = ()
) -> int:
    """Return how many heads can be trained at the same time, at most ``wanted``.

    On the CPU each has a process of its own; elsewhere heads of the same photographs share
    their views.

    Args:
        tasks: the heads, at least one; the largest counts.
        features: number of inputs.
        wanted: how many are asked for.
        held: bytes that each process holds that is there already, on the CPU.

    Raises:
        CcbenchError: not even one fits; what it would take is said.
    """
    largest = max(tasks, key=lambda task: head_bytes(task, features))
    device = largest.device
    free = _free(device)
    if free is None:
        # A device that does not tell is given one head at a time.
        return 1
    alone = head_bytes(largest, features)
    if device == "cpu":
        each, shared = alone + PROCESS, 0
        free = room(free, held)
    else:
        each, shared = _own_bytes(largest, features), _shared_bytes(tasks, features)
        if each + shared > free:
            # Views of all databases leave no room; those of one head may.
            each, shared = alone, 0
    if each + shared > free:
        raise CcbenchError(_refusal(largest, features, each, free, each - alone))
    return max(1, min(wanted, (free - shared) // each))


def fits_at_once(
    tasks: Sequence[tuple[TrainingTask, bool]], features: int, wanted: int, held: Sequence[int] = ()
) -> int:
    """Return how many logistic heads can be fitted at the same time, at most ``wanted``.

    Args:
        tasks: the heads, at least one, and whether each shares its inner products with others;
            the largest counts.
        features: number of inputs.
        wanted: how many are asked for.
        held: bytes that each process holds that is there already.

    Raises:
        CcbenchError: not even one fits; what it would take is said.
    """
    own, rows = max(_fit_bytes(task, features, shared) for task, shared in tasks)
    free, each = room(free_memory(), held), own + PROCESS
    if each > free:
        raise CcbenchError(
            f"a logistic head on {rows:,} views of {features:,} features takes {each / 2**30:.1f} "
            f"GB to fit, and this machine has {free / 2**30:.1f} GB free; set fewer views with "
            f"views.sizes and views.shifts, or free some memory"
        )
    return max(1, min(wanted, free // each))


def _fit_bytes(task: TrainingTask, features: int, shared: bool) -> tuple[int, int]:
    """Return the bytes of a logistic fit, and the rows it is fitted to."""
    rows = len(task.train) * len(task.views)
    products = _PRODUCTS * 8 * rows**2 if shared or fits_in_span(rows, features) else 0
    # In single precision, in double, and their squares.
    return products + (0 if shared else (4 + 8 + 8) * rows * features), rows


def storing_threads(heads: int) -> int:
    """Return how many of the heads that were trained at once are stored at once."""
    return min(heads, available_cores(), _STORED)


def _own_bytes(task: TrainingTask, features: int) -> int:
    """Return the bytes of weights as the engine keeps them, and of a block of steps."""
    assert isinstance(task.head, PerceptronHead)
    assert task.schedule is not None
    assert task.engine is not None
    layers = _layer_sizes(task, features)
    moving = 2 if task.schedule.momentum else 1
    weights = 4 * sum(layers) * moving
    if task.engine.name == "reference":
        weights += 4 * sum(layers)  # gradients
    else:
        short = 2 if task.engine.name == "bfloat16" else 4
        shadows = sum(layers[:-1]) if short == 2 else 0
        turned = sum(layers[1:-1]) if task.device == "cpu" else 0
        weights += short * moving * (shadows + turned)
    rows = task.engine.block * task.schedule.batch_size
    return weights + 4 * rows * (4 * features + 6 * sum(task.head.hidden) + rows)


def _shared_bytes(tasks: Sequence[TrainingTask], features: int) -> int:
    """Return the bytes of what heads share: views, and weights as they are drawn."""
    drawn = max(4 * sum(_layer_sizes(task, features)) for task in tasks)
    alike: dict[tuple[str, ...], list[TrainingTask]] = {}
    for task in tasks:
        alike.setdefault(task.features, []).append(task)
    return drawn + sum(views_bytes(same, features) for same in alike.values())


def _layer_sizes(task: TrainingTask, features: int) -> list[int]:
    assert isinstance(task.head, PerceptronHead)
    sizes = (features, *task.head.hidden, len(task.expressions))
    return [inner * outer for inner, outer in itertools.pairwise(sizes)]


def _refusal(task: TrainingTask, features: int, each: int, free: int, extra: int) -> str:
    assert isinstance(task.head, PerceptronHead)
    hidden = task.head.hidden
    units = " and ".join(str(width) for width in hidden) or "no"
    where = "this machine" if task.device == "cpu" else f"the device {task.device}"
    told = (
        f"a head of {units} hidden units on {features:,} features takes {each / 2**30:.1f} GB to "
        f"train, and {where} has {free / 2**30:.1f} GB free; "
    )
    smaller = hidden
    while smaller and max(smaller) > 1:
        smaller = tuple(max(1, width // 2) for width in smaller)
        less = replace(task, head=task.head.model_copy(update={"hidden": smaller}))
        if head_bytes(less, features) + extra <= free:
            return f"{told}--set 'head.hidden={list(smaller)}' would fit, or free some memory"
    views = views_bytes([task], features)
    return (
        f"{told}its {views // (2 * features):,} views alone are "
        f"{views / 2**30:.1f} GB: set fewer with views.sizes and views.shifts, or free some memory"
    )


def _free(device: str) -> int | None:
    """Return the free memory in bytes, where the system tells."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
        free: int = torch.cuda.mem_get_info(device)[0]
        return int(0.9 * free)
    return free_memory() if device == "cpu" else None
