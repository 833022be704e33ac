"""Predictions as arrays: what was answered correctly, by run, poser and expression."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ccbench.analysis.matrix import _scored
from ccbench_registry import EXPRESSIONS

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Answers of the networks of one database to the test photographs of one.

    Attributes:
        expressions: names along the last axis.
        correct: correct answers, (runs, posers, expressions).
        shown: photographs shown, same shape; 0 where a poser was not tested in a run.
    """

    expressions: tuple[str, ...]
    correct: Array
    shown: Array

    @property
    def available(self) -> dict[str, int]:
        """Expression -> posers tested with it."""
        posers = (self.shown.sum(axis=0) > 0).sum(axis=0)
        return dict(zip(self.expressions, posers.tolist(), strict=True))

    @property
    def always(self) -> frozenset[str]:
        """Expressions that were tested in every run in which anything was."""
        shown = self.shown.sum(axis=1)
        tested = shown[shown.sum(axis=1) > 0]
        return frozenset(
            name for name, part in zip(self.expressions, tested.T, strict=True) if part.all()
        )

    @property
    def runs(self) -> int:
        """Runs in which anything was tested."""
        return int((self.shown.sum(axis=(1, 2)) > 0).sum())

    @property
    def posers(self) -> int:
        """Posers tested in any run."""
        return len(self.correct[0])

    @property
    def scores(self) -> Array:
        """Mean correctness of each poser, over the runs it was tested in.

        Returns:
            (posers, expressions), nan where a poser has no such photograph.
        """
        return _ratio(self.correct.sum(axis=0), self.shown.sum(axis=0))

    @property
    def rates(self) -> Array:
        """Correct rate of each run.

        Returns:
            (runs, expressions), nan where a run tested no such photograph.
        """
        return _ratio(self.correct.sum(axis=1), self.shown.sum(axis=1))

    def only(self, expressions: Iterable[str]) -> Outcomes:
        """Keep some expressions, and the posers who have any of them."""
        names = tuple(expressions)
        columns = [self.expressions.index(name) for name in names]
        shown = self.shown[..., columns]
        tested = shown.sum(axis=(0, 2)) > 0
        return Outcomes(names, self.correct[..., columns][:, tested], shown[:, tested])


def difference(one: Outcomes, other: Outcomes) -> Outcomes:
    """Subtract, photograph by photograph, what two sets of networks answered in the same runs.

    Args:
        one: tested on the same posers as ``other``, with the same expressions.
        other: is subtracted.

    Returns:
        Outcomes whose ``correct`` are differences; only what both were shown.
    """
    both = (one.shown > 0) & (other.shown > 0)
    apart = _ratio(one.correct, one.shown) - _ratio(other.correct, other.shown)
    shown = np.where(both, one.shown, 0.0)
    return Outcomes(one.expressions, np.where(both, apart, 0.0) * shown, shown)


def _ratio(part: Array, whole: Array) -> Array:
    found: Array = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return found


def shared(one: Outcomes, other: Outcomes, posers: int) -> tuple[str, ...]:
    """Return the expressions that at least ``posers`` posers of both were tested with."""
    return tuple(
        name
        for name in EXPRESSIONS
        if min(one.available.get(name, 0), other.available.get(name, 0)) >= posers
    )


def collect(predictions: pd.DataFrame) -> dict[tuple[str, str], Outcomes]:
    """Count correct answers per (train, test) pair.

    Photographs of an expression that the head has no unit for are not scored.  All pairs
    have the same runs along the first axis; pairs of one test database the same posers.

    Returns:
        (train, test) -> outcomes, in the order of the table.
    """
    scored = _scored(predictions)
    run, runs = pd.factorize(scored["run"])
    train, trained = pd.factorize(scored["train_database"])
    test, tested = pd.factorize(scored["test_database"])
    shown = scored["expression"].map({name: i for i, name in enumerate(EXPRESSIONS)}).to_numpy()
    right = (scored["predicted"] == scored["expression"]).to_numpy(dtype=np.float64)
    found = {}
    for b, test_database in enumerate(tested):
        rows = np.flatnonzero(test == b)
        poser, posers = pd.factorize(scored["poser"].iloc[rows])
        shape = (len(runs), len(posers), len(EXPRESSIONS))
        cell = np.ravel_multi_index((run[rows], poser, shown[rows].astype(np.intp)), shape)
        for a, train_database in enumerate(trained):
            mine = train[rows] == a
            if not mine.any():
                continue
            where, size = cell[mine], int(np.prod(shape))
            found[str(train_database), str(test_database)] = Outcomes(
                EXPRESSIONS,
                np.bincount(where, right[rows][mine], size).astype(np.float64).reshape(shape),
                np.bincount(where, minlength=size).astype(np.float64).reshape(shape),
            )
    return found


def databases(outcomes: dict[tuple[str, str], Outcomes]) -> list[str]:
    """Return the databases trained on that have test posers, in order: no mixtures."""
    tested = {test for _, test in outcomes}
    return [name for name in dict.fromkeys(train for train, _ in outcomes) if name in tested]


def mixtures(outcomes: dict[tuple[str, str], Outcomes]) -> list[str]:
    """Return what was trained on without test posers of its own, in order."""
    own = databases(outcomes)
    return [name for name in dict.fromkeys(train for train, _ in outcomes) if name not in own]
