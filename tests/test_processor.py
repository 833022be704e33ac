"""What the processor can do, asked of old and new PyTorch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ccbench.processor import bfloat16_instructions


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
