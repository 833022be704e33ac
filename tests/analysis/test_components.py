"""Principal components, against scikit-learn and loops written out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from ccbench.analysis import normalised, peaks
from ccbench.analysis.components import component_distances, principal_components
from ccbench_registry import ACTION_UNITS, EXPRESSIONS

NUMBERS = tuple(unit.number for unit in ACTION_UNITS)
LEVELS = (0.25, 0.5, 1.0)


def profile_table(
    heads: dict[str, tuple[str, ...]] | None = None,
    numbers: tuple[int, ...] = NUMBERS,
    seed: int = 0,
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    heads = heads or {"z": EXPRESSIONS, "a": EXPRESSIONS}
    rows = [
        ("au", database, name, unit, level, rng.normal() * (1 + unit / 9), 0.1)
        for database, names in heads.items()
        for name in names
        for unit in numbers
        for level in LEVELS
    ]
    columns = ["probe", "database", "expression", "action_unit", "intensity", "response", "sd"]
    return pd.DataFrame(rows, columns=columns)


def feature_matrix(found: pd.DataFrame, numbers: tuple[int, ...]) -> NDArray[np.float64]:
    """Return units x action units: the value of largest magnitude."""
    units = list(dict.fromkeys(zip(found["database"], found["expression"], strict=True)))
    rows = found.to_dict("records")
    matrix = np.zeros((len(units), len(numbers)))
    for (i, unit), (j, number) in itertools.product(enumerate(units), enumerate(numbers)):
        values = [
            row["response"]
            for row in rows
            if (row["database"], row["expression"], row["action_unit"]) == (*unit, number)
        ]
        matrix[i, j] = max(values, key=abs)
    return matrix


def test_scores_and_loadings_equal_scikit_learns() -> None:
    found = profile_table()
    answer = principal_components(found)
    model = PCA(n_components=3, svd_solver="full")
    scores = model.fit_transform(feature_matrix(found, NUMBERS))
    names = ["pc1", "pc2", "pc3"]
    assert answer.names == tuple(names)
    assert list(answer.scores.columns) == ["database", "expression", *names]
    assert list(answer.loadings.columns) == ["action_unit", *names]
    assert tuple(answer.loadings["action_unit"]) == NUMBERS
    for place, name in enumerate(names):
        loading = model.components_[place]
        sign = np.sign(loading[np.abs(loading).argmax()])
        assert np.allclose(answer.loadings[name], sign * loading, atol=1e-9)
        assert np.allclose(answer.scores[name], sign * scores[:, place], atol=1e-9)
        assert answer.loadings[name].max() == answer.loadings[name].abs().max()
    assert answer.explained == pytest.approx(tuple(model.explained_variance_ratio_), abs=1e-12)


def test_units_keep_the_order_of_the_table() -> None:
    scores = principal_components(profile_table()).scores
    assert list(zip(scores["database"], scores["expression"], strict=True)) == list(
        itertools.product(("z", "a"), EXPRESSIONS)
    )


def test_all_components_rebuild_the_feature_matrix() -> None:
    found = profile_table({"a": EXPRESSIONS[:3], "b": EXPRESSIONS[2:4]}, NUMBERS[:6])
    answer = principal_components(found, components=9)
    assert len(answer.names) == 4  # five points span four dimensions
    assert sum(answer.explained) == pytest.approx(1)
    names = list(answer.names)
    matrix = feature_matrix(found, NUMBERS[:6])
    rebuilt = answer.scores[names].to_numpy() @ answer.loadings[names].to_numpy().T
    assert np.allclose(rebuilt + matrix.mean(axis=0), matrix, atol=1e-9)


def test_normalised_profiles_may_be_given() -> None:
    found = profile_table()
    scaled = found.assign(response=found["response"] * found["database"].map({"z": 1.0, "a": 5.0}))
    assert principal_components(normalised(found)).explained == pytest.approx(
        principal_components(normalised(scaled)).explained
    )
    assert principal_components(found).explained != pytest.approx(
        principal_components(scaled).explained
    )


def test_fewer_units_or_action_units_have_fewer_components() -> None:
    assert len(principal_components(profile_table({"a": ("happy", "sad")})).names) == 1
    assert len(principal_components(profile_table(numbers=(1, 2))).names) == 2
    alone = principal_components(profile_table({"a": ("happy",)}))
    assert (alone.names, alone.explained) == ((), ())
    assert list(alone.scores.columns) == ["database", "expression"]
    assert component_distances(alone).empty
    assert principal_components(profile_table().iloc[:0]).explained == ()


def test_identical_units_explain_nothing() -> None:
    answer = principal_components(profile_table().assign(response=0.7))
    assert answer.explained == (0.0, 0.0, 0.0)
    assert not answer.scores[list(answer.names)].to_numpy().any()


def test_action_units_that_some_unit_lacks_are_left_out() -> None:
    found = profile_table()
    found = found[(found["database"] != "a") | (found["action_unit"] != 12)]
    numbers = tuple(number for number in NUMBERS if number != 12)
    assert tuple(principal_components(found).loadings["action_unit"]) == numbers
    only = found[found["action_unit"] != 12]
    pd.testing.assert_frame_equal(
        principal_components(found).scores, principal_components(only).scores
    )


def test_several_probes_are_refused() -> None:
    found = profile_table()
    with pytest.raises(ValueError, match="one probe at a time, not of au, other"):
        principal_components(pd.concat([found, found.assign(probe="other")]))


def test_distances_are_euclidean_between_databases() -> None:
    heads = {"z": EXPRESSIONS, "a": EXPRESSIONS[1:], "m": ("sad", "happy")}
    answer = principal_components(profile_table(heads))
    table = component_distances(answer)
    pairs = list(dict.fromkeys(zip(table["database"], table["other"], strict=True)))
    assert pairs == [("z", "a"), ("z", "m"), ("a", "m")]
    assert len(table) == 6 + 2 + 2
    scores = answer.scores.set_index(["database", "expression"])
    for row in table.to_dict("records"):
        one = scores.loc[(row["database"], row["expression"])]
        other = scores.loc[(row["other"], row["expression"])]
        squares = sum((one[name] - other[name]) ** 2 for name in answer.names)
        assert row["distance"] == pytest.approx(math.sqrt(squares))


def test_with_all_components_the_distance_is_that_of_the_peaks() -> None:
    found = profile_table()
    table = component_distances(principal_components(found, components=13))
    top = peaks(found).set_index(["database", "expression", "action_unit"])["response"]
    for row in table.to_dict("records"):
        name = row["expression"]
        squares = sum((top["z", name, unit] - top["a", name, unit]) ** 2 for unit in NUMBERS)
        assert row["distance"] == pytest.approx(math.sqrt(squares))
