"""What a run answers, in a few sentences: the first thing on its page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ccbench.analysis.statistics.finding import POSERS, Finding
from ccbench.reporting import words
from ccbench.reporting.summary import Pair, Summary
from ccbench.reporting.tables import written
from ccbench.reporting.tuning import Tuning, au_name
from ccbench.results import Run

_ALIKE, _UNLIKE = 0.7, 0.3
"""Spearman correlations from and up to which two profiles are called alike and unlike."""
_MOST_UNITS = 3


@dataclass(frozen=True)
class Drop:
    """How much the correct rate falls from a database's own test posers to another's.

    Attributes:
        pair: the swapped test.
        value: the fall.
        low: lower end of the 95 % interval to new posers; nan where not estimable.
        high: upper end.
    """

    pair: Pair
    value: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """E.g. ".35 [.30, .40]"."""
        return written(self.value, "rate") + _interval(self.low, self.high)

    @property
    def shown(self) -> bool:
        """Whether the interval lies above 0."""
        return self.low > 0


@dataclass(frozen=True)
class Answer:
    """The question of a run and what it says.

    Attributes:
        question: the headline.
        lead: the answer in one sentence.
        points: what it rests on, a sentence or two each.
        caveats: what it does not say.
    """

    question: str
    lead: str
    points: tuple[str, ...]
    caveats: tuple[str, ...]


def answer(
    run: Run,
    summary: Summary,
    tunings: Sequence[Tuning],
    findings: Sequence[Finding],
    ceilings: pd.DataFrame,
) -> Answer:
    """Put the run into words.

    Args:
        run: whose countries are read from the cards.
        summary: the matrix.
        tunings: one per probe.
        findings: all tests of the run.
        ceilings: ``analysis.similarity.split_half``: how alike halves of the runs are.
    """
    own = [pair for pair in summary.pairs.values() if pair.own]
    if len(summary.databases) == 1 or not own:
        name = summary.databases[0]
        question = f"How well are the expressions of {name} recognised?"
        return Answer(question, _own_sentence(own), _expressions(own), _caveats(run, False))
    found = drops(summary, findings)
    points = [*_drop_points(found)]
    for tuning in tunings[:1]:
        points += _tuning_points(tuning, ceilings)
        points += _relation_points(findings)
    question = "Do networks that learned expressions in one database read the faces of another?"
    return Answer(question, _lead(own, found), tuple(points), _caveats(run, True))


def drops(summary: Summary, findings: Sequence[Finding]) -> list[Drop]:
    """Return the drop of every swapped test whose own test exists, largest first."""
    intervals = {
        finding.comparison: (finding.low, finding.high)
        for finding in findings
        if finding.basis == POSERS and not math.isnan(finding.low)
    }
    found = []
    for pair in summary.pairs.values():
        own = summary.pairs.get((pair.train, pair.train))
        if pair.own or own is None:
            continue
        key = f"own vs swapped: {pair.train} on {pair.train} vs {pair.test}"
        low, high = intervals.get(key, (math.nan, math.nan))
        found.append(Drop(pair, own.mean - pair.mean, low, high))
    return sorted(found, key=lambda drop: -drop.value)


def _own_sentence(own: Sequence[Pair]) -> str:
    if not own:
        return "No photograph was scored."
    pair = own[0]
    return (
        f"Networks trained on {pair.train} label {written(pair.mean, 'rate')} of the photographs "
        f"of posers whom they have never seen correctly (chance {written(pair.chance, 'rate')})."
    )


def _expressions(own: Sequence[Pair]) -> tuple[str, ...]:
    if not own:
        return ()
    rates = {name: row.get(name, math.nan) for name, row in own[0].confusion.items()}
    known = {name: value for name, value in rates.items() if not math.isnan(value)}
    best, worst = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
    return (
        f"The best recognised expression is {best} ({written(known[best], 'rate')}), the worst "
        f"{worst} ({written(known[worst], 'rate')}).",
    )


def _lead(own: Sequence[Pair], found: Sequence[Drop]) -> str:
    mine = _range([pair.mean for pair in own])
    swapped = _range([drop.pair.mean for drop in found])
    chances = _range([pair.chance for pair in own])
    verdict = "Not fully" if any(drop.shown for drop in found) else "No drop is shown"
    if all(math.isnan(drop.low) for drop in found):
        verdict = "What these networks do"
    return (
        f"{verdict}: they label {mine} of their own database's test photographs correctly, and "
        f"{swapped} of another's (chance {chances})."
    )


def _drop_points(found: Sequence[Drop]) -> list[str]:
    if not found:
        return []
    first, last = found[0], found[-1]
    interval = " (95 % intervals are to new posers)" if not math.isnan(first.low) else ""
    text = f"The correct rate drops most from {_way(first)}, by {first.text}"
    if len(found) > 1:
        text += f", and least from {_way(last)}, by {last.text}"
    points = [f"{text}{interval}."]
    none = [drop for drop in found if not math.isnan(drop.low) and not drop.shown]
    if none and len(none) < len(found):
        points.append(f"No drop is shown from {words.listed([_way(drop) for drop in none])}.")
    return points


def _way(drop: Drop) -> str:
    return f"{drop.pair.train} to {drop.pair.test}"


def _tuning_points(tuning: Tuning, ceilings: pd.DataFrame) -> list[str]:
    """Say of the pairs of databases with the least and most alike tunings what is alike."""
    means = {
        pair: sum(values.values()) / len(values)
        for pair, values in tuning.correlations.items()
        if values and not any(map(math.isnan, values.values()))
    }
    if not means:
        return []
    extremes = [min(means, key=means.__getitem__), max(means, key=means.__getitem__)]
    points = [_pair_point(tuning, pair) for pair in dict.fromkeys(extremes)]
    points[0] += " Numbers are rank correlations of tuning profiles."
    if len(ceilings):
        points.append(
            f"For comparison, mean profiles of two halves of the networks of one database "
            f"correlate {_range(ceilings['r_s'].tolist())}: no two databases could be more alike."
        )
    return points


def _pair_point(tuning: Tuning, pair: tuple[str, str]) -> str:
    values = tuning.correlations[pair]
    ordered = sorted(values, key=lambda name: -values[name])
    alike = [n for n in ordered if values[n] >= _ALIKE]
    unlike = [n for n in reversed(ordered) if values[n] <= _UNLIKE]

    def listed(names: Sequence[str]) -> str:
        return words.listed([f"{name} ({written(values[name], 'rate')})" for name in names])

    parts = []
    if alike:
        parts.append(f"tuned alike for {listed(alike)}")
    if unlike:
        parts.append(f"tuned differently for {listed(unlike)}")
    if not parts:
        parts.append(f"tuned half alike, most for {ordered[0]}, least for {ordered[-1]}")
    sentence = (
        f"To action units, the output units of {pair[0]} and {pair[1]} are {' and '.join(parts)}."
    )
    opposite = _opposite(tuning, pair)
    return f"{sentence} {opposite}" if opposite else sentence


def _opposite(tuning: Tuning, pair: tuple[str, str]) -> str:
    """Name the action units that speak for an expression in one database, against in the other."""
    one, other = (tuning.shares[name] for name in pair)
    gaps = []
    for expression in tuning.expressions:
        mine, theirs = one.get(expression, {}), other.get(expression, {})
        for unit in mine.keys() & theirs.keys():
            if mine[unit] * theirs[unit] < 0:
                gap = min(abs(mine[unit]), abs(theirs[unit]))
                gaps.append((gap, mine[unit] > 0, expression, unit))
    strong = [entry for entry in sorted(gaps, reverse=True) if entry[0] > 0.1][:_MOST_UNITS]
    if not strong:
        return ""
    named = [
        f"{au_name(unit)} on {expression} (for it in {pair[not positive]})"
        for _, positive, expression, unit in strong
    ]
    return (
        f"Action units that speak for an expression in one and against it in the other: "
        f"{words.listed(named)}."
    )


def _relation_points(findings: Sequence[Finding]) -> list[str]:
    """Say whether profile correlations go with confusions, in the permutation test."""
    tested = [
        finding
        for finding in findings
        if finding.basis == POSERS
        and finding.comparison.startswith("profiles and confusions")
        and finding.comparison.endswith("(off-diagonal)")
        and not math.isnan(finding.p)
    ]
    if not tested:
        return []
    above = sum(finding.p < 0.05 and finding.estimate > 0 for finding in tested)
    values = _range([finding.estimate for finding in tested])
    return [
        f"Do networks confuse expressions whose tunings are alike? Wrong choices and profile "
        f"correlations correlate {values}, more than with labels matched up at random in {above} "
        f"of {len(tested)} swapped tests."
    ]


def _caveats(run: Run, several: bool) -> tuple[str, ...]:
    caveats = [
        "Runs reuse the same posers: an SD over runs is the scatter over random splits. Intervals "
        "and tests “to new posers” say what would hold for other posers of the same databases."
    ]
    if not several:
        return tuple(caveats)
    cards = [entry["card"] for entry in run.manifest["databases"]]
    if all(card.get("recipe") for card in cards):
        caveats.append(
            "These faces are rendered or drawn by recipes. They test the method; they say nothing "
            "about any country."
        )
        return tuple(caveats)
    countries = Counter(card.get("country") or "" for card in cards)
    known = [name for name in countries if name]
    if len(known) < 2 or min(countries[name] for name in known) < 2:
        caveats.append(
            "A difference between two databases is not by itself one between cultures: camera, "
            "light, instructions and posers differ too. Two databases of each country would tell."
        )
    return tuple(caveats)


def _range(values: Sequence[float]) -> str:
    low, high = (written(value, "rate") for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _interval(low: float, high: float) -> str:
    if math.isnan(low) or math.isnan(high):
        return ""
    return f" [{written(low, 'rate')}, {written(high, 'rate')}]"
