"""One comparison, tested in one way."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

PUBLISHED = "as published"
POSERS = "to new posers"
LEVEL = 0.05
"""Level of the tests; the intervals cover 1 - LEVEL."""
MINIMUM = 3
"""Runs, posers, action units or labels below which nothing is tested."""


@dataclass(frozen=True)
class Finding:
    """One comparison, tested in one way.

    Attributes:
        comparison: what is compared, e.g. "own rates: kdef vs krc"; the same key in both columns.
        basis: "as published" or "to new posers".
        method: the test.
        estimate: a difference of correct rates or a correlation; nan where there is none.
        low: lower end of the 95 % interval; nan where there is none.
        high: upper end.
        statistic: t, F, r_s or a studentised quantity, as ``method`` says.
        df: degrees of freedom, empty for tests that resample.
        p: two-sided, not corrected.
        p_adjusted: corrected for the number of expressions; nan where nothing is corrected.
        correction: "", or e.g. "Holm x 7".
        n: what was counted, e.g. "40 + 40 runs".
        resampled: what was resampled or permuted and how often; "" for nothing.
        sentence: all of it in words; "not estimable: ..." where it cannot be computed.
    """

    comparison: str
    basis: str
    method: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    statistic: float = math.nan
    df: tuple[float, ...] = ()
    p: float = math.nan
    p_adjusted: float = math.nan
    correction: str = ""
    n: str = ""
    resampled: str = ""
    sentence: str = ""


def not_estimable(comparison: str, basis: str, method: str, why: str, n: str = "") -> Finding:
    """Return the finding of a comparison that cannot be made, with the reason."""
    return Finding(comparison, basis, method, n=n, sentence=f"not estimable: {why}.")


def findings_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return findings as a table, one row each, one column per attribute.

    ``df`` becomes text ("1, 546"); what does not apply is nan or "".
    """
    columns = [field.name for field in dataclasses.fields(Finding)]
    rows = []
    for finding in findings:
        row = dataclasses.asdict(finding)
        rows.append({**row, "df": ", ".join(f"{value:g}" for value in finding.df)})
    return pd.DataFrame(rows, columns=columns)
