"""How figures with one panel for each pair of databases are set."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ccbench.reporting.figures.sheet import LEFT, LINE_HEIGHT, pair_title, places
from ccbench.reporting.figures.style import DOUBLE, MIDDLE

Pair = tuple[str, str]
"""Trained on, tested on."""


@dataclass(frozen=True)
class PairGrid:
    """Panels row by row, each a matrix below its title.

    Attributes:
        pairs: in the order of the panels.
        titles: one a pair, in one line or two.
        across: panels in a row.
        width: of the sheet, in mm.
        side: of a matrix, in mm.
        head: height of the titles, in mm.
    """

    pairs: tuple[Pair, ...]
    titles: tuple[str, ...]
    across: int
    width: float
    side: float
    head: float

    def height(self, pitch: float) -> float:
        """Return the height of all panels in mm, rows ``pitch`` mm apart."""
        return math.ceil(len(self.pairs) / self.across) * pitch

    def corners(self, top: float, pitch: float) -> list[tuple[float, float]]:
        """Return the top left corners of the matrices.

        Args:
            top: of the first title, in mm.
            pitch: from a row to the next, in mm.
        """
        step = (self.width - LEFT + 1) / self.across
        return places(len(self.pairs), self.across, LEFT, top + self.head, (step, pitch))


def pair_grid(databases: Sequence[str], most: int) -> PairGrid:
    """Set all pairs of different databases.

    Args:
        databases: two or more.
        most: panels in a row; from four databases on, a row is what one database was
            trained for, if it is no more.
    """
    pairs = tuple(itertools.permutations(databases, 2))
    count = len(databases)
    across = count if count <= 3 else min(count - 1, most)
    width = MIDDLE if across == 2 else DOUBLE
    side = (width - LEFT + 1) / across - (6 if across < 4 else 3.5)
    titles = tuple(pair_title(*pair, room=side + 1) for pair in pairs)
    head = LINE_HEIGHT * max(1 + title.count("\n") for title in titles)
    return PairGrid(pairs, titles, across, width, side, head)
