"""What workers of a run load before they are wanted."""

from __future__ import annotations

from ccbench.executors import load_ahead
from ccbench.memory import processes_at_once

_MODULES = ("torch", "cv2", "scipy.stats", "matplotlib.figure")
"""What takes seconds to load.

Not pandas: it loads pyarrow, which starts a thread, and a process with threads is not to fork.
"""


def load_for_workers(workers: int) -> None:
    """Begin to load what the workers of a run need, beside this process.

    The earlier the better: this process has as much to load.

    Args:
        workers: processes; with 1, or where memory allows no more, there is nothing to do.
    """
    if processes_at_once(workers) > 1:
        load_ahead(*_MODULES)
