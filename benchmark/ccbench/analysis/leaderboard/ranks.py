"""Ranks that other posers could not change.

Two entries are put in an order only if their difference is beyond what other posers could
make of it, for all pairs of a table at once; the rank of an entry then runs from one more
than the entries that are surely better to the number of those that are not surely worse
(Mogstad, Romano, Shaikh & Wilhelm, 2024).  The bootstrap of ranks itself fails where entries
are close (Hall & Miller, 2009), which on a leaderboard they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ccbench.analysis.leaderboard.measures import (
    MEASURES,
    PLAN,
    Mask,
    Measure,
    PoserSet,
    Resampled,
    Value,
)
from ccbench.analysis.statistics.finding import LEVEL, MINIMUM
from ccbench.analysis.statistics.moments import influence_variance
from ccbench.analysis.statistics.outcomes import Array
from ccbench.analysis.statistics.resampling import bootstrap_weights

_SAME = 1e-10
"""A standard error below this is rounding."""


@dataclass(frozen=True, order=True)
class Rank:
    """The ranks that an entry may have, 1 the best.

    Attributes:
        low: best rank.
        high: worst rank.
        of: how many entries are ranked.
    """

    low: int
    high: int
    of: int

    def __str__(self) -> str:
        """E.g. "2–4", "3"; "–" for an entry that is alone."""
        if self.of == 1:
            return "–"
        return str(self.low) if self.low == self.high else f"{self.low}–{self.high}"


def rank_values(values: Sequence[Value]) -> list[Rank | None]:
    """Rank values of one measure.

    Posers are drawn once for all values that were tested on the same photographs, action
    units once for all, so that what two entries share does not blur their difference.

    Args:
        values: of one measure.

    Returns:
        In their order; ``None`` where there is no estimate.
    """
    known = [value for value in values if value.resampled is not None]
    if not known:
        return [None] * len(values)
    sign = 1 if _measure(known[0]).best == "highest" else -1
    resampled = [value.resampled for value in known if value.resampled is not None]
    estimates = sign * np.array([value.estimate for value in known])
    better = estimates[:, None] - estimates > _margins(resampled, sign * estimates)
    ranks = iter(
        Rank(1 + int(better[:, i].sum()), len(known) - int(better[i].sum()), len(known))
        for i in range(len(known))
    )
    return [None if value.resampled is None else next(ranks) for value in values]


def _measure(value: Value) -> Measure:
    return next(measure for measure in MEASURES if measure.key == value.measure)


def _margins(parts: Sequence[Resampled], estimates: Array) -> Array:
    """Return what a difference has to exceed, (entries, entries); nan where none is enough."""
    count = len(parts)
    weights = _shared_weights(parts)
    drawn = np.stack([part.draws(weights) for part in parts], axis=1)
    influences = [part.influences() for part in parts]
    error = np.full((count, count), np.nan)
    largest = np.zeros(len(drawn))
    for i in range(count - 1):
        rest = slice(i + 1, count)
        apart = drawn[:, i, None] - drawn[:, rest]
        with np.errstate(invalid="ignore"):
            scatter = np.nanstd(apart, axis=0, ddof=1)
            moved = np.abs(apart - (estimates[i] - estimates[rest])) / scatter
        moved[:, ~(scatter > _SAME)] = 0.0
        largest = np.maximum(largest, np.nan_to_num(moved).max(axis=1))
        for j, alone in zip(range(i + 1, count), scatter, strict=True):
            if alone > _SAME:
                sides = ((parts[i], influences[i]), (parts[j], influences[j]))
                error[i, j] = error[j, i] = _error(*sides, float(alone))
    return np.asarray(float(np.quantile(largest, 1 - LEVEL)) * error)


def _shared_weights(parts: Sequence[Resampled]) -> dict[PoserSet, Array]:
    """Draw the posers that any entry was tested on, the same for all entries."""
    tested: dict[PoserSet, Mask] = {}
    for part in parts:
        for key, mask in part.tested.items():
            tested[key] = tested[key] | mask if key in tested else mask
    weights = {}
    for key, mask in tested.items():
        weights[key] = np.zeros((PLAN.draws, len(mask)))
        weights[key][:, mask] = bootstrap_weights(
            PLAN.seed, key.database, int(mask.sum()), PLAN.draws
        )
    return weights


Side = tuple[Resampled, Mapping[PoserSet, Array] | None]
"""An entry and its influences."""


def _error(one: Side, other: Side, scatter: float) -> float:
    """Return the standard error of a difference; nan where runs are too few to tell.

    Where both are sums over posers and runs, other runs count as well.
    """
    runs = min(one[0].runs, other[0].runs)
    if runs < MINIMUM:
        return math.nan
    first, second = one[1], other[1]
    if first is None or second is None:
        return scatter
    longest = max(len(part) for part in (*first.values(), *second.values()))
    cells = []
    for key in dict.fromkeys((*first, *second)):
        masks = [part.tested[key] for part, _ in (one, other) if key in part.tested]
        apart = np.zeros((longest, len(masks[0])))
        for found, sign in ((first, 1), (second, -1)):
            if key in found:
                apart[: len(found[key])] += sign * found[key]
        cells.append(apart[:, np.logical_or.reduce(masks)])
    return math.sqrt(influence_variance(cells, runs))
