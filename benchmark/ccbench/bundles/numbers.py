"""The numbers that a bundle states, and that whoever verifies it computes again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ccbench.analysis.leaderboard import MEASURES, Measured

if TYPE_CHECKING:
    import pandas as pd

Numbers = dict[str, dict[str, float | None]]
TOLERANCE = 1e-6
"""Two machines add up in another order; what is stated may differ by this much."""
_RATE = ("mean", "sd", "runs", "photographs", "expressions", "chance", "shared_choice")


def stated_numbers(measured: Measured) -> Numbers:
    """Return every number of a bundle: what it is -> name of the number -> number.

    The matrix of correct rates, the leaderboard's values with their intervals, and the
    correlations of profiles; ``None`` where one cannot be estimated.
    """
    from ccbench.analysis import correct_rates, profile_correlations, profiles

    run = measured.submission
    found: Numbers = {}
    for row in _records(correct_rates(run.predictions)):
        name = f"correct rate: trained on {row['train_database']}, tested on {row['test_database']}"
        found[name] = {key: _plain(row[key]) for key in _RATE}
    titles = {measure.key: measure.title.lower() for measure in MEASURES}
    for value in measured.values:
        detail = f" ({value.detail})" if value.detail else ""
        found[f"{titles[value.measure]}{detail}: {value.subject}"] = {
            key: _plain(number) for key, number in value.numbers().items()
        }
    if len(run.responses):
        for row in _records(profile_correlations(profiles(run.responses))):
            pair = f"{row['database']} and {row['other']}"
            name = f"profiles ({row['probe']}), {row['expression']}: {pair}"
            found[name] = {key: _plain(row[key]) for key in ("points", "r_s")}
    return found


def agree(stated: Any, computed: float | None) -> bool:
    """Whether a number of a bundle is the one that was computed again."""
    if computed is None or stated is None:
        return stated is computed
    if isinstance(stated, bool) or not isinstance(stated, int | float):
        return False
    # A whole number may be too large for a float; no comparison minds.
    return computed - TOLERANCE <= stated <= computed + TOLERANCE


def written(numbers: Mapping[str, Any]) -> str:
    """Write the numbers of one line: "estimate .8061, low .7673"."""
    return ", ".join(f"{name} {_short(value)}" for name, value in numbers.items())


def _short(value: Any) -> str:
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4f}"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
