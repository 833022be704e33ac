"""Results that a report asks for many times are computed once."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec

import pandas as pd

Analysis = Callable[..., pd.DataFrame]
Parameters = ParamSpec("Parameters")
Results = dict[tuple[Analysis, int], tuple[weakref.ref[pd.DataFrame], pd.DataFrame]]
"""(analysis, identity of its table) -> (the table, result)."""
_kept: ContextVar[Results | None] = ContextVar("_kept", default=None)


@contextmanager
def remembered(results: Results | None = None) -> Iterator[None]:
    """Compute no analysis twice of the same table in this block, whose tables must not change.

    Blocks may be nested; the outermost remembers.

    Args:
        results: of an earlier block, and where those of this one go.
    """
    if _kept.get() is not None:
        yield
        return
    token = _kept.set({} if results is None else results)
    try:
        yield
    finally:
        _kept.reset(token)


def remembers(
    analysis: Callable[Parameters, pd.DataFrame],
) -> Callable[Parameters, pd.DataFrame]:
    """Let an analysis of one table be taken from :func:`remembered`, where that is in force."""

    @functools.wraps(analysis)
    def known(*args: Parameters.args, **kwargs: Parameters.kwargs) -> pd.DataFrame:
        kept = _kept.get()
        if kept is None:
            return analysis(*args, **kwargs)
        (table,) = [each for given in (args, kwargs.values()) for each in given]
        assert isinstance(table, pd.DataFrame)
        key = (analysis, id(table))
        of, result = kept.get(key, (None, None))
        # The table that had this identity may be gone.
        if of is None or result is None or of() is not table:
            result = analysis(*args, **kwargs)
            kept[key] = (weakref.ref(table), result)
        # Columns may be added to what is returned.
        return result.copy()

    return known
