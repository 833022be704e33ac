"""Correct rates against the share of the tested database: what is where."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from tests.reporting.figures import invented
from tests.reporting.figures.looks import faults, panel, panels

from ccbench.analysis import correct_rates
from ccbench.reporting.figures.mixtures import _spread, caption_mixtures, figure_mixtures
from ccbench.reporting.figures.style import LINE, SOFT
from ccbench.reporting.mixtures import Mixed

ALONE, OTHER, THIRD = invented.NAMES[:3]
QUARTER = Mixed(f"{ALONE}:0.75+{OTHER}:0.25", {ALONE: 0.75, OTHER: 0.25}, (), 40)
HALVES = Mixed(f"{ALONE}+{OTHER}", {ALONE: 0.5, OTHER: 0.5}, (THIRD,), 40)


def mixed(databases: int, *mixtures: Mixed) -> pd.DataFrame:
    table = invented.predictions(databases)
    copies = [
        table[table["train_database"] == of].assign(train_database=mixture.name)
        for of, mixture in zip((ALONE, OTHER), mixtures, strict=False)
    ]
    return pd.concat([table, *copies], ignore_index=True)


def points(axes: Axes, *, joined: bool) -> list[list[tuple[float, float]]]:
    """Return the points of the grey lines, or each dot."""
    found = []
    for line in axes.lines:
        data = np.asarray(line.get_xydata(), dtype=np.float64)
        if line.get_color() == LINE if joined else line.get_marker() in {"o", "D"}:
            found.append([(float(at), float(height)) for at, height in data])
    return found


def test_every_training_is_a_dot_at_its_share_and_rate() -> None:
    predictions = mixed(3, QUARTER, HALVES)
    figure = figure_mixtures(predictions, [QUARTER, HALVES])
    assert panels(figure, "mixtures ") == [f"mixtures {name}" for name in (ALONE, OTHER, THIRD)]
    rates = correct_rates(predictions)
    lines: list[list[list[tuple[float, float]]]] = []
    for name in (ALONE, OTHER, THIRD):
        axes = panel(figure, f"mixtures {name}")
        dots = [dot for (dot,) in points(axes, joined=False)]
        part = rates[rates["test_database"] == name]
        assert [height for _, height in dots] == part["mean"].tolist()
        shares = {ALONE: [0.75, 0.5], OTHER: [0.25, 0.5], THIRD: [0.0, 0.0]}[name]
        own = [float(train == name) for train in (ALONE, OTHER, THIRD)]
        assert [at for at, _ in dots] == pytest.approx([*own, *shares], abs=0.06)
        lines.append(points(axes, joined=True))
    # From one alone over the mixtures of both to the other alone; nothing for the third.
    assert [len(found) for found in lines] == [1, 1, 0]
    (along,) = lines[0]
    assert along == sorted(along)
    assert len(along) == 4


@pytest.mark.parametrize("databases", [2, 4, 7])
def test_text_is_large_enough_inside_and_apart(databases: int) -> None:
    found = figure_mixtures(mixed(databases, QUARTER, HALVES), [QUARTER, HALVES])
    assert faults(found) == []


def test_the_caption_says_what_is_in_a_mixture() -> None:
    words = caption_mixtures(mixed(3, QUARTER, HALVES), [QUARTER, HALVES])
    assert "40 training posers a run, 75 % of kdef and 25 % of krc" in words.caption
    assert f"all but {THIRD} ({ALONE}+{OTHER})" in words.caption
    assert "their SD does not say how much another sample of posers would differ" in words.caption


def test_networks_of_many_databases_stay_inside_and_apart() -> None:
    names = [f"d{place}" for place in range(9)]
    groups = {0.0: names[1:], 0.125: [f"all but {name}" for name in names[1:]], 1.0: names[:1]}
    at = _spread(groups)
    assert all(-0.12 < place < 1.06 for place in at.values())
    assert max(at[name] for name in groups[0.0]) < min(at[name] for name in groups[0.125])
    assert len(set(at.values())) == 17
    # Where there is room, dots are as far apart as ever.
    few = _spread({0.0: ["a", "b"], 1.0: ["c"]})
    assert few == {"a": pytest.approx(-0.0175), "b": pytest.approx(0.0175), "c": 1.0}


def test_chance_is_that_of_the_expressions() -> None:
    table = mixed(2, HALVES).assign(logit_sad=np.nan)
    table = table[(table["expression"] != "sad") & (table["predicted"] != "sad")]
    figure = figure_mixtures(table, [HALVES])
    dashed = [
        float(np.asarray(line.get_ydata(), np.float64)[0])
        for axes in figure.axes
        for line in axes.lines
        if line.get_color() == SOFT and line.get_linestyle() != "-"
    ]
    assert dashed == [pytest.approx(1 / 6)] * 2
    assert "chance (.17)" in caption_mixtures(table, [HALVES]).caption
