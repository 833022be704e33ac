"""Similarities of tunings, against SciPy pair by pair and against loops written out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from ccbench.analysis import confusion, profile_correlations, profiles
from ccbench.analysis.ranks import spearman
from ccbench.analysis.similarity import (
    confusion_relation,
    profile_stability,
    split_half,
    sums_and_differences,
    unit_correlations,
)
from ccbench.seeds import generator
from ccbench_registry import EXPRESSIONS

UNITS, LEVELS = (1, 4, 12, 25), (0.5, 1.0)
HEADS = {"z": EXPRESSIONS, "a": EXPRESSIONS[1:], "m": ("happy", "sad", "angry")}
PROBES = ("second", "first")


def profile_table(
    seed: int = 0,
    heads: dict[str, tuple[str, ...]] = HEADS,
    probes: tuple[str, ...] = PROBES,
    decimals: int = 1,
) -> pd.DataFrame:
    """Return random profiles, rounded so that there are ties."""
    rng = np.random.default_rng(seed)
    rows = [
        (probe, database, name, unit, level, round(float(rng.normal()), decimals), 0.1)
        for probe in probes
        for database, names in heads.items()
        for name in names
        for unit in UNITS
        for level in LEVELS
    ]
    columns = ["probe", "database", "expression", "action_unit", "intensity", "response", "sd"]
    return pd.DataFrame(rows, columns=columns)


def curve(
    found: pd.DataFrame, probe: str, database: str, name: str
) -> dict[tuple[int, float], float]:
    return {
        (row["action_unit"], row["intensity"]): row["response"]
        for row in found.to_dict("records")
        if (row["probe"], row["database"], row["expression"]) == (probe, database, name)
    }


def scipy_correlation(
    one: dict[tuple[int, float], float], other: dict[tuple[int, float], float]
) -> float:
    points = sorted(set(one) & set(other))
    return float(spearmanr([one[p] for p in points], [other[p] for p in points]).statistic)


def test_spearman_of_many_rows_equals_scipy() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 6, (5, 30)), rng.normal(size=(5, 30))
    expected = [spearmanr(a, b).statistic for a, b in zip(one, other, strict=True)]
    assert spearman(one, other) == pytest.approx(expected, abs=1e-12)
    expected = [spearmanr(a, other[0]).statistic for a in one]
    assert spearman(one, other[0]) == pytest.approx(expected, abs=1e-12)


def test_spearman_is_undefined_for_constants_and_single_points() -> None:
    assert math.isnan(spearman([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]))
    assert math.isnan(spearman([1.0], [1.0]))
    assert np.isnan(spearman(np.ones((2, 3, 1)), np.ones((3, 1)))).all()
    assert spearman(np.ones((2, 3, 1)), np.ones((3, 1))).shape == (2, 3)


def test_every_unit_is_correlated_with_every_unit() -> None:
    found = profile_table()
    table = unit_correlations(found)
    pairs = list(dict.fromkeys(zip(table["database"], table["other"], strict=True)))
    assert pairs == list(itertools.product(HEADS, repeat=2))
    assert list(dict.fromkeys(table["probe"])) == list(PROBES)
    assert len(table) == 2 * sum(map(len, HEADS.values())) ** 2
    for row in table.to_dict("records"):
        one = curve(found, row["probe"], row["database"], row["expression"])
        other = curve(found, row["probe"], row["other"], row["other_expression"])
        assert row["points"] == 8
        assert row["r_s"] == pytest.approx(scipy_correlation(one, other), abs=1e-9)
    first = table[(table["database"] == "z") & (table["other"] == "a")]
    assert list(dict.fromkeys(first["expression"])) == list(HEADS["z"])
    assert list(first["other_expression"][:6]) == list(HEADS["a"])


def test_the_diagonal_is_the_correlation_of_one_expression() -> None:
    found = profile_table(decimals=6)
    matrix = unit_correlations(found)
    same = matrix[matrix["expression"] == matrix["other_expression"]]
    both = same.merge(profile_correlations(found), on=["probe", "database", "other", "expression"])
    assert len(both) == 2 * (6 + 3 + 3)
    assert np.allclose(both["r_s_x"], both["r_s_y"], atol=1e-9)
    own = same[same["database"] == same["other"]]["r_s"]
    assert np.allclose(own, 1)


def test_only_points_that_both_have_are_correlated() -> None:
    found = profile_table()
    found = found[(found["database"] != "a") | (found["action_unit"] != 12)]
    table = unit_correlations(found)
    lacking = (table["database"] == "a") | (table["other"] == "a")
    assert set(table.loc[lacking, "points"]) == {6}
    assert set(table.loc[~lacking, "points"]) == {8}
    for row in table[table["other"] == "a"].to_dict("records"):
        one = curve(found, row["probe"], row["database"], row["expression"])
        other = curve(found, row["probe"], "a", row["other_expression"])
        assert row["r_s"] == pytest.approx(scipy_correlation(one, other), abs=1e-9)


def test_a_constant_profile_correlates_with_nothing() -> None:
    found = profile_table()
    constant = (found["database"] == "m") & (found["expression"] == "sad")
    found.loc[constant, "response"] = 0.3
    table = unit_correlations(found)
    touched = ((table["database"] == "m") & (table["expression"] == "sad")) | (
        (table["other"] == "m") & (table["other_expression"] == "sad")
    )
    assert table.loc[touched, "r_s"].isna().all()
    assert table.loc[~touched, "r_s"].notna().all()


def test_one_database_has_only_itself() -> None:
    found = profile_table(heads={"z": EXPRESSIONS})
    assert len(unit_correlations(found)) == 2 * 49
    assert sums_and_differences(found).empty
    assert "difference" in sums_and_differences(found)


def predictions(heads: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for train, test in itertools.product(heads, repeat=2):
        for expression in (name for name in heads[test] for _ in range(12)):
            logits = {name: rng.normal() + (name == expression) for name in heads[train]}
            chosen = max(logits, key=lambda name: logits[name])
            full = {f"logit_{name}": logits.get(name, math.nan) for name in EXPRESSIONS}
            row = {"train_database": train, "test_database": test, "run": 0}
            rows.append({**row, "expression": expression, "predicted": chosen, **full})
    return pd.DataFrame(rows)


def test_choice_rates_stand_beside_the_unit_of_what_was_shown() -> None:
    found, table = profile_table(), predictions(HEADS)
    relation = confusion_relation(found, confusion(table))
    pairs = list(
        dict.fromkeys(zip(relation["train_database"], relation["test_database"], strict=True))
    )
    assert pairs == list(itertools.permutations(HEADS, 2))
    assert list(dict.fromkeys(relation["probe"])) == list(PROBES)
    expected = sum(
        len(HEADS[train]) * len(set(HEADS[train]) & set(HEADS[test])) for train, test in pairs
    )
    assert len(relation) == 2 * expected
    for row in relation.to_dict("records"):
        pair = table[
            (table["train_database"] == row["train_database"])
            & (table["test_database"] == row["test_database"])
            & (table["expression"] == row["expression"])
        ]
        assert row["rate"] == pytest.approx((pair["predicted"] == row["predicted"]).mean())
        shown = curve(found, row["probe"], row["test_database"], row["expression"])
        chosen = curve(found, row["probe"], row["train_database"], row["predicted"])
        assert row["r_s"] == pytest.approx(scipy_correlation(shown, chosen), abs=1e-9)


def test_sums_and_differences_are_of_normalised_profiles() -> None:
    found = profile_table()
    table = sums_and_differences(found)
    pairs = list(dict.fromkeys(zip(table["database"], table["other"], strict=True)))
    assert pairs == list(itertools.combinations(HEADS, 2))
    assert len(table) == 2 * (6 + 3 + 3) * 8
    for row in table.to_dict("records"):
        values = []
        for database in (row["database"], row["other"]):
            own = curve(found, row["probe"], database, row["expression"])
            largest = max(abs(value) for value in own.values())
            values.append(own[row["action_unit"], row["intensity"]] / largest)
        assert row["sum"] == pytest.approx(values[0] + values[1], abs=1e-12)
        assert row["difference"] == pytest.approx(values[0] - values[1], abs=1e-12)


def responses(runs: int = 7, noise: float = 1.0, probe: str = "au") -> pd.DataFrame:
    """Return noisy responses of two identities, with null images and one pair of units."""
    rng = np.random.default_rng(5)
    rows = []
    for database, name in itertools.product(("b", "a"), EXPRESSIONS[:3]):
        curve = {(unit, 0, level): rng.normal() for unit in UNITS for level in LEVELS}
        curve |= {(0, 0, 0.0): 0.0, (1, 4, 1.0): 99.0}
        for run, who in itertools.product(range(runs), ("p", "q")):
            for (unit, second, level), value in curve.items():
                response = value + noise * rng.normal()
                rows.append((database, run, probe, who, unit, second, level, name, response))
    columns = ["database", "run", "probe", "identity", "action_unit", "second_unit", "intensity"]
    return pd.DataFrame(rows, columns=[*columns, "expression", "response"])


def test_split_halves_are_profiles_of_half_the_runs() -> None:
    table = responses()
    found = split_half(table, seed=4, halves=6)
    assert list(zip(found["database"], found["expression"], strict=True)) == list(
        itertools.product(("b", "a"), EXPRESSIONS[:3])
    )
    for database, part in found.groupby("database", sort=False):
        rng = generator(4, "split half", str(database))
        values: dict[str, list[float]] = {}
        for _ in range(6):
            order = rng.permutation(7)
            own = table[table["database"] == database]
            first = profiles(own[own["run"].isin(order[:3])])
            second = profiles(own[own["run"].isin(order[3:])])
            for name in EXPRESSIONS[:3]:
                curves = [curve(half, "au", str(database), name) for half in (first, second)]
                values.setdefault(name, []).append(scipy_correlation(*curves))
        for row in part.to_dict("records"):
            expected = values[row["expression"]]
            assert row["r_s"] == pytest.approx(sum(expected) / 6, abs=1e-9)
            assert row["low"] == pytest.approx(min(expected), abs=1e-9)
            assert row["high"] == pytest.approx(max(expected), abs=1e-9)


def test_split_halves_know_noise_from_tuning() -> None:
    assert (split_half(responses(runs=8, noise=0.01))["low"] > 0.9).all()
    assert (split_half(responses(runs=8, noise=100.0), halves=50)["r_s"].abs() < 0.6).all()


def test_split_halves_depend_on_the_seed_and_on_nothing_else() -> None:
    table = responses()
    found = split_half(table, seed=1)
    pd.testing.assert_frame_equal(found, split_half(table, seed=1))
    assert not found["r_s"].equals(split_half(table, seed=2)["r_s"])
    # Neither another database nor another probe changes what was drawn.
    alone = split_half(table[table["database"] == "a"], seed=1)
    same = found[found["database"] == "a"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, same)
    both = split_half(pd.concat([responses(probe="x"), table]), seed=1)
    later = both[both["probe"] == "au"].reset_index(drop=True)
    pd.testing.assert_frame_equal(later, found)


def test_too_few_runs_and_constant_profiles_have_no_halves() -> None:
    few = split_half(responses(runs=3))
    assert few.empty
    assert list(few.columns) == ["probe", "database", "expression", "r_s", "low", "high"]
    table = responses(runs=4)
    table.loc[table["expression"] == "happy", "response"] = 1.0
    found = split_half(table)
    assert list(found["expression"]) == ["neutral", "fearful"] * 2
    assert found.notna().all(axis=None)


def test_stability_compares_the_same_units_of_two_runs() -> None:
    found = profile_table(seed=0)
    other = profile_table(seed=1, heads={"m": HEADS["m"], "z": EXPRESSIONS[:2], "new": EXPRESSIONS})
    other = other[other["intensity"] == 1.0]
    table = profile_stability(found, other)
    units = [("z", "neutral"), ("z", "happy"), *(("m", name) for name in HEADS["m"])]
    assert list(zip(table["database"], table["expression"], strict=True)) == units * 2
    assert set(table["points"]) == {4}
    for row in table.to_dict("records"):
        key = (row["probe"], row["database"], row["expression"])
        expected = scipy_correlation(curve(found, *key), curve(other, *key))
        assert row["r_s"] == pytest.approx(expected, abs=1e-9)
    assert np.allclose(profile_stability(found, found)["r_s"], 1)


def test_stability_of_constant_and_of_foreign_units() -> None:
    found = profile_table()
    assert profile_stability(found, found.assign(response=0.0))["r_s"].isna().all()
    assert profile_stability(found, found.assign(database="elsewhere")).empty


def test_no_responses_no_rows() -> None:
    empty = profile_table().iloc[:0]
    assert unit_correlations(empty).empty
    assert sums_and_differences(empty).empty
    assert profile_stability(empty, empty).empty
    assert confusion_relation(empty, confusion(predictions(HEADS))).empty
    assert split_half(responses().iloc[:0]).empty
