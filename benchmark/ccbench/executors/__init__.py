"""Map one function over independent tasks."""

from ccbench.executors.local import available_cores, kept_workers, map_tasks

__all__ = ["available_cores", "kept_workers", "map_tasks"]
