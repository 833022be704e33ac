"""A protocol, databases and a backbone in; a finished run directory out; resumes.

Nothing is imported before it is asked for: processes that make photographs need no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccbench.runner.databases import Database, open_databases
    from ccbench.runner.matrix import run_matrix
    from ccbench.runner.observer import Observer, Silent
    from ccbench.runner.request import Request

__all__ = [
    "Database",
    "Observer",
    "Request",
    "Silent",
    "open_databases",
    "run_matrix",
]

_LAZY = {
    "Database": "databases",
    "Observer": "observer",
    "Request": "request",
    "Silent": "observer",
    "open_databases": "databases",
    "run_matrix": "matrix",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(f"ccbench.runner.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'ccbench.runner' has no attribute '{name}'")
