"""Predictions as arrays, against loops written out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from ccbench.analysis import expression_rates
from ccbench.analysis.statistics.outcomes import Outcomes, collect, difference, shared
from ccbench_registry import EXPRESSIONS

ALL = {"a": EXPRESSIONS, "b": EXPRESSIONS}
MISSING = {"a": EXPRESSIONS, "b": EXPRESSIONS[1:], "c": ("happy", "sad", "surprised")}


def predictions(
    databases: Mapping[str, Sequence[str]] = ALL,
    seed: int = 0,
    runs: int = 5,
    posers: int = 9,
    tested: int = 4,
    gaps: float = 0.0,
) -> pd.DataFrame:
    """Return random predictions; the same posers of a database are tested by all networks.

    Args:
        databases: name -> its expressions.
        seed: of everything.
        runs: per database.
        posers: per database, of equal names in all.
        tested: posers in each test.
        gaps: share of a poser's photographs that are missing, the same in all runs.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for test, shown in databases.items():
        kept = {(who, name): rng.random() >= gaps for who in range(posers) for name in shown}
        easy = {key: rng.beta(2, 1) for key in kept}
        for run in range(runs):
            for who in rng.permutation(posers)[:tested]:
                for name in (name for name in shown if kept[who, name]):
                    for train, units in databases.items():
                        right = name in units and rng.random() < easy[who, name]
                        others = [unit for unit in units if unit != name]
                        rows.append(
                            {
                                "train_database": train,
                                "test_database": test,
                                "run": run,
                                "photograph": f"{who}_{name}.png",
                                "poser": f"p{who}",
                                "expression": name,
                                "predicted": name if right else str(rng.choice(others)),
                                **{
                                    f"logit_{n}": 0.0 if n in units else math.nan
                                    for n in EXPRESSIONS
                                },
                            }
                        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("databases", "gaps"), [(ALL, 0.0), (MISSING, 0.3)])
def test_scores_are_means_over_the_runs_a_poser_was_tested_in(
    databases: Mapping[str, Sequence[str]], gaps: float
) -> None:
    table = predictions(databases, gaps=gaps)
    found = collect(table)
    assert set(found) == {(train, test) for train in databases for test in databases}
    for (train, test), outcomes in found.items():
        part = table[(table["train_database"] == train) & (table["test_database"] == test)]
        wanted: dict[tuple[str, str], list[bool]] = {}
        for row in part.to_dict("records"):
            if row["expression"] in databases[train]:
                key = (str(row["poser"]), str(row["expression"]))
                wanted.setdefault(key, []).append(row["predicted"] == row["expression"])
        scores = outcomes.scores
        means = sorted(sum(values) / len(values) for values in wanted.values())
        assert sorted(scores[np.isfinite(scores)]) == pytest.approx(means)
        for column, name in enumerate(EXPRESSIONS):
            of_name = [sum(v) / len(v) for (_, shown), v in wanted.items() if shown == name]
            assert sorted(scores[np.isfinite(scores[:, column]), column]) == pytest.approx(
                sorted(of_name)
            )
            assert outcomes.available[name] == len(of_name)


def test_rates_are_those_of_expression_rates() -> None:
    table = predictions(MISSING, gaps=0.3)
    rates = expression_rates(table)
    for (train, test), outcomes in collect(table).items():
        for run, by_expression in enumerate(outcomes.rates):
            for name, value in zip(EXPRESSIONS, by_expression, strict=True):
                row = rates[
                    (rates["train_database"] == train)
                    & (rates["test_database"] == test)
                    & (rates["run"] == run)
                    & (rates["expression"] == name)
                ]["correct_rate"]
                assert len(row) == int(np.isfinite(value))
                if len(row):
                    assert float(row.iloc[0]) == pytest.approx(value, abs=1e-12)


def test_only_keeps_the_posers_who_have_any_of_the_expressions() -> None:
    shown = np.zeros((2, 3, 7))
    shown[0, 0, 0] = shown[0, 1, 1] = shown[1, 2, 1] = 1
    outcomes = Outcomes(EXPRESSIONS, shown.copy(), shown)
    assert outcomes.only([EXPRESSIONS[1]]).shown.tolist() == [[[1], [0]], [[0], [1]]]
    assert shared(outcomes, outcomes, 2) == (EXPRESSIONS[1],)
    assert shared(outcomes, outcomes, 1) == EXPRESSIONS[:2]


def test_difference_counts_only_what_both_were_shown() -> None:
    one = Outcomes(("happy",), np.array([[[2.0], [1.0]]]), np.array([[[3.0], [1.0]]]))
    other = Outcomes(("happy",), np.array([[[1.0], [0.0]]]), np.array([[[3.0], [0.0]]]))
    apart = difference(one, other)
    assert apart.scores[0, 0] == pytest.approx(1 / 3)
    assert np.isnan(apart.scores[1, 0])
