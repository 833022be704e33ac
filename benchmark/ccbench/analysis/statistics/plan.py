"""What is compared, how much is resampled, and the interval over runs and posers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ccbench.analysis.statistics.finding import MINIMUM
from ccbench.analysis.statistics.moments import two_way_variance
from ccbench.analysis.statistics.outcomes import Outcomes
from ccbench.analysis.statistics.resampling import bootstrap_t, bootstrap_weights, t_interval


@dataclass(frozen=True)
class Plan:
    """How much is resampled.

    Attributes:
        seed: base of the named random streams.
        draws: bootstrap samples.
        permutations: permutations or sign flips.
        test_to_train: test posers per training poser of a run.
    """

    seed: int
    draws: int
    permutations: int
    test_to_train: float


@dataclass(frozen=True)
class Side:
    """One of the two things compared.

    Attributes:
        name: in sentences, e.g. "kdef on krc".
        posers: database of the test posers, which names their random stream.
        outcomes: of the networks on these posers.
    """

    name: str
    posers: str
    outcomes: Outcomes


@dataclass(frozen=True)
class Interval:
    """A 95 % interval, or nan where fewer than three runs leave it open.

    Attributes:
        low: lower end.
        high: upper end.
        resampled: what was resampled for it.
        remark: what a sentence has to say about it.
    """

    low: float = math.nan
    high: float = math.nan
    resampled: str = ""
    remark: str = " (interval not estimable: fewer than three runs)"


def two_way_interval(
    parts: dict[str, Outcomes], signs: tuple[int, ...], estimate: float, plan: Plan
) -> Interval:
    """Return the interval of a sum or difference of rates over other runs and other posers.

    A bootstrap-t: the quantiles come from studentised resamples of the posers, the standard
    error counts runs and posers (:func:`two_way_variance`).

    Args:
        parts: database of the posers -> outcomes on them.
        signs: +1 or -1 for each.
        estimate: the centre.
        plan: seed and draws.
    """
    if min(part.runs for part in parts.values()) < MINIMUM:
        return Interval()
    groups = list(parts.values())
    weights = [
        bootstrap_weights(plan.seed, name, part.posers, plan.draws) for name, part in parts.items()
    ]
    deviations = bootstrap_t([part.scores for part in groups], weights, signs)
    if not len(deviations):
        return Interval(remark=" (interval not estimable: all posers have the same rate)")
    error = math.sqrt(two_way_variance(groups, signs))
    ends = t_interval(estimate, error, deviations)
    if ends is None:
        return Interval(remark=" (interval not estimable: too few posers differ from the others)")
    # Studentised ends can lie where no difference of two rates can.
    low, high = np.clip(ends, -1.0, 1.0).tolist()
    text = f"; interval: {plan.draws:,} bootstrap samples of posers, with the variance over runs"
    return Interval(low, high, text, "")
