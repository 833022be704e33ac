"""How often each test of ``ccbench.analysis.statistics`` errs when there is no difference.

    nice python docs/simulations/false_positives.py --repetitions 1000 --seed 0 --workers 2

Prints a Markdown table: the share of repetitions in which a test rejects at .05.  Both
databases are drawn from the same distribution.  Photographs are stably easy or hard: the
chance of a correct answer is Beta distributed over photographs (mean .75) and the same in
every run.  60 posers per database, 12 of them tested in each of 40 runs, 7 expressions.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ccbench.analysis.statistics.finding import LEVEL, Finding
from ccbench.analysis.statistics.finding import POSERS as NEW_POSERS
from ccbench.analysis.statistics.outcomes import Array, Outcomes
from ccbench.analysis.statistics.plan import Plan
from ccbench.analysis.statistics.poser_tuning import confusion_findings, profile_findings
from ccbench.analysis.statistics.published_rates import rate_findings as published_rates
from ccbench.analysis.statistics.published_tuning import (
    confusion_findings as published_confusions,
)
from ccbench.analysis.statistics.published_tuning import profile_findings as published_profiles
from ccbench.analysis.statistics.to_new_posers import rate_findings
from ccbench.seeds import generator
from ccbench_registry import EXPRESSIONS

RUNS, POSERS, TESTED, MEAN = 40, 60, 12, 0.75
UNITS, INTENSITIES = 20, 10
SCENARIOS = {
    "concentration 1": (1.0, 0.0),
    "concentration 3": (3.0, 0.0),
    "concentration 3, networks differ": (3.0, 0.02),
}
"""Concentration of the Beta distribution; SD over networks of the chance of success."""
Test = tuple[str, str, str]
"""What is compared, column, method."""
Outcome = tuple[Test, bool]
DRAWS, PERMUTATIONS = 1000, 999
"""Fewer than in a report; the level of a test does not depend on them."""


def simulate(
    concentration: float, network_sd: float, rng: np.random.Generator
) -> dict[tuple[str, str], Outcomes]:
    """Draw the own answers of networks a and b, and those of a on b's posers.

    The networks of a are as good on b's photographs as those of b, with difficulties of
    their own.
    """
    networks = {name: rng.normal(0, network_sd, (RUNS, 1, 1)) for name in "ab"}
    tested = {}
    for name in "ab":
        order = rng.random((RUNS, POSERS)).argsort(axis=1)
        tested[name] = np.repeat((order < TESTED)[:, :, None], len(EXPRESSIONS), axis=2)
    answers = {}
    for train, test in ("aa", "bb", "ab", "ba"):
        shape = (POSERS, len(EXPRESSIONS))
        easy = rng.beta(MEAN * concentration, (1 - MEAN) * concentration, shape)
        chance = np.clip(easy + networks[train], 0, 1)
        shown = tested[test].astype(np.float64)
        correct = (rng.random(shown.shape) < chance) * shown
        answers[train, test] = Outcomes(EXPRESSIONS, correct, shown)
    return answers


def pigeonhole_excludes_zero(one: Outcomes, other: Outcomes, rng: np.random.Generator) -> bool:
    """Whether the plain bootstrap of runs and posers (Owen 2007) excludes 0: too seldom."""
    means = []
    for part in (one, other):
        runs = rng.multinomial(RUNS, np.full(RUNS, 1 / RUNS), DRAWS).astype(np.float64)
        posers = rng.multinomial(POSERS, np.full(POSERS, 1 / POSERS), DRAWS).astype(np.float64)
        correct, shown = (
            (runs @ table.reshape(RUNS, -1)).reshape(DRAWS, POSERS, -1)
            for table in (part.correct, part.shown)
        )
        scores = np.divide(correct, shown, out=np.zeros_like(shown), where=shown > 0)
        weights = posers[:, :, None] * (shown > 0)
        means.append(((scores * weights).sum(axis=1) / weights.sum(axis=1)).mean(axis=1))
    low, high = np.quantile(means[0] - means[1], [LEVEL / 2, 1 - LEVEL / 2])
    return bool(low > 0 or high < 0)


def rejections(findings: list[Finding]) -> list[Outcome]:
    """Return whether each p is below .05 and each interval to new posers excludes 0."""
    found = []
    for finding in findings:
        compared = finding.comparison.split(": ")[0].split(" (")[0]
        test = (compared, finding.basis, finding.method)
        found.append((test, finding.p < LEVEL))
        if finding.basis == NEW_POSERS and not np.isnan(finding.low):
            test = (*test[:2], f"{finding.method}: interval")
            found.append((test, finding.low > 0 or finding.high < 0))
    return found


def rates(scenario: str, seed: int, repetition: int) -> list[Outcome]:
    """Test one pair of databases that do not differ in their rates."""
    rng = generator(seed, f"simulate rates, {scenario}", "", repetition)
    answers = simulate(*SCENARIOS[scenario], rng)
    plan = Plan(int(rng.integers(2**31)), DRAWS, PERMUTATIONS, TESTED / 40)
    pigeonhole = pigeonhole_excludes_zero(answers["a", "a"], answers["b", "b"], rng)
    return [
        *rejections(published_rates(answers, ["a", "b"])),
        *rejections(rate_findings(answers, ["a", "b"], plan)),
        (("own rates", "not used", "plain bootstrap of runs and posers: interval"), pigeonhole),
    ]


def curves(rng: np.random.Generator) -> Array:
    """Draw tuning curves: a slope per action unit plus a random walk over intensities."""
    level = np.linspace(1 / INTENSITIES, 1, INTENSITIES)
    walk = 0.15 * rng.normal(size=(UNITS, INTENSITIES)).cumsum(axis=1)
    drawn: Array = rng.normal(size=(UNITS, 1)) * level + walk
    return drawn


def profiles(seed: int, repetition: int) -> list[Outcome]:
    """Test one pair of profiles that have nothing to do with each other."""
    rng = generator(seed, "simulate profiles", "", repetition)
    index = pd.MultiIndex.from_product(
        [range(UNITS), range(INTENSITIES)], names=["action_unit", "intensity"]
    )
    parts = [
        pd.DataFrame({"response": curves(rng).ravel()}, index)
        .reset_index()
        .assign(probe="any", database=name, expression="happy")
        for name in "ab"
    ]
    found = pd.concat(parts, ignore_index=True)
    plan = Plan(int(rng.integers(2**31)), DRAWS, PERMUTATIONS, TESTED / 40)
    return rejections([*published_profiles(found), *profile_findings(found, plan)])


def confusions(seed: int, repetition: int) -> list[Outcome]:
    """Test two matrices over 7 labels whose diagonals are large and that share nothing else.

    Correlations of profiles come from vectors of the labels; choices from a softmax over
    other vectors, with a bias for some labels.
    """
    rng = generator(seed, "simulate confusions", "", repetition)
    many = len(EXPRESSIONS)
    profile = rng.normal(size=(many, 6))
    other = profile + rng.normal(size=(many, 6))
    r_s = np.corrcoef(profile, other)[:many, many:]
    seen = rng.normal(size=(many, 4))
    logits = seen @ (seen + 0.7 * rng.normal(size=(many, 4))).T + rng.normal(size=many)
    choice = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = [
        ("any", "a", "b", shown, chosen, choice[i, j], r_s[i, j])
        for i, shown in enumerate(EXPRESSIONS)
        for j, chosen in enumerate(EXPRESSIONS)
    ]
    columns = ["probe", "train_database", "test_database", "expression", "predicted", "rate", "r_s"]
    cells = pd.DataFrame(rows, columns=columns)
    return rejections([*published_confusions(cells), *confusion_findings(cells)])


def share_rejected(
    simulation: Callable[[int], list[Outcome]],
    repetitions: int,
    pool: ProcessPoolExecutor,
    chunk: int,
) -> dict[Test, float]:
    """Return the share of rejections of each test."""
    found: dict[Test, list[bool]] = {}
    for outcomes in pool.map(simulation, range(repetitions), chunksize=chunk):
        for test, rejected in outcomes:
            found.setdefault(test, []).append(rejected)
    return {test: float(np.mean(rejected)) for test, rejected in found.items()}


def print_table(title: str, columns: dict[str, dict[Test, float]]) -> None:
    """Print one row per test, one column per scenario."""
    print(f"| {title} | column | test | {' | '.join(columns)} |")
    print("|---|---|---|" + "---|" * len(columns))
    for test in next(iter(columns.values())):
        shares = (f"{column[test]:.3f}".removeprefix("0") for column in columns.values())
        print(f"| {' | '.join(test)} | {' | '.join(shares)} |")
    print()


def main() -> None:
    """Read the options, simulate, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    chunk = max(1, min(10, options.repetitions // options.workers))
    # Workers that each start threads of their own would wait for each other.
    one = partial(threadpool_limits, 1)
    with one(), ProcessPoolExecutor(options.workers, initializer=one) as pool:
        run = partial(share_rejected, repetitions=options.repetitions, pool=pool, chunk=chunk)
        by_scenario = {name: run(partial(rates, name, options.seed)) for name in SCENARIOS}
        curves_found = run(partial(profiles, options.seed))
        matrices_found = run(partial(confusions, options.seed))
    print_table("correct rates", by_scenario)
    print_table("profiles", {"independent curves": curves_found})
    print_table("confusions", {"independent matrices": matrices_found})


if __name__ == "__main__":
    main()
