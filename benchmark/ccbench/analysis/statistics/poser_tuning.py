"""Profiles and their relation to confusions, with action units and labels permuted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ccbench.analysis.statistics.blocks import (
    correlation_interval,
    correlation_p,
    permuted_correlations,
    unit_permutations,
    unit_weights,
)
from ccbench.analysis.statistics.finding import LEVEL, MINIMUM, POSERS, Finding, not_estimable
from ccbench.analysis.statistics.labels import label_p, relabelled_correlations, smallest_p
from ccbench.analysis.statistics.outcomes import Array
from ccbench.analysis.statistics.plan import Plan
from ccbench.analysis.statistics.published_tuning import corrected
from ccbench.analysis.statistics.tuning_grid import (
    CellTable,
    ProfilePair,
    cell_tables,
    profile_pairs,
)
from ccbench.analysis.statistics.wording import (
    LABELS,
    UNITS,
    count,
    interval,
    number,
    p_value,
    reversed_relation,
    verdict,
)

BLOCKS = "Spearman correlation, permutation of action units with all their intensities"
RELABELLED = "Spearman correlation, permutation of labels"


def holm(values: list[float]) -> list[float]:
    """Correct p values by Holm's step-down procedure (1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(values)
    steps = np.array(values)[order] * np.arange(len(values), 0, -1)
    corrected_values = np.empty(len(values))
    corrected_values[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected_values.tolist()


def profile_findings(found: pd.DataFrame, plan: Plan) -> list[Finding]:
    """Correlate the profiles of one expression between two databases, over action units."""
    findings = []
    for family in profile_pairs(found):
        tested = [_profile_finding(pair, plan) for pair in family]
        findings += corrected(tested, "Holm", holm, UNITS)
    return findings


def _profile_finding(pair: ProfilePair, plan: Plan) -> Finding:
    one, other = pair.blocks()
    units = len(one)
    n = count(units, "action unit")
    if units < MINIMUM:
        return not_estimable(pair.comparison, POSERS, BLOCKS, "fewer than three action units", n)
    if not (np.ptp(one) and np.ptp(other)):
        return not_estimable(pair.comparison, POSERS, BLOCKS, "a profile is constant", n)
    r = float(permuted_correlations(one, other, np.arange(units)[None])[0])
    p = correlation_p(one, other, unit_permutations(plan.seed, units, plan.permutations))
    low, high = correlation_interval(one, other, unit_weights(plan.seed, units, plan.draws))
    sentence = (
        f"Profiles of the {pair.expression} unit in networks trained on "
        f"{' and '.join(pair.databases)}: r_s = {number(r)}{interval(low, high)} over {n}, "
        f"{p_value(p)}"
    )
    return Finding(
        pair.comparison, POSERS, BLOCKS, r, low, high, r, p=p, n=n,
        resampled=f"{plan.permutations:,} permutations of action units; interval: {plan.draws:,} "
        "bootstrap samples of action units",
        sentence=sentence,
    )  # fmt: skip


def confusion_findings(cells: pd.DataFrame) -> list[Finding]:
    """Relate profile correlations to choice rates, with and without the diagonal."""
    return [
        _relation(table, diagonal=diagonal)
        for table in cell_tables(cells)
        for diagonal in (True, False)
    ]


def _relation(table: CellTable, *, diagonal: bool) -> Finding:
    r_s, rate, labels = table.squares()
    comparison = table.comparison if diagonal else f"{table.comparison} (off-diagonal)"
    which = "all cells" if diagonal else "cells off the diagonal"
    method = f"{RELABELLED}, {which}"
    n = count(len(labels), "label")
    if len(labels) < MINIMUM:
        return not_estimable(comparison, POSERS, method, "fewer than three shared labels", n)
    if any(_flat(matrix, diagonal=diagonal) for matrix in (r_s, rate)):
        return not_estimable(comparison, POSERS, method, "a matrix is constant or has gaps", n)
    values = relabelled_correlations(r_s, rate, diagonal=diagonal)
    r, p = float(values[0]), label_p(values)
    floor = smallest_p(len(labels))
    remark = f" (with {n} it cannot be smaller than {p_value(floor)[4:]})" if floor > LEVEL else ""
    sentence = (
        f"{table.question} r_s = {number(r)}{reversed_relation(r, p)} over {which}, "
        f"{p_value(p)}{remark}. "
        f"{LABELS}{verdict(p, 'correlation')}"
    )
    return Finding(
        comparison, POSERS, method, r, statistic=r, p=p, n=n,
        resampled=f"all {len(values):,} permutations of the labels", sentence=sentence,
    )  # fmt: skip


def _flat(matrix: Array, *, diagonal: bool) -> bool:
    used = matrix if diagonal else matrix[~np.eye(len(matrix), dtype=bool)]
    return not np.isfinite(matrix).all() or not np.ptp(used)
