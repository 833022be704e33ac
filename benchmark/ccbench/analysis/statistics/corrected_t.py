"""The corrected resampled t test of Nadeau & Bengio (2003), a sensitivity line."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ccbench.analysis.statistics.finding import LEVEL, MINIMUM, POSERS, Finding, not_estimable
from ccbench.analysis.statistics.outcomes import Array, Outcomes, shared
from ccbench.analysis.statistics.wording import (
    TRAINING_POSERS,
    count,
    interval,
    number,
    over_always,
    p_value,
    statistic,
    verdict,
)

CORRECTED = "t test corrected for overlapping runs (Nadeau & Bengio), sensitivity"


@dataclass(frozen=True)
class CorrectedT:
    """A corrected t test.

    Attributes:
        difference: of the means.
        error: its corrected standard error.
        df: degrees of freedom.
    """

    difference: float
    error: float
    df: int

    @property
    def t(self) -> float:
        """The statistic."""
        return self.difference / self.error

    @property
    def p(self) -> float:
        """Two-sided."""
        from scipy.stats import t

        return 2 * float(t.sf(abs(self.t), self.df))

    @property
    def half_width(self) -> float:
        """Of the 95 % interval."""
        from scipy.stats import t

        return self.error * float(t.ppf(1 - LEVEL / 2, self.df))


def corrected_t(one: Array, other: Array, test_to_train: float, *, paired: bool) -> CorrectedT:
    """Test two sets of runs whose training posers overlap.

    The variance of a mean of J runs is s2 (1 / J + test / train) instead of s2 / J.

    Args:
        one: rate per run.
        other: as many; the same runs where ``paired``.
        test_to_train: test posers per training poser of a run.
        paired: whether the rates of a run come from the same network.
    """
    runs = len(one)
    if paired:
        variance, df = float(np.var(one - other, ddof=1)), runs - 1
    else:
        variance, df = float(np.var(one, ddof=1) + np.var(other, ddof=1)), 2 * (runs - 1)
    error = math.sqrt(variance * (1 / runs + test_to_train))
    return CorrectedT(float(one.mean() - other.mean()), error, df)


def nadeau_bengio_finding(
    comparison: str,
    names: tuple[str, str],
    one: Outcomes,
    other: Outcomes,
    test_to_train: float,
    *,
    paired: bool,
) -> Finding:
    """Compare the rates of runs with the corrected t test."""
    expressions = shared(one, other, 1)
    if not expressions:
        why = "no shared expression was tested"
        return not_estimable(comparison, POSERS, CORRECTED, why)
    rates = np.stack([part.only(expressions).rates for part in (one, other)])
    rates = rates[:, np.isfinite(rates).any(axis=2).all(axis=0)]
    # Means of runs over different expressions would differ for that alone.
    always = np.isfinite(rates).all(axis=(0, 1))
    if not always.any():
        why = "no expression is in every run"
        return not_estimable(comparison, POSERS, CORRECTED, why)
    first, second = rates[..., always].mean(axis=2)
    runs, remark = len(first), over_always(int(always.sum()), len(expressions))
    n = f"{count(runs, 'run')} of each"
    if runs < MINIMUM:
        return not_estimable(comparison, POSERS, CORRECTED, "fewer than three runs", n)
    test = corrected_t(first, second, test_to_train, paired=paired)
    if test.error <= 1e-10:
        why = "the rates are the same in all runs"
        return not_estimable(comparison, POSERS, CORRECTED, why, n)
    low, high = test.difference - test.half_width, test.difference + test.half_width
    sentence = (
        f"Sensitivity: correct rate of {names[0]} {number(first.mean())}, of {names[1]} "
        f"{number(second.mean())}{remark}: difference {number(test.difference)}"
        f"{interval(low, high)}, t({test.df}) = {statistic(test.t)} with the variance corrected "
        f"for the posers that runs share, {p_value(test.p)}. "
        f"{TRAINING_POSERS}{verdict(test.p, 'difference')}"
    )
    return Finding(
        comparison, POSERS, CORRECTED, test.difference, low, high, test.t, (test.df,), test.p,
        n=n, sentence=sentence,
    )  # fmt: skip
