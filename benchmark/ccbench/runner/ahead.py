"""What workers of a run load before they are wanted."""

from __future__ import annotations

from ccbench.executors import load_ahead

_MODULES = ("torch", "cv2", "scipy.stats", "matplotlib.figure")
"""What takes seconds to load.

Not pandas: it loads pyarrow, which starts a thread, and a process with threads is not to fork.
"""


def load_for_workers(workers: int) -> None:
    """Begin to load what the workers of a run need, beside this process.

    The earlier the better: this process has as much to load.

    Args:
        workers: processes; with 1 there is nothing to do.
    """
    if workers > 1:
        load_ahead(*_MODULES)
