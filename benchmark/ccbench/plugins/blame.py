"""What went wrong in a plugin's code, in one line: the exception and the plugin's own line."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from ccbench.exceptions import CcbenchError

DEBUG = "CCBENCH_DEBUG"


def debugging() -> bool:
    """Whether ``CCBENCH_DEBUG`` asks for tracebacks."""
    return os.environ.get(DEBUG, "") not in {"", "0"}


def show_traceback(error: BaseException) -> None:
    """Print the traceback of an error on stderr, where ``CCBENCH_DEBUG`` asks for it."""
    if debugging():
        traceback.print_exception(error, file=sys.stderr)


def describe(error: BaseException) -> str:
    r"""Return an exception in one line; ccbench's own are sentences already.

    >>> describe(ValueError("no\n paper"))
    'ValueError: no paper'
    >>> describe(CcbenchError("there is no paper"))
    'there is no paper'
    """
    text = " ".join(str(error).split())
    if isinstance(error, CcbenchError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place(error: BaseException, module: str = "") -> str:
    """Return where an exception came from, as ``FILE:LINE``; "" when nobody knows.

    Args:
        error: with its traceback.
        module: of the plugin, e.g. ``mylab_ccbench.hooks``: the innermost line of its
            top-level package is taken, or where there is none, the innermost line of all.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename)}:{error.lineno}"
    package = module.partition(".")[0]
    frames = list(traceback.walk_tb(error.__traceback__))
    own = [
        (frame, line)
        for frame, line in frames
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] == package
    ]
    # An import that fails ends inside of importlib, which has no file.
    shown = [pair for pair in own or frames if not pair[0].f_code.co_filename.startswith("<")]
    if not shown:
        return ""
    frame, line = shown[-1]
    return f"{_short(frame.f_code.co_filename)}:{line}"


def _short(file: str) -> str:
    path = Path(file)
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
