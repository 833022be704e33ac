"""How much memory there is for processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from ccbench import memory, processor


def group(folder: Path, limit: str, used: int, files: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\nactive_file {files}\ninactive_file 0\n")


def test_free_memory_is_what_the_tightest_group_leaves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processor, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(processor, "_MEMBERSHIP", tmp_path / "membership")
    (tmp_path / "membership").write_text("0::/batch/job\n")
    group(tmp_path / "groups", "max", 0, 0)
    group(tmp_path / "groups" / "batch", "9000000", 1000000, 0)
    # What files occupy is given back when it is needed.
    group(tmp_path / "groups" / "batch" / "job", "3000000", 1000000, 400000)
    assert memory.free_memory() == 2400000
    group(tmp_path / "groups" / "batch", "2000000", 1000000, 0)
    assert memory.free_memory() == 1000000
    group(tmp_path / "groups" / "batch" / "job", "3000000", 3500000, 0)
    assert memory.free_memory() == 0
    (tmp_path / "membership").write_text("7:cpu,memory:/old\n")
    old = tmp_path / "groups" / "memory" / "old"
    old.mkdir(parents=True)
    (old / "memory.limit_in_bytes").write_text("800000")
    (old / "memory.usage_in_bytes").write_text("300000")
    (old / "memory.stat").write_text("active_file 7\ntotal_active_file 100000\n")
    assert memory.free_memory() == 600000


def test_free_memory_is_what_the_system_says_without_groups(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processor, "_GROUPS", tmp_path / "none")
    available = psutil.virtual_memory().available
    assert memory.free_memory() == pytest.approx(available, rel=0.2)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=7))
    assert memory.free_memory() == 7


def test_held_memory_is_what_a_process_has_for_itself() -> None:
    script = "import sys; kept = b'1' * 200_000_000; print(len(kept), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (held,) = memory.held_memory([process.pid])
        assert 200e6 < held < 300e6
        process.communicate(b"")
    # It is gone.
    assert memory.held_memory([process.pid, os.getpid()]) == memory.held_memory([os.getpid()])


def test_memory_that_the_system_does_not_tell_is_taken_with_what_is_shared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "memory_full_info", refuse)
    (held,) = memory.held_memory([os.getpid()])
    assert held == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)


def test_as_many_processes_as_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    def free(processes: float) -> None:
        monkeypatch.setattr(memory, "free_memory", lambda: int(processes * memory.PROCESS))

    free(3.5)
    assert memory.processes_at_once(16) == 3
    assert memory.processes_at_once(2) == 2
    assert memory.processes_at_once(16, held=[memory.PROCESS * 9]) == 4
    assert memory.processes_at_once(16, held=[memory.PROCESS // 2 + 1]) == 4
    free(0.2)
    assert memory.processes_at_once(16) == 1
