"""Figures 7 and 8: all profiles, their sums and differences."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray
from scipy.stats import spearmanr
from tests.reporting.figures import invented
from tests.reporting.figures.looks import cells, drawn_in, panel, panels

from ccbench.analysis import profiles
from ccbench.reporting.figures import figure7, figure8
from ccbench_registry import EXPRESSIONS


def profile(table: pd.DataFrame, database: str, expression: str) -> NDArray[np.float64]:
    """Return intensities x action units, divided by the largest magnitude."""
    own = table[(table["database"] == database) & (table["expression"] == expression)]
    single = own[(own["action_unit"] > 0) & (own["second_unit"] == 0)]
    found = np.array(
        [
            [
                single[(single["action_unit"] == unit) & (single["intensity"] == level)][
                    "response"
                ].mean()
                for unit in invented.UNITS
            ]
            for level in invented.LEVELS
        ]
    )
    return np.asarray(found / np.abs(found).max())


def image_of(figure: Figure, stack: str, expression: str) -> AxesImage:
    """Return the picture of one profile of a stack."""
    (found,) = [i for i in panel(figure, f"stack {stack}").images if i.get_label() == expression]
    return found


def said(figure: Figure, stack: str) -> list[str]:
    return [text.get_text() for text in panel(figure, f"stack {stack}").texts]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return invented.responses(3, missing=("krc", "sad"))


def test_profiles_are_normalised_with_intensity_upward(table: pd.DataFrame) -> None:
    figure = figure7(profiles(table))
    for name, expression in (("kdef", "happy"), ("krc", "disgusted"), ("kdef", "sad")):
        image = image_of(figure, name, expression)
        expected = profile(table, name, expression)
        assert np.asarray(image.get_array(), dtype=np.float64) == pytest.approx(expected, abs=1e-12)
        assert image.origin == "lower"
        left, right, bottom, top = image.get_extent()
        # Down is positive here: the highest intensity is at the top.
        assert (left < right, bottom > top) == (True, True)
        assert image.get_clim() == (-1, 1)
    assert said(figure, "krc") == ["no such unit"]


def test_action_units_are_numbered_under_every_column(table: pd.DataFrame) -> None:
    axes = panel(figure7(profiles(table)), "stack kdef")
    at: dict[float, str] = {}
    for minor in (False, True):
        labels = [text.get_text() for text in axes.get_xticklabels(minor=minor)]
        at |= dict(zip(axes.get_xticks(minor=minor), labels, strict=True))
    assert [at[place] for place in sorted(at)] == [str(unit) for unit in invented.UNITS]
    left, right, *_ = axes.images[0].get_extent()
    cell = (right - left) / 20
    assert sorted(at) == pytest.approx([(place + 0.5) * cell for place in range(20)])


def test_correlations_are_spearmans(table: pd.DataFrame) -> None:
    axes = panel(figure7(profiles(table)), "correlations")
    drawn = drawn_in(axes)
    numbers = cells(axes)
    pairs = list(itertools.combinations(invented.NAMES[:3], 2))
    for (row, pair), (column, name) in itertools.product(enumerate(pairs), enumerate(EXPRESSIONS)):
        if name == "sad" and "krc" in pair:
            assert np.isnan(drawn[row, column])
            continue
        one, other = (profile(table, database, name).ravel() for database in pair)
        expected = spearmanr(one, other).statistic
        assert drawn[row, column] == pytest.approx(expected, abs=1e-9)
        assert numbers[row, column] == f"{round(100 * expected)}".replace("-", "−")
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels[0] == "kdef – krc"


def test_one_database_has_no_correlations() -> None:
    figure = figure7(profiles(invented.responses(1)))
    assert panels(figure, "correlations") == []
    assert len(panel(figure, "stack kdef").images) == 7


def test_sums_and_differences_are_those_of_normalised_profiles(table: pd.DataFrame) -> None:
    figure = figure8(profiles(table))
    long = invented.NAMES[2]
    for one, other in (("kdef", "krc"), ("krc", long)):
        first, second = (profile(table, name, "angry") for name in (one, other))
        for sign, expected in (("+", first + second), ("−", first - second)):
            image = image_of(figure, f"{one} {sign} {other}", "angry")
            assert np.asarray(image.get_array(), dtype=np.float64) == pytest.approx(
                expected, abs=1e-12
            )
            assert image.get_clim() == (-2, 2)
    assert said(figure, "kdef + krc") == ["not in both"]


def test_several_probes_are_refused() -> None:
    both = pd.concat([invented.responses(1), invented.responses(1, probe="other")])
    with pytest.raises(ValueError, match="one probe"):
        figure7(profiles(both))
