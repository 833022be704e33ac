"""What a run answers, in a few sentences: the first thing on its page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from ccbench.analysis.statistics.finding import LEVEL, POSERS, Finding
from ccbench.analysis.statistics.labels import smallest_p
from ccbench.analysis.statistics.poser_groups import DIFFERENCE
from ccbench.reporting import words
from ccbench.reporting.mixtures import mixture_points
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
        value: the fall, over the expressions that both databases have.
        low: lower end of the 95 % interval to new posers; nan where not estimable.
        high: upper end.
        p: of the permutation of posers, corrected for the number of swapped tests by Holm's
            method; nan where not estimable.
    """

    pair: Pair
    value: float
    low: float
    high: float
    p: float

    @property
    def text(self) -> str:
        """E.g. "drops by .35 [.30, .40]"."""
        verb = "rises" if self.value < 0 else "drops"
        low, high = (-self.high, -self.low) if self.value < 0 else (self.low, self.high)
        return f"{verb} by {written(abs(self.value), 'rate')}{_interval(low, high)}"

    @property
    def shown(self) -> bool:
        """Whether other posers would give a fall too."""
        return self.value > 0 and self.p < LEVEL


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
    found = drops(summary, findings)
    if not found:
        names = summary.databases
        question = f"How well are the expressions of {words.listed(names)} recognised?"
        return Answer(question, _own_sentence(own), _expressions(own), _caveats(run, False))
    points = [*_drop_points(found), *mixture_points(run)]
    for tuning in tunings[:1]:
        points += _tuning_points(tuning, ceilings[ceilings["probe"] == tuning.probe])
        points += _relation_points(findings, tuning.probe)
    question = "Do networks that learned expressions in one database read the faces of another?"
    return Answer(question, _lead(own, found), tuple(points), _caveats(run, True))


def drops(summary: Summary, findings: Sequence[Finding]) -> list[Drop]:
    """Return the drop of every swapped test whose own test exists, largest first."""
    tests = {
        finding.comparison: finding
        for finding in findings
        if finding.basis == POSERS and finding.method == DIFFERENCE
    }
    found = []
    for pair in summary.pairs.values():
        own = summary.pairs.get((pair.train, pair.train))
        if pair.own or own is None:
            continue
        if not _shared(own, pair):
            continue
        test = tests.get(f"own vs swapped: {pair.train} on {pair.train} vs {pair.test}")
        if test is None or math.isnan(test.estimate):
            value = _shared_rate(own, pair) - _shared_rate(pair, own)
            found.append(Drop(pair, value, math.nan, math.nan, math.nan))
        else:
            found.append(Drop(pair, test.estimate, test.low, test.high, test.p))
    return sorted(_holm(found), key=lambda drop: -drop.value)


def _holm(found: Sequence[Drop]) -> list[Drop]:
    from statsmodels.stats.multitest import multipletests

    tested = [place for place, drop in enumerate(found) if not math.isnan(drop.p)]
    answer = list(found)
    if tested:
        corrected = multipletests([found[place].p for place in tested], method="holm")[1]
        for place, p in zip(tested, corrected, strict=True):
            answer[place] = replace(found[place], p=float(p))
    return answer


def _shared_rate(pair: Pair, other: Pair) -> float:
    """Return the mean rate over the expressions that both tests score, all runs pooled."""
    shared = _shared(pair, other)
    return sum(pair.confusion[name][name] for name in shared) / len(shared)


def _shared(pair: Pair, other: Pair) -> list[str]:
    return [name for name in pair.confusion if name in other.confusion and name in pair.units]


def _own_sentence(own: Sequence[Pair]) -> str:
    if not own:
        return "No photograph was scored."
    rates = _range([pair.mean for pair in own])
    chances = _range([pair.chance for pair in own])
    return (
        f"Networks are right about {rates} of the expressions of posers whom they have never seen "
        f"(chance {chances})."
    )


def _expressions(own: Sequence[Pair]) -> tuple[str, ...]:
    sentences = []
    for pair in own:
        known = {name: row[name] for name, row in pair.confusion.items() if name in row}
        best, worst = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
        sentences.append(
            f"{pair.train}: the best recognised expression is {best} "
            f"({written(known[best], 'rate')}), the worst {worst} "
            f"({written(known[worst], 'rate')})."
        )
    return tuple(sentences)


def _lead(own: Sequence[Pair], found: Sequence[Drop]) -> str:
    mine = _range([pair.mean for pair in own])
    swapped = _range([drop.pair.mean for drop in found])
    chances = _range([pair.chance for pair in own])
    verdict = "No drop is shown: they"
    if any(drop.shown for drop in found):
        verdict = "Not fully: they"
    elif any(math.isnan(drop.p) for drop in found):
        verdict = "They"
    return (
        f"{verdict} are right about {mine} of the expressions of their own database's test posers, "
        f"and about {swapped} of another's (mean over expressions; chance {chances})."
    )


def _drop_points(found: Sequence[Drop]) -> list[str]:
    ends = [found[0]] if len(found) == 1 else [found[0], found[-1]]
    told = [f"from {_way(drop)} it {drop.text}" for drop in ends]
    which = " at the extremes" if len(found) > 2 else ""
    known = any(not math.isnan(drop.low) for drop in ends)
    interval = " (95 % intervals to new posers)" if known else ""
    points = [f"The correct rate{which}: {' and '.join(told)}{interval}."]
    none = [drop for drop in found if not math.isnan(drop.p) and not drop.shown]
    if none and len(none) < len(found):
        points.append(
            f"No drop is shown (Holm-corrected) from {words.listed([_way(drop) for drop in none])}."
        )
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
    heads = ["Least alike", "Most alike"] if len(points) > 1 else ["Tuning to action units"]
    points = [f"{head}: {point}" for head, point in zip(heads, points, strict=True)]
    points[0] += " Numbers are rank correlations of their tuning to action units."
    if len(ceilings):
        points.append(
            f"For comparison, mean profiles of two halves of the networks of one database "
            f"correlate {_range(ceilings['r_s'].tolist())}."
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
        # Noise makes them as small as a difference does: docs/statistics.md.
        parts.append(f"hardly alike for {listed(unlike)}")
    if not parts:
        parts.append(
            f"tuned most alike for {listed(ordered[:1])}, least for {listed(ordered[-1:])}"
        )
    sentence = f"the output units of {pair[0]} and {pair[1]} are {' and '.join(parts)}."
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


def _relation_points(findings: Sequence[Finding], probe: str) -> list[str]:
    """Say whether profile correlations go with confusions, in the permutation test."""
    tested = [
        finding
        for finding in findings
        if finding.basis == POSERS
        and finding.comparison.startswith(f"profiles and confusions ({probe}): ")
        and finding.comparison.endswith("(off-diagonal)")
        and not math.isnan(finding.p)
    ]
    if not tested:
        return []
    values = _range([finding.estimate for finding in tested])
    # With few labels no order of them is rare enough.
    able = [finding for finding in tested if smallest_p(_labels(finding)) < LEVEL]
    above = sum(finding.p < LEVEL and finding.estimate > 0 for finding in able)
    told = (
        f"more than with labels matched up at random in {above} of {len(able)} swapped tests "
        f"(p < .05, not corrected)"
        if able
        else "which so few labels cannot tell from labels matched up at random"
    )
    return [
        f"Do networks confuse expressions whose tunings are alike? Wrong choices and profile "
        f"correlations correlate {values}, {told}."
    ]


def _labels(finding: Finding) -> int:
    """Return how many labels a finding counts: "7 labels"."""
    return int(finding.n.split()[0])


def _caveats(run: Run, several: bool) -> tuple[str, ...]:
    caveats = ["Runs reuse the same posers: an SD over runs is the scatter over random splits."]
    if several:
        caveats[0] += (
            " Intervals and tests “to new posers” say what would hold for other posers of the same "
            "databases."
        )
    cards = [entry["card"] for entry in run.manifest["databases"]]
    if all(card.get("recipe") for card in cards):
        caveats.append(
            "These faces are rendered or drawn by recipes. They test the method; they say nothing "
            "about any country."
        )
    elif several:
        # Two sessions or views of one database are still one database of its country.
        known = {(card["country"], card["name"]) for card in cards if card.get("country")}
        countries = Counter(country for country, _ in known)
        if len(countries) < 2 or min(countries.values()) < 2:
            caveats.append(
                "A difference between two databases is not by itself one between cultures: camera, "
                "light, instructions and posers differ too. Two databases of each country would be "
                "a first control."
            )
    return tuple(caveats)


def _range(values: Sequence[float]) -> str:
    low, high = (written(value, "rate") for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _interval(low: float, high: float) -> str:
    if math.isnan(low) or math.isnan(high):
        return ""
    return f" [{written(low, 'rate')}, {written(high, 'rate')}]"
