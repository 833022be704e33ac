"""Profiles and cells as arrays."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ccbench.analysis.statistics.outcomes import Array
from ccbench_registry import EXPRESSIONS


@dataclass(frozen=True, eq=False)
class ProfilePair:
    """The profiles of one expression in the networks of two databases.

    Attributes:
        probe: name.
        databases: the two.
        expression: the unit.
        curves: response per (action unit, intensity), two columns, without nan.
    """

    probe: str
    databases: tuple[str, str]
    expression: str
    curves: pd.DataFrame

    @property
    def comparison(self) -> str:
        """Key of the finding."""
        return f"profiles ({self.probe}), {self.expression}: {' vs '.join(self.databases)}"

    @property
    def constant(self) -> bool:
        """Whether a profile does not vary, or has fewer than two points."""
        values = self.curves.to_numpy()
        return len(values) < 2 or not np.ptp(values, axis=0).all()

    def blocks(self) -> tuple[Array, Array]:
        """Return both profiles as (action units, intensities).

        Action units that lack an intensity others have are left out.
        """
        grid = self.curves.unstack("intensity").dropna()
        half = grid.shape[1] // 2
        values = grid.to_numpy(dtype=np.float64)
        return values[:, :half], values[:, half:]


def profile_pairs(found: pd.DataFrame) -> Iterator[list[ProfilePair]]:
    """Yield, per probe and pair of databases, the expressions that both have."""
    for probe, part in found.groupby("probe", sort=False):
        curves = part.pivot_table(
            index=["action_unit", "intensity"],
            columns=["database", "expression"],
            values="response",
        )
        for pair in itertools.combinations(dict.fromkeys(part["database"]), 2):
            yield [
                ProfilePair(str(probe), pair, name, curves[[(one, name) for one in pair]].dropna())
                for name in EXPRESSIONS
                if all((one, name) in curves for one in pair)
            ]


@dataclass(frozen=True, eq=False)
class CellTable:
    """Profile correlations and choice rates of one swapped test.

    Attributes:
        probe: name.
        train: database the networks learned.
        test: database they were tested on.
        cells: expression (shown), predicted, rate, r_s; without nan.
    """

    probe: str
    train: str
    test: str
    cells: pd.DataFrame

    @property
    def comparison(self) -> str:
        """Key of the finding."""
        return f"profiles and confusions ({self.probe}): {self.train} on {self.test}"

    @property
    def question(self) -> str:
        """What the correlation is about, in words."""
        return (
            f"Are expressions confused more whose profiles correlate more, when networks trained "
            f"on {self.train} are tested on {self.test}?"
        )

    def squares(self) -> tuple[Array, Array, tuple[str, ...]]:
        """Return r_s and rates over the labels that are both shown and chosen.

        Labels with an unknown r_s are left out.

        Returns:
            r_s and rate, (labels, labels) each, rows shown; the labels.
        """
        labels = [
            name
            for name in EXPRESSIONS
            if ((self.cells["expression"] == name) & (self.cells["predicted"] == name)).any()
        ]
        r_s, rate = (
            self.cells.pivot(index="expression", columns="predicted", values=name)
            .reindex(index=labels, columns=labels)
            .to_numpy(dtype=np.float64)
            for name in ("r_s", "rate")
        )
        return r_s, rate, tuple(labels)


def cell_tables(cells: pd.DataFrame) -> Iterator[CellTable]:
    """Yield the swapped tests of every probe."""
    for key, part in cells.groupby(["probe", "train_database", "test_database"], sort=False):
        probe, train, test = map(str, key)
        yield CellTable(probe, train, test, part.dropna(subset=["rate", "r_s"]))
