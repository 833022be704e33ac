"""The tests of a report: of each comparison, as published beside to new posers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ccbench.analysis.statistics.finding import POSERS, PUBLISHED, Finding
from ccbench.reporting.tables import written


@dataclass(frozen=True)
class Comparison:
    """What was compared, and how both ways of testing it came out.

    Attributes:
        title: e.g. "kdef vs krc".
        published: tests that take runs, points or cells as independent.
        posers: tests of what would hold for new posers.
    """

    title: str
    published: tuple[Finding, ...]
    posers: tuple[Finding, ...]


@dataclass(frozen=True)
class Family:
    """Comparisons of one kind.

    Attributes:
        title: e.g. "own rates".
        comparisons: in the order of the databases.
    """

    title: str
    comparisons: tuple[Comparison, ...]


def families(findings: Sequence[Finding]) -> tuple[Family, ...]:
    """Put the findings about one comparison side by side, comparisons of a kind together."""
    grouped: dict[str, dict[str, list[Finding]]] = {}
    for finding in findings:
        kind, _, title = finding.comparison.partition(": ")
        # "profiles (series), happy: a vs b": all expressions make one family.
        kind, _, expression = kind.partition(", ")
        title = ", ".join(part for part in (expression, title or kind) if part)
        grouped.setdefault(kind, {}).setdefault(title, []).append(finding)
    return tuple(
        Family(kind, tuple(_comparison(title, part) for title, part in comparisons.items()))
        for kind, comparisons in grouped.items()
    )


def _comparison(title: str, findings: Sequence[Finding]) -> Comparison:
    return Comparison(
        title,
        tuple(finding for finding in findings if finding.basis == PUBLISHED),
        tuple(finding for finding in findings if finding.basis == POSERS),
    )


def brief(finding: Finding) -> str:
    """Write a finding in a line, e.g. ".35 [.30, .40], t(78) = 24.10, p < .001".

    A finding that could not be made is its sentence.
    """
    parts = []
    if not math.isnan(finding.estimate):
        ends = (finding.low, finding.high)
        text = written(finding.estimate, "rate")
        if not any(map(math.isnan, ends)):
            text += f" [{written(ends[0], 'rate')}, {written(ends[1], 'rate')}]"
        parts.append(text)
    if finding.df:
        symbol = "F" if len(finding.df) == 2 else "t"
        df = ", ".join(f"{value:.0f}" for value in finding.df)
        parts.append(f"{symbol}({df}) = {written(finding.statistic, 'number')}")
    p = finding.p if math.isnan(finding.p_adjusted) else finding.p_adjusted
    if not math.isnan(p):
        text = written(p, "p")
        corrected = f" ({finding.correction.split()[0]})" if finding.correction else ""
        sign = "< " if text.startswith("<") else "= "
        parts.append(f"p {sign}{text.removeprefix('<')}{corrected}")
    return ", ".join(parts) or finding.sentence
