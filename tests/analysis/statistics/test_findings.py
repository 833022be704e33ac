"""Both columns in one call each: what they hold, that they repeat, and what they cannot say."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from tests.analysis.statistics.test_outcomes import ALL, MISSING, predictions
from tests.analysis.statistics.test_published_rates import curves
from tests.analysis.statistics.test_tuning_findings import found_cells, found_profiles

from ccbench.analysis.statistics import (
    Finding,
    findings_table,
    poser_findings,
    published_findings,
)
from ccbench_registry import EXPRESSIONS

EMPTY = pd.DataFrame()


def posers(table: pd.DataFrame, seed: int = 0) -> list[Finding]:
    return poser_findings(table, found_profiles(), found_cells(), seed, draws=100, permutations=99)


def texts(findings: Sequence[Finding]) -> str:
    return " ".join(f"{f.comparison} {f.method} {f.n} {f.resampled} {f.sentence}" for f in findings)


def test_every_published_comparison_has_its_other_column() -> None:
    table = predictions()
    published = published_findings(table, curves([0]), found_profiles(), found_cells())
    to_posers = posers(table)
    other = {f.comparison for f in to_posers}
    for finding in published:
        assert finding.basis == "as published"
        # A difference between expressions is not a question of databases.
        assert finding.comparison in other or finding.comparison.endswith("(expressions)")
    assert {f.basis for f in to_posers} == {"to new posers"}
    assert {f.comparison.split(":")[0] for f in to_posers} >= {
        "own rates",
        "own vs swapped",
        "own vs foreign networks",
        "training rates",
        "profiles and confusions (probe)",
    }


def test_the_same_seed_gives_the_same_numbers() -> None:
    table = predictions(MISSING, gaps=0.1, runs=8)
    assert findings_table(posers(table)).equals(findings_table(posers(table)))
    other = findings_table(posers(table, seed=1))
    assert not findings_table(posers(table))["p"].equals(other["p"])


def test_one_database_more_changes_no_number_of_the_others() -> None:
    three = predictions(dict.fromkeys("abc", EXPRESSIONS))
    two = three[(three["train_database"] != "c") & (three["test_database"] != "c")]
    wanted = findings_table(posers(two))
    found = findings_table(posers(three))
    kept = found[~found["comparison"].str.contains(r"\bc\b")].reset_index(drop=True)
    assert kept.equals(wanted)


def test_the_difference_is_that_of_posers_means() -> None:
    table = predictions(seed=2)
    finding = next(f for f in posers(table) if f.comparison == "own rates: a vs b")
    means = []
    for name in "ab":
        part = table[(table["train_database"] == name) & (table["test_database"] == name)]
        right = (part["predicted"] == part["expression"]).groupby(
            [part["poser"], part["expression"]]
        )
        means.append(right.mean().groupby("expression").mean().mean())
    assert finding.estimate == pytest.approx(means[0] - means[1], abs=1e-12)
    assert finding.low < finding.estimate < finding.high
    assert finding.n == "9 + 9 posers"


def test_a_run_without_a_probe_has_no_profiles() -> None:
    table = predictions()
    findings = [
        *published_findings(table, curves([0]), EMPTY, EMPTY),
        *poser_findings(table, EMPTY, EMPTY, draws=50, permutations=49),
    ]
    assert not any("profile" in f.comparison for f in findings)


def test_one_database_is_said() -> None:
    table = predictions({"a": EXPRESSIONS})
    for findings in (published_findings(table, curves([0]), EMPTY, EMPTY), posers(table)):
        (finding,) = findings
        assert finding.sentence == "not estimable: one database only."


def test_two_runs_have_p_values_but_no_interval() -> None:
    for finding in posers(predictions(runs=2, tested=8)):
        if finding.comparison == "own rates: a vs b" and "Welch" in finding.method:
            assert np.isfinite(finding.p)
            assert np.isnan(finding.low)
            assert "interval not estimable: fewer than three runs" in finding.sentence
            assert "bootstrap" not in finding.resampled


def test_two_posers_are_too_few() -> None:
    findings = posers(predictions(posers=2, tested=2))
    rates = [f for f in findings if "posers" in f.method]
    assert rates
    assert all(f.sentence.startswith("not estimable: ") for f in rates)


def test_perfect_networks_are_not_tested() -> None:
    table = predictions(runs=4)
    table["predicted"] = table["expression"]
    rates = [f for f in posers(table) if "own" in f.comparison]
    assert all(f.sentence.startswith("not estimable: ") for f in rates)


def test_networks_that_are_always_right_against_always_wrong_have_a_p_and_no_interval() -> None:
    table = predictions(runs=4)
    own = table["train_database"] == table["test_database"]
    wrong = np.where(table["expression"] == "sad", "happy", "sad")
    table["predicted"] = table["expression"].where(own, wrong)
    paired = next(f for f in posers(table) if f.comparison.startswith("own vs foreign"))
    assert paired.estimate == pytest.approx(1.0)
    assert paired.p < 0.05
    assert "interval not estimable: all posers have the same rate" in paired.sentence
    # Nine posers of each, all right there and wrong here: no division of them is as uneven.
    swapped = next(f for f in posers(table) if "own vs swapped" in f.comparison)
    assert swapped.estimate == pytest.approx(1.0)
    assert swapped.p == pytest.approx(1 / 100)
    assert np.isnan(swapped.low)
    assert "interval not estimable: all posers have the same rate" in swapped.sentence


@pytest.mark.parametrize(
    "table",
    [
        predictions(),
        predictions(MISSING, gaps=0.3),
        predictions(runs=1),
        predictions(posers=3, tested=3),
        predictions({"a": ("happy", "sad"), "b": ("happy", "surprised"), "c": ("angry", "sad")}),
    ],
    ids=["complete", "missing", "one run", "three posers", "few expressions"],
)
def test_everything_is_said_and_no_nan_is_printed(table: pd.DataFrame) -> None:
    findings = published_findings(table, curves([0]), found_profiles(), found_cells())
    findings += posers(table)
    assert not re.search(r"\bnan\b|\binf\b|None|\d{5}", texts(findings))
    for finding in findings:
        assert finding.sentence.endswith(".")
        said = finding.sentence.startswith("not estimable")
        assert np.isnan(finding.p) == said
        assert said or (finding.n and finding.method and np.isfinite(finding.statistic))
        assert np.isnan(finding.low) == np.isnan(finding.high)


def test_findings_become_a_table() -> None:
    findings = published_findings(predictions(), curves([0]), EMPTY, EMPTY)
    table = findings_table(findings)
    assert len(table) == len(findings)
    row = table[table["comparison"] == "own rates: a vs b (by expression)"].iloc[0]
    assert row["df"] == "6, 56"
    assert list(table)[:3] == ["comparison", "basis", "method"]
    assert findings_table([]).empty
    assert list(findings_table([])) == list(table)


def test_names_of_databases_do_not_matter() -> None:
    table = predictions(ALL)
    renamed = table.replace({"train_database": {"a": "x y"}, "test_database": {"a": "x y"}})
    found = posers(renamed)
    assert found[0].comparison == "own rates: x y vs b"
    assert found[0].p == posers(table)[0].p
