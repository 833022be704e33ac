"""Text of the figures of few databases: large enough, inside and apart."""

from __future__ import annotations

import pytest
from tests.reporting.figures import invented
from tests.reporting.figures.looks import faults

from ccbench.reporting.figures import illustrations
from ccbench.reporting.figures.drawing import sketches


@pytest.mark.parametrize("databases", [1, 2, 3])
def test_text_is_large_enough_inside_and_apart(databases: int) -> None:
    run = invented.run(databases, runs=2)
    # Their words are in test_drawing.py.
    for sketch in sketches(run, invented.faces(databases)):
        assert faults(sketch.draw()) == [], sketch.name


def test_faults_are_found() -> None:
    figure = next(illustrations(invented.run(1, runs=1))).figure
    assert faults(figure) == []
    figure.text(0.02, 0.5, "over one", fontsize=7)
    figure.text(0.02, 0.5, "another", fontsize=7)
    figure.text(0.5, 0.9, "tiny", fontsize=5)
    figure.text(0.99, 0.5, "half outside", fontsize=7)
    assert faults(figure) == [
        "'tiny' has 5.0 pt",
        "'half outside' is outside",
        "'over one' over 'another'",
    ]
