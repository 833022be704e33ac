"""Networks against people, with the paper's orders and SciPy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr

from ccbench.analysis import correct_rates
from ccbench.analysis.human import human_agreement, rank_orders
from ccbench_registry import EXPRESSIONS, Citation
from ccbench_registry.norms import Norms, all_norms
from ccbench_registry.published import published_results


def predictions(
    right: dict[str, dict[str, int]], photographs: int = 20, runs: int = 2
) -> pd.DataFrame:
    """Return own and swapped tests: database -> expression -> how many are right per run."""
    rows = []
    for train, test in itertools.product(right, repeat=2):
        logits = {f"logit_{n}": 0.0 if n in right[train] else math.nan for n in EXPRESSIONS}
        for (name, hits), run in itertools.product(right[test].items(), range(runs)):
            for index in range(photographs):
                wrong = next(other for other in right[train] if other != name)
                good = index < (hits if train == test else 1) and name in right[train]
                row = {"train_database": train, "test_database": test, "run": run}
                chosen = name if good else wrong
                rows.append({**row, "expression": name, "predicted": chosen, **logits})
    return pd.DataFrame(rows)


def falling(order: tuple[str, ...]) -> dict[str, int]:
    return {name: 19 - 2 * place for place, name in enumerate(order)}


def norms(order: tuple[str, ...], rates: dict[str, float] | None = None) -> Norms:
    return Norms(
        name="someone2000",
        title="Mine",
        citation=Citation(text="Someone (2000)."),
        provenance="made up",
        certainty="computed from nothing",
        database="mine",
        raters="nobody",
        order=order,
        rates=rates or {},
    )


def test_orders_are_of_own_tests_best_first() -> None:
    order = ("sad", "happy", "angry")
    table = predictions({"z": falling(order), "a": {"happy": 3, "neutral": 5}})
    found = rank_orders(table)
    assert list(found.columns) == ["database", "expression", "correct_rate", "rank"]
    assert list(found["database"]) == ["z", "z", "z", "a", "a"]
    assert tuple(found["expression"]) == (*order, "neutral", "happy")
    assert list(found["rank"]) == [1, 2, 3, 1, 2]
    assert found["correct_rate"].to_numpy() == pytest.approx([0.95, 0.85, 0.75, 0.25, 0.15])


def test_rates_are_means_over_runs_and_ties_share_ranks() -> None:
    table = predictions({"a": {"angry": 7, "sad": 10, "happy": 7, "neutral": 1}}, runs=3)
    # Runs of uneven size, and the same rates in another order of runs.
    table = table[~((table["run"] == 2) & (table.index % 3 == 0))]
    found = rank_orders(table).set_index("expression")
    for name in found.index:
        part = table[table["expression"] == name]
        by_run = [(run["predicted"] == name).mean() for _, run in part.groupby("run")]
        assert found.loc[name, "correct_rate"] == pytest.approx(sum(by_run) / 3, abs=1e-12)
    assert list(found["rank"]) == list(rankdata(-found["correct_rate"]))
    tied = rank_orders(predictions({"a": {"angry": 7, "sad": 10, "happy": 7}}))
    assert list(zip(tied["expression"], tied["rank"], strict=True)) == [
        ("sad", 1),
        ("happy", 2.5),
        ("angry", 2.5),
    ]


def test_the_mean_is_that_of_the_matrix() -> None:
    table = predictions({"kdef": falling(EXPRESSIONS), "krc": falling(EXPRESSIONS[::-1])})
    found = human_agreement(table, all_norms()).set_index("database")
    rates = correct_rates(table).set_index(["train_database", "test_database"])["mean"]
    for name in ("kdef", "krc"):
        assert found.loc[name, "network_mean"] == pytest.approx(rates[name, name])
        assert found.loc[name, "human_mean"] == all_norms()[name].mean


@pytest.mark.parametrize(("database", "squares"), [("kdef", 30), ("krc", 22)])
def test_the_paper_s_networks_against_people(database: str, squares: int) -> None:
    order = published_results().network_orders[database]
    found = human_agreement(predictions({database: falling(order)}), all_norms())
    (row,) = found.to_dict("records")
    assert (row["database"], row["expressions"]) == (database, 7)
    assert row["source"] == {"kdef": "goeleven2008", "krc": "ueda2019"}[database]
    assert row["r_s"] == pytest.approx(1 - 6 * squares / (7 * 48), abs=1e-12)
    ranks = range(7)
    extreme = sum(
        abs(spearman_by_hand(ranks, other)) >= abs(row["r_s"]) - 1e-9
        for other in itertools.permutations(ranks)
    )
    assert row["p"] == pytest.approx(extreme / 5040, abs=1e-12)
    assert row["method"] == "Spearman, two-sided, all 5,040 orders"


def spearman_by_hand(one: range, other: tuple[int, ...]) -> float:
    count = len(one)
    squares = sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
    return 1 - 6 * squares / (count * (count**2 - 1))


def test_the_same_order_is_as_unlikely_as_can_be() -> None:
    order = all_norms()["kdef"].order
    for given, r_s in ((order, 1.0), (order[::-1], -1.0)):
        (row,) = human_agreement(predictions({"kdef": falling(given)}), all_norms()).to_dict(
            "records"
        )
        assert row["r_s"] == pytest.approx(r_s)
        assert row["p"] == pytest.approx(2 / 5040)


def test_ties_and_expressions_in_common_equal_scipy() -> None:
    rates = {"happy": 0.9, "sad": 0.5, "angry": 0.5, "fearful": 0.2, "neutral": 0.1}
    known = norms(tuple(rates), rates)
    right = {"happy": 12, "sad": 12, "angry": 4, "fearful": 5, "disgusted": 1}
    (row,) = human_agreement(predictions({"mine": right}), {"mine": known}).to_dict("records")
    names = ["happy", "sad", "angry", "fearful"]
    networks, people = [right[name] for name in names], [rates[name] for name in names]
    assert row["expressions"] == 4
    expected = spearmanr(networks, people).statistic
    assert row["r_s"] == pytest.approx(expected, abs=1e-12)
    others = [spearmanr(networks, other).statistic for other in itertools.permutations(people)]
    assert row["p"] == pytest.approx(np.mean(np.abs(others) >= abs(expected) - 1e-9))
    assert math.isnan(row["human_mean"])


def test_what_is_not_estimable_says_so() -> None:
    known = norms(("happy", "sad", "angry"))
    cases = [
        ({"happy": 5, "sad": 3}, "fewer than three expressions in common"),
        ({"happy": 5, "sad": 5, "angry": 5}, "all rates are equal"),
    ]
    for right, reason in cases:
        table = predictions({"mine": right})
        (row,) = human_agreement(table, {"mine": known}).to_dict("records")
        assert math.isnan(row["r_s"])
        assert math.isnan(row["p"])
        assert row["method"] == f"not estimable: {reason}"


def test_databases_without_norms_are_left_out() -> None:
    found = human_agreement(predictions({"mine": falling(EXPRESSIONS)}), all_norms())
    assert found.empty
    assert list(found.columns) == [
        "database", "source", "expressions", "r_s", "p", "method", "network_mean", "human_mean",
    ]  # fmt: skip


def test_only_swapped_tests_have_no_order() -> None:
    table = predictions({"kdef": falling(EXPRESSIONS), "krc": falling(EXPRESSIONS)})
    swapped = table[table["train_database"] != table["test_database"]]
    assert rank_orders(swapped).empty
    assert human_agreement(swapped, all_norms()).empty
