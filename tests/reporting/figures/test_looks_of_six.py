"""Text of the figures of six databases; a file of its own, as it takes its time."""

from __future__ import annotations

from tests.reporting.figures import invented
from tests.reporting.figures.looks import faults

from ccbench.reporting.figures.drawing import sketches


def test_text_is_large_enough_inside_and_apart() -> None:
    run = invented.run(6, runs=1)
    # Without the words: they are worked out as those of four databases.
    for sketch in sketches(run, invented.faces(6)):
        assert faults(sketch.draw()) == [], sketch.name
