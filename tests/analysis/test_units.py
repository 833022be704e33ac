"""Selectivity of the backbone's units, against loops written out and known answers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from ccbench.analysis.units import selective_units, selectivity, unit_profiles
from ccbench.results import UNIT_COLUMNS

AUS, LEVELS, WHO, COUNT = (4, 1, 12, 26), (1.0, 0.5), ("p2", "p1"), 9
LAYERS = (("au", "conv5"), ("au", "conv1"), ("other", "conv5"))


def units(seed: int = 0) -> pd.DataFrame:
    """Return responses without any pattern; two units are dead, one is never excited."""
    rng, rows = np.random.default_rng(seed), []
    for (probe, layer), who in itertools.product(LAYERS, WHO):
        null = rng.normal(size=COUNT)
        stimuli = [(0, 0, 0.0), (1, 4, 1.0), *((a, 0, x) for x in LEVELS for a in AUS)]
        for action_unit, second, level in stimuli:
            for unit in range(COUNT):
                value = 0.0 if action_unit == 0 or unit in {2, 5} else float(rng.normal())
                value = -abs(value) if unit == 7 else value
                where = (probe, layer, unit, who, action_unit, second, level)
                rows.append((*where, null[unit] + value, value))
    return pd.DataFrame(rows, columns=list(UNIT_COLUMNS))


def of(responses: list[float]) -> pd.DataFrame:
    """Return one unit with these responses to the first action units at full intensity."""
    rows = [("au", "fc", 0, "p1", 0, 0, 0.0, 1.0, 0.0)]
    for unit, value in zip((1, 2, 4, 5, 6), responses, strict=False):
        rows.append(("au", "fc", 0, "p1", unit, 0, 0.5, 9.0, 8.0 * unit))
        rows.append(("au", "fc", 0, "p1", unit, 0, 1.0, 1 + value, value))
    return pd.DataFrame(rows, columns=list(UNIT_COLUMNS))


def test_profiles_are_means_over_identities() -> None:
    table = units()
    found = unit_profiles(table)
    assert list(found.columns) == [
        "probe", "layer", "unit", "action_unit", "intensity", "response",
    ]  # fmt: skip
    assert len(found) == len(LAYERS) * COUNT * len(AUS) * len(LEVELS)
    order = found[["probe", "layer"]].drop_duplicates().to_records(index=False).tolist()
    assert order == [("au", "conv5"), ("au", "conv1"), ("other", "conv5")]
    expected: dict[tuple[object, ...], list[float]] = {}
    for row in table.to_dict("records"):
        if row["action_unit"] and not row["second_unit"]:
            key = tuple(row[name] for name in found.columns[:-1])
            expected.setdefault(key, []).append(row["response"])
    for row in found.to_dict("records"):
        values = expected.pop(tuple(row[name] for name in found.columns[:-1]))
        assert len(values) == len(WHO)
        assert row["response"] == pytest.approx(sum(values) / len(values), abs=1e-12)
    assert not expected
    inside = found[found["layer"] == "conv1"]
    assert inside["unit"].is_monotonic_increasing


def test_selectivity_is_that_of_loops() -> None:
    profiles = unit_profiles(units())
    found = selectivity(units())
    assert len(found) == len(LAYERS) * COUNT
    excited = 0
    for row in found.to_dict("records"):
        part = profiles[profiles["intensity"] == 1.0]
        for name in ("probe", "layer", "unit"):
            part = part[part[name] == row[name]]
        responses = dict(zip(part["action_unit"], part["response"], strict=True))
        best = max(sorted(responses), key=lambda unit: responses[unit])
        r = responses.pop(best)
        mean = sum(abs(value) for value in responses.values()) / len(responses)
        assert row["response"] == pytest.approx(r, abs=1e-12)
        assert row["others"] == pytest.approx(mean, abs=1e-12)
        magnitudes = [abs(value) for value in (r, *responses.values())]
        n = len(magnitudes)
        if not any(magnitudes):
            assert math.isnan(row["sparseness"])
        else:
            share = (sum(magnitudes) / n) ** 2 / (sum(m * m for m in magnitudes) / n)
            assert row["sparseness"] == pytest.approx((1 - share) / (1 - 1 / n), abs=1e-9)
        if r <= 0:
            assert row["action_unit"] == 0
            assert math.isnan(row["index"])
        else:
            excited += 1
            assert row["action_unit"] == best
            assert row["index"] == pytest.approx((r - mean) / (r + mean), abs=1e-9)
    assert 0 < excited <= len(found) - 3 * len(LAYERS)


@pytest.mark.parametrize(
    ("responses", "preferred", "index", "sparseness"),
    [
        ([0.0, 3.0, 0.0, 0.0], 2, 1.0, 1.0),  # one action unit and nothing else
        ([2.0, 2.0, 2.0, 2.0], 1, 0.0, 0.0),  # all alike: the lowest number
        ([1.0, 1.0, 2.0, 1.0], 4, 1 / 3, (1 - (5 / 4) ** 2 / (7 / 4)) / 0.75),  # twice the others
        ([-1.0, 4.0, 1.0, -1.0], 2, 0.6, (1 - (7 / 4) ** 2 / (19 / 4)) / 0.75),  # do not cancel
        ([-3.0, 1.0, -3.0, -3.0], 2, -0.5, (1 - (10 / 4) ** 2 / (28 / 4)) / 0.75),
        ([-3.0, 0.0, 0.0, 0.0], 0, math.nan, 1.0),  # inhibited by one, excited by none
        ([0.0, 0.0, 0.0, 0.0], 0, math.nan, math.nan),  # dead
        ([5.0], 1, math.nan, math.nan),  # nothing to compare with
    ],
)
def test_known_answers(
    responses: list[float], preferred: int, index: float, sparseness: float
) -> None:
    (row,) = selectivity(of(responses)).to_dict("records")
    assert row["action_unit"] == preferred
    assert row["index"] == pytest.approx(index, abs=1e-12, nan_ok=True)
    assert row["sparseness"] == pytest.approx(sparseness, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("threshold", [0.0, 1 / 3, 0.5])
def test_units_are_counted_by_the_action_unit_they_prefer(threshold: float) -> None:
    found = selective_units(units(), threshold)
    single = selectivity(units())
    assert len(found) == len(LAYERS) * len(AUS)
    for row in found.to_dict("records"):
        count = sum(
            (s["probe"], s["layer"], s["action_unit"])
            == (row["probe"], row["layer"], row["action_unit"])
            and s["index"] >= threshold
            for s in single.to_dict("records")
        )
        assert row["units"] == count
        assert row["share"] == pytest.approx(count / COUNT, abs=1e-12)
    assert list(found["action_unit"][:4]) == sorted(AUS)
    assert 0 < found["units"].sum() <= len(single)


def test_a_higher_threshold_leaves_fewer_units() -> None:
    counts = [selective_units(units(), limit)["units"].sum() for limit in (0.0, 0.5, 1.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[1]
    # By default a third: twice the magnitude of the others.
    default, third = selective_units(units()), selective_units(units(), 1 / 3)
    assert default.equals(third)


@pytest.mark.parametrize("threshold", [-1.1, 1.1, math.nan])
def test_an_index_that_no_unit_can_have_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="outside -1 to 1"):
        selective_units(units(), threshold)


def test_a_run_without_layers_has_no_selectivity() -> None:
    nothing = pd.DataFrame(columns=list(UNIT_COLUMNS))
    for table in (unit_profiles(nothing), selectivity(nothing), selective_units(nothing)):
        assert table.empty
        assert "layer" in table.columns
