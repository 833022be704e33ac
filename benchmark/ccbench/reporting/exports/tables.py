"""Which tables are exported, and what each of their columns is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ccbench.analysis import (
    confusion,
    correct_rates,
    expression_rates,
    profile_correlations,
    profiles,
)
from ccbench.analysis.layouts import (
    correctness,
    expression_summary,
    profiles_at_highest,
    rates_by_poser,
    rates_by_run,
)
from ccbench.reporting.tuning import au_name
from ccbench.results import Run

_FACTORS = {
    "run": "number of the random split, from 0; run i of two databases are different networks",
    "train_database": "database, or mixture of databases, that the network was trained on",
    "test_database": "database that the network was tested on",
    "expression": "expression shown",
}
_UNIT = {
    "probe": "series of pictures that the networks were shown",
    "database": "database, or mixture of databases, that the network was trained on",
    "expression": "output unit",
}


@dataclass(frozen=True, eq=False)
class ExportTable:
    """A table as it is exported.

    Attributes:
        name: of its file, without ending.
        what: what a row is, in a sentence.
        columns: name -> what it is; those of ``frame``, in order.
        frame: the table.
    """

    name: str
    what: str
    columns: Mapping[str, str]
    frame: pd.DataFrame


def export_tables(run: Run) -> list[ExportTable]:
    """Return the tables of a run in the layouts of other software.

    Those on the responses to probes are left out in a run without a probe, and
    ``profile_correlations`` where there is one database.
    """
    tables = [*_long(run.predictions), *_wide(run.predictions), *_summaries(run.predictions)]
    if run.responses.empty:
        return tables
    return [*tables, *_responses(run.responses)]


def _long(predictions: pd.DataFrame) -> list[ExportTable]:
    return [
        ExportTable(
            "correctness_long",
            "One row per answer of a network to a test photograph, for mixed models.",
            {
                **{key: _FACTORS[key] for key in ("run", "train_database", "test_database")},
                "photograph": "file, below the folder of the database",
                "poser": "who is shown; another database may use the same name for another person",
                "expression": _FACTORS["expression"],
                "correct": "1 if the expression shown was chosen, else 0",
                "predicted": "expression chosen",
            },
            correctness(predictions),
        ),
        ExportTable(
            "rates_long",
            "One row per network, database tested on and expression.",
            {
                **{key: _FACTORS[key] for key in ("train_database", "test_database", "run")},
                "expression": _FACTORS["expression"],
                "photographs": "test photographs scored",
                "correct_rate": "share of them answered correctly",
            },
            expression_rates(predictions),
        ),
    ]


def _wide(predictions: pd.DataFrame) -> list[ExportTable]:
    by_poser, poser_columns = rates_by_poser(predictions)
    by_run, run_columns = rates_by_run(predictions)
    return [
        ExportTable(
            "rates_by_poser_wide",
            "One row per test poser, for repeated measures over posers.",
            {
                "test_database": "database that the poser belongs to",
                "poser": "who is shown",
                "runs": "runs in which the poser was tested",
                **{
                    column: f"correct rate for {expression}, by networks trained on {database}, "
                    f"over these runs"
                    for column, (database, expression) in poser_columns.items()
                },
            },
            by_poser,
        ),
        ExportTable(
            "rates_by_run_wide",
            "One row per network, for repeated measures over runs. Runs share posers: tests over "
            "them do not generalise to other posers.",
            {
                **{key: _FACTORS[key] for key in ("train_database", "run")},
                **{
                    column: f"correct rate for {expression}, tested on {database}"
                    for column, (database, expression) in run_columns.items()
                },
            },
            by_run,
        ),
    ]


def _summaries(predictions: pd.DataFrame) -> list[ExportTable]:
    pair = {key: _FACTORS[key] for key in ("train_database", "test_database")}
    return [
        ExportTable(
            "correct_rates",
            "One row per pair of databases.",
            {
                **pair,
                "mean": "correct rate: mean over runs of the mean over expressions",
                "sd": "standard deviation over runs (n - 1); empty for one run",
                "runs": "runs",
                "photographs": "test photographs scored, all runs",
                "expressions": "expressions scored",
                "chance": "correct rate of guessing",
                "shared_choice": "mean when only the shared expressions may be chosen",
            },
            correct_rates(predictions),
        ),
        ExportTable(
            "expression_rates",
            "One row per pair of databases and expression.",
            {
                **pair,
                "expression": _FACTORS["expression"],
                "mean": "correct rate, mean over runs",
                "sd": "standard deviation over runs (n - 1); empty for one run",
                "runs": "runs",
                "photographs": "test photographs scored, all runs",
            },
            expression_summary(predictions),
        ),
        ExportTable(
            "confusion",
            "One row per pair of databases, expression shown and expression chosen.",
            {
                **pair,
                "expression": _FACTORS["expression"],
                "predicted": "expression chosen",
                "count": "how often, all runs",
                "rate": "share of the photographs shown",
            },
            confusion(predictions),
        ),
    ]


def _responses(responses: pd.DataFrame) -> list[ExportTable]:
    found = profiles(responses)
    wide = profiles_at_highest(found)
    correlations = profile_correlations(found)
    tables = [
        ExportTable(
            "responses_long",
            "One row per network, picture of a probe and output unit.",
            {
                "database": _UNIT["database"],
                "run": _FACTORS["run"],
                "probe": _UNIT["probe"],
                "identity": "whose face it is",
                "action_unit": "FACS number; 0 in the null image",
                "second_unit": "a second action unit at the same intensity; 0 for none",
                "intensity": "0 to 1",
                "expression": _UNIT["expression"],
                "response": "output before softmax minus that to the identity's null image",
                "logit": "output before softmax",
            },
            responses.reset_index(drop=True),
        ),
        ExportTable(
            "profiles_wide",
            "One row per database and output unit.",
            {
                **_UNIT,
                "intensity": "the probe's highest, at which the responses are",
                **{
                    str(column): f"response to {au_name(int(str(column).removeprefix('au')))}, "
                    f"mean over runs and identities"
                    for column in wide.columns[4:]
                },
            },
            wide,
        ),
    ]
    if correlations.empty:
        return tables
    return [
        *tables,
        ExportTable(
            "profile_correlations",
            "One row per pair of databases and expression.",
            {
                "probe": _UNIT["probe"],
                "database": "one of the two that networks were trained on",
                "other": "the other of them",
                "expression": _UNIT["expression"],
                "points": "action units x intensities",
                "r_s": "Spearman correlation of the two profiles; empty where one is constant",
            },
            correlations,
        ),
    ]
