"""Map one function over independent tasks."""

from ccbench.executors.local import kept_workers, map_tasks, running_workers
from ccbench.processor import available_cores

__all__ = ["available_cores", "kept_workers", "map_tasks", "running_workers"]
