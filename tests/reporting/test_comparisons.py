"""Findings side by side, and in a line."""

from __future__ import annotations

import math

import pytest

from ccbench.analysis.statistics import Finding
from ccbench.analysis.statistics.finding import POSERS, PUBLISHED
from ccbench.reporting.comparisons import brief, families


def test_findings_about_one_comparison_stand_side_by_side() -> None:
    findings = [
        Finding("own rates: a vs b", PUBLISHED, "t test"),
        Finding("own rates: a vs b", PUBLISHED, "ANOVA"),
        Finding("profiles (series), happy: a vs b", PUBLISHED, "Spearman"),
        Finding("own rates: a vs b", POSERS, "permutation"),
        Finding("profiles (series), sad: a vs b", POSERS, "permutation"),
    ]
    rates, tunings = families(findings)
    assert (rates.title, tunings.title) == ("own rates", "profiles (series)")
    (only,) = rates.comparisons
    assert [finding.method for finding in only.published] == ["t test", "ANOVA"]
    assert [finding.method for finding in only.posers] == ["permutation"]
    assert [c.title for c in tunings.comparisons] == ["happy, a vs b", "sad, a vs b"]
    assert tunings.comparisons[0].posers == ()


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (
            Finding("", "", "", 0.352, 0.3, 0.4, 24.1, (78.0,), 1e-9),
            ".35 [.30, .40], t(78) = 24.10, p < .001",
        ),
        (
            Finding("", "", "", statistic=3.2, df=(6.0, 546.0), p=0.0042),
            "F(6, 546) = 3.20, p = .004",
        ),
        (
            Finding("", "", "", -0.2, p=0.01, p_adjusted=0.07, correction="Holm x 7"),
            "−.20, p = .070 (Holm)",
        ),
        (
            Finding("", "", "", math.nan, sentence="not estimable: one run."),
            "not estimable: one run.",
        ),
    ],
)
def test_a_finding_in_a_line(finding: Finding, line: str) -> None:
    assert brief(finding) == line
