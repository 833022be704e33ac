"""Figure 9: correlations of tunings beside choice rates."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import spearmanr
from tests.reporting.figures import invented
from tests.reporting.figures.looks import cells, panel, panels
from tests.reporting.figures.test_profiles import profile
from tests.reporting.figures.test_rates import chosen

from ccbench.analysis import profiles
from ccbench.reporting.figures import figure9
from ccbench.reporting.figures.style import MARKERS
from ccbench_registry import EXPRESSIONS

CELLS = list(itertools.product(EXPRESSIONS, EXPRESSIONS))


def test_matrix_and_scatter_are_those_of_the_pair() -> None:
    responses, predictions = invented.responses(2), invented.predictions(2)
    figure = figure9(profiles(responses), predictions)
    # What the network trained on kdef chooses for krc's faces: rows are krc's units.
    shapes = {
        (database, name): profile(responses, database, name).ravel()
        for database in ("kdef", "krc")
        for name in EXPRESSIONS
    }
    alike = [
        float(spearmanr(shapes["krc", shown], shapes["kdef", unit]).statistic)
        for shown, unit in CELLS
    ]
    rates = [chosen(predictions, "kdef", "krc", shown, unit) for shown, unit in CELLS]
    axes = panel(figure, "correlations kdef → krc")
    drawn = np.asarray(axes.images[0].get_array()).ravel()
    assert drawn == pytest.approx(alike, abs=1e-9)
    assert cells(axes)[0, 1] == f"{round(100 * alike[1])}".replace("-", "−")
    axes = panel(figure, "relation kdef → krc")
    points = {
        (round(float(x), 9), round(float(y), 9))
        for line in axes.lines
        if line.get_label() in {"errors", *EXPRESSIONS}
        for x, y in np.column_stack([np.ravel(line.get_xdata()), np.ravel(line.get_ydata())])
    }
    assert points == {(round(x, 9), round(y, 9)) for x, y in zip(alike, rates, strict=True)}
    expected = spearmanr(alike, rates).statistic
    text = f"{expected:.2f}".replace("0.", ".").replace("-", "−")
    assert [t.get_text() for t in axes.texts] == [f"rₛ = {text}, n = 49"]
    for line in axes.lines:
        if line.get_label() in MARKERS:
            assert line.get_marker() == MARKERS[str(line.get_label())]


def test_every_ordered_pair_is_drawn() -> None:
    figure = figure9(profiles(invented.responses(3)), invented.predictions(3))
    expected = {f"{one} → {other}" for one, other in itertools.permutations(invented.NAMES[:3], 2)}
    for kind in ("correlations", "relation"):
        assert {label.split(" ", 1)[1] for label in panels(figure, kind)} == expected


def test_a_missing_class_leaves_fewer_points() -> None:
    missing = ("krc", "sad")
    found = profiles(invented.responses(2, missing=missing))
    figure = figure9(found, invented.predictions(2, missing=missing))
    (text,) = panel(figure, "relation kdef → krc").texts
    # Six expressions shown, seven units to choose from.
    assert text.get_text().endswith("n = 42")
    (text,) = panel(figure, "relation krc → kdef").texts
    assert text.get_text().endswith("n = 36")
