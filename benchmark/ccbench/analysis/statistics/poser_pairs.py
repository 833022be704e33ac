"""Two sets of networks on the same test posers: sign flips of posers' differences."""

from __future__ import annotations

import numpy as np

from ccbench.analysis.statistics.finding import MINIMUM, POSERS, Finding, not_estimable
from ccbench.analysis.statistics.moments import poser_moments
from ccbench.analysis.statistics.outcomes import Array, difference, shared
from ccbench.analysis.statistics.plan import Plan, Side, two_way_interval
from ccbench.analysis.statistics.resampling import permutation_p, sign_flips
from ccbench.analysis.statistics.wording import (
    NEW_POSERS,
    count,
    interval,
    number,
    p_value,
    verdict,
)

PAIRED = "sign flips of posers' differences"


def paired_test(apart: Array, signs: Array) -> tuple[float, float]:
    """Return the mean difference of posers and its sign-flip p; p is nan if none differs.

    Args:
        apart: differences of scores, (posers, expressions), nan where a poser lacks one.
        signs: :func:`sign_flips`.
    """
    mask = np.isfinite(apart)
    share = np.where(mask, apart, 0.0) / (apart.shape[1] * mask.sum(axis=0))
    contribution = share.sum(axis=1)
    observed = float(contribution.sum())
    if np.abs(contribution).max() < 1e-12:
        return observed, np.nan
    return observed, permutation_p(abs(observed), np.abs(signs @ contribution))


def compare_paired(comparison: str, own: Side, foreign: Side, plan: Plan) -> Finding:
    """Compare networks trained on the posers' own database with those of another.

    Args:
        comparison: key of the finding.
        own: networks of the database of the test posers.
        foreign: networks of another database, on the same test posers in the same runs.
        plan: seed and numbers of draws.
    """
    expressions = shared(own.outcomes, foreign.outcomes, MINIMUM)
    if not expressions:
        why = "no expression that both have a unit for was tested with three posers"
        return not_estimable(comparison, POSERS, PAIRED, why)
    whole = [side.outcomes.only(expressions) for side in (own, foreign)]
    apart = difference(own.outcomes, foreign.outcomes).only(expressions)
    if min(apart.available.values()) < MINIMUM:
        why = "the runs that both have tested fewer than three posers"
        return not_estimable(comparison, POSERS, PAIRED, why)
    n = count(apart.posers, "poser")
    signs = sign_flips(plan.seed, own.posers, apart.posers, plan.permutations)
    mean, p = paired_test(apart.scores, signs)
    if np.isnan(p):
        return not_estimable(comparison, POSERS, PAIRED, "no poser's rates differ", n)
    found = two_way_interval({own.posers: apart}, (1,), mean, plan)
    first, second = (float(poser_moments(part.scores).means.mean()) for part in whole)
    sentence = (
        f"The same test posers of {own.posers}: correct rate of {own.name} {number(first)}, of "
        f"{foreign.name} {number(second)}: difference {number(mean)}"
        f"{interval(found.low, found.high)}{found.remark}, {p_value(p)}. "
        f"{NEW_POSERS}{verdict(p, 'difference')}"
    )
    return Finding(
        comparison, POSERS, PAIRED, mean, found.low, found.high, mean, p=p, n=n,
        resampled=f"{len(signs):,} sign flips of posers{found.resampled}", sentence=sentence,
    )  # fmt: skip
