"""The column *as published*: runs, points and cells as independent observations."""

from __future__ import annotations

import pandas as pd

from ccbench.analysis.statistics.finding import PUBLISHED, Finding, not_estimable
from ccbench.analysis.statistics.outcomes import collect, databases
from ccbench.analysis.statistics.published_rates import rate_findings, training_findings
from ccbench.analysis.statistics.published_tuning import confusion_findings, profile_findings


def published_findings(
    predictions: pd.DataFrame, curves: pd.DataFrame, found: pd.DataFrame, cells: pd.DataFrame
) -> list[Finding]:
    """Test everything that the paper tests, as it does, for every pair of databases.

    Args:
        predictions: table of a run.
        curves: table of a run.
        found: :func:`ccbench.analysis.profiles`; may be empty.
        cells: probe, train_database, test_database, expression (shown), predicted, rate and
            r_s (of the shown expression's unit in networks of the test database with the
            predicted one's in networks of the train database); may be empty.
    """
    outcomes = collect(predictions)
    names = databases(outcomes)
    if len(names) < 2:
        return [not_estimable("between databases", PUBLISHED, "", "one database only")]
    findings = [*rate_findings(outcomes, names), *training_findings(curves, names)]
    if not found.empty:
        findings += profile_findings(found)
    if not cells.empty:
        findings += confusion_findings(cells)
    return findings
