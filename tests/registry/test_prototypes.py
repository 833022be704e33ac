"""Tables of action units: how prototypes are counted, and what the sources say."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from ccbench_registry import ACTION_UNITS, EXPRESSIONS, Citation
from ccbench_registry.prototypes import PrototypeTable, prototype_tables

TABLES = {found.name: found for found in prototype_tables()}
TWENTY = {unit.number for unit in ACTION_UNITS}


def table(**fields: Any) -> PrototypeTable:
    return PrototypeTable(
        name="mine",
        title="Mine",
        citation=Citation(text="Someone (2000)."),
        provenance="made up",
        certainty="computed from nothing",
        **fields,
    )


def test_weights_are_shares_of_prototypes() -> None:
    found = table(prototypes={"sad": ("1+4", "4+15", "4+15+17")})
    assert found.weights == {"sad": pytest.approx({1: 1 / 3, 4: 1, 15: 2 / 3, 17: 1 / 3})}
    assert found.listed("sad") == (1, 4, 15, 17)
    assert found.listed("happy") == ()


def test_alternatives_share_and_options_count_half() -> None:
    found = table(prototypes={"fearful": ("1+25|26|27", "1+(7)+(25|26)")})
    expected = {1: 1, 7: 1 / 4, 25: 1 / 6 + 1 / 8, 26: 1 / 6 + 1 / 8, 27: 1 / 6}
    assert found.weights["fearful"] == pytest.approx(expected)


def test_percentages_are_divided_and_a_threshold_lists() -> None:
    found = table(percentages={"happy": {25: 50, 12: 97, 6: 49}}, listed_from=0.5)
    assert found.weights["happy"] == pytest.approx({6: 0.49, 12: 0.97, 25: 0.5})
    assert found.listed("happy") == (12, 25)
    assert table(percentages={"happy": {25: 0, 12: 1}}).listed("happy") == (12,)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "needs prototypes or percentages"),
        ({"prototypes": {"sad": ("1",)}, "percentages": {"sad": {1: 5}}}, "and not both"),
        ({"prototypes": {"sad": ("1+4B",)}}, "not written like"),
        ({"prototypes": {"sad": ("1++4",)}}, "not written like"),
        ({"prototypes": {"joy": ("12",)}}, "'joy', which is not the name"),
        ({"percentages": {"sad": {1: 101}}}, "outside 0 to 100"),
    ],
)
def test_unreadable_tables_are_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        table(**fields)


def test_five_tables_ship() -> None:
    assert list(TABLES) == ["cfee2014", "cordaro2018", "emfacs", "facs2002", "wsefep2015"]
    for found in TABLES.values():
        assert found.citation.text
        for name, weights in found.weights.items():
            assert name in EXPRESSIONS
            assert list(weights) == sorted(weights)
            assert all(0 < weight <= 1 for weight in weights.values())
            assert set(weights) - TWENTY <= {21, 38, 54, 64}
        assert found.listed("neutral") == ()


def test_the_paper_s_own_readings_hold() -> None:
    # Discussion, "Tuning to AUs": what the guide and Cordaro et al. support.
    guide, cordaro = TABLES["facs2002"], TABLES["cordaro2018"]
    assert 12 in guide.listed("happy")
    assert 4 in guide.listed("angry")
    assert 9 in guide.listed("disgusted")
    assert not {4, 6, 7} & set(guide.listed("disgusted"))
    assert {4, 6, 7} <= set(cordaro.listed("disgusted"))
    assert cordaro.listed("sad") == ()
    # Every one of the paper's action units is associated with an emotion in the guide.
    in_guide = {unit for name in EXPRESSIONS for unit in guide.listed(name)}
    assert {24, 22, 11, 16} <= in_guide
    assert in_guide & TWENTY == TWENTY


def test_anger_of_the_guide_counted_by_hand() -> None:
    seven = Fraction(1, 7)
    expected = {
        4: 7 * seven, 5: 7 * seven, 7: 7 * seven, 10: 2 * seven, 17: 2 * seven, 22: seven,
        23: 5 * seven, 24: 2 * seven, 25: 3 * seven / 2, 26: 3 * seven / 2,
    }  # fmt: skip
    found = TABLES["facs2002"].weights["angry"]
    assert found == pytest.approx({unit: float(share) for unit, share in expected.items()})


def test_wsefep_frequencies_are_thirtieths() -> None:
    found = TABLES["wsefep2015"]
    assert "derived statistic" in found.notes[0]
    assert set(found.percentages) == set(EXPRESSIONS)
    thirtieths = {round(100 * count / 30) for count in range(31)}
    for units in found.percentages.values():
        assert set(units.values()) <= thirtieths
    assert found.listed("happy") == (6, 12, 25)
    assert found.listed("sad") == (1, 4, 15, 17)
    occurring = {unit for units in found.percentages.values() for unit in units}
    assert TWENTY - occurring == {27}


def test_consistent_units_of_cfee_are_its_main_ones() -> None:
    found = TABLES["cfee2014"]
    for name in EXPRESSIONS[1:]:
        main = {unit for unit, percent in found.percentages[name].items() if percent == 100}
        assert set(found.listed(name)) == main
