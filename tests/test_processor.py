"""What the processor can do, asked of old and new PyTorch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ccbench.processor import bfloat16_instructions, full_precision


@pytest.mark.parametrize(
    ("cpu", "expected"),
    [
        (SimpleNamespace(get_capabilities=lambda: {"avx512_bf16": True, "avx2": True}), True),
        (SimpleNamespace(get_capabilities=lambda: {"avx2": True, "amx_bf16": False}), False),
        (SimpleNamespace(_is_avx512_bf16_supported=lambda: True), True),
        (SimpleNamespace(_is_amx_tile_supported=lambda: True), True),
        (SimpleNamespace(_is_amx_tile_supported=lambda: False), False),
        (SimpleNamespace(), False),
    ],
)
def test_bfloat16_is_asked_of_old_and_new_torch(
    monkeypatch: pytest.MonkeyPatch, cpu: Any, expected: bool
) -> None:
    monkeypatch.setattr("torch.cpu", cpu)
    monkeypatch.setattr("torch.backends.mkldnn.is_available", lambda: True)
    assert bool(bfloat16_instructions()) is expected
    monkeypatch.setattr("torch.backends.mkldnn.is_available", lambda: False)
    assert not bfloat16_instructions()


def test_a_gpu_multiplies_in_full_and_is_put_back() -> None:
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_bf16_reduced_precision_reduction
    with full_precision():
        assert not cudnn.allow_tf32
        assert not matmul.allow_bf16_reduced_precision_reduction
    assert (cudnn.allow_tf32, matmul.allow_bf16_reduced_precision_reduction) == before
