"""Unbiased hit rates and choice biases, against scikit-learn and known answers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from ccbench.analysis.hits import choice_bias, unbiased_hits
from ccbench_registry import EXPRESSIONS

PAIR = ["train_database", "test_database"]


def predictions(
    pairs: list[tuple[str, str]],
    units: tuple[str, ...],
    train: str = "a",
    test: str = "b",
) -> pd.DataFrame:
    """Return predictions: (shown, chosen) per photograph, by a head of these units."""
    logits = {f"logit_{name}": 0.0 if name in units else math.nan for name in EXPRESSIONS}
    return pd.DataFrame(
        [
            {
                "train_database": train,
                "test_database": test,
                "run": index % 3,
                "expression": shown,
                "predicted": chosen,
                **logits,
            }
            for index, (shown, chosen) in enumerate(pairs)
        ]
    )


def random_pairs(
    shown: tuple[str, ...], units: tuple[str, ...], seed: int = 0, photographs: int = 200
) -> list[tuple[str, str]]:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(len(units)))
    drawn = [*shown, *rng.choice(shown, photographs)]
    return [(str(name), str(rng.choice(units, p=weights))) for name in drawn]


def test_hu_is_recall_times_precision() -> None:
    first = predictions(random_pairs(EXPRESSIONS, EXPRESSIONS), EXPRESSIONS, "z", "a")
    second = predictions(random_pairs(EXPRESSIONS, EXPRESSIONS, 1, 90), EXPRESSIONS, "a", "a")
    found = unbiased_hits(pd.concat([first, second]))
    assert list(dict.fromkeys(found["train_database"])) == ["z", "a"]
    assert len(found) == 14
    for table, part in ((first, found[:7]), (second, found[7:])):
        shown, chosen = table["expression"], table["predicted"]
        names = list(EXPRESSIONS)
        recall = recall_score(shown, chosen, labels=names, average=None, zero_division=0)
        precision = precision_score(shown, chosen, labels=names, average=None, zero_division=0)
        counts = confusion_matrix(shown, chosen, labels=names)
        chance = counts.sum(axis=1) * counts.sum(axis=0) / counts.sum() ** 2
        assert list(part["expression"]) == names
        assert np.allclose(part["hit_rate"], recall, atol=1e-12)
        assert np.allclose(part["hu"], recall * precision, atol=1e-12)
        assert np.allclose(part["chance"], chance, atol=1e-12)
        assert list(part["photographs"]) == list(counts.sum(axis=1))


def test_always_saying_happy_is_no_skill() -> None:
    pairs = [(name, "happy") for name in EXPRESSIONS for _ in range(10)]
    found = unbiased_hits(predictions(pairs, EXPRESSIONS)).set_index("expression")
    assert found.loc["happy", "hit_rate"] == 1
    # Right every time it is shown, but in one of seven choices only: exactly chance.
    assert found.loc["happy", "hu"] == pytest.approx(1 / 7)
    assert found.loc["happy", "chance"] == pytest.approx(1 / 7)
    rest = found.drop("happy")
    assert not rest[["hit_rate", "hu", "chance"]].to_numpy().any()


def test_a_perfect_head_has_hu_of_one() -> None:
    found = unbiased_hits(predictions([(n, n) for n in EXPRESSIONS] * 3, EXPRESSIONS))
    assert (found["hu"] == 1).all()
    assert np.allclose(found["chance"], 1 / 49)


def test_a_worked_example() -> None:
    pairs = [("sad", "sad")] * 6 + [("sad", "angry")] * 4
    pairs += [("angry", "sad")] * 2 + [("angry", "angry")] * 3
    found = unbiased_hits(predictions(pairs, ("sad", "angry"))).set_index("expression")
    assert found.loc["sad", "hu"] == pytest.approx(36 / (10 * 8))
    assert found.loc["sad", "chance"] == pytest.approx(10 / 15 * 8 / 15)
    assert found.loc["angry", "hu"] == pytest.approx(9 / (5 * 7))


def test_expressions_without_a_unit_are_not_scored() -> None:
    units = ("happy", "sad")
    pairs = [("happy", "happy"), ("happy", "sad"), ("sad", "sad"), ("angry", "sad")]
    found = unbiased_hits(predictions(pairs, units)).set_index("expression")
    assert list(found.index) == ["happy", "sad"]
    assert found.loc["sad", "hu"] == pytest.approx(1 / 2)
    bias = choice_bias(predictions(pairs, units)).set_index("expression")
    assert bias.loc["sad", "chosen"] == pytest.approx(2 / 3)


def test_units_that_are_never_shown_are_chosen_all_the_same() -> None:
    pairs = [("happy", "happy"), ("happy", "neutral"), ("sad", "neutral"), ("sad", "sad")]
    table = predictions(pairs, EXPRESSIONS)
    bias = choice_bias(table).set_index("expression")
    assert list(bias.index) == list(EXPRESSIONS)
    assert (bias.loc["neutral", "chosen"], bias.loc["neutral", "shown"]) == (0.5, 0.0)
    assert (bias.loc["angry", "chosen"], bias.loc["sad", "shown"]) == (0.0, 0.5)
    assert "neutral" not in set(unbiased_hits(table)["expression"])


def test_biases_equal_value_counts() -> None:
    table = predictions(random_pairs(EXPRESSIONS, EXPRESSIONS, 7), EXPRESSIONS)
    found = choice_bias(table)
    assert list(found[PAIR].drop_duplicates().itertuples(index=False, name=None)) == [("a", "b")]
    for column, source in (("chosen", "predicted"), ("shown", "expression")):
        shares = table[source].value_counts(normalize=True)
        for row in found.to_dict("records"):
            assert row[column] == pytest.approx(shares.get(row["expression"], 0.0))


def test_no_predictions_no_rows() -> None:
    empty = predictions([("sad", "sad")], EXPRESSIONS).iloc[:0]
    assert unbiased_hits(empty).empty
    assert choice_bias(empty).empty
