"""What the processor can do."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})
"""Instructions that multiply bfloat16 numbers several times faster than float32 ones."""
MOST_PROCESSES = 61 if sys.platform == "win32" else 10_000
"""Worker processes at most; Windows waits for no more."""
_GROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def available_cores() -> int:
    """Return how many cores this process may use, by affinity and by its container's quota."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return min([cores, MOST_PROCESSES, *_quotas()])


def control_groups(controller: str) -> list[Path]:
    """Return the folders of the control groups of this process that limit something.

    Containers and batch systems use them.

    Args:
        controller: what is limited, "memory" or "cpu".

    Returns:
        Those of versions 2 and 1, that exist or not.
    """
    try:
        lines = _MEMBERSHIP.read_text().splitlines()
    except OSError:
        lines = []
    folders = [_GROUPS, _GROUPS / controller]
    for line in lines:
        _, controllers, inner = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = _GROUPS / controller if controllers else _GROUPS
        own = root / inner.lstrip("/")
        folders += [own, *(parent for parent in own.parents if root in parent.parents)]
    return list(dict.fromkeys(folders))


def _quotas() -> Iterator[int]:
    """Yield how many cores each control group of this process gives it the time of."""
    for folder in control_groups("cpu"):
        try:
            if (folder / "cpu.max").exists():
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota = (folder / "cpu.cfs_quota_us").read_text()
                period = (folder / "cpu.cfs_period_us").read_text()
            cores = math.ceil(int(quota) / int(period))
        except (OSError, ValueError, ZeroDivisionError):
            # None there, or "max".
            continue
        # Without a limit version 1 says -1.
        if cores > 0:
            yield cores


def bfloat16_instructions() -> frozenset[str]:
    """Return which of :data:`BFLOAT16` this processor has and PyTorch uses."""
    import torch

    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return frozenset()
    found = _capabilities(torch.cpu)
    return frozenset(name for name in BFLOAT16 if found.get(name))


def _capabilities(cpu: Any) -> Mapping[str, bool]:
    if hasattr(cpu, "get_capabilities"):
        found: Mapping[str, bool] = cpu.get_capabilities()
        return found
    # What PyTorch had before; not on every system.
    asked = {"avx512_bf16": "_is_avx512_bf16_supported", "amx_bf16": "_is_amx_tile_supported"}
    return {name: hasattr(cpu, each) and getattr(cpu, each)() for name, each in asked.items()}


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Have a GPU multiply float32 numbers as such, and add bfloat16 products in float32.

    By default PyTorch lets convolutions round to 10 bits (TF32).
    """
    import torch

    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    usual = cudnn.allow_tf32, matmul.allow_tf32, matmul.allow_bf16_reduced_precision_reduction
    cudnn.allow_tf32 = matmul.allow_tf32 = False
    matmul.allow_bf16_reduced_precision_reduction = False
    try:
        yield
    finally:
        cudnn.allow_tf32, matmul.allow_tf32 = usual[:2]
        matmul.allow_bf16_reduced_precision_reduction = usual[2]
