"""Training on several databases at once (Dailey et al., 2010), and on all but one.

A mixture takes training posers of each of its databases, in a given proportion, from those
that the same run trains on in that database: nobody who is tested anywhere is trained on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ccbench import seeds
from ccbench.exceptions import DatasetError, SplitError, UnknownNameError
from ccbench.runner.databases import Database
from ccbench.runner.persons import person, share_posers
from ccbench.runner.selection import Selection
from ccbench_registry import EXPRESSIONS, Citation, suggestion

DAILEY = Citation(
    text="Dailey, M. N., Joyce, C., Lyons, M. J., Kamachi, M., Ishi, H., Gyoba, J., & Cottrell, "
    "G. W. (2010). Evidence and a computational explanation of cultural differences in facial "
    "expression recognition. Emotion, 10, 874–893.",
)
"""Trained networks on mixtures of two cultures' faces."""
_WORD = re.compile(r"(?:\[[^\]]*\]|[^+:\[])*")
_SHARE = re.compile(r"\s*:\s*([^+\s]*)\s*")


@dataclass(frozen=True)
class Mixture:
    """Databases that a head is trained on together.

    Attributes:
        shares: (database, share of the training posers), sorted by name; they add up to 1.
        leaves_out: the database that all others are mixed without, if that is its purpose,
            and those that show some of its posers.
    """

    shares: tuple[tuple[str, Fraction], ...]
    leaves_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called in tables, and in seeds: "kdef+krc", "kdef:0.75+krc:0.25"."""
        shares = [share for _, share in self.shares]
        if len(set(shares)) == 1:
            return "+".join(database for database, _ in self.shares)
        whole = math.lcm(*(share.denominator for share in shares))
        if all(share * 1000 == int(share * 1000) for share in shares):
            return "+".join(f"{database}:{float(share):g}" for database, share in self.shares)
        return "+".join(f"{database}:{share * whole}" for database, share in self.shares)


@dataclass(frozen=True)
class Source:
    """What a head is trained on of one database.

    Attributes:
        place: of the database among those of the run.
        selection: its photographs.
        train: posers to train on, sorted.
        validation: posers to watch the training with, sorted.
    """

    place: int
    selection: Selection
    train: tuple[str, ...]
    validation: tuple[str, ...]


@dataclass(frozen=True)
class TrainingSet:
    """What one head is trained on.

    Attributes:
        name: of the database or mixture.
        run: index of the run.
        expressions: the output units.
        sources: one for a database, several for a mixture.
        tested: test posers of the database; 0 for a mixture, which has none of its own.
    """

    name: str
    run: int
    expressions: tuple[str, ...]
    sources: tuple[Source, ...]
    tested: int


def parse_mixture(text: str, databases: Sequence[str]) -> Mixture:
    """Read what a user writes after ``--train``.

    Databases are joined by ``+``, each with its share after a colon, or none with one, which
    gives all the same.  Shares are relative to their sum.  Options may be left out of a name
    where that leaves no doubt.

    >>> parse_mixture("krc+kdef", ["kdef", "krc"]).name
    'kdef+krc'
    >>> parse_mixture("kdef:3+krc:1", ["kdef", "krc[view=d]"]).name
    'kdef:0.75+krc[view=d]:0.25'

    Raises:
        UnknownNameError: a database that is not in the run; the nearest one is named.
        DatasetError: a share that is no number above 0, shares for some databases only, a
            database twice, or one alone.
    """
    shares: dict[str, Fraction | None] = {}
    rest = text.strip()
    while True:
        name, rest = _take_name(rest, text, databases)
        share = None
        if found := _SHARE.match(rest):
            share, rest = _read_share(found[1], text), rest[found.end() :]
        if name in shares:
            raise DatasetError(f"--train {text}: '{name}' is named twice; give it one share")
        shares[name] = share
        if not rest:
            break
        if not rest.startswith("+"):
            raise DatasetError(f"--train {text}: join databases by +, e.g. kdef:0.75+krc:0.25")
        rest = rest[1:].lstrip()
    if len(shares) == 1:
        raise DatasetError(
            f"--train {text}: every database is trained on by itself anyway; join two or more by +"
        )
    given = [share for share in shares.values() if share is not None]
    if given and len(given) < len(shares):
        raise DatasetError(f"--train {text}: give a share to every database, or to none")
    total = sum(given) or Fraction(len(shares))
    return Mixture(tuple((name, (shares[name] or Fraction(1)) / total) for name in sorted(shares)))


def _take_name(rest: str, text: str, databases: Sequence[str]) -> tuple[str, str]:
    """Return the database that the text begins with, and what follows."""
    for name in sorted(databases, key=len, reverse=True):
        # Options may have any sign in them, so names that are known are looked for as they are.
        after = rest[len(name) :].lstrip()
        if rest.startswith(name) and after[:1] in {"", "+", ":"}:
            return name, after
    found = _WORD.match(rest)
    word = found[0] if found else ""
    short = word.strip()
    meant = [name for name in databases if name.partition("[")[0] == short]
    if len(meant) == 1:
        return meant[0], rest[len(word) :]
    if meant:
        raise DatasetError(
            f"--train {text}: '{short}' may be {' or '.join(meant)}; write it with its options"
        )
    known = list(dict.fromkeys(name.partition("[")[0] for name in databases))
    raise UnknownNameError(
        f"--train {text}: no database '{short}' is given with -d; {suggestion(short, known)}",
        name=short,
        known=known,
    )


def _read_share(written: str, text: str) -> Fraction:
    try:
        share = Fraction(written)
    except (ValueError, ZeroDivisionError):
        share = Fraction(0)
    if share <= 0:
        raise DatasetError(
            f"--train {text}: '{written}' is no share; give a number above 0, e.g. 0.25"
        )
    return share


def read_mixtures(train: Sequence[str], databases: Sequence[str]) -> list[Mixture]:
    """Read all ``--train`` of a run; one that is given twice counts once."""
    return list(dict.fromkeys(parse_mixture(text, databases) for text in train))


def all_but_one(databases: Sequence[Database]) -> list[Mixture]:
    """Return, for every database, the mixture in equal shares of all others.

    Others that show some of the same posers, such as another session, are left out with it.

    Raises:
        DatasetError: fewer than two databases are left for some.
    """
    mixtures = []
    for database in databases:
        out = [other.name for other in databases if share_posers(database, other)]
        others = sorted(other.name for other in databases if other.name not in out)
        if len(others) < 2:
            raise DatasetError(
                f"--leave-one-out: without '{database.name}' there is "
                f"{f'only {others[0]}' if others else 'no database'} to train on, and heads of "
                f"single databases are trained anyway; give three databases or more"
            )
        shares = tuple((name, Fraction(1, len(others))) for name in others)
        mixtures.append(Mixture(shares, tuple(out)))
    return mixtures


def join_mixtures(*lists: Sequence[Mixture]) -> tuple[Mixture, ...]:
    """Join lists of mixtures, each content once; what it leaves out is kept."""
    found: dict[str, Mixture] = {}
    for mixture in (mixture for part in lists for mixture in part):
        if mixture.name not in found or mixture.leaves_out:
            found[mixture.name] = mixture
    return tuple(found.values())


def training_sets(
    selections: Sequence[Selection], mixtures: Sequence[Mixture], runs: int, seed: int
) -> list[list[TrainingSet]]:
    """Return what the heads of every run are trained on: databases, then mixtures.

    A mixture has as many training posers as the smallest of its databases.

    Raises:
        SplitError: a share is so small that it is no poser.
    """
    return [
        [
            *(_alone(place, selection, run) for place, selection in enumerate(selections)),
            *(_mix(mixture, selections, run, seed) for mixture in mixtures),
        ]
        for run in range(runs)
    ]


def _alone(place: int, selection: Selection, run: int) -> TrainingSet:
    split = selection.splits[run]
    source = Source(place, selection, split.train, split.validation)
    name = selection.database.name
    return TrainingSet(name, run, selection.expressions, (source,), len(split.test))


def _mix(mixture: Mixture, selections: Sequence[Selection], run: int, seed: int) -> TrainingSet:
    places = {selection.database.name: place for place, selection in enumerate(selections)}
    parts = [places[name] for name, _ in mixture.shares]
    train, validation = (
        _draw(mixture, [selections[place] for place in parts], part, run, seed)
        for part in ("train", "validation")
    )
    sources = tuple(
        Source(place, selections[place], *posers)
        for place, *posers in zip(parts, train, validation, strict=True)
    )
    for source in sources:
        if not source.train:
            total = sum(len(other.train) for other in sources)
            raise SplitError(
                f"--train {mixture.name}: of the {total} posers to train on, the share of "
                f"'{source.selection.database.name}' is none; give it a larger share"
            )
    units = {name for source in sources for name in source.selection.expressions}
    expressions = tuple(name for name in EXPRESSIONS if name in units)
    return TrainingSet(mixture.name, run, expressions, sources, 0)


def _draw(
    mixture: Mixture, selections: Sequence[Selection], part: str, run: int, seed: int
) -> list[tuple[str, ...]]:
    """Draw the posers of one part of a split, of each database its share.

    A poser whom two of the databases show is drawn once.  The posers of a database are drawn
    in one order for all mixtures, so that those of a smaller share are among those of a
    larger one.
    """
    pools: list[tuple[str, ...]] = [getattr(s.splits[run], part) for s in selections]
    total = min(map(len, pools))
    ties = seeds.generator(seed, f"shares, {part}", mixture.name, run)
    counts = apportion(total, [share for _, share in mixture.shares], ties)
    taken: set[tuple[str, str]] = set()
    drawn = []
    for selection, pool, count in zip(selections, pools, counts, strict=True):
        database = selection.database
        order = seeds.generator(seed, f"mixing, {part}", database.name, run).permutation(len(pool))
        free = [pool[i] for i in order if person(database, pool[i]) not in taken]
        chosen = tuple(sorted(free[:count]))
        taken |= {person(database, poser) for poser in chosen}
        drawn.append(chosen)
    return drawn


def apportion(total: int, shares: Sequence[Fraction], ties: np.random.Generator) -> tuple[int, ...]:
    """Divide a number by the method of the largest remainder; ties are decided by lot.

    >>> apportion(40, [Fraction(3, 4), Fraction(1, 4)], np.random.default_rng(0))
    (30, 10)

    Args:
        total: to be divided.
        shares: add up to 1.
        ties: the random stream.
    """
    exact = [share * total for share in shares]
    counts = [int(value) for value in exact]
    lot = ties.permutation(len(shares)).tolist()
    order = sorted(range(len(shares)), key=lambda i: (counts[i] - exact[i], lot[i]))
    for index in order[: total - sum(counts)]:
        counts[index] += 1
    return tuple(counts)
