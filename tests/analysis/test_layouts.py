"""Long and wide layouts, against naive loops."""

from __future__ import annotations

import math
import re
import statistics

import numpy as np
import pandas as pd
import pytest
from tests.analysis.test_matrix import ALL, UNEVEN, table

from ccbench.analysis import expression_rates, profiles
from ccbench.analysis.layouts import (
    correctness,
    expression_summary,
    profiles_at_highest,
    rates_by_poser,
    rates_by_run,
    safe_names,
)
from ccbench.results import RESPONSE_COLUMNS
from ccbench_registry import EXPRESSIONS


@pytest.fixture(params=[ALL, UNEVEN], ids=["complete", "uneven"])
def predictions(request: pytest.FixtureRequest) -> pd.DataFrame:
    return table(request.param, np.random.default_rng(3), runs=4)


def scored(predictions: pd.DataFrame) -> list[dict[str, object]]:
    """Return the answers to photographs whose expression the network has a unit for."""
    rows: list[dict[str, object]] = [
        {str(key): value for key, value in row.items()} for row in predictions.to_dict("records")
    ]
    return [row for row in rows if not math.isnan(float(str(row[f"logit_{row['expression']}"])))]


def share(rows: list[dict[str, object]]) -> float:
    hits = [row["predicted"] == row["expression"] for row in rows]
    return sum(hits) / len(hits) if hits else math.nan


def test_one_answer_a_row(predictions: pd.DataFrame) -> None:
    found = correctness(predictions).to_dict("records")
    expected = scored(predictions)
    assert len(found) == len(expected)
    for row, answer in zip(found, expected, strict=True):
        assert row["correct"] == (1 if answer["predicted"] == answer["expression"] else 0)
        assert all(answer[str(key)] == row[key] for key in row if key != "correct")


def test_rates_of_posers(predictions: pd.DataFrame) -> None:
    found, columns = rates_by_poser(predictions)
    answers = scored(predictions)
    assert list(found.columns) == ["test_database", "poser", "runs", *columns]
    cases = {(row["test_database"], row["poser"]) for row in answers}
    assert len(found) == len(cases)
    for row in found.to_dict("records"):
        own = [
            a
            for a in answers
            if (a["test_database"], a["poser"]) == (row["test_database"], row["poser"])
        ]
        assert row["runs"] == len({a["run"] for a in own})
        for column, (train, expression) in columns.items():
            cell = [a for a in own if (a["train_database"], a["expression"]) == (train, expression)]
            assert row[column] == pytest.approx(share(cell), abs=1e-12, nan_ok=True)


def test_rates_of_runs(predictions: pd.DataFrame) -> None:
    found, columns = rates_by_run(predictions)
    answers = scored(predictions)
    assert list(found.columns) == ["train_database", "run", *columns]
    for row in found.to_dict("records"):
        own = [
            a
            for a in answers
            if (a["train_database"], a["run"]) == (row["train_database"], row["run"])
        ]
        assert own
        for column, (test, expression) in columns.items():
            cell = [a for a in own if (a["test_database"], a["expression"]) == (test, expression)]
            assert row[column] == pytest.approx(share(cell), abs=1e-12, nan_ok=True)


def test_databases_and_expressions_keep_their_order() -> None:
    predictions = table(
        {"zeta": EXPRESSIONS, "alpha": EXPRESSIONS}, np.random.default_rng(1), runs=11
    )
    by_poser, columns = rates_by_poser(predictions)
    assert list(columns.values()) == [(d, e) for d in ("zeta", "alpha") for e in EXPRESSIONS]
    assert list(columns)[7] == "alpha_neutral"
    assert list(dict.fromkeys(by_poser["test_database"])) == ["zeta", "alpha"]
    by_run, _ = rates_by_run(predictions)
    assert list(by_run["run"]) == [*range(11)] * 2
    assert list(expression_summary(predictions)["expression"][:7]) == list(EXPRESSIONS)


def test_summary_of_expressions(predictions: pd.DataFrame) -> None:
    rates = expression_rates(predictions)
    found = expression_summary(predictions)
    keys = ["train_database", "test_database", "expression"]
    assert len(found) == len(rates[keys].drop_duplicates())
    for row in found.to_dict("records"):
        part = rates[(rates[keys] == [row[key] for key in keys]).all(axis=1)]
        values = [float(value) for value in part["correct_rate"]]
        assert row["mean"] == pytest.approx(statistics.fmean(values), abs=1e-12)
        assert row["sd"] == pytest.approx(statistics.stdev(values), abs=1e-12)
        assert (row["runs"], row["photographs"]) == (len(values), part["photographs"].sum())


def test_one_run_has_no_sd() -> None:
    found = expression_summary(table(ALL, np.random.default_rng(0), runs=1))
    assert found["sd"].isna().all()


def test_profiles_at_the_highest_intensity() -> None:
    rows = []
    rng = np.random.default_rng(0)
    # The second probe has another action unit and a lower highest intensity.
    for probe, units, levels in (("p", (12, 4), (0.5, 1.0)), ("q", (4, 27), (0.2, 0.8))):
        for database in ("b", "a"):
            for run in (0, 1):
                for name in ("sad", "happy"):
                    for unit in units:
                        for level in levels:
                            value = rng.normal()
                            rows.append(
                                (database, run, probe, "i", unit, 0, level, name, value, 0.0)
                            )
    responses = pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))
    found = profiles_at_highest(profiles(responses))
    assert list(found.columns) == [
        "probe",
        "database",
        "expression",
        "intensity",
        "au4",
        "au12",
        "au27",
    ]
    assert list(found["database"][:4]) == ["b", "b", "a", "a"]
    assert list(found["expression"][:2]) == ["happy", "sad"]
    assert len(found) == 8
    for row in found.to_dict("records"):
        level = {"p": 1.0, "q": 0.8}[row["probe"]]
        assert row["intensity"] == level
        for unit in (4, 12, 27):
            values = [
                r[8]
                for r in rows
                if (r[2], r[0], r[7], r[4], r[6])
                == (row["probe"], row["database"], row["expression"], unit, level)
            ]
            expected = statistics.fmean(values) if values else math.nan
            assert row[f"au{unit}"] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_names_are_safe_and_unique() -> None:
    labels = ["kdef", "KDEF!", "kdef_2", "kdef 2", "Öst b", "12", "", "_x", "日本"]
    found = safe_names(labels)
    assert len(set(found)) == len(labels)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in found)
    assert found[:2] == ["kdef", "kdef_2"]
    assert found[4] == "ost_b"


def test_a_database_may_be_called_like_another_column() -> None:
    names = {"runs": ("happy", "sad"), "poser": ("happy", "sad"), "test_database": ("happy", "sad")}
    predictions = table(names, np.random.default_rng(0))
    for found, columns in (rates_by_poser(predictions), rates_by_run(predictions)):
        assert len(set(found.columns)) == len(found.columns)
        assert len(columns) == 6
