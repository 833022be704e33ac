"""The column *to new posers*: posers, action units and labels as what varies."""

from __future__ import annotations

import itertools

import pandas as pd

from ccbench.analysis.statistics.corrected_t import nadeau_bengio_finding
from ccbench.analysis.statistics.finding import POSERS, Finding, not_estimable
from ccbench.analysis.statistics.outcomes import Outcomes, collect, databases, mixtures
from ccbench.analysis.statistics.plan import Plan, Side
from ccbench.analysis.statistics.poser_groups import compare_groups
from ccbench.analysis.statistics.poser_pairs import compare_paired
from ccbench.analysis.statistics.poser_tuning import confusion_findings, profile_findings

DRAWS = 2_000
PERMUTATIONS = 10_000
TEST_TO_TRAIN = 12 / 40


def poser_findings(
    predictions: pd.DataFrame,
    found: pd.DataFrame,
    cells: pd.DataFrame,
    seed: int = 0,
    draws: int = DRAWS,
    *,
    permutations: int = PERMUTATIONS,
    test_to_train: float = TEST_TO_TRAIN,
) -> list[Finding]:
    """Test what the paper tests, to posers, action units and labels, for every pair.

    Args:
        predictions: table of a run.
        found: :func:`ccbench.analysis.profiles`; may be empty.
        cells: as for :func:`published_findings`; may be empty.
        seed: the same seed gives the same numbers.
        draws: bootstrap samples of each interval.
        permutations: of posers and of action units; labels are permuted exhaustively.
        test_to_train: test posers per training poser of a run, for Nadeau & Bengio's test;
            by default the paper's.
    """
    outcomes = collect(predictions)
    names = databases(outcomes)
    plan = Plan(seed, draws, permutations, test_to_train)
    if len(names) < 2:
        return [not_estimable("between databases", POSERS, "", "one database only")]
    findings = rate_findings(outcomes, names, plan)
    findings += [
        _other_networks("mixed", outcomes, name, mixture, plan)
        for mixture in mixtures(outcomes)
        for name in names
    ]
    findings += [_training(a, b) for a, b in itertools.combinations(names, 2)]
    if not found.empty:
        findings += profile_findings(found, plan)
    if not cells.empty:
        findings += confusion_findings(cells)
    return findings


def rate_findings(
    outcomes: dict[tuple[str, str], Outcomes], names: list[str], plan: Plan
) -> list[Finding]:
    """Compare own rates between databases, own with swapped, and own with foreign networks."""
    findings = []
    for a, b in itertools.combinations(names, 2):
        findings += _own_rates(outcomes, a, b, plan)
    for a, b in itertools.permutations(names, 2):
        findings += _swapped_rates(outcomes, a, b, plan)
    return findings


def _side(outcomes: dict[tuple[str, str], Outcomes], train: str, test: str) -> Side | None:
    if (train, test) not in outcomes:
        return None
    return Side(f"{train} on {test}", test, outcomes[train, test])


def _own_rates(
    outcomes: dict[tuple[str, str], Outcomes], a: str, b: str, plan: Plan
) -> list[Finding]:
    comparison = f"own rates: {a} vs {b}"
    one, other = _side(outcomes, a, a), _side(outcomes, b, b)
    if one is None or other is None:
        return [_missing(comparison)]
    return [
        *compare_groups(comparison, one, other, plan),
        _corrected(comparison, one, other, plan, paired=False),
    ]


def _swapped_rates(
    outcomes: dict[tuple[str, str], Outcomes], a: str, b: str, plan: Plan
) -> list[Finding]:
    comparison = f"own vs swapped: {a} on {a} vs {b}"
    own, swapped = _side(outcomes, a, a), _side(outcomes, a, b)
    findings = []
    if own is None or swapped is None:
        findings.append(_missing(comparison))
    else:
        findings += [
            *compare_groups(comparison, own, swapped, plan),
            _corrected(comparison, own, swapped, plan, paired=True),
        ]
    return [*findings, _other_networks("foreign", outcomes, b, a, plan)]


def _other_networks(
    kind: str, outcomes: dict[tuple[str, str], Outcomes], name: str, other: str, plan: Plan
) -> Finding:
    """Compare networks of a database with those of another, or of a mixture, on its posers.

    A mixture is not called foreign: it may hold the database.
    """
    comparison = f"own vs {kind} networks: {name} vs {other} on {name}"
    own, theirs = _side(outcomes, name, name), _side(outcomes, other, name)
    if own is None or theirs is None:
        return _missing(comparison)
    return compare_paired(comparison, own, theirs, plan)


def _corrected(comparison: str, one: Side, other: Side, plan: Plan, *, paired: bool) -> Finding:
    return nadeau_bengio_finding(
        comparison,
        (one.name, other.name),
        one.outcomes,
        other.outcomes,
        plan.test_to_train,
        paired=paired,
    )


def _missing(comparison: str) -> Finding:
    return not_estimable(comparison, POSERS, "", "no shared expression was tested")


def _training(a: str, b: str) -> Finding:
    why = "learning curves hold one rate per run, not one per poser"
    return not_estimable(f"training rates: {a} vs {b}", POSERS, "", why)
