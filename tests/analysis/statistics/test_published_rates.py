"""t tests and ANOVA, against scipy, pingouin and nested least squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pingouin
import pytest
from numpy.typing import NDArray
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution
from scipy.stats import ttest_ind
from tests.analysis.statistics.test_outcomes import ALL, MISSING, predictions

from ccbench.analysis import expression_rates
from ccbench.analysis.statistics.finding import Finding
from ccbench.analysis.statistics.outcomes import collect
from ccbench.analysis.statistics.plan import Plan
from ccbench.analysis.statistics.published_rates import anova, rate_findings, training_findings
from ccbench.analysis.statistics.to_new_posers import rate_findings as poser_rate_findings
from ccbench_registry import EXPRESSIONS


def of(findings: Sequence[Finding], comparison: str, method: str) -> Finding:
    found = [f for f in findings if f.comparison == comparison and method in f.method]
    assert len(found) == 1, (comparison, method, [f.comparison for f in findings])
    return found[0]


def rates_of(
    table: pd.DataFrame, pairs: Sequence[tuple[str, str]], databases: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Return the rates of two pairs over the expressions that all their databases have."""
    names = set.intersection(*(set(databases[name]) for pair in pairs for name in pair))
    rates = expression_rates(table)
    parts = [
        rates[(rates["train_database"] == train) & (rates["test_database"] == test)].assign(
            group=f"{train}-{test}"
        )
        for train, test in pairs
    ]
    joined = pd.concat(parts)
    return joined[joined["expression"].isin(names)].rename(columns={"correct_rate": "rate"})


@pytest.mark.parametrize(("databases", "gaps"), [(ALL, 0.0), (MISSING, 0.0), (MISSING, 0.4)])
@pytest.mark.parametrize("other", [("b", "b"), ("a", "b")])
def test_rates_are_tested_as_by_scipy_and_pingouin(
    databases: Mapping[str, Sequence[str]], gaps: float, other: tuple[str, str]
) -> None:
    table = predictions(databases, seed=3, runs=8, gaps=gaps)
    findings = rate_findings(collect(table), list(databases))
    comparison = "own rates: a vs b" if other == ("b", "b") else "own vs swapped: a on a vs b"
    rates = rates_of(table, [("a", "a"), other], databases)
    tested = rates.groupby("expression")["rate"].size()
    # In every run of both.
    always = rates[rates["expression"].isin(tested.index[tested == 16])]
    assert (len(always) < len(rates)) == bool(gaps)
    means = always.groupby(["group", "run"])["rate"].mean()
    one, two = means["a-a"].to_numpy(), means["-".join(other)].to_numpy()

    t = of(findings, comparison, "t test")
    wanted = ttest_ind(one, two)
    assert t.estimate == pytest.approx(one.mean() - two.mean(), abs=1e-12)
    assert t.statistic == pytest.approx(wanted.statistic, rel=1e-9)
    assert t.p == pytest.approx(wanted.pvalue, rel=1e-9)
    assert t.df == (14.0,)
    half = t_distribution.ppf(0.975, 14) * np.sqrt((one.var(ddof=1) + two.var(ddof=1)) / 8)
    assert (t.low, t.high) == pytest.approx((t.estimate - half, t.estimate + half), abs=1e-9)

    model = pingouin.anova(rates, dv="rate", between=["group", "expression"], ss_type=2)
    # Its columns are "p-unc" or "p_unc", depending on the version.
    rows = model.rename(columns=lambda name: name.replace("-", "_")).set_index("Source")
    for source, name in (
        ("group", comparison),
        ("expression", f"{comparison} (expressions)"),
        ("group * expression", f"{comparison} (by expression)"),
    ):
        finding = of(findings, name, "ANOVA")
        assert finding.statistic == pytest.approx(float(rows.loc[source, "F"]), rel=1e-9)
        assert finding.p == pytest.approx(float(rows.loc[source, "p_unc"]), rel=1e-9)
        assert finding.df == (rows.loc[source, "DF"], rows.loc["Residual", "DF"])
        assert "by expression" in name or finding.n == "8 + 8 runs"


@pytest.mark.parametrize("other", [("b", "b"), ("a", "b")])
def test_runs_are_compared_over_the_expressions_that_all_of_them_tested(
    other: tuple[str, str],
) -> None:
    table = predictions(ALL, seed=3, runs=8)
    # Sad in the first run only, and always recognised.
    table.loc[table["expression"] == "sad", "predicted"] = "sad"
    table = table[(table["expression"] != "sad") | (table["run"] == 0)]
    assert collect(table)["a", "a"].always == set(EXPRESSIONS) - {"sad"}
    comparison = "own rates: a vs b" if other == ("b", "b") else "own vs swapped: a on a vs b"
    rates = rates_of(table[table["expression"] != "sad"], [("a", "a"), other], ALL)
    means = rates.groupby(["group", "run"])["rate"].mean()
    wanted = ttest_ind(means["a-a"], means["-".join(other)])
    t = of(rate_findings(collect(table), ["a", "b"]), comparison, "t test")
    assert t.statistic == pytest.approx(wanted.statistic, rel=1e-9)
    assert "(over the 6 expressions in every run)" in t.sentence
    corrected = of(
        poser_rate_findings(collect(table), ["a", "b"], Plan(0, 50, 49, 0.3)),
        comparison,
        "Nadeau & Bengio",
    )
    assert corrected.estimate == pytest.approx(t.estimate, abs=1e-12)
    assert "(over the 6 expressions in every run)" in corrected.sentence
    # None in every run.
    table = table[table["run"] * 2 % 7 == table["expression"].map(EXPRESSIONS.index)]
    t = of(rate_findings(collect(table), ["a", "b"]), "own rates: a vs b", "t test")
    assert t.sentence == "not estimable: no expression is in every run."


def residual(design: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    beta = np.linalg.lstsq(design, values, rcond=None)[0]
    return float(((values - design @ beta) ** 2).sum())


def test_anova_with_gaps_compares_nested_models() -> None:
    rng = np.random.default_rng(1)
    rows = [
        (group, name, rng.normal() + (name == "x") * (group == "one"))
        for group in ("one", "two")
        for name in "xyz"
        for _ in range(rng.integers(3, 9))
    ]
    table = pd.DataFrame(rows, columns=["group", "expression", "rate"])
    found = anova(table)
    values = table["rate"].to_numpy()
    group = pd.get_dummies(table["group"]).to_numpy(float)
    names = pd.get_dummies(table["expression"]).to_numpy(float)
    both = pd.get_dummies(table["group"] + table["expression"]).to_numpy(float)
    full, df = residual(both, values), len(values) - 6
    additive = residual(np.hstack([group, names]), values)
    for row, squares, many in (
        ("group", residual(names, values) - additive, 1),
        ("expression", residual(group, values) - additive, 2),
        ("interaction", additive - full, 2),
    ):
        statistic = squares / many / (full / df)
        assert found.loc[row, "F"] == pytest.approx(statistic, rel=1e-9)
        assert found.loc[row, "p"] == pytest.approx(
            f_distribution.sf(statistic, many, df), rel=1e-9
        )


def curves(points: Sequence[int], runs: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        (database, run, point, part, rng.random())
        for database in "ab"
        for run in range(runs)
        for point in points
        for part in ("train", "validation")
    ]
    return pd.DataFrame(rows, columns=["database", "run", "iteration", "part", "correct_rate"])


@pytest.mark.parametrize(
    ("points", "late"),
    [([4000, 8000, 8001, 12000], [8001, 12000]), ([0], [0]), ([0, 1], [1])],
)
def test_training_rates_are_those_of_the_last_third(points: list[int], late: list[int]) -> None:
    table = curves(points)
    (finding,) = training_findings(table, ["a", "b"])
    kept = table[table["iteration"].isin(late) & (table["part"] == "train")]
    means = kept.groupby(["database", "run"])["correct_rate"].mean()
    wanted = ttest_ind(means["a"], means["b"])
    assert finding.comparison == "training rates: a vs b"
    assert finding.statistic == pytest.approx(wanted.statistic, rel=1e-9)
    assert finding.p == pytest.approx(wanted.pvalue, rel=1e-9)


def test_two_runs_are_too_few() -> None:
    findings = rate_findings(collect(predictions(runs=2)), ["a", "b"])
    findings += training_findings(curves([0], runs=2), ["a", "b"])
    assert {f.sentence for f in findings} == {"not estimable: fewer than three runs."}
    assert all(np.isnan(f.p) for f in findings)


def test_rates_that_do_not_vary_are_not_tested() -> None:
    table = predictions()
    table["predicted"] = table["expression"]
    findings = rate_findings(collect(table), ["a", "b"])
    assert {f.sentence for f in findings} == {"not estimable: the rates are the same in all runs."}


def test_one_shared_expression_has_no_anova_and_none_no_test() -> None:
    databases = {"a": ("happy", "sad"), "b": ("happy", "angry"), "c": ("fearful", "surprised")}
    findings = rate_findings(collect(predictions(databases, runs=6)), list(databases))
    assert np.isfinite(of(findings, "own rates: a vs b", "t test").p)
    only = of(findings, "own rates: a vs b (by expression)", "ANOVA")
    assert only.sentence == "not estimable: one shared expression."
    none = of(findings, "own rates: a vs c", "t test")
    assert none.sentence == "not estimable: no shared expression was tested."
