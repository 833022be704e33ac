"""Threads and cores of one process."""

from __future__ import annotations

import os
import subprocess
import sys

import torch

from ccbench.executors import available_cores
from ccbench.executors.local import one_thread


def test_one_thread_in_every_library() -> None:
    import cv2

    with one_thread():
        assert torch.get_num_threads() == 1
        assert cv2.getNumThreads() == 1


def test_a_library_that_is_imported_later_is_on_one_thread_too() -> None:
    script = (
        "from ccbench.executors.local import one_thread\n"
        "with one_thread():\n"
        "    import cv2, torch\n"
        "    print(torch.get_num_threads(), cv2.getNumThreads())\n"
    )
    usual = {name: value for name, value in os.environ.items() if "THREADS" not in name}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=usual
    )
    assert done.stdout.split() == ["1", "1"]
    before = dict(os.environ)
    with one_thread():
        pass
    assert dict(os.environ) == before


def test_available_cores_are_those_of_this_process() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
