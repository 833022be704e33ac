"""Imported by the process that workers are forked from: loads what they need.

Its environment names the modules, see :func:`ccbench.executors.load_ahead`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os

from ccbench.executors.garbage import uncollected

MODULES = "CCBENCH_LOADED_AHEAD"
"""Environment variable with their names, separated by spaces."""

with uncollected():
    for _name in os.environ.get(MODULES, "").split():
        # A worker that needs what is missing says so.
        with contextlib.suppress(ImportError):
            importlib.import_module(_name)
if MODULES in os.environ:
    # Libraries are no garbage: workers need not look, which would copy what they share.
    gc.freeze()
