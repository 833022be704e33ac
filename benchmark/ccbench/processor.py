"""What the processor can do."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})
"""Instructions that multiply bfloat16 numbers several times faster than float32 ones."""


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
