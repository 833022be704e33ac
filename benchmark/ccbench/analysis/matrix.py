"""Correct rates and confusions of every train-test pair (paper, "Correct rate").

All functions take the ``predictions`` table of a run: columns ``train_database``,
``test_database``, ``run``, ``expression`` (shown), ``predicted`` (chosen) and
``logit_<expression>``, null where the head has no such unit.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ccbench.analysis.remembered import remembers
from ccbench_registry import EXPRESSIONS

_PAIR = ["train_database", "test_database"]


def _logits(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions[[f"logit_{name}" for name in EXPRESSIONS]].set_axis(
        list(EXPRESSIONS), axis="columns"
    )


def shared_expressions(predictions: pd.DataFrame) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return, per (train, test) pair, the expressions that head and test photographs share."""
    found = {}
    for pair, part in predictions.groupby(_PAIR, sort=False, observed=True):
        units = _logits(part).notna().any()
        shown = set(part["expression"].unique())
        found[(str(pair[0]), str(pair[1]))] = tuple(
            name for name in EXPRESSIONS if units[name] and name in shown
        )
    return found


def _scored(predictions: pd.DataFrame) -> pd.DataFrame:
    """Keep the photographs whose expression the head has a unit for."""
    logits = _logits(predictions).notna().to_numpy()
    column = predictions["expression"].map({name: i for i, name in enumerate(EXPRESSIONS)})
    return predictions[logits[np.arange(len(predictions)), column.to_numpy(dtype=np.intp)]]


@remembers
def expression_rates(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the correct rate per pair, run and expression.

    Photographs of an expression that the head was not trained on are not scored.

    Returns:
        train_database, test_database, run, expression, photographs, correct_rate.
    """
    scored = _scored(predictions)
    table = (
        scored.assign(correct=scored["predicted"] == scored["expression"])
        .groupby([*_PAIR, "run", "expression"], sort=False, observed=True)["correct"]
        .agg(photographs="size", correct_rate="mean")
        .reset_index()
    )
    table["expression"] = table["expression"].astype(str)
    return table


@remembers
def correct_rates(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the correct rate of every train-test pair.

    The rate of a run is the mean of its per-expression rates, so that uneven classes count
    alike; ``mean`` and ``sd`` (n - 1) are over runs.  Where an expression is not tested in
    every run, ``mean`` is over the expressions' means over runs: they count alike still.

    Returns:
        train_database, test_database, mean, sd (null for one run), runs, photographs (test
        photographs scored, all runs), expressions (number shared), chance (1 / units of
        the head), and shared_choice: the mean when the head may choose only among the
        shared expressions.
    """
    by_expression = expression_rates(predictions)
    means = _expression_means(by_expression)
    by_run = _run_means(by_expression)
    shared = shared_expressions(predictions)
    units = {
        (str(pair[0]), str(pair[1])): int(_logits(part).notna().any().sum())
        for pair, part in predictions.groupby(_PAIR, sort=False, observed=True)
    }
    fewer = {pair: shared[pair] for pair, count in units.items() if len(shared[pair]) < count}
    restricted = means
    if fewer:
        restricted = _expression_means(expression_rates(_restrict_choice(predictions, fewer)))
    rows = []
    for pair, part in by_run.groupby(_PAIR, sort=False, observed=True):
        key = (str(pair[0]), str(pair[1]))
        rates = part["correct_rate"]
        rows.append(
            {
                "train_database": key[0],
                "test_database": key[1],
                "mean": means[key],
                "sd": rates.std(ddof=1),
                "runs": len(rates),
                "photographs": int(part["photographs"].sum()),
                "expressions": len(shared[key]),
                "chance": 1 / units[key],
                "shared_choice": restricted[key],
            }
        )
    return pd.DataFrame(rows)


def _expression_means(rates: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return, per (train, test) pair, the mean over expressions of their means over runs."""
    keys = [*_PAIR, "expression"]
    means = rates.groupby(keys, sort=False, observed=True)["correct_rate"].mean().reset_index()
    over = means.groupby(_PAIR, sort=False, observed=True)["correct_rate"]
    return {(str(pair[0]), str(pair[1])): float(part.mean()) for pair, part in over}


def _run_means(rates: pd.DataFrame) -> pd.DataFrame:
    return (
        rates.groupby([*_PAIR, "run"], sort=False, observed=True)
        .agg(correct_rate=("correct_rate", "mean"), photographs=("photographs", "sum"))
        .reset_index()
    )


def _restrict_choice(
    predictions: pd.DataFrame, among: dict[tuple[str, str], tuple[str, ...]]
) -> pd.DataFrame:
    """Choose again in some pairs, only among the expressions that head and photographs share."""
    parts = []
    for pair, part in predictions.groupby(_PAIR, sort=False, observed=True):
        names = among.get((str(pair[0]), str(pair[1])))
        if names:
            chosen = _logits(part)[list(names)].to_numpy().argmax(axis=1)
            part = part.assign(predicted=[names[index] for index in chosen])
        parts.append(part)
    return pd.concat(parts)


@remembers
def confusion(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return how often each expression was chosen for each expression shown.

    Counts are pooled over runs; ``rate`` divides by the number of photographs shown.

    Returns:
        train_database, test_database, expression, predicted, count, rate: every
        combination of a shown expression and a unit of the head.
    """
    rows = []
    for pair, part in _scored(predictions).groupby(_PAIR, sort=False, observed=True):
        units = _logits(part).notna().any()
        shown = set(part["expression"].unique())
        counts = part.groupby(["expression", "predicted"], observed=True).size()
        for expression in (name for name in EXPRESSIONS if name in shown):
            total = int((part["expression"] == expression).sum())
            for predicted in (name for name in EXPRESSIONS if units[name]):
                count = int(counts.get((expression, predicted), 0))
                rows.append((pair[0], pair[1], expression, predicted, count, count / total))
    return pd.DataFrame(rows, columns=[*_PAIR, "expression", "predicted", "count", "rate"])
