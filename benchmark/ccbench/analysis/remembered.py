"""Results that a report asks for many times are computed once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pandas as pd

Analysis = Callable[[pd.DataFrame], pd.DataFrame]
Results = dict[tuple[Analysis, int], tuple[pd.DataFrame, pd.DataFrame]]
"""(analysis, identity of its table) -> (the table, result).  That the table is kept makes its
identity its own."""
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


def remembers(analysis: Analysis) -> Analysis:
    """Let an analysis of one table be taken from :func:`remembered`, where that is in force."""

    @functools.wraps(analysis)
    def known(table: pd.DataFrame) -> pd.DataFrame:
        kept = _kept.get()
        if kept is None:
            return analysis(table)
        key = (analysis, id(table))
        if key not in kept:
            kept[key] = (table, analysis(table))
        # Columns may be added to what is returned.
        return kept[key][1].copy()

    return known
