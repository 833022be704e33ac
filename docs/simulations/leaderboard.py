"""How often leaderboards err when all networks are equally good.

Every network reads every database with the same mean rate; photographs are stably easy or
hard (Beta distributed, mean .75), half of that for all networks alike, and networks of one
run are a little better or worse together.  Then no drop or advantage differs from 0, no own
rate from .75, and no two entries may be put in an order.

    nice python docs/simulations/leaderboard.py --repetitions 500
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np

from ccbench.analysis.leaderboard import rank_values
from ccbench.analysis.leaderboard.rates import rate_values
from ccbench.analysis.statistics.outcomes import Outcomes
from ccbench_registry import EXPRESSIONS

RATE, NETWORKS = 0.75, 0.02
NAMES = ("a", "b", "c")


def invent(
    rng: np.random.Generator, concentration: float, runs: int, posers: int
) -> dict[tuple[str, str], Outcomes]:
    """Return the answers of the networks of three databases to the posers of all."""
    found = {}
    better = rng.normal(0, NETWORKS, (len(NAMES), runs))
    for test in NAMES:
        shape = (posers, len(EXPRESSIONS))
        parameters = (RATE * concentration, (1 - RATE) * concentration, shape)
        common = rng.beta(*parameters)
        order = rng.random((runs, posers)).argsort(axis=1)
        tested = (order < posers // 5).astype(np.float64)
        shown = np.repeat(tested[:, :, None], shape[1], axis=2)
        for train, network in zip(NAMES, better, strict=True):
            chance = (common + rng.beta(*parameters)) / 2 + network[:, None, None]
            correct = (rng.random(shown.shape) < chance) * shown
            found[train, test] = Outcomes(EXPRESSIONS, correct, shown)
    return found


def repeat(seed: int, concentration: float, runs: int, posers: int) -> Counter[str]:
    """Return what went wrong in one repetition."""
    pairs = invent(np.random.default_rng(seed), concentration, runs, posers)
    values = rate_values(pairs, NAMES, dict.fromkeys(NAMES, "x"))
    wrong: Counter[str] = Counter()
    for value in values:
        true = RATE if value.measure in {"own", "swapped"} else 0.0
        of = "mean of all" if value.subject not in NAMES else "a database"
        share = 1 if of == "mean of all" else 1 / len(NAMES)
        wrong[f"interval: {value.measure}, {of}"] += share * (not value.low <= true <= value.high)
    for measure in dict.fromkeys(value.measure for value in values):
        entries = [v for v in values if v.measure == measure and v.subject in NAMES]
        ranks = rank_values(entries)
        wrong[f"ranks: {measure}"] += any((r.low, r.high) != (1, len(NAMES)) for r in ranks)
    return wrong


def main() -> None:
    """Print a table: what is wrong how often."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=500)
    arguments = parser.parse_args()
    settings = {
        "60 posers, 40 runs, concentration 1": (1.0, 40, 60),
        "60 posers, 40 runs, concentration 3": (3.0, 40, 60),
        "20 posers, 10 runs, concentration 3": (3.0, 10, 20),
    }
    columns = []
    for setting in settings.values():
        total: Counter[str] = Counter()
        for seed in range(arguments.repetitions):
            total += repeat(seed, *setting)
        columns.append(total)
    print(f"| wrong in | {' | '.join(settings)} |\n|---|{'---|' * len(settings)}")
    for name in sorted({name for column in columns for name in column}):
        cells = [f"{c[name] / arguments.repetitions:.3f}".removeprefix("0") for c in columns]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
