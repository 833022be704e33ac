"""What a leaderboard measures, and what it knows of one number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ccbench.analysis.statistics.outcomes import Array
from ccbench.analysis.statistics.plan import Plan
from ccbench.analysis.statistics.to_new_posers import DRAWS

MEAN = "mean of all"
"""Subject of a value that is the mean over the databases of a run."""
PLAN = Plan(seed=0, draws=DRAWS, permutations=0, test_to_train=math.nan)
"""The same for every board, so that two labs that hold the same tables print the same numbers."""


@dataclass(frozen=True)
class Measure:
    """A column of the leaderboard.

    Attributes:
        key: in files.
        title: above it.
        what: a sentence that says what the number is.
        best: whether rank 1 is the highest or the lowest number.
        counted: what intervals and ranks count.
        others: whether it depends on which other databases were in the run.
    """

    key: str
    title: str
    what: str
    best: Literal["highest", "lowest"] = "highest"
    counted: Literal["poser", "action unit"] = "poser"
    others: bool = True

    @property
    def correlation(self) -> bool:
        """Whether it is a correlation, not a correct rate or a difference of two."""
        return self.key in {"order", "rates", "tuning"}


MEASURES = (
    Measure(
        "own",
        "Own rate",
        "Correct rate on new posers of the database that the networks were trained on.",
        others=False,
    ),
    Measure(
        "swapped",
        "Swapped rate",
        "Correct rate on the other databases of the run, their mean.",
    ),
    Measure(
        "drop",
        "Drop",
        "Own rate minus swapped rate: what the same networks lose on posers of the others.",
        best="lowest",
    ),
    Measure(
        "advantage",
        "In-group advantage",
        "Own rate minus the mean rate of the other databases' networks on the same photographs.",
        best="lowest",
    ),
    Measure(
        "order",
        "Agreement with people: order",
        "Spearman's r_s between the networks' rates and the published order of human rates.",
        others=False,
    ),
    Measure(
        "rates",
        "Agreement with people: rates",
        "Pearson's r between the networks' rates and published human rates: the diagonals of "
        "both confusion matrices.",
        others=False,
    ),
    Measure(
        "tuning",
        "Tuning agreement",
        "Mean Spearman's r_s of the profiles of one expression between this database's networks "
        "and those of the others.",
        counted="action unit",
    ),
)
"""Every measure, in the order shown."""


class PoserSet(NamedTuple):
    """Test photographs: two labs may call different ones by one name."""

    database: str
    contents: str


Mask = NDArray[np.bool_]


class Resampled(Protocol):
    """A number that can be computed again for other posers or action units."""

    @property
    def tested(self) -> Mapping[PoserSet, Mask]:
        """Which posers of each test set it is about, (all posers,); empty for none."""

    @property
    def runs(self) -> int:
        """Runs it is about."""

    def draws(self, weights: Mapping[PoserSet, Array]) -> Array:
        """Return the number for every resample, (draws,); nan where undefined.

        Args:
            weights: how often each poser was drawn, (draws, all posers).
        """

    def influences(self) -> Mapping[PoserSet, Array] | None:
        """Return what every poser in every run adds, (runs, all posers).

        ``None`` where the number is no sum of such parts; its error is then that of the draws.
        """


@dataclass(frozen=True, eq=False)
class Value:
    """One number of a leaderboard.

    Attributes:
        measure: key of the measure.
        subject: database trained on, or :data:`MEAN`.
        detail: name of the probe or of the norms; "" where there is none.
        estimate: nan where there is none.
        low: lower end of the 95 % interval; nan where there is none.
        high: upper end.
        counted: posers tested, or action units.
        expressions: how many it is about.
        others: the other databases it is about.
        why: why there is no estimate or no interval; "" where there are both.
        resampled: for ranks; ``None`` where there is no estimate.
    """

    measure: str
    subject: str
    detail: str = ""
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    counted: int = 0
    expressions: int = 0
    others: tuple[str, ...] = ()
    why: str = ""
    resampled: Resampled | None = None

    def numbers(self) -> dict[str, float | int]:
        """Return what is written down of it and computed again by who verifies it."""
        return {
            "estimate": self.estimate,
            "low": self.low,
            "high": self.high,
            "counted": self.counted,
            "expressions": self.expressions,
        }
