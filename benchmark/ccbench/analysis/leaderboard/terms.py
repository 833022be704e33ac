"""Rates, drops and advantages as weighted sums of correct rates.

Each measure is a sum of terms ``weight x rate(networks of TRAIN on posers of TEST)``.  Terms
on the same posers are put together photograph by photograph before anything is resampled,
so that what is shared by both sides of a difference drops out of its error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ccbench.analysis.matrix import _scored
from ccbench.analysis.statistics.finding import MINIMUM
from ccbench.analysis.statistics.outcomes import Outcomes, _ratio, collect, shared
from ccbench_registry import EXPRESSIONS

Pairs = Mapping[tuple[str, str], Outcomes]


@dataclass(frozen=True)
class Term:
    """One correct rate in a sum.

    Attributes:
        weight: it is multiplied by.
        train: database of the networks.
        test: database of the posers.
        expressions: the rate is the mean over.
    """

    weight: float
    train: str
    test: str
    expressions: tuple[str, ...]


class NoTermsError(Exception):
    """A measure that cannot be computed; the message says why."""


def on_grid(predictions: pd.DataFrame, posers: Mapping[str, Sequence[str]]) -> Pairs:
    """Count correct answers with every poser of a database at a place of their own.

    Args:
        predictions: table of a run, runs numbered from 0.
        posers: database -> all its posers, in order.

    Returns:
        (train, test) -> outcomes, (runs, all posers, expressions); nothing shown where a
        poser was not tested.
    """
    scored = _scored(predictions)
    runs = scored["run"].unique()
    found = {}
    for pair, outcomes in collect(predictions).items():
        names = scored.loc[scored["test_database"] == pair[1], "poser"].unique()
        place = {name: index for index, name in enumerate(posers[pair[1]])}
        where = np.ix_(runs, np.array([place[name] for name in names]))
        shape = (int(runs.max()) + 1, len(place), len(EXPRESSIONS))
        correct, shown = np.zeros(shape), np.zeros(shape)
        correct[where], shown[where] = outcomes.correct, outcomes.shown
        found[pair] = Outcomes(outcomes.expressions, correct, shown)
    return found


def database_terms(measure: str, database: str, pairs: Pairs, names: Sequence[str]) -> list[Term]:
    """Return the terms of a measure of one database.

    Args:
        measure: "own", "swapped", "drop" or "advantage".
        database: trained on.
        pairs: :func:`on_grid`.
        names: the databases of the run.

    Raises:
        NoTermsError: no other database, or too few posers.
    """
    others = [name for name in names if name != database]
    if measure == "own":
        return [Term(1.0, database, database, _expressions(pairs, (database, database)))]
    if not others:
        raise NoTermsError("one database only")
    part, terms, own = 1 / len(others), [], (database, database)
    for other in others:
        against = (other, database) if measure == "advantage" else (database, other)
        if measure == "swapped":
            terms.append(Term(part, *against, _expressions(pairs, against)))
            continue
        expressions = _expressions(pairs, own, against)
        terms += [Term(part, *own, expressions), Term(-part, *against, expressions)]
    return terms


def mean_terms(measure: str, pairs: Pairs, names: Sequence[str]) -> list[Term]:
    """Return the terms of the mean of a measure over the databases of a run.

    Raises:
        NoTermsError: as for :func:`database_terms`.
    """
    return [
        replace(term, weight=term.weight / len(names))
        for name in names
        for term in database_terms(measure, name, pairs, names)
    ]


def _expressions(pairs: Pairs, *tests: tuple[str, str]) -> tuple[str, ...]:
    """Return the expressions that three posers of every pair of databases were tested with."""
    if not all(test in pairs for test in tests):
        raise NoTermsError("no shared expression was tested")
    names = shared(pairs[tests[0]], pairs[tests[-1]], MINIMUM)
    if not names:
        raise NoTermsError(f"no expression of {tests[-1][1]} was tested with three posers")
    return names


def put_together(terms: Iterable[Term], pairs: Pairs) -> dict[str, Outcomes]:
    """Return outcomes per test database whose rates add up to the sum of the terms.

    Returns:
        database -> outcomes over all its posers; ``correct`` holds weighted sums and
        differences of what the networks answered.
    """
    by_test: dict[str, list[Term]] = {}
    for term in terms:
        by_test.setdefault(term.test, []).append(term)
    return {test: _sum(found, pairs) for test, found in by_test.items()}


def _sum(terms: Sequence[Term], pairs: Pairs) -> Outcomes:
    named = {name for term in terms for name in term.expressions}
    expressions = tuple(name for name in EXPRESSIONS if name in named)
    columns = [EXPRESSIONS.index(name) for name in expressions]
    shape = pairs[terms[0].train, terms[0].test].shown[..., columns].shape
    total, most, both = np.zeros(shape), np.zeros(shape), np.ones(shape, bool)
    for term in terms:
        part = pairs[term.train, term.test]
        counts = np.array([name in term.expressions for name in expressions])
        # A rate is a mean over the expressions of its term, the sum one over all of them.
        weight = term.weight * len(expressions) / len(term.expressions) * counts
        times = part.shown[..., columns]
        total += np.where(counts, weight * _ratio(part.correct[..., columns], times), 0.0)
        most = np.where(counts, np.maximum(most, times), most)
        both &= ~counts | (times > 0)
    shown = np.where(both, most, 0.0)
    return Outcomes(expressions, np.where(both, total, 0.0) * shown, shown)
