"""ccbench: a cross-cultural benchmark of facial-expression databases.

The paper behind it: Inagaki, Ito, Shinozaki & Fujita (2022), Frontiers in Psychology
13:988302.  The names below are the public API; importing this package imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccbench.hookspecs import hookimpl, hookspec

if TYPE_CHECKING:
    from ccbench.reporting import write_report
    from ccbench.results import Run, open_run
    from ccbench.runner import run_matrix

__version__ = "0.1.0"
__all__ = ["Run", "__version__", "hookimpl", "hookspec", "open_run", "run_matrix", "write_report"]

_LAZY = {
    "Run": "ccbench.results",
    "open_run": "ccbench.results",
    "run_matrix": "ccbench.runner",
    "write_report": "ccbench.reporting",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'ccbench' has no attribute '{name}'")
