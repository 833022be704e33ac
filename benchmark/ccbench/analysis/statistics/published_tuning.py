"""Profiles as published: Spearman's correlation with every point or cell as an observation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ccbench.analysis.statistics.finding import MINIMUM, PUBLISHED, Finding, not_estimable
from ccbench.analysis.statistics.tuning_grid import cell_tables, profile_pairs
from ccbench.analysis.statistics.wording import (
    CELLS,
    POINTS,
    count,
    number,
    p_value,
    reversed_relation,
    verdict,
)

SPEARMAN = "Spearman correlation"


def corrected(
    findings: Sequence[Finding],
    name: str,
    adjust: Callable[[list[float]], list[float]],
    question: str,
) -> list[Finding]:
    """Correct the p values of those findings that have one, for their number, and conclude.

    Args:
        findings: of one family.
        name: "Bonferroni" or "Holm".
        adjust: p values -> corrected p values.
        question: what the corrected p values answer.
    """
    tested = [finding for finding in findings if not np.isnan(finding.p)]
    values = iter(adjust([finding.p for finding in tested]))
    result = []
    for finding in findings:
        if np.isnan(finding.p):
            result.append(finding)
            continue
        value = next(values)
        sentence = (
            f"{finding.sentence}, {name}-corrected for {count(len(tested), 'expression')} "
            f"{p_value(value)}. {question}{verdict(value, 'correlation')}"
        )
        result.append(
            dataclasses.replace(
                finding, p_adjusted=value, correction=f"{name} x {len(tested)}", sentence=sentence
            )
        )
    return result


def bonferroni(values: list[float]) -> list[float]:
    """Multiply p values by their number, up to 1.

    >>> bonferroni([0.01, 0.6])
    [0.02, 1.0]
    """
    return [min(1.0, len(values) * value) for value in values]


def profile_findings(found: pd.DataFrame) -> list[Finding]:
    """Correlate the profiles of one expression between two databases, over all points."""
    from scipy.stats import spearmanr

    findings = []
    for family in profile_pairs(found):
        tested = []
        for pair in family:
            n = count(len(pair.curves), "point")
            if len(pair.curves) < MINIMUM or pair.constant:
                why = "too few points or a constant profile"
                tested.append(not_estimable(pair.comparison, PUBLISHED, SPEARMAN, why, n))
                continue
            test = spearmanr(*pair.curves.to_numpy().T)
            r, p = float(test.statistic), float(test.pvalue)
            sentence = (
                f"Profiles of the {pair.expression} unit in networks trained on "
                f"{' and '.join(pair.databases)}: r_s = {number(r)} over {n}, {p_value(p)}"
            )
            tested.append(
                Finding(
                    pair.comparison,
                    PUBLISHED,
                    SPEARMAN,
                    r,
                    statistic=r,
                    p=p,
                    n=n,
                    sentence=sentence,
                )
            )
        findings += corrected(tested, "Bonferroni", bonferroni, POINTS)
    return findings


def confusion_findings(cells: pd.DataFrame) -> list[Finding]:
    """Correlate profile correlations with choice rates over the cells of both matrices."""
    from scipy.stats import spearmanr

    findings = []
    for table in cell_tables(cells):
        values = table.cells[["r_s", "rate"]].to_numpy(dtype=np.float64)
        n = count(len(values), "cell")
        if len(values) < MINIMUM or not np.ptp(values, axis=0).all():
            why = "too few cells or a constant matrix"
            findings.append(not_estimable(table.comparison, PUBLISHED, SPEARMAN, why, n))
            continue
        test = spearmanr(*values.T)
        r, p = float(test.statistic), float(test.pvalue)
        sentence = (
            f"{table.question} r_s = {number(r)}{reversed_relation(r, p)} over {n}, {p_value(p)}. "
            f"{CELLS}{verdict(p, 'correlation')}"
        )
        findings.append(
            Finding(table.comparison, PUBLISHED, SPEARMAN, r, statistic=r, p=p, n=n,
                    sentence=sentence)
        )  # fmt: skip
    return findings
