"""The summary tables as they are printed: LaTeX, rounded, one file a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from ccbench.reporting.exports.tables import ExportTable
from ccbench.reporting.latex import latex_table
from ccbench.reporting.summary import rate
from ccbench.reporting.tuning import au_name, signed
from ccbench_registry import EXPRESSIONS

PRINTED: Mapping[str, str] = {
    "correct_rates": "correct rate of every pair of databases, mean and SD over runs",
    "expression_rates": "correct rate of every expression, mean and SD over runs",
    "confusion": "a confusion matrix for every pair of databases",
    "profiles_wide": "responses to action units at the highest intensity, for every database",
    "profile_correlations": "Spearman correlations of the profiles of two databases",
}
"""The tables that are printed, and what their files show."""


def print_tables(tables: list[ExportTable]) -> dict[str, str]:
    r"""Return the LaTeX text of the summary tables: name -> ``table`` floats for ``\input``."""
    frames = {table.name: table.frame for table in tables}
    makers = {
        "correct_rates": _correct_rates,
        "expression_rates": _expression_rates,
        "confusion": _confusion,
        "profiles_wide": _profiles,
        "profile_correlations": _correlations,
    }
    return {name: makers[name](frames[name]) for name in PRINTED if name in frames}


def _correct_rates(frame: pd.DataFrame) -> str:
    rows = [
        [
            row["train_database"],
            row["test_database"],
            *(rate(row[name]) for name in ("mean", "sd", "chance")),
        ]
        for row in frame.to_dict("records")
    ]
    header = ["Trained on", "Tested on", "Mean", "SD", "Chance"]
    caption = "Correct rates: mean and standard deviation over runs"
    return latex_table(header, rows, caption, "tab:correct-rates", words=2)


def _expression_rates(frame: pd.DataFrame) -> str:
    shown = _present(frame["expression"])
    rows = []
    for pair, part in frame.groupby(["train_database", "test_database"], sort=False):
        cells = {
            row["expression"]: rate(row["mean"])
            + (f" ({rate(row['sd'])})" if row["sd"] == row["sd"] else "")
            for row in part.to_dict("records")
        }
        rows.append([*map(str, pair), *(cells.get(name, "–") for name in shown)])
    caption = "Correct rates of the expressions: mean (and standard deviation) over runs"
    header = ["Trained on", "Tested on", *shown]
    return latex_table(header, rows, caption, "tab:expression-rates", words=2)


def _confusion(frame: pd.DataFrame) -> str:
    floats = []
    parts = list(frame.groupby(["train_database", "test_database"], sort=False))
    labels = _labels("confusion", (pair for pair, _ in parts))
    for (pair, part), label in zip(parts, labels, strict=True):
        chosen = _present(part["predicted"])
        cells = part.set_index(["expression", "predicted"])["rate"]
        rows = [
            [shown, *(rate(cells[shown, name]) for name in chosen)]
            for shown in _present(part["expression"])
        ]
        caption = (
            f"Confusion matrix of networks trained on {pair[0]} and tested on {pair[1]}: share of "
            f"the photographs of an expression (row) for which an expression (column) was chosen"
        )
        floats.append(latex_table(["Shown", *chosen], rows, caption, label))
    return "\n".join(floats)


def _profiles(frame: pd.DataFrame) -> str:
    floats = []
    parts = list(frame.groupby(["probe", "database"], sort=False))
    labels = _labels("profiles", (pair for pair, _ in parts))
    for (pair, part), label in zip(parts, labels, strict=True):
        units = _present(part["expression"])
        responses = part.set_index("expression")
        columns = [name for name in frame.columns[4:] if responses[name].notna().any()]
        rows = [
            [
                au_name(int(name.removeprefix("au"))),
                *(_number(value) for value in responses.loc[units, name]),
            ]
            for name in columns
        ]
        level = responses["intensity"].iloc[0]
        caption = (
            f"Responses of the output units of networks trained on {pair[1]} to single action "
            f"units at intensity {level:g} (probe {pair[0]}), mean over runs"
        )
        floats.append(latex_table(["Action unit", *units], rows, caption, label))
    return "\n".join(floats)


def _correlations(frame: pd.DataFrame) -> str:
    floats = []
    parts = list(frame.groupby("probe", sort=False))
    labels = _labels("profile-correlations", ((probe,) for probe, _ in parts))
    for (probe, part), label in zip(parts, labels, strict=True):
        shown = _present(part["expression"])
        rows = []
        for pair, both in part.groupby(["database", "other"], sort=False):
            values = dict(zip(both["expression"], both["r_s"], strict=True))
            rows.append([*map(str, pair), *(signed(values.get(n, float("nan"))) for n in shown)])
        caption = f"Spearman correlations of the profiles of two databases (probe {probe})"
        floats.append(latex_table(["Database", "Other", *shown], rows, caption, label, words=2))
    return "\n".join(floats)


def _present(column: pd.Series[str]) -> list[str]:
    found = set(column)
    return [name for name in EXPRESSIONS if name in found]


def _number(value: float) -> str:
    """Write a response, which may exceed 1, with two decimals and a true minus."""
    if value != value:
        return "–"
    text = f"{abs(value):.2f}"
    return f"−{text}" if value < 0 and float(text) else text


def _labels(kind: str, keys: Iterable[Sequence[object]]) -> list[str]:
    """Return a label for each table of a kind; names without Latin letters are told apart too."""
    words = ["-".join(map(str, (kind, *key))) for key in keys]
    plain = [re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-") for text in words]
    return [
        f"tab:{text}" + (f"-{plain[:place].count(text) + 1}" if plain.count(text) > 1 else "")
        for place, text in enumerate(plain)
    ]
