"""Text of the figures of four and five databases; a file of its own, as it takes its time."""

from __future__ import annotations

import pytest
from tests.reporting.figures import invented
from tests.reporting.figures.looks import faults

from ccbench.reporting.figures import illustrations


@pytest.mark.parametrize("databases", [4, 5])
def test_text_is_large_enough_inside_and_apart(databases: int) -> None:
    run = invented.run(databases, runs=1)
    for drawn in illustrations(run, invented.faces(databases)):
        assert faults(drawn.figure) == [], drawn.name
