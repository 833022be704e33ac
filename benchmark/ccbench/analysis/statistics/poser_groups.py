"""Rates on the posers of two databases: permutation of posers between the databases."""

from __future__ import annotations

import numpy as np

from ccbench.analysis.statistics.finding import MINIMUM, POSERS, Finding, not_estimable
from ccbench.analysis.statistics.moments import NOTHING, poser_moments
from ccbench.analysis.statistics.outcomes import Array, Outcomes, shared
from ccbench.analysis.statistics.plan import Plan, Side, two_way_interval
from ccbench.analysis.statistics.resampling import (
    aligned,
    divisions,
    interaction_statistic,
    mean_difference,
    permutation_p,
    permuted_groups,
    studentised_difference,
)
from ccbench.analysis.statistics.wording import (
    NEW_POSERS,
    count,
    interval,
    number,
    p_value,
    statistic,
    verdict,
)

DIFFERENCE = "permutation of posers between databases, Welch's t"
INTERACTION = "permutation of posers between databases, ANOVA-type statistic: interaction"


def compare_groups(comparison: str, one: Side, other: Side, plan: Plan) -> list[Finding]:
    """Compare rates on the posers of two databases: their difference, and by expression.

    Args:
        comparison: key of the difference; that of the interaction adds "(by expression)".
        one: rates on the posers of one database.
        other: rates on those of another.
        plan: seed and numbers of draws.
    """
    uneven = f"{comparison} (by expression)"
    expressions = shared(one.outcomes, other.outcomes, MINIMUM)
    if not expressions:
        why = "no expression is shared by at least three posers of each"
        return [
            not_estimable(comparison, POSERS, DIFFERENCE, why),
            not_estimable(uneven, POSERS, INTERACTION, why),
        ]
    sides = tuple(
        Side(side.name, side.posers, side.outcomes.only(expressions)) for side in (one, other)
    )
    posers = [side.outcomes.posers for side in sides]
    members = divisions(plan.seed, posers[0], posers[1], plan.permutations)
    n = f"{posers[0]} + {count(posers[1], 'poser')}"
    return [
        _difference(comparison, n, sides[0], sides[1], members, plan),
        _interaction(uneven, n, sides[0], sides[1], members),
    ]


def difference_test(one: Array, other: Array, members: Array) -> tuple[float, float]:
    """Return Welch's t of posers' mean scores and its permutation p.

    Where all posers of each database have the same score, t is nan and p that of the plain
    difference; of no difference it is nan too.

    Args:
        one: scores, (posers, expressions), nan where a poser lacks one.
        other: scores of the other database.
        members: :func:`divisions`.
    """
    first, second = poser_moments(one), poser_moments(other)
    if first.variance[0] + second.variance[0] <= NOTHING:
        apart = float(mean_difference(first, second)[0])
        if abs(apart) <= NOTHING:
            return np.nan, np.nan
        plain = mean_difference(*permuted_groups(one, other, members))
        return np.nan, permutation_p(abs(apart), np.abs(plain))
    observed = float(studentised_difference(first, second)[0])
    permuted = studentised_difference(*permuted_groups(one, other, members))
    return observed, permutation_p(abs(observed), np.abs(permuted))


def interaction_test(one: Array, other: Array, members: Array) -> tuple[float, float]:
    """Return the ANOVA-type statistic of group x expression and its permutation p.

    Groups are aligned first, so that a difference of their means counts neither for nor
    against.  Arguments as for :func:`difference_test`.
    """
    one, other = aligned(one), aligned(other)
    first, second = poser_moments(one), poser_moments(other)
    if first.spread[0] + second.spread[0] <= NOTHING:
        return np.nan, np.nan
    observed = float(interaction_statistic(first, second)[0])
    permuted = interaction_statistic(*permuted_groups(one, other, members))
    return observed, permutation_p(observed, permuted)


def _difference(
    comparison: str, n: str, one: Side, other: Side, members: Array, plan: Plan
) -> Finding:
    parts = {one.posers: one.outcomes, other.posers: other.outcomes}
    scores = [part.scores for part in parts.values()]
    t, p = difference_test(scores[0], scores[1], members)
    if np.isnan(p):
        why = "all posers have the same rate"
        return not_estimable(comparison, POSERS, DIFFERENCE, why, n)
    first, second = (float(poser_moments(part).means.mean()) for part in scores)
    apart = first - second
    found = two_way_interval(parts, (1, -1), apart, plan)
    sentence = (
        f"Correct rate of {one.name} {number(first)}, of {other.name} {number(second)}: "
        f"difference {number(apart)}{interval(found.low, found.high)}{found.remark}, "
        f"{p_value(p)}. {NEW_POSERS}{verdict(p, 'difference')}"
    )
    return Finding(
        comparison, POSERS, DIFFERENCE, apart, found.low, found.high, t, p=p, n=n,
        resampled=f"{len(members):,} permutations of posers{found.resampled}", sentence=sentence,
    )  # fmt: skip


def _interaction(comparison: str, n: str, one: Side, other: Side, members: Array) -> Finding:
    expressions = one.outcomes.expressions
    if len(expressions) < 2:
        return not_estimable(comparison, POSERS, INTERACTION, "one shared expression", n)
    scores = [side.outcomes.scores for side in (one, other)]
    value, p = interaction_test(scores[0], scores[1], members)
    if np.isnan(p):
        why = "the posers of each database all have the same rates"
        return not_estimable(comparison, POSERS, INTERACTION, why, n)
    name, uneven = _most_uneven(one.outcomes, other.outcomes)
    sentence = (
        f"Does the difference between {one.name} and {other.name} depend on the expression (of "
        f"{len(expressions)}; most for {name}, where it is {number(uneven)} away from the mean "
        f"difference)? Q = {statistic(value)}, {p_value(p)}. "
        f"{NEW_POSERS}{verdict(p, 'interaction')}"
    )
    return Finding(
        comparison, POSERS, INTERACTION, statistic=value, p=p, n=n,
        resampled=f"{len(members):,} permutations of posers", sentence=sentence,
    )  # fmt: skip


def _most_uneven(one: Outcomes, other: Outcomes) -> tuple[str, float]:
    apart = (poser_moments(one.scores).means - poser_moments(other.scores).means)[0]
    uneven = apart - apart.mean()
    largest = int(np.abs(uneven).argmax())
    return one.expressions[largest], float(uneven[largest])
