"""Correct rates and confusions, against scikit-learn and naive loops."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, recall_score

from ccbench.analysis import confusion, correct_rates, expression_rates, shared_expressions
from ccbench_registry import EXPRESSIONS

PAIR = ["train_database", "test_database"]


def table(
    databases: Mapping[str, Sequence[str]],
    rng: np.random.Generator,
    runs: int = 3,
    photographs: int = 60,
    skill: float = 1.0,
) -> pd.DataFrame:
    """Return random predictions: database -> its expressions, unevenly often shown."""
    rows = []
    for run in range(runs):
        for train, units in databases.items():
            for test, shown in databases.items():
                weights = rng.dirichlet(np.ones(len(shown)) * 2)
                # Every expression is shown at least once a run.
                drawn = [*shown, *rng.choice(shown, photographs - len(shown), p=weights)]
                for index, expression in enumerate(drawn):
                    logits = {name: rng.normal() for name in units}
                    if expression in logits:
                        logits[expression] += skill
                    rows.append(
                        {
                            "train_database": train,
                            "test_database": test,
                            "run": run,
                            "photograph": f"{index}.png",
                            "poser": f"p{index // 3}",
                            "expression": str(expression),
                            "predicted": max(logits, key=lambda name: logits[name]),
                            **{f"logit_{n}": logits.get(n, math.nan) for n in EXPRESSIONS},
                        }
                    )
    return pd.DataFrame(rows)


ALL = {"a": EXPRESSIONS, "b": EXPRESSIONS}
UNEVEN = {
    "full": EXPRESSIONS,
    "no-neutral": EXPRESSIONS[1:],
    "three": ("happy", "sad", "surprised"),
    "two": ("happy", "disgusted"),
}


@pytest.fixture(params=[ALL, UNEVEN], ids=["all", "uneven"])
def predictions(request: pytest.FixtureRequest) -> pd.DataFrame:
    return table(request.param, np.random.default_rng(0))


def cells(frame: pd.DataFrame, by: list[str]) -> dict[tuple[Any, ...], pd.DataFrame]:
    return {tuple(key): part for key, part in frame.groupby(by)}


def keyed(frame: pd.DataFrame, by: list[str]) -> dict[tuple[Any, ...], dict[Any, Any]]:
    """Return the rows of a table by the columns that name them."""
    return {tuple(row[name] for name in by): row for row in frame.to_dict("records")}


def scored(part: pd.DataFrame) -> pd.DataFrame:
    """Keep, by a loop over rows, what the head has a unit for."""
    keep = [not math.isnan(row[f"logit_{row['expression']}"]) for row in part.to_dict("records")]
    return part[keep]


def test_rates_equal_scikit_learns_macro_recall(predictions: pd.DataFrame) -> None:
    rates = keyed(correct_rates(predictions), PAIR)
    pairs = cells(predictions, PAIR)
    assert set(rates) == set(pairs)
    for pair, part in pairs.items():
        by_run, balanced = [], []
        for _, rows in scored(part).groupby("run"):
            shown = sorted(set(rows["expression"]))
            by_run.append(
                recall_score(rows["expression"], rows["predicted"], labels=shown, average="macro")
            )
            with warnings.catch_warnings():
                # Of choices that are never shown, as when a head has more units.
                warnings.simplefilter("ignore", UserWarning)
                balanced.append(balanced_accuracy_score(rows["expression"], rows["predicted"]))
        assert by_run == pytest.approx(balanced)
        row = rates[pair]
        assert row["mean"] == pytest.approx(np.mean(by_run))
        assert row["sd"] == pytest.approx(np.std(by_run, ddof=1))
        assert row["runs"] == 3
        assert row["photographs"] == len(scored(part))


def test_photographs_that_the_head_has_no_unit_for_are_not_scored() -> None:
    rates = keyed(correct_rates(table(UNEVEN, np.random.default_rng(1))), PAIR)
    expected = {
        ("full", "two"): (2, 1 / 7),
        ("two", "full"): (2, 1 / 2),
        ("three", "two"): (1, 1 / 3),
        ("no-neutral", "full"): (6, 1 / 6),
        ("full", "no-neutral"): (6, 1 / 7),
        ("three", "three"): (3, 1 / 3),
    }
    for pair, (shared, chance) in expected.items():
        assert rates[pair]["expressions"] == shared
        assert rates[pair]["chance"] == pytest.approx(chance)
    assert rates["two", "full"]["photographs"] < 3 * 60
    assert rates["full", "two"]["photographs"] == 3 * 60


def test_shared_expressions_are_in_the_papers_order() -> None:
    predictions = table(UNEVEN, np.random.default_rng(1), runs=1)
    shared = shared_expressions(predictions.sample(frac=1, random_state=0))
    for train, units in UNEVEN.items():
        for test, shown in UNEVEN.items():
            expected = tuple(n for n in EXPRESSIONS if n in units and n in shown)
            assert shared[train, test] == expected


def test_uneven_classes_count_alike() -> None:
    rows = [("happy", "happy")] * 90 + [("sad", "happy")] * 9 + [("sad", "sad")]
    frame = pd.DataFrame(rows, columns=["expression", "predicted"]).assign(
        train_database="a", test_database="a", run=0
    )
    for name in EXPRESSIONS:
        known = name in {"happy", "sad"}
        frame[f"logit_{name}"] = (frame["predicted"] == name).astype(float) if known else np.nan
    (row,) = correct_rates(frame).to_dict("records")
    assert row["mean"] == pytest.approx((1.0 + 0.1) / 2)  # not 91 of 100
    assert row["chance"] == 0.5
    rates = expression_rates(frame).set_index("expression")
    assert rates["photographs"].to_dict() == {"happy": 90, "sad": 10}
    assert rates["correct_rate"].to_dict() == pytest.approx({"happy": 1.0, "sad": 0.1})


def test_expression_rates_equal_recall(predictions: pd.DataFrame) -> None:
    rates = keyed(expression_rates(predictions), [*PAIR, "run", "expression"])
    total = 0
    for key, part in cells(predictions, [*PAIR, "run"]).items():
        rows = scored(part)
        shown = sorted(set(rows["expression"]))
        recall = recall_score(rows["expression"], rows["predicted"], labels=shown, average=None)
        for name, value in zip(shown, recall, strict=True):
            assert rates[(*key, name)]["correct_rate"] == pytest.approx(value)
            assert rates[(*key, name)]["photographs"] == (rows["expression"] == name).sum()
        total += len(shown)
    assert len(rates) == total


def test_confusion_equals_scikit_learns(predictions: pd.DataFrame) -> None:
    found = confusion(predictions)
    groups = cells(found, PAIR)
    pairs = cells(predictions, PAIR)
    assert set(groups) == set(pairs)
    for pair, part in pairs.items():
        rows = scored(part)
        units = [n for n in EXPRESSIONS if part[f"logit_{n}"].notna().any()]
        shown = [n for n in units if n in set(rows["expression"])]
        for column, normalize in (("count", None), ("rate", "true")):
            matrix = groups[pair].pivot(index="expression", columns="predicted", values=column)
            matrix = matrix.reindex(index=shown, columns=units)
            theirs = confusion_matrix(
                rows["expression"], rows["predicted"], labels=units, normalize=normalize
            )
            assert matrix.to_numpy() == pytest.approx(theirs[[units.index(n) for n in shown]])
        assert len(groups[pair]) == len(shown) * len(units)


def test_choosing_among_shared_expressions_equals_a_naive_loop(predictions: pd.DataFrame) -> None:
    rates = keyed(correct_rates(predictions), PAIR)
    for pair, part in cells(predictions, PAIR).items():
        units = {n for n in EXPRESSIONS if part[f"logit_{n}"].notna().any()}
        shared = units & set(part["expression"])
        by_run = []
        for _, rows in part.groupby("run"):
            right: dict[str, list[bool]] = {}
            for row in rows.to_dict("records"):
                if row["expression"] in units:
                    choice = max(shared, key=lambda name: float(row[f"logit_{name}"]))
                    right.setdefault(row["expression"], []).append(choice == row["expression"])
            by_run.append(np.mean([np.mean(values) for values in right.values()]))
        assert rates[pair]["shared_choice"] == pytest.approx(np.mean(by_run))
        assert rates[pair]["shared_choice"] >= rates[pair]["mean"] - 1e-12
        if shared == units:
            assert rates[pair]["shared_choice"] == pytest.approx(rates[pair]["mean"])


def test_an_expression_of_few_runs_counts_as_one_of_all() -> None:
    rows = table({"a": EXPRESSIONS[:3]}, np.random.default_rng(4), runs=4)
    # Always wrong, and in the first run only.
    rows.loc[rows["expression"] == "fearful", "predicted"] = "happy"
    rows = rows[(rows["expression"] != "fearful") | (rows["run"] == 0)]
    by_expression = {
        name: [
            (part["predicted"] == name).mean()
            for _, part in rows[rows["expression"] == name].groupby("run")
        ]
        for name in EXPRESSIONS[:3]
    }
    assert [len(rates) for rates in by_expression.values()].count(4) == 2
    wanted = np.mean([np.mean(rates) for rates in by_expression.values()])
    assert correct_rates(rows)["mean"].tolist() == pytest.approx([wanted])
    # The mean of the runs' means is another.
    by_run = [
        recall_score(part["expression"], part["predicted"], labels=list(shown), average="macro")
        for _, part in rows.groupby("run")
        if (shown := dict.fromkeys(part["expression"]))
    ]
    assert abs(np.mean(by_run) - wanted) > 0.05
    assert correct_rates(rows)["sd"].tolist() == pytest.approx([np.std(by_run, ddof=1)])


def test_one_run_has_no_sd() -> None:
    rates = correct_rates(table(UNEVEN, np.random.default_rng(2), runs=1))
    assert rates["sd"].isna().all()
    assert rates["mean"].notna().all()
    assert (rates["runs"] == 1).all()


def test_a_pair_without_a_shared_expression_has_no_rate() -> None:
    predictions = table(
        {"a": ("happy", "sad"), "b": ("angry", "neutral")}, np.random.default_rng(0)
    )
    rates = correct_rates(predictions)
    assert list(rates[PAIR].itertuples(index=False, name=None)) == [("a", "a"), ("b", "b")]
    assert shared_expressions(predictions)["a", "b"] == ()
    assert set(confusion(predictions)["train_database"]) == {"a", "b"}


def test_pairs_keep_the_order_of_the_run() -> None:
    databases = {"z": EXPRESSIONS, "a": EXPRESSIONS, "m": EXPRESSIONS}
    predictions = table(databases, np.random.default_rng(0), runs=2)
    expected = [(train, test) for train in databases for test in databases]
    for found in (correct_rates(predictions), confusion(predictions).drop_duplicates(PAIR)):
        assert list(found[PAIR].itertuples(index=False, name=None)) == expected


@pytest.mark.parametrize("seed", range(6))
def test_what_holds_for_any_table(seed: int) -> None:
    rng = np.random.default_rng(seed)
    databases = {
        f"d{index}": tuple(
            n for n in EXPRESSIONS if n in rng.choice(EXPRESSIONS, rng.integers(2, 8), False)
        )
        for index in range(3)
    }
    predictions = table(databases, rng, runs=2, photographs=25, skill=rng.normal())
    before = predictions.copy()
    rates, found = correct_rates(predictions), confusion(predictions)
    assert predictions.equals(before)  # pure
    assert rates["mean"].between(0, 1).all()
    # Rates of each shown expression add up to one.
    sums = found.groupby([*PAIR, "expression"])["rate"].sum()
    assert np.allclose(sums, 1)
    counts = found.groupby(PAIR)["count"].sum()
    for row in rates.to_dict("records"):
        pair = (row["train_database"], row["test_database"])
        assert counts[pair] == row["photographs"]
        diagonal = found[
            (found[PAIR] == list(pair)).all(axis=1) & (found.expression == found.predicted)
        ]
        assert len(diagonal) == row["expressions"]
    # The order of rows and the names of runs do not matter.
    shuffled = predictions.sample(frac=1, random_state=seed).assign(run=lambda t: 9 - t["run"])
    again = correct_rates(shuffled).set_index(PAIR).loc[rates.set_index(PAIR).index]
    for column in ("mean", "sd", "shared_choice", "chance", "photographs"):
        assert np.allclose(again[column], rates[column])


def test_guessing_is_at_chance() -> None:
    predictions = table(UNEVEN, np.random.default_rng(3), runs=20, photographs=120, skill=0)
    for row in correct_rates(predictions).to_dict("records"):
        assert row["mean"] == pytest.approx(row["chance"], abs=0.06)
