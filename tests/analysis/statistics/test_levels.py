"""Tests to new posers err as often as they say when nothing differs; published ones do not.

A quick version of docs/simulations/false_positives.py with fixed seeds: in 200 repetitions a
test of level .05 rejects 10 times, give or take 3.1.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ccbench.analysis.statistics import published_rates
from ccbench.analysis.statistics.finding import LEVEL, Finding
from ccbench.analysis.statistics.outcomes import Outcomes
from ccbench.analysis.statistics.plan import Plan
from ccbench.analysis.statistics.poser_tuning import confusion_findings, profile_findings
from ccbench.analysis.statistics.to_new_posers import rate_findings
from ccbench_registry import EXPRESSIONS

REPETITIONS, FEWEST, MOST = 200, 2, 19
PUBLISHED, INFLATED = 120, 12
RUNS, TESTED = 15, 6


def answers(rng: np.random.Generator, posers: dict[str, int]) -> dict[tuple[str, str], Outcomes]:
    """Return answers to photographs that are stably easy or hard, alike in both databases."""
    found = {}
    for test, many in posers.items():
        tested = rng.random((RUNS, many)).argsort(axis=1) < TESTED
        shown = np.repeat(tested[:, :, None], 5, axis=2).astype(np.float64)
        for train in posers:
            easy = rng.beta(1.4, 0.6, shown.shape[1:])
            correct = (rng.random(shown.shape) < easy) * shown
            found[train, test] = Outcomes(EXPRESSIONS[:5], correct, shown)
    return found


def rejected(findings: list[Finding], counts: dict[str, int]) -> None:
    for finding in findings:
        if ": b " in finding.comparison:
            continue  # own vs swapped, and own vs foreign, of one database each
        key = f"{finding.comparison}, {finding.method}"
        counts[key] = counts.get(key, 0) + (finding.p < LEVEL)
        if np.isfinite(finding.low):
            outside = finding.low > 0 or finding.high < 0
            counts[f"{key}, interval"] = counts.get(f"{key}, interval", 0) + outside


def test_rates_to_new_posers_have_their_level_and_published_ones_do_not() -> None:
    counts: dict[str, int] = {}
    published: dict[str, int] = {}
    for seed in range(REPETITIONS):
        rng = np.random.default_rng(seed)
        found = answers(rng, {"a": 24, "b": 36})
        plan = Plan(seed, draws=300, permutations=299, test_to_train=0.3)
        rejected(rate_findings(found, ["a", "b"], plan), counts)
        if seed < PUBLISHED:
            # Slow, and one direction is enough.
            found.pop(("b", "a"))
            rejected(published_rates.rate_findings(found, ["a", "b"]), published)
    sensitivity = {key: many for key, many in counts.items() if "sensitivity" in key}
    tested = {key: many for key, many in counts.items() if key not in sensitivity}
    assert len(tested) == 2 * 3 + 2
    assert all(FEWEST < many < MOST for many in tested.values()), tested
    assert all(many < MOST for many in sensitivity.values()), sensitivity
    assert all(many > INFLATED for many in published.values()), published


def test_profiles_have_their_level() -> None:
    counts: dict[str, int] = {}
    index = pd.MultiIndex.from_product([range(20), range(6)], names=["action_unit", "intensity"])
    for seed in range(REPETITIONS):
        rng = np.random.default_rng(seed)
        parts = [
            pd.DataFrame({"response": rng.normal(size=(20, 6)).cumsum(axis=1).ravel()}, index)
            .reset_index()
            .assign(probe="probe", database=name, expression="happy")
            for name in "ab"
        ]
        plan = Plan(seed, draws=200, permutations=299, test_to_train=0.3)
        rejected(profile_findings(pd.concat(parts), plan), counts)
    assert len(counts) == 2
    assert all(FEWEST < many < MOST for many in counts.values()), counts


def test_relations_of_matrices_with_large_diagonals_have_their_level() -> None:
    counts: dict[str, int] = {}
    for seed in range(REPETITIONS):
        rng = np.random.default_rng(seed)
        bias = rng.normal(size=(2, 7))
        matrices = rng.normal(size=(2, 7, 7)) + 3 * np.eye(7) + bias[:, None] + bias[:, :, None]
        cells = pd.DataFrame(
            [
                ("probe", "a", "b", one, other, *matrices[:, i, j])
                for i, one in enumerate(EXPRESSIONS)
                for j, other in enumerate(EXPRESSIONS)
            ],
            columns=[
                "probe", "train_database", "test_database", "expression", "predicted", "rate",
                "r_s",
            ],
        )  # fmt: skip
        rejected(confusion_findings(cells), counts)
    assert len(counts) == 2
    assert all(FEWEST < many < MOST for many in counts.values()), counts
