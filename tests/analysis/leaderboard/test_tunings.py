"""Tuning agreement, against SciPy and the report's interval."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from tests.analysis.leaderboard.invented import invent, submitted

from ccbench.analysis import profiles
from ccbench.analysis.leaderboard import Value, measure
from ccbench.analysis.leaderboard.tunings import tuning_values
from ccbench.analysis.statistics import poser_findings


def curve(found: pd.DataFrame, database: str, expression: str) -> list[float]:
    mine = found[(found["database"] == database) & (found["expression"] == expression)]
    return mine.sort_values(["action_unit", "intensity"])["response"].to_list()


def test_it_is_the_mean_correlation_with_the_others(tmp_path: Path) -> None:
    missing = {"b": ["sad"]}
    run = submitted(invent(tmp_path / "run", ("a", "b", "c"), missing=missing))
    found = profiles(run.responses)
    values = {v.subject: v for v in measure(run).values if v.measure == "tuning"}
    assert list(values) == ["a", "b", "c"]
    for name, value in values.items():
        wanted = []
        for other in set(values) - {name}:
            both = set(found[found["database"] == name]["expression"]) & set(
                found[found["database"] == other]["expression"]
            )
            wanted += [
                spearmanr(curve(found, name, e), curve(found, other, e)).statistic for e in both
            ]
        assert len(wanted) == (12 if name == "b" else 13)
        assert value.estimate == pytest.approx(np.mean(wanted))
        assert value.low < value.estimate < value.high
        assert (value.counted, value.detail) == (5, "series")


def test_of_one_expression_the_interval_is_the_reports(tmp_path: Path) -> None:
    run = submitted(invent(tmp_path / "run", runs=4))
    only = run.responses[run.responses["expression"] == "happy"]
    found = profiles(only)
    (value, other) = tuning_values(found, run.databases)
    (finding,) = (
        f
        for f in poser_findings(run.predictions, found, pd.DataFrame())
        if f.comparison.startswith("profiles")
    )
    assert (value.estimate, value.low, value.high) == pytest.approx(
        (finding.estimate, finding.low, finding.high)
    )
    assert (other.estimate, other.low) == (value.estimate, value.low)


@pytest.mark.parametrize(
    ("databases", "units", "why"),
    [
        (("here",), (1, 4, 6), "no other database has a unit of the same expression"),
        (("here", "there"), (1, 4), "fewer than three action units"),
    ],
)
def test_what_cannot_be_estimated_is_said(
    tmp_path: Path, databases: tuple[str, ...], units: tuple[int, ...], why: str
) -> None:
    run = submitted(invent(tmp_path / "run", databases))
    shown = run.responses[run.responses["action_unit"].isin((0, *units))]
    values: list[Value] = tuning_values(profiles(shown), run.databases)
    assert [value.why for value in values] == [why] * len(databases)
    assert all(np.isnan(value.estimate) and value.resampled is None for value in values)
