"""Values that are sums of correct rates, with intervals over posers and runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ccbench.analysis.leaderboard.measures import MEAN, PLAN, Mask, PoserSet, Value
from ccbench.analysis.leaderboard.terms import (
    NoTermsError,
    Pairs,
    Term,
    database_terms,
    mean_terms,
    put_together,
)
from ccbench.analysis.statistics.moments import (
    influence_of_cells,
    poser_moments,
    weighted_moments,
)
from ccbench.analysis.statistics.outcomes import Array, Outcomes
from ccbench.analysis.statistics.plan import two_way_interval

RATES = ("own", "swapped", "drop", "advantage")
"""Measures that are sums of correct rates."""


@dataclass(frozen=True, eq=False)
class RateSum:
    """A sum of correct rates, to be resampled (``measures.Resampled``).

    Attributes:
        parts: outcomes on each test set, over all its posers.
    """

    parts: Mapping[PoserSet, Outcomes]

    @cached_property
    def tested(self) -> dict[PoserSet, Mask]:
        """Which posers were tested."""
        return {key: part.shown.sum(axis=(0, 2)) > 0 for key, part in self.parts.items()}

    @cached_property
    def runs(self) -> int:
        """Runs in which every part was tested."""
        return min(part.runs for part in self.parts.values())

    def draws(self, weights: Mapping[PoserSet, Array]) -> Array:
        """Return the sum for every resample of posers."""
        means = [
            weighted_moments(part.scores, weights[key]).means.mean(axis=1)
            for key, part in self.parts.items()
        ]
        return np.asarray(np.sum(means, axis=0))

    def influences(self) -> dict[PoserSet, Array]:
        """Return what every poser in every run adds to the sum."""
        return {key: influence_of_cells(part) for key, part in self.parts.items()}


def rate_values(pairs: Pairs, names: Sequence[str], contents: Mapping[str, str]) -> list[Value]:
    """Return own and swapped rates, drops and in-group advantages of a run.

    Args:
        pairs: :func:`~ccbench.analysis.leaderboard.terms.on_grid`.
        names: the databases of the run.
        contents: database -> hash of its photographs and labels.

    Returns:
        Per measure one value of each database and, for two databases or more, their mean.
    """
    values = []
    for measure in RATES:
        for subject in (*names, *([MEAN] if len(names) > 1 else [])):
            values.append(_value(measure, subject, pairs, names, contents))
    return values


def _value(
    measure: str, subject: str, pairs: Pairs, names: Sequence[str], contents: Mapping[str, str]
) -> Value:
    # An own rate is of one database; a mean is of all, of whatever measure.
    alone = measure == "own" and subject != MEAN
    others = () if alone else tuple(name for name in names if name != subject)
    try:
        terms: list[Term] = (
            mean_terms(measure, pairs, names)
            if subject == MEAN
            else database_terms(measure, subject, pairs, names)
        )
    except NoTermsError as error:
        return Value(measure, subject, others=others, why=str(error))
    parts = {test: _tested(part) for test, part in put_together(terms, pairs).items()}
    estimate = sum(float(poser_moments(part.scores).means.mean()) for part in parts.values())
    interval = two_way_interval(parts, (1,) * len(parts), estimate, PLAN)
    low, high = interval.low, interval.high
    if measure in {"own", "swapped"}:
        # Nor can they where no rate can.
        low, high = np.clip([low, high], 0.0, 1.0).tolist()
    return Value(
        measure,
        subject,
        estimate=estimate,
        low=low,
        high=high,
        counted=sum(part.posers for part in parts.values()),
        expressions=len({name for part in parts.values() for name in part.expressions}),
        others=others,
        why=interval.remark.strip(" ()"),
        resampled=RateSum(
            {
                PoserSet(test, contents[test]): part
                for test, part in put_together(terms, pairs).items()
            }
        ),
    )


def _tested(part: Outcomes) -> Outcomes:
    """Keep the posers who were tested."""
    return part.only(part.expressions)
