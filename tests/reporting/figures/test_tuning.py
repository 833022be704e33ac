"""Figures 5 and 6: curves and profile of one unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.reporting.figures import invented
from tests.reporting.figures.looks import panel, panels

from ccbench.reporting.figures import figure5, figure6, unit_figure


def mean_of(table: pd.DataFrame, **wanted: object) -> tuple[float, float]:
    """Return mean and SD over runs of the mean over identities, by loops."""
    by_run: dict[int, list[float]] = {}
    part = table[table["second_unit"] == 0]
    for key, value in wanted.items():
        part = part[part[key] == value]
    for row in part.to_dict("records"):
        by_run.setdefault(row["run"], []).append(row["response"])
    means = [sum(values) / len(values) for values in by_run.values()]
    return float(np.mean(means)), float(np.std(means, ddof=1))


def test_curves_start_at_the_null_image_and_are_means() -> None:
    table = invented.responses(2)
    figure = figure5(table)
    assert panels(figure, "curve") == ["curve AU12", "curve AU27"]
    axes = panel(figure, "curve AU12")
    for name, line in zip(("kdef", "krc"), axes.lines, strict=False):
        assert list(line.get_xdata()) == [0.0, *invented.LEVELS]  # type: ignore[arg-type]
        expected = [
            mean_of(table, database=name, expression="happy", action_unit=12, intensity=level)[0]
            for level in invented.LEVELS
        ]
        assert list(line.get_ydata()) == pytest.approx([0.0, *expected], abs=1e-12)  # type: ignore[arg-type]


def test_bands_reach_one_sd() -> None:
    table = invented.responses(1, runs=4)
    axes = panel(figure6(table), "curve AU22")
    where = {"database": "kdef", "expression": "angry", "action_unit": 22, "intensity": 1.0}
    mean, sd = mean_of(table, **where)
    band = np.asarray(axes.collections[0].get_paths()[0].vertices)
    edges = sorted(y for x, y in band if x == 1.0)
    assert [edges[0], edges[-1]] == pytest.approx([mean - sd, mean + sd], abs=1e-9)


def test_profiles_are_drawn_action_unit_by_intensity_on_one_scale() -> None:
    table = invented.responses(3)
    figure = figure6(table)
    limits = set()
    for name in invented.NAMES[:3]:
        image = panel(figure, f"profile {name}").images[0]
        drawn = np.asarray(image.get_array())
        assert drawn.shape == (20, 3)
        limits.add(image.get_clim())
        for place, unit in enumerate(invented.UNITS):
            where = {"database": name, "expression": "angry", "action_unit": unit}
            assert drawn[place, 2] == pytest.approx(mean_of(table, **where, intensity=1.0)[0])
            assert drawn[place, 0] == pytest.approx(mean_of(table, **where, intensity=0.2)[0])
    ((low, high),) = limits
    assert low == -high
    labels = [text.get_text() for text in panel(figure, "profile kdef").get_yticklabels()]
    assert labels[invented.UNITS.index(22)] == "22 lip funneler"


def test_the_strongest_are_drawn_where_the_probe_lacks_the_papers_units() -> None:
    table = invented.responses(2)
    table = table[~table["action_unit"].isin([12, 27])]
    table.loc[(table["action_unit"] == 9) & (table["database"] == "krc"), "response"] = -99.0
    table.loc[(table["action_unit"] == 1) & (table["database"] == "kdef"), "response"] = 98.0
    assert panels(figure5(table), "curve") == ["curve AU9", "curve AU1"]


def test_a_database_without_the_unit_says_so() -> None:
    figure = figure5(invented.responses(2, missing=("krc", "happy")))
    assert [text.get_text() for text in panel(figure, "profile krc").texts] == ["no such\nunit"]
    assert len(panel(figure, "curve AU12").lines) == 2  # kdef and the zero line


def test_what_cannot_be_drawn_is_refused() -> None:
    table = invented.responses(1, missing=("kdef", "happy"))
    with pytest.raises(ValueError, match="no head has a unit for happy"):
        unit_figure(table, "happy", (12,))
    two = pd.concat([invented.responses(1), invented.responses(1, probe="other")])
    with pytest.raises(ValueError, match="one probe, not au, other"):
        unit_figure(two, "happy", (12,))
