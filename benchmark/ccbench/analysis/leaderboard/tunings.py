"""How alike the tunings of the networks of one run are, with intervals over action units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ccbench.analysis.leaderboard.measures import PLAN, Mask, PoserSet, Value
from ccbench.analysis.statistics.blocks import (
    fisher_interval,
    resampled_correlations,
    unit_weights,
)
from ccbench.analysis.statistics.finding import MINIMUM
from ccbench.analysis.statistics.outcomes import Array
from ccbench.analysis.statistics.tuning_grid import ProfilePair, profile_pairs


@dataclass(frozen=True, eq=False)
class Tuning:
    """A mean of correlations, with its resamples of action units (``measures.Resampled``).

    Attributes:
        drawn: the mean for every resample; the same resamples for all runs with the same
            number of action units.
        runs: any number is enough: runs are averaged before profiles are correlated.
    """

    drawn: Array
    runs: int = MINIMUM
    tested: dict[PoserSet, Mask] = field(default_factory=dict)

    def draws(self, weights: Mapping[PoserSet, Array]) -> Array:  # noqa: ARG002
        """Return the mean for every resample; posers do not matter."""
        return self.drawn

    def influences(self) -> None:
        """Return nothing: a correlation is no sum."""


@dataclass(frozen=True, eq=False)
class _Correlated:
    """The correlation of one expression's profiles in two databases, and its resamples."""

    pair: ProfilePair
    units: int
    observed: float
    drawn: Array


def tuning_values(found: pd.DataFrame, names: Sequence[str]) -> list[Value]:
    """Return the tuning agreement of every database with the others.

    The mean over the other databases and the expressions that both have a unit for.

    Args:
        found: :func:`ccbench.analysis.profiles`.
        names: the databases of the run.
    """
    correlated = [_correlate(pair) for family in profile_pairs(found) for pair in family]
    return [
        _value(str(probe), name, names, correlated)
        for probe in dict.fromkeys(found["probe"])
        for name in names
    ]


def _correlate(pair: ProfilePair) -> _Correlated:
    one, other = pair.blocks()
    units = len(one)
    if units < MINIMUM:
        return _Correlated(pair, units, np.nan, np.full(PLAN.draws, np.nan))
    weights = unit_weights(PLAN.seed, units, PLAN.draws)
    observed = float(resampled_correlations(one, other, np.ones((1, units)))[0])
    return _Correlated(pair, units, observed, resampled_correlations(one, other, weights))


def _value(
    probe: str, database: str, names: Sequence[str], correlated: Sequence[_Correlated]
) -> Value:
    others = tuple(name for name in names if name != database)
    mine = [
        entry
        for entry in correlated
        if entry.pair.probe == probe
        and database in entry.pair.databases
        and set(entry.pair.databases) <= set(names)
    ]
    if not mine:
        why = "no other database has a unit of the same expression"
        return Value("tuning", database, probe, others=others, why=why)
    observed = float(np.mean([entry.observed for entry in mine]))
    drawn = np.asarray(np.mean([entry.drawn for entry in mine], axis=0))
    units = min(entry.units for entry in mine)
    expressions = len({entry.pair.expression for entry in mine})
    if np.isnan(observed):
        why = "fewer than three action units" if units < MINIMUM else "a profile is constant"
        return Value("tuning", database, probe, expressions=expressions, others=others, why=why)
    low, high = fisher_interval(observed, drawn, units)
    return Value(
        "tuning", database, probe, observed, low, high, units, expressions, others,
        resampled=Tuning(drawn),
    )  # fmt: skip
