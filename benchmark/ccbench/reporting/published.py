"""The numbers of the paper beside those of a run on the same two databases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from ccbench.analysis import confusion, correct_rates, profile_correlations, profiles
from ccbench.analysis.ranks import spearman
from ccbench.analysis.similarity import confusion_relation
from ccbench.results import Run
from ccbench_registry.published import Published

COLUMNS = ("quantity", "paper", "here", "difference")
Row = tuple[str, float, float]
"""quantity, paper, here."""


def published_comparison(run: Run, published: Published) -> pd.DataFrame:
    """Put published results beside those of a run on the same databases.

    Correct rates of own and swapped tests; and with a probe, which is never the paper's own
    series: Spearman correlations of the profiles of each expression, and of choice rates in
    swapped tests with correlations of profiles (the paper's Figure 9, all cells).

    Args:
        run: with the paper's databases, whatever their options ("kdef[session=B]").
        published: as of ``ccbench_registry.published.published_results()``.

    Returns:
        quantity (in words), paper, here, difference (here - paper); here and difference are
        null where the run cannot give the quantity, such as that of an expression without
        photographs.  No rows unless the run has both databases.
    """
    names = {name.partition("[")[0]: name for name in reversed(run.databases)}
    if not names.keys() >= set(published.databases):
        return pd.DataFrame(columns=list(COLUMNS))
    chosen = {base: names[base] for base in published.databases}
    rows = [*_rates(run, published, chosen), *_profiles(run, published, chosen)]
    table = pd.DataFrame(rows, columns=list(COLUMNS[:3]))
    return table.assign(difference=table["here"] - table["paper"])


def _rates(run: Run, published: Published, names: Mapping[str, str]) -> Iterator[Row]:
    table = correct_rates(_of(run.predictions, ["train_database", "test_database"], names))
    means = table.set_index(["train_database", "test_database"])["mean"].to_dict()
    pairs = [
        (train, test, rate)
        for train, rates in published.test_rates.items()
        for test, rate in rates.items()
    ]
    for train, test, rate in sorted(pairs, key=lambda pair: pair[0] != pair[1]):
        what = f"own test, {train}" if train == test else f"swapped test, {train} → {test}"
        yield f"correct rate, {what}", rate, means.get((names[train], names[test]), math.nan)


def _profiles(run: Run, published: Published, names: Mapping[str, str]) -> Iterator[Row]:
    responses = run.responses
    if responses.empty:
        return
    found = profiles(_of(responses, ["database"], names))
    correlations = profile_correlations(found)
    relation = confusion_relation(found, confusion(run.predictions))
    several = found["probe"].nunique() > 1
    for probe in found["probe"].unique():
        suffix = f" (probe {probe})" if several else ""
        own = correlations[correlations["probe"] == probe].set_index("expression")["r_s"].to_dict()
        for expression, value in published.profile_correlations.items():
            quantity = f"r_s of the profiles, {expression}{suffix}"
            yield quantity, value.r_s, own.get(expression, math.nan)
        cells = relation[relation["probe"] == probe]
        for entry in published.relations:
            part = cells[
                (cells["train_database"] == names[entry.train])
                & (cells["test_database"] == names[entry.test])
            ].dropna()
            count = f", {len(part)} of {entry.cells} cells" if len(part) != entry.cells else ""
            yield (
                f"r_s of profile correlations and confusions, {entry.train} → {entry.test}{count}"
                f"{suffix}",
                entry.r_s,
                float(spearman(part["r_s"], part["rate"])),
            )


def _of(table: pd.DataFrame, columns: list[str], names: Mapping[str, str]) -> pd.DataFrame:
    """Keep the rows of these databases."""
    return table[table[columns].isin(set(names.values())).all(axis="columns")]
