"""Whether networks find the same expressions easy as people do, with intervals over posers.

Published norms hold a rate per expression, or only their order: the diagonal of people's
confusion matrix.  What they confuse with what is not published in a form that could be
compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ccbench.analysis.leaderboard.measures import PLAN, Mask, PoserSet, Value
from ccbench.analysis.leaderboard.terms import Pairs
from ccbench.analysis.ranks import spearman
from ccbench.analysis.statistics.finding import LEVEL, MINIMUM
from ccbench.analysis.statistics.moments import weighted_moments
from ccbench.analysis.statistics.outcomes import Array, Outcomes
from ccbench.analysis.statistics.resampling import bootstrap_weights
from ccbench_registry.norms import Norms

Correlate = Callable[[Array, Array], Array]


def order_correlation(rates: Array, people: Array) -> Array:
    """Return Spearman's r_s of rates, (sets, expressions), with people's."""
    # Means of the same counts in another order differ by rounding; they are ties.
    return spearman(np.round(rates, 12), people)


def rate_correlation(rates: Array, people: Array) -> Array:
    """Return Pearson's r of rates, (sets, expressions), with people's; nan where constant."""
    a = rates - rates.mean(axis=1, keepdims=True)
    b = people - people.mean()
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum())
    found: Array = np.divide(a @ b, scale, out=np.full(len(a), np.nan), where=scale > 1e-12)
    return found


@dataclass(frozen=True, eq=False)
class Agreement:
    """A correlation with people, to be resampled (``measures.Resampled``).

    Attributes:
        key: the posers.
        part: outcomes of own tests over all posers, expressions in people's order.
        people: their rates, or minus their ranks.
        correlate: the correlation.
    """

    key: PoserSet
    part: Outcomes
    people: Array
    correlate: Correlate

    @cached_property
    def tested(self) -> dict[PoserSet, Mask]:
        """Which posers were tested."""
        return {self.key: self.part.shown.sum(axis=(0, 2)) > 0}

    @cached_property
    def runs(self) -> int:
        """Runs in which anything was tested."""
        return self.part.runs

    def draws(self, weights: Mapping[PoserSet, Array]) -> Array:
        """Return the correlation for every resample of posers."""
        means = weighted_moments(self.part.scores, weights[self.key]).means
        found = np.full(len(means), np.nan)
        complete = np.isfinite(means).all(axis=1)
        found[complete] = self.correlate(means[complete], self.people)
        return found

    def influences(self) -> None:
        """Return nothing: a correlation is no sum."""


def people_values(
    pairs: Pairs,
    names: Sequence[str],
    contents: Mapping[str, str],
    norms: Mapping[str, Norms],
) -> list[Value]:
    """Return the agreements with people of the databases that have norms.

    Args:
        pairs: :func:`~ccbench.analysis.leaderboard.terms.on_grid`.
        names: the databases of the run.
        contents: database -> hash of its photographs and labels.
        norms: database -> norms.
    """
    values = []
    for name in names:
        known = norms.get(name)
        if known is None or (name, name) not in pairs:
            continue
        ranks = {expression: -rank for expression, rank in known.ranks.items()}
        for measure, people, correlate in (
            ("order", ranks, order_correlation),
            ("rates", known.rates, rate_correlation),
        ):
            if people:
                key, own = PoserSet(name, contents[name]), pairs[name, name]
                values.append(_value(measure, known.name, key, own, people, correlate))
    return values


def _value(
    measure: str,
    source: str,
    key: PoserSet,
    own: Outcomes,
    people: Mapping[str, float],
    correlate: Correlate,
) -> Value:
    shown = tuple(name for name in people if own.available[name] >= MINIMUM)
    if len(shown) < MINIMUM:
        why = "fewer than three expressions in common"
        return Value(measure, key.database, source, why=why)
    columns = [own.expressions.index(name) for name in shown]
    part = Outcomes(shown, own.correct[..., columns], own.shown[..., columns])
    agreement = Agreement(key, part, np.array([people[name] for name in shown]), correlate)
    tested = agreement.tested[key]
    estimate = float(agreement.draws({key: tested[None].astype(np.float64)})[0])
    posers = int(tested.sum())
    if np.isnan(estimate):
        why = "all rates are equal"
        return Value(measure, key.database, source, expressions=len(shown), why=why)
    weights = np.zeros((PLAN.draws, len(tested)))
    weights[:, tested] = bootstrap_weights(PLAN.seed, key.database, posers, PLAN.draws)
    low, high = np.nanquantile(agreement.draws({key: weights}), [LEVEL / 2, 1 - LEVEL / 2])
    return Value(
        measure,
        key.database,
        source,
        estimate,
        float(low),
        float(high),
        counted=posers,
        expressions=len(shown),
        resampled=agreement,
    )
