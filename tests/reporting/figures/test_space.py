"""Figure 10: units as points."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from tests.reporting.figures import invented
from tests.reporting.figures.looks import panel, panels

from ccbench.analysis import profiles
from ccbench.analysis.components import principal_components
from ccbench.reporting.figures import figure10
from ccbench.reporting.figures.style import MARKERS


def points(axes: Axes) -> dict[tuple[str, str], tuple[float, float]]:
    """Return (marker, fill) -> place, of everything that has a marker."""
    return {
        (str(line.get_marker()), str(line.get_fillstyle())): (
            float(np.ravel(line.get_xdata())[0]),
            float(np.ravel(line.get_ydata())[0]),
        )
        for line in axes.lines
        if line.get_marker() in MARKERS.values()
    }


def test_points_are_scores_with_the_papers_shapes() -> None:
    found = profiles(invented.responses(3))
    figure = figure10(found)
    components = principal_components(found)
    fills = dict(zip(invented.NAMES, ("full", "none", "left"), strict=False))
    for label, names in (("PC1-PC2", ("pc1", "pc2")), ("PC2-PC3", ("pc2", "pc3"))):
        drawn = points(panel(figure, label))
        assert len(drawn) == 21
        for row in components.scores.to_dict("records"):
            place = drawn[MARKERS[row["expression"]], fills[row["database"]]]
            assert place == pytest.approx((row[names[0]], row[names[1]]), abs=1e-12)
    first = f"PC1 ({100 * components.explained[0]:.0f} %)"
    assert panel(figure, "PC1-PC3").get_xlabel() == first


def test_both_directions_have_the_same_scale() -> None:
    axes = panel(figure10(profiles(invented.responses(2))), "PC1-PC2")
    axes.apply_aspect()
    box = axes.bbox
    across, up = np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())
    assert box.width / across == pytest.approx(box.height / up, rel=1e-6)


def test_few_units_span_few_dimensions() -> None:
    found = profiles(invented.responses(1))
    few = found[found["expression"].isin(["neutral", "happy", "sad"])]
    assert panels(figure10(few), "PC") == ["PC1-PC2"]
    figure = figure10(found)
    assert panels(figure, "PC") == ["PC1-PC2", "PC1-PC3", "PC2-PC3", "PC1-PC2-PC3"]
