"""The tables of a run in the layouts that statistics programs want: long and wide.

Long tables have one observation a row (R, Python).  Wide tables have one case a row and one
column per combination of factors (repeated measures in JASP and SPSS); their column names
hold small letters, digits and underscores only and begin with a letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

from ccbench.analysis.matrix import _scored, expression_rates
from ccbench_registry import EXPRESSIONS

_PAIR = ["train_database", "test_database"]


def correctness(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return one row per answer, and whether it was correct.

    Photographs of an expression that the network has no unit for are not scored.

    Args:
        predictions: table of a run.

    Returns:
        run, train_database, test_database, photograph, poser, expression (shown), correct (0
        or 1), predicted (chosen); in the order of the predictions.
    """
    scored = _scored(predictions)
    correct = (scored["predicted"] == scored["expression"]).astype("int64")
    columns = ["run", *_PAIR, "photograph", "poser", "expression", "correct", "predicted"]
    return scored.assign(correct=correct)[columns].reset_index(drop=True)


def expression_summary(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the correct rate of each pair and expression over runs.

    Args:
        predictions: table of a run.

    Returns:
        train_database, test_database, expression (in the registry's order), mean, sd (over
        runs, n - 1; null for one run), runs, photographs (all runs).
    """
    found = (
        expression_rates(predictions)
        .groupby([*_PAIR, "expression"], sort=False)
        .agg(
            mean=("correct_rate", "mean"),
            sd=("correct_rate", "std"),
            runs=("run", "size"),
            photographs=("photographs", "sum"),
        )
        .reset_index()
    )
    return _sorted(found, [*_PAIR, "expression"], predictions)


def rates_by_poser(predictions: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, tuple[str, str]]]:
    """Return the correct rates of each test poser, one column per network and expression.

    The networks of one database are taken together: a cell is the share of correct answers
    over all runs in which the poser was tested.

    Args:
        predictions: table of a run.

    Returns:
        test_database, poser, runs (in which the poser was tested), then one column per
        database trained on and expression (null where there was nothing to score); and
        column -> (train database, expression).  Posers whom no run tested have no row.
    """
    answers, cases = correctness(predictions), ["test_database", "poser"]
    factors = ["train_database", "expression"]
    rates = answers.groupby([*cases, *factors], sort=False)["correct"].mean().reset_index()
    table, columns = _wide(rates, cases, factors, "correct", predictions)
    runs = answers.groupby(cases)["run"].nunique()
    table.insert(2, "runs", runs.loc[pd.MultiIndex.from_frame(table[cases])].to_numpy())
    return table, columns


def rates_by_run(predictions: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, tuple[str, str]]]:
    """Return the correct rates of each network, one column per tested database and expression.

    Args:
        predictions: table of a run.

    Returns:
        train_database, run, then one column per database tested on and expression (null
        where there was nothing to score); and column -> (test database, expression).
    """
    cases, factors = ["train_database", "run"], ["test_database", "expression"]
    return _wide(expression_rates(predictions), cases, factors, "correct_rate", predictions)


def profiles_at_highest(found: pd.DataFrame) -> pd.DataFrame:
    """Return the response of each unit to each action unit at the highest intensity.

    Args:
        found: :func:`ccbench.analysis.profiles`.

    Returns:
        probe, database, expression (the unit), intensity (the probe's highest), then au1,
        au2, ... by FACS number (null where the probe lacks the action unit).
    """
    keys = ["probe", "database", "expression", "intensity"]
    top = found[found["intensity"] == found.groupby("probe")["intensity"].transform("max")]
    wide = top.pivot(index=keys, columns="action_unit", values="response")
    # Pivoting sorts the rows; they keep the order of the profiles.
    wide = wide.reindex(pd.MultiIndex.from_frame(top[keys].drop_duplicates()))
    wide.columns = pd.Index([f"au{unit}" for unit in wide.columns])
    return wide.reset_index()


def safe_names(labels: Iterable[str]) -> list[str]:
    """Make column names of labels: small letters, digits, underscores; each once.

    >>> safe_names(["kdef[session=B] sad", "KDEF.session-B sad", "3rd", "顔"])
    ['kdef_session_b_sad', 'kdef_session_b_sad_2', 'x_3rd', 'x']
    """
    found: list[str] = []
    for label in labels:
        letters = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
        name = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
        name = name if name[:1].isalpha() else f"x_{name}".rstrip("_")
        again = 2
        unique = name
        while unique in found:
            unique, again = f"{name}_{again}", again + 1
        found.append(unique)
    return found


def _ranks(predictions: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return the places of databases, as in the run, and of expressions, as in the registry."""
    names = pd.concat([predictions[column] for column in _PAIR]).unique()
    databases = {str(name): place for place, name in enumerate(names)}
    expressions = {name: place for place, name in enumerate(EXPRESSIONS)}
    return {**dict.fromkeys(_PAIR, databases), "expression": expressions}


def _sorted(table: pd.DataFrame, keys: list[str], predictions: pd.DataFrame) -> pd.DataFrame:
    ranks = _ranks(predictions)
    return table.sort_values(
        keys, key=lambda c: c.map(ranks[str(c.name)]) if c.name in ranks else c, ignore_index=True
    )


def _wide(
    table: pd.DataFrame,
    cases: list[str],
    factors: list[str],
    values: str,
    predictions: pd.DataFrame,
) -> tuple[pd.DataFrame, dict[str, tuple[str, str]]]:
    """Spread a database and an expression over columns; rows and columns in order."""
    wide = table.pivot(index=cases, columns=factors, values=values)
    ranks = _ranks(predictions)
    pairs = sorted(
        ((str(column[0]), str(column[1])) for column in wide.columns),
        key=lambda pair: (ranks[factors[0]][pair[0]], ranks[factors[1]][pair[1]]),
    )
    names = safe_names([*cases, "runs", *(" ".join(pair) for pair in pairs)])[len(cases) + 1 :]
    wide = wide[pairs].set_axis(names, axis="columns").reset_index()
    return _sorted(wide, cases, predictions), dict(zip(names, pairs, strict=True))
