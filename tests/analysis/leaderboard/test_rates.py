"""Rates, drops and advantages, against loops over photographs and against the report's tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.analysis.leaderboard.invented import invent, submitted

from ccbench.analysis.leaderboard import MEAN, Submission, Value, measure
from ccbench.analysis.statistics import poser_findings

MISSING = {"b": ["fearful"], "c": ["sad", "neutral"]}


def run_of(folder: Path, missing: bool) -> Submission:
    run = invent(
        folder / "run",
        ("a", "b", "c"),
        runs=6,
        posers=12,
        probe=False,
        missing=MISSING if missing else None,
    )
    return submitted(run)


def values_of(run: Submission) -> dict[tuple[str, str], Value]:
    return {(v.measure, v.subject): v for v in measure(run).values}


def rate(table: pd.DataFrame, train: str, test: str, among: Sequence[str]) -> float:
    """Return the mean over expressions of the mean over posers of their share correct."""
    part = table[(table["train_database"] == train) & (table["test_database"] == test)]
    means = []
    for name in among:
        shown = part[part["expression"] == name]
        scores = [float((mine["predicted"] == name).mean()) for _, mine in shown.groupby("poser")]
        means.append(sum(scores) / len(scores))
    return sum(means) / len(means)


def shared(run: Submission, *databases: str) -> list[str]:
    entries = {entry["name"]: entry["expressions"] for entry in run.manifest["databases"]}
    first, *rest = databases
    return [name for name in entries[first] if all(name in entries[other] for other in rest)]


@pytest.mark.parametrize("missing", [False, True])
def test_values_are_those_of_a_loop_over_photographs(tmp_path: Path, missing: bool) -> None:
    run = run_of(tmp_path, missing)
    found, table = values_of(run), run.predictions
    names = run.databases
    wanted: dict[tuple[str, str], float] = {}
    for own in names:
        others = [name for name in names if name != own]
        both = {other: shared(run, own, other) for other in others}
        wanted["own", own] = rate(table, own, own, shared(run, own))
        wanted["swapped", own] = float(np.mean([rate(table, own, o, both[o]) for o in others]))
        wanted["drop", own] = float(
            np.mean([rate(table, own, own, both[o]) - rate(table, own, o, both[o]) for o in others])
        )
        wanted["advantage", own] = float(
            np.mean([rate(table, own, own, both[o]) - rate(table, o, own, both[o]) for o in others])
        )
    for key in ("own", "swapped", "drop", "advantage"):
        wanted[key, MEAN] = float(np.mean([wanted[key, name] for name in names]))
    assert {key: value.estimate for key, value in found.items()} == pytest.approx(wanted)
    for value in found.values():
        assert value.low < value.estimate < value.high
        assert value.why == ""


def test_a_complete_design_has_one_mean_drop_and_advantage(tmp_path: Path) -> None:
    found = values_of(run_of(tmp_path, missing=False))
    drop, advantage = found["drop", MEAN], found["advantage", MEAN]
    for name in ("estimate", "low", "high"):
        assert getattr(drop, name) == pytest.approx(getattr(advantage, name), abs=1e-12)


def test_with_two_databases_values_are_the_findings_of_the_report(tmp_path: Path) -> None:
    run = submitted(invent(tmp_path / "run", ("a", "b"), runs=6, posers=12, probe=False))
    # Draws go to posers in their order: that of the names here, that of the table there.
    ordered = pd.concat(
        [part.sort_values("poser", kind="stable")
         for _, part in run.predictions.groupby(["train_database", "test_database"], sort=False)]
    )  # fmt: skip
    runs = pd.concat([ordered[ordered["run"] == run] for run in range(6)])
    first = ordered.drop_duplicates(["test_database", "poser"]).index
    table = pd.concat([ordered.loc[first], runs.drop(first)])
    findings = {
        f.comparison: f
        for f in poser_findings(table, pd.DataFrame(), pd.DataFrame())
        if "Nadeau" not in f.method
    }
    found = values_of(run)
    for comparison, key in (
        ("own vs swapped: a on a vs b", ("drop", "a")),
        ("own vs foreign networks: b vs a on b", ("advantage", "b")),
    ):
        expected, value = findings[comparison], found[key]
        assert value.estimate == pytest.approx(expected.estimate)
        assert (value.low, value.high) == pytest.approx((expected.low, expected.high))


def test_what_cannot_be_estimated_is_said(tmp_path: Path) -> None:
    alone = submitted(invent(tmp_path / "alone", ("a",), runs=4, probe=False))
    found = values_of(alone)
    assert ("own", MEAN) not in found
    assert found["own", "a"].estimate > 0
    assert np.isnan(found["drop", "a"].estimate)
    assert found["drop", "a"].why == "one database only"
    short = values_of(submitted(invent(tmp_path / "short", runs=2, posers=12, probe=False)))
    assert short["own", "here"].estimate > 0
    assert np.isnan(short["own", "here"].low)
    assert short["own", "here"].why == "interval not estimable: fewer than three runs"
    apart = invent(
        tmp_path / "apart", ("a", "b"), runs=6, posers=12, probe=False,
        missing={"a": ["happy", "sad", "angry"],
                 "b": ["neutral", "fearful", "surprised", "disgusted"]},
    )  # fmt: skip
    none = values_of(submitted(apart))
    assert none["own", "a"].expressions == 4
    assert "swapped" in {measure for measure, _ in none}
    assert np.isnan(none["swapped", "a"].estimate)
    assert "no shared expression" in none["swapped", "a"].why


def test_rates_stay_between_0_and_1(tmp_path: Path) -> None:
    good = values_of(submitted(invent(tmp_path / "run", runs=6, skill=2.5, seed=5, probe=False)))
    assert good["own", "here"].estimate > 0.8
    assert good["own", "here"].high == 1


def test_differences_stay_between_minus_1_and_1(tmp_path: Path) -> None:
    run = invent(tmp_path / "run", runs=3, probe=False, seed=7)
    found = values_of(submitted(run))
    # Three runs of two test posers: studentised, it would be below.
    assert found["advantage", "there"].low == -1
    ends = [(v.low, v.high) for v in found.values() if not np.isnan(v.low)]
    assert np.abs(ends).max() == 1
    # So it is in a report.
    findings = poser_findings(run.predictions, pd.DataFrame(), pd.DataFrame())
    assert min(f.low for f in findings if "Nadeau" not in f.method) == -1
