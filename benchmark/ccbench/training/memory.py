"""How many heads fit into memory at once."""

from __future__ import annotations

import itertools
from pathlib import Path

from ccbench.exceptions import CcbenchError
from ccbench.protocol import PerceptronHead
from ccbench.training.task import TrainingTask

_PROCESS = 600 * 2**20
"""Bytes of a worker process before it has anything to do."""
_LIMITS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)
"""Of containers: what they may use, and what they do."""


def head_bytes(task: TrainingTask, features: int) -> int:
    """Return about how much memory the training of one perceptron takes.

    Args:
        task: the head.
        features: number of its inputs.
    """
    assert isinstance(task.head, PerceptronHead)
    assert task.schedule is not None
    assert task.engine is not None
    sizes = (features, *task.head.hidden, len(task.expressions))
    layers = [inner * outer for inner, outer in itertools.pairwise(sizes)]
    moving = 2 if task.schedule.momentum else 1
    # As drawn, and as kept by the engine.
    weights = 4 * sum(layers) * (1 + moving)
    if task.engine.name == "reference":
        weights += 4 * sum(layers)  # gradients
    else:
        short = 2 if task.engine.name == "bfloat16" else 4
        shadows = sum(layers[:-1]) if short == 2 else 0
        weights += short * moving * (shadows + sum(layers[1:-1]))
    views = 2 * features * len(task.train) * len(task.views)
    rows = task.engine.block * task.schedule.batch_size
    block = 4 * rows * (4 * features + 6 * sum(task.head.hidden) + rows)
    return weights + views + block


def heads_at_once(task: TrainingTask, features: int, wanted: int) -> int:
    """Return how many heads can be trained at the same time, at most ``wanted``.

    On the CPU each has a process of its own.

    Raises:
        CcbenchError: not even one fits; what it would take is said.
    """
    free = _free(task.device)
    if free is None:
        return wanted
    each = head_bytes(task, features)
    if task.device == "cpu":
        each += _PROCESS
    if each > free:
        assert isinstance(task.head, PerceptronHead)
        hidden = " and ".join(str(units) for units in task.head.hidden) or "no"
        where = "this machine" if task.device == "cpu" else f"the device {task.device}"
        raise CcbenchError(
            f"a head of {hidden} hidden units on {features:,} features takes "
            f"{each / 2**30:.1f} GB to train, and {where} has {free / 2**30:.1f} GB free; "
            f"set fewer units with --set head.hidden=[1024,1024], fewer views, or free some memory"
        )
    return max(1, min(wanted, free // each))


def _free(device: str) -> int | None:
    """Return the free memory in bytes, where the system tells."""
    if device.startswith("cuda"):
        import torch

        free: int = torch.cuda.mem_get_info(device)[0]
        return int(0.9 * free)
    if device != "cpu":
        return None
    found = [_available()]
    for limit, used in _LIMITS:
        try:
            found.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):
            continue
    known = [value for value in found if value is not None]
    return min(known) if known else None


def _available() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None
