"""Correct rates as published: t tests and two-way ANOVA with runs as independent replicates."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd

from ccbench.analysis.statistics.finding import (
    LEVEL,
    MINIMUM,
    PUBLISHED,
    Finding,
    not_estimable,
)
from ccbench.analysis.statistics.outcomes import Array, Outcomes, shared
from ccbench.analysis.statistics.wording import (
    SPLITS,
    count,
    interval,
    number,
    over_always,
    p_value,
    statistic,
    verdict,
)

T_TEST = "t test, runs as replicates"
ANOVA = "two-way ANOVA"


def anova(table: pd.DataFrame) -> pd.DataFrame:
    """Return the two-way ANOVA of ``rate`` on ``group`` x ``expression`` (sums of squares II).

    Args:
        table: group, expression, rate; every combination at least once.

    Returns:
        Rows group, expression, interaction and residual; columns sum_sq, df, F, p.
    """
    import statsmodels.formula.api as smf
    from statsmodels.stats.anova import anova_lm

    model = smf.ols("rate ~ C(group, Sum) * C(expression, Sum)", table).fit()
    found: pd.DataFrame = anova_lm(model, typ=2)
    return found.set_axis(["group", "expression", "interaction", "residual"]).rename(
        columns={"PR(>F)": "p"}
    )


def t_finding(
    comparison: str, names: tuple[str, str], one: Array, other: Array, remark: str = ""
) -> Finding:
    """Test the means of two sets of runs with Student's t test.

    Args:
        comparison: key of the finding.
        names: what the two sets are called in the sentence.
        one: rate per run.
        other: rate per run.
        remark: what the rates are over, after them in the sentence.
    """
    from scipy.stats import ttest_ind

    first, second = (rates[np.isfinite(rates)] for rates in (one, other))
    n = f"{len(first)} + {count(len(second), 'run')}"
    if min(len(first), len(second)) < MINIMUM:
        return not_estimable(comparison, PUBLISHED, T_TEST, "fewer than three runs", n)
    if math.isclose(np.ptp(first) + np.ptp(second), 0.0, abs_tol=1e-12):
        return not_estimable(comparison, PUBLISHED, T_TEST, "the rates are the same in all runs", n)
    test = ttest_ind(first, second)
    bounds = test.confidence_interval(1 - LEVEL)
    apart, low, high = float(first.mean() - second.mean()), float(bounds.low), float(bounds.high)
    p, df = float(test.pvalue), float(test.df)
    sentence = (
        f"Correct rate of {names[0]} {number(first.mean())}, of {names[1]} "
        f"{number(second.mean())}{remark}: difference {number(apart)}{interval(low, high)}, "
        f"t({df:.0f}) = {statistic(float(test.statistic))}, {p_value(p)}. "
        f"{SPLITS}{verdict(p, 'difference')}"
    )
    return Finding(
        comparison, PUBLISHED, T_TEST, apart, low, high, float(test.statistic), (df,), p,
        n=n, sentence=sentence,
    )  # fmt: skip


def anova_findings(
    comparison: str, factor: str, names: tuple[str, str], one: Outcomes, other: Outcomes
) -> list[Finding]:
    """Test two sets of rates by expression: the factor, the expressions, their interaction.

    Args:
        comparison: key of the findings; that of the factor is the same as of the t test.
        factor: "database", or "own or swapped".
        names: what the two sets are called in the sentence.
        one: outcomes, with the same expressions as ``other``.
        other: as ``one``.
    """
    effects = {
        "group": (comparison, factor, "difference"),
        "expression": (f"{comparison} (expressions)", "expression", "difference"),
        "interaction": (f"{comparison} (by expression)", "interaction", "interaction"),
    }
    n = f"{one.runs} + {count(other.runs, 'run')}"
    methods = {key: f"{ANOVA}, {factor} x expression: {e[1]}" for key, e in effects.items()}
    table = _long(one, other)
    why = ""
    if min(one.runs, other.runs) < MINIMUM:
        why = "fewer than three runs"
    elif len(one.expressions) < 2:
        why = "one shared expression"
    else:
        within = table.groupby(["group", "expression"])["rate"].transform("mean")
        if np.allclose(table["rate"], within, atol=1e-12):
            why = "the rates are the same in all runs"
    if why:
        return [not_estimable(effects[key][0], PUBLISHED, methods[key], why, n) for key in effects]
    found = anova(table)
    residual = float(found["df"].iloc[-1])
    findings = []
    for key, (name, effect, what) in effects.items():
        df, value, p = (float(found[column].to_dict()[key]) for column in ("df", "F", "p"))
        sentence = (
            f"Correct rates of {names[0]} and {names[1]} over {len(one.expressions)} expressions, "
            f"effect of {effect if effect != 'interaction' else f'{factor} x expression'}: "
            f"F({df:.0f}, {residual:.0f}) = {statistic(value)}, {p_value(p)}. "
            f"{SPLITS}{verdict(p, what)}"
        )
        findings.append(
            Finding(
                name,
                PUBLISHED,
                methods[key],
                statistic=value,
                df=(df, residual),
                p=p,
                n=n,
                sentence=sentence,
            )
        )
    return findings


def _long(one: Outcomes, other: Outcomes) -> pd.DataFrame:
    parts = []
    for group, part in (("one", one), ("other", other)):
        rates = part.rates
        parts.append(
            pd.DataFrame(
                {
                    "group": group,
                    "expression": np.tile(part.expressions, len(rates)),
                    "rate": rates.ravel(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).dropna(ignore_index=True)


def rate_findings(outcomes: dict[tuple[str, str], Outcomes], names: list[str]) -> list[Finding]:
    """Compare own rates between databases, and own with swapped rates."""
    findings = []
    for a, b in itertools.combinations(names, 2):
        findings += _compare(
            f"own rates: {a} vs {b}",
            "database",
            (f"{a} on {a}", f"{b} on {b}"),
            outcomes.get((a, a)),
            outcomes.get((b, b)),
        )
    for a, b in itertools.permutations(names, 2):
        findings += _compare(
            f"own vs swapped: {a} on {a} vs {b}",
            "own or swapped",
            (f"{a} on {a}", f"{a} on {b}"),
            outcomes.get((a, a)),
            outcomes.get((a, b)),
        )
    return findings


def _compare(
    comparison: str,
    factor: str,
    names: tuple[str, str],
    one: Outcomes | None,
    other: Outcomes | None,
) -> list[Finding]:
    expressions = shared(one, other, 1) if one and other else ()
    if one is None or other is None or not expressions:
        return [not_estimable(comparison, PUBLISHED, T_TEST, "no shared expression was tested")]
    one, other = one.only(expressions), other.only(expressions)
    # Means of runs over different expressions would differ for that alone.
    always = [name for name in expressions if name in one.always & other.always]
    if always:
        means = [_run_means(part.only(always)) for part in (one, other)]
        remark = over_always(len(always), len(expressions))
        t_test = t_finding(comparison, names, means[0], means[1], remark)
    else:
        t_test = not_estimable(comparison, PUBLISHED, T_TEST, "no expression is in every run")
    return [t_test, *anova_findings(comparison, factor, names, one, other)]


def _run_means(part: Outcomes) -> Array:
    means: Array = part.rates[part.shown.sum(axis=(1, 2)) > 0].mean(axis=1)
    return means


def training_findings(curves: pd.DataFrame, names: list[str]) -> list[Finding]:
    """Compare the correct rates in training, over the last third of the iterations.

    The paper averages iterations 8,001 to 12,000.  A curve of one point is that point.
    """
    train = curves[curves["part"] == "train"]
    last = train.groupby("database")["iteration"].transform("max")
    late = train[(3 * train["iteration"] > 2 * last) | (train["iteration"] == last)]
    means = late.groupby(["database", "run"])["correct_rate"].mean()
    rates = {str(key): part.to_numpy() for key, part in means.groupby("database")}
    return [
        t_finding(f"training rates: {a} vs {b}", (f"{a} in training", f"{b} in training"),
                  rates[a], rates[b])
        for a, b in itertools.combinations(names, 2)
        if a in rates and b in rates
    ]  # fmt: skip
