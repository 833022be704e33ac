"""What the processor can do, asked of old and new PyTorch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ccbench import processor
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


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        (
            "0::/batch/job\n",
            {"batch/cpu.max": "max 1", "batch/job/cpu.max": "150000 100000"},
            2,
        ),
        ("0::/batch/job\n", {"batch/cpu.max": "50000 100000", "batch/job/cpu.max": "max 1"}, 1),
        ("0::/job\n", {"job/cpu.max": "900000 100000"}, 4),
        ("0::/job\n", {"job/cpu.max": "broken"}, 4),
        ("3:cpu,cpuacct:/old\n", {"cpu/old/cpu.cfs_quota_us": "300000"}, 3),
        ("3:cpu,cpuacct:/old\n", {"cpu/old/cpu.cfs_quota_us": "-1"}, 4),
        ("3:memory:/old\n", {"cpu/old/cpu.cfs_quota_us": "300000"}, 4),
    ],
)
def test_a_container_may_have_the_time_of_fewer_cores(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    membership: str,
    files: dict[str, str],
    expected: int,
) -> None:
    monkeypatch.setattr(processor, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(processor, "_MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1, 2, 3}, raising=False)
    (tmp_path / "membership").write_text(membership)
    for name, text in files.items():
        file = tmp_path / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
        file.with_name("cpu.cfs_period_us").write_text("100000\n")
    assert processor.available_cores() == expected
