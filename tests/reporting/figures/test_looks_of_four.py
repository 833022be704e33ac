"""Text of the figures of four databases; a file of its own, as it takes its time."""

from __future__ import annotations

from tests.reporting.figures import invented
from tests.reporting.figures.looks import faults

from ccbench.reporting.figures import illustrations


def test_text_is_large_enough_inside_and_apart() -> None:
    for drawn in illustrations(invented.run(4, runs=1), invented.faces(4)):
        assert faults(drawn.figure) == [], drawn.name
