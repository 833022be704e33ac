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
    text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    if isinstance(error, CcbenchError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place(error: BaseException, module: str) -> str:
    """Return the line of a plugin that an exception came through, as ``FILE:LINE``.

    Args:
        error: with its traceback.
        module: of the plugin, e.g. ``mylab_ccbench.hooks``: the innermost line of its
            top-level package is meant.

    Returns:
        "" when none of the plugin's lines took part.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename)}:{error.lineno}"
    package = module.partition(".")[0]
    own = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] == package
    ]
    return f"{_short(own[-1][0])}:{own[-1][1]}" if own else ""


def _short(file: str) -> str:
    path = Path(file)
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
