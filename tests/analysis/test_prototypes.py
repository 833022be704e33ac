"""Agreement with tables of action units, against scikit-learn, SciPy and all choices."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu, spearmanr
from sklearn.metrics import roc_auc_score

from ccbench.analysis import class_centred
from ccbench.analysis.prototypes import prototype_agreement
from ccbench_registry import ACTION_UNITS, EXPRESSIONS, Citation
from ccbench_registry.prototypes import PrototypeTable, prototype_tables

NUMBERS = tuple(unit.number for unit in ACTION_UNITS)


def profile_table(
    decimals: int = 9,
    databases: tuple[str, ...] = ("z", "a"),
    numbers: tuple[int, ...] = NUMBERS,
    probes: tuple[tuple[str, float], ...] = (("one", 1.0), ("two", 0.8)),
) -> pd.DataFrame:
    """Return random profiles; each probe has its own highest intensity."""
    rng = np.random.default_rng(1)
    rows = [
        (probe, database, name, unit, level, round(float(rng.normal()), decimals), 0.1)
        for probe, top in probes
        for database in databases
        for name in EXPRESSIONS
        for unit in numbers
        for level in (0.5, top)
    ]
    columns = ["probe", "database", "expression", "action_unit", "intensity", "response", "sd"]
    return pd.DataFrame(rows, columns=columns)


def table(prototypes: dict[str, tuple[str, ...]]) -> PrototypeTable:
    return PrototypeTable(
        name="mine",
        title="Mine",
        citation=Citation(text="Someone (2000)."),
        provenance="made up",
        certainty="computed from nothing",
        prototypes=prototypes,
    )


def at_top(found: pd.DataFrame, row: Mapping[Hashable, object]) -> list[float]:
    level = {"one": 1.0, "two": 0.8}[str(row["probe"])]
    return [
        record["response"]
        for record in found.to_dict("records")
        if record["intensity"] == level
        and all(record[key] == row[key] for key in ("probe", "database", "expression"))
    ]


def test_all_tables_equal_scipy_and_scikit_learn() -> None:
    found = profile_table()
    answer = prototype_agreement(found, prototype_tables())
    # Six expressions, and none for sadness in one of the five tables.
    assert len(answer) == 2 * 2 * (6 * 5 - 1)
    assert list(dict.fromkeys(answer["probe"])) == ["one", "two"]
    assert list(dict.fromkeys(answer["database"])) == ["z", "a"]
    tables = {part.name: part for part in prototype_tables()}
    for row in answer.to_dict("records"):
        responses = at_top(found, row)
        source, name = tables[row["table"]], row["expression"]
        weights = [source.weights[name].get(unit, 0.0) for unit in NUMBERS]
        listed = [unit in source.listed(name) for unit in NUMBERS]
        assert row["action_units"] == 20
        expected = spearmanr(responses, weights).statistic
        assert row["r_s"] == pytest.approx(expected, abs=1e-9)
        assert row["auc"] == pytest.approx(roc_auc_score(listed, responses), abs=1e-9)
        inside = [value for value, member in zip(responses, listed, strict=True) if member]
        outside = [value for value, member in zip(responses, listed, strict=True) if not member]
        test = mannwhitneyu(inside, outside, alternative="greater", method="exact")
        assert row["p"] == pytest.approx(test.pvalue, abs=1e-9)


def test_p_counts_every_choice_also_with_ties() -> None:
    numbers = NUMBERS[:9]
    found = profile_table(decimals=0, numbers=numbers)
    chosen = "+".join(str(unit) for unit in numbers[2:6])
    answer = prototype_agreement(found, [table({"sad": (chosen,), "angry": (chosen,)})])
    assert len(answer) == 2 * 2 * 2
    for row in answer.to_dict("records"):
        responses = at_top(found, row)
        assert len(set(responses)) < 9
        listed = np.isin(range(9), range(2, 6))
        observed = roc_auc_score(listed, responses)
        assert row["auc"] == pytest.approx(observed, abs=1e-12)
        others = [
            roc_auc_score(np.isin(range(9), choice), responses)
            for choice in itertools.combinations(range(9), 4)
        ]
        assert row["p"] == pytest.approx(np.mean(np.array(others) >= observed - 1e-9), abs=1e-12)


def test_a_unit_tuned_as_the_table_says() -> None:
    found = profile_table(databases=("a",), probes=(("one", 1.0),))
    happy = found["expression"] == "happy"
    found.loc[happy, "response"] = found["action_unit"].isin([6, 12]).astype(float) + (
        found["response"] / 1000
    )
    (row,) = prototype_agreement(found, [table({"happy": ("6+12",)})]).to_dict("records")
    assert row["auc"] == 1
    assert row["p"] == pytest.approx(1 / math.comb(20, 2))
    upside = found.assign(response=-found["response"])
    (row,) = prototype_agreement(upside, [table({"happy": ("6+12",)})]).to_dict("records")
    assert (row["auc"], row["p"]) == (0, 1)
    assert row["r_s"] < 0


def test_a_unit_that_does_not_respond() -> None:
    found = profile_table().assign(response=0.0)
    answer = prototype_agreement(found, [table({"happy": ("6+12",)})])
    assert (answer["auc"] == 0.5).all()
    assert (answer["p"] == 1).all()
    assert answer["r_s"].isna().all()


def test_only_action_units_of_the_probe_count() -> None:
    found = profile_table(numbers=(1, 4, 12), databases=("a",))
    tables = [table({"happy": ("6+12+54",), "sad": ("6+54",), "angry": ("1+4+12",)})]
    answer = prototype_agreement(found, tables)
    assert list(answer["expression"]) == ["happy", "happy"]
    assert list(answer["action_units"]) == [3, 3]


def test_class_centred_profiles_may_be_given() -> None:
    found = profile_table()
    # A unit-wide offset of a stimulus, as softmax ignores it, changes nothing after centring.
    moved = found.assign(response=found["response"] + found["action_unit"] / 3)
    tables = prototype_tables()
    one, other = (prototype_agreement(class_centred(part), tables) for part in (found, moved))
    pd.testing.assert_frame_equal(one, other)
    assert not prototype_agreement(moved, tables)["auc"].equals(one["auc"])


def test_nothing_to_compare() -> None:
    columns = ["probe", "database", "expression", "table", "action_units", "r_s", "auc", "p"]
    assert list(prototype_agreement(profile_table(), []).columns) == columns
    assert prototype_agreement(profile_table().iloc[:0], prototype_tables()).empty
