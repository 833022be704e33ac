"""Profiles and their correlations, against loops written out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from ccbench.analysis import (
    class_centred,
    normalised,
    peaks,
    profile_correlations,
    profiles,
    strongest,
)
from ccbench_registry import EXPRESSIONS

UNITS, LEVELS, RUNS, WHO = (1, 4, 12), (0.5, 1.0), (0, 1, 2), ("p1", "p2")


def responses(seed: int = 0, databases: tuple[str, ...] = ("b", "a")) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for database, run, who, name in itertools.product(databases, RUNS, WHO, EXPRESSIONS):
        null = rng.normal()
        stimuli = [(0, 0, 0.0), (1, 4, 1.0), *((u, 0, x) for u in UNITS for x in LEVELS)]
        for unit, second, level in stimuli:
            value = 0.0 if unit == 0 else rng.normal()
            rows.append((database, run, "au", who, unit, second, level, name, value, null + value))
    return pd.DataFrame(
        rows,
        columns=[
            "database", "run", "probe", "identity", "action_unit", "second_unit", "intensity",
            "expression", "response", "logit",
        ],
    )  # fmt: skip


def value(table: pd.DataFrame, **wanted: object) -> float:
    for name, content in wanted.items():
        table = table[table[name] == content]
    assert len(table) == 1, wanted
    return float(table["response"].iloc[0])


def test_profiles_are_means_over_runs_and_identities() -> None:
    table = responses()
    found = profiles(table)
    assert len(found) == 2 * 7 * len(UNITS) * len(LEVELS)
    # The order of the databases is that of the table.
    assert list(dict.fromkeys(found["database"])) == ["b", "a"]
    assert list(dict.fromkeys(found["expression"])) == list(EXPRESSIONS)
    for row in found.to_dict("records"):
        keys = ("database", "expression", "action_unit", "intensity")
        by_run = []
        for run in RUNS:
            values = [
                record["response"]
                for record in table.to_dict("records")
                if record["run"] == run
                and record["second_unit"] == 0
                and all(record[key] == row[key] for key in keys)
            ]
            assert len(values) == len(WHO)
            by_run.append(sum(values) / len(values))
        mean = sum(by_run) / len(by_run)
        sd = math.sqrt(sum((v - mean) ** 2 for v in by_run) / (len(by_run) - 1))
        assert row["response"] == pytest.approx(mean)
        assert row["sd"] == pytest.approx(sd)
        if row["database"] == "b":
            break


def test_one_run_has_no_sd() -> None:
    table = responses()
    assert profiles(table[table["run"] == 0])["sd"].isna().all()


def test_an_offset_common_to_all_units_is_taken_out() -> None:
    table = responses()
    # Another number for every head and stimulus, the same for its seven units.
    offset = np.repeat(np.random.default_rng(1).normal(size=len(table) // 7), 7)
    order = table.sort_values(
        ["database", "run", "identity", "action_unit", "second_unit", "intensity"], kind="stable"
    ).index
    moved = table.copy()
    moved.loc[order, "response"] += offset
    assert not np.allclose(moved["response"], table["response"])
    plain, centred = class_centred(table), class_centred(moved)
    assert np.allclose(plain["response"], centred["response"])
    one = table[(table["database"] == "a") & (table["run"] == 1) & (table["identity"] == "p2")]
    one = one[(one["action_unit"] == 12) & (one["intensity"] == 1.0)]
    assert np.allclose(plain.loc[one.index, "response"], one["response"] - one["response"].mean())
    # It does not matter whether it is done before or after averaging.
    after = class_centred(profiles(table))
    before = profiles(plain)
    assert np.allclose(after["response"], before["response"])


def test_peaks_are_the_values_of_largest_magnitude() -> None:
    found = profiles(responses())
    top = peaks(found)
    assert len(top) == 2 * 7 * len(UNITS)
    for row in top.to_dict("records"):
        keys = ("database", "expression", "action_unit")
        curve = {
            r["intensity"]: r["response"]
            for r in found.to_dict("records")
            if all(r[key] == row[key] for key in keys)
        }
        best = max(curve, key=lambda level: abs(curve[level]))
        assert (row["intensity"], row["response"]) == (best, curve[best])
    assert (top["response"] < 0).any()
    assert (top["response"] > 0).any()


def test_of_equal_peaks_the_lower_intensity_is_taken() -> None:
    found = profiles(responses()).assign(response=lambda t: np.where(t["intensity"] < 1, -2.0, 2.0))
    assert set(peaks(found.iloc[::-1])["intensity"]) == {0.5}


def test_normalised_profiles_reach_one() -> None:
    found = profiles(responses())
    scaled = normalised(found)
    for _, part in scaled.groupby(["database", "expression"]):
        assert part["response"].abs().max() == pytest.approx(1)
    row = found.iloc[0]
    same = found[
        (found["database"] == row["database"]) & (found["expression"] == row["expression"])
    ]
    expected = row["response"] / max(abs(v) for v in same["response"])
    assert scaled["response"].iloc[0] == pytest.approx(expected)
    assert not normalised(found.assign(response=0.0))["response"].any()


def naive_spearman(one: list[float], other: list[float]) -> float:
    def ranks(values: list[float]) -> list[float]:
        # Ties share the mean of their ranks.
        return [
            sum(v < value for v in values) + (sum(v == value for v in values) + 1) / 2
            for value in values
        ]

    a, b = ranks(one), ranks(other)
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    both = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    spread = math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))
    return both / spread


def test_correlations_are_spearman_s_over_the_whole_profile() -> None:
    found = profiles(responses(databases=("b", "a", "c")))
    found["response"] = found["response"].round(1)  # with ties
    table = profile_correlations(found)
    pairs = list(dict.fromkeys(zip(table["database"], table["other"], strict=True)))
    assert pairs == [("b", "a"), ("b", "c"), ("a", "c")]
    assert len(table) == 3 * 7
    for row in table.to_dict("records"):
        curves = []
        for database in (row["database"], row["other"]):
            curves.append(
                [
                    value(
                        found,
                        database=database,
                        expression=row["expression"],
                        action_unit=unit,
                        intensity=level,
                    )
                    for unit in UNITS
                    for level in LEVELS
                ]
            )
        assert row["points"] == len(UNITS) * len(LEVELS)
        assert row["r_s"] == pytest.approx(naive_spearman(*curves))


def test_units_and_stimuli_that_only_one_database_has_are_left_out() -> None:
    table = responses()
    only = (table["database"] == "a") & (table["expression"] == "sad")
    less = (table["database"] == "b") & (table["action_unit"] == 12)
    found = profile_correlations(profiles(table[~only & ~less]))
    assert "sad" not in set(found["expression"])
    assert set(found["points"]) == {2 * len(LEVELS)}


def test_a_constant_profile_has_no_correlation() -> None:
    found = profiles(responses())
    found.loc[found["database"] == "a", "response"] = 3.0
    assert profile_correlations(found)["r_s"].isna().all()


def test_strongest_units_are_those_at_full_intensity() -> None:
    rows = []
    curve = {1: 0.2, 2: 2.0, 4: -4.0, 6: 1.5, 9: 1.2, 12: 1.1, 15: -1.0, 17: -2.0, 20: -3.0}
    for unit, response in curve.items():
        rows.append(("au", "a", "sad", unit, 1.0, response))
        rows.append(("au", "a", "sad", unit, 0.5, -9.0 * response))
    columns = ["probe", "database", "expression", "action_unit", "intensity", "response"]
    found = pd.DataFrame(rows, columns=columns)
    assert strongest(found) == {("au", "a", "sad"): ([2, 6, 9], [4, 20])}
    assert strongest(found, most=(9, 9), share=0.25) == {
        ("au", "a", "sad"): ([2, 6, 9, 12], [4, 20, 17, 15])
    }
    assert strongest(found.assign(response=0.0)) == {("au", "a", "sad"): ([], [])}
