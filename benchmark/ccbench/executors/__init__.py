"""Map one function over independent tasks."""

from ccbench.executors.garbage import uncollected
from ccbench.executors.local import (
    end_workers,
    held_by_workers,
    kept_workers,
    load_ahead,
    map_tasks,
)
from ccbench.processor import available_cores

__all__ = [
    "available_cores",
    "end_workers",
    "held_by_workers",
    "kept_workers",
    "load_ahead",
    "map_tasks",
    "uncollected",
]
