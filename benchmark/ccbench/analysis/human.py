"""Whether networks and people find the same expressions easy (paper, Discussion)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ccbench.analysis.matrix import expression_rates
from ccbench.analysis.ranks import spearman
from ccbench_registry import EXPRESSIONS
from ccbench_registry.norms import Norms, all_norms


def norms_of(databases: Iterable[str]) -> dict[str, Norms]:
    """Return the norms that are known of some databases, whatever their options.

    >>> norms_of(["krc[view=d]", "mylab"])["krc[view=d]"].name
    'ueda2019'
    """
    known = all_norms()
    found = {name: known.get(name.partition("[")[0]) for name in databases}
    return {name: norms for name, norms in found.items() if norms is not None}


def rank_orders(predictions: pd.DataFrame) -> pd.DataFrame:
    """Order the expressions of each database by how well its own networks tell them.

    Args:
        predictions: the table of a run; only tests with the database trained on count.

    Returns:
        database, expression, correct_rate (mean over runs of the rates of the runs), rank
        (1 for the best; ties share their mean rank): best first.
    """
    own = predictions[predictions["train_database"] == predictions["test_database"]]
    rates = (
        expression_rates(own)
        .rename(columns={"train_database": "database"})
        .groupby(["database", "expression"], sort=False)["correct_rate"]
        .mean()
        .reset_index()
    )
    # Means of the same counts in another order of runs differ by rounding; they are ties.
    rounded = rates["correct_rate"].round(12)
    rates["rank"] = rounded.groupby(rates["database"]).rank(ascending=False)
    places = {
        "database": {name: place for place, name in enumerate(dict.fromkeys(rates["database"]))},
        "expression": {name: place for place, name in enumerate(EXPRESSIONS)},
    }
    return rates.sort_values(
        ["database", "rank", "expression"],
        key=lambda c: c.map(places[str(c.name)]) if c.name in places else c,
        ignore_index=True,
    )


def human_agreement(predictions: pd.DataFrame, norms: Mapping[str, Norms]) -> pd.DataFrame:
    """Correlate the networks' order of expressions with that of people.

    Spearman's rank correlation over the expressions that both have.  Its p value is exact:
    the share of all orders of the expressions whose correlation is at least as far from 0.
    It asks whether the two orders go together more than chance orders of these expressions
    would, and says nothing about other photographs or raters.

    Args:
        predictions: the table of a run.
        norms: dataset name -> norms, e.g. ``ccbench_registry.norms.all_norms()``; databases
            without are left out.

    Returns:
        database, source (name of the norms), expressions (number compared), r_s, p, method
        (in words; says why where r_s and p are not estimable and null), network_mean,
        human_mean (correct rates over all expressions of each; null where not published).
    """
    rows = []
    for database, part in rank_orders(predictions).groupby("database", sort=False):
        known = norms.get(str(database))
        if known is None:
            continue
        ranks = dict(zip(part["expression"], part["rank"], strict=True))
        names = [name for name in known.order if name in ranks]
        networks = np.array([ranks[name] for name in names], dtype=np.float64)
        people = np.array([known.ranks[name] for name in names], dtype=np.float64)
        r_s, p, method = _exact(networks, people)
        human_mean = math.nan if known.mean is None else known.mean
        network_mean = part["correct_rate"].mean()
        rows.append((database, known.name, len(names), r_s, p, method, network_mean, human_mean))
    columns = ["database", "source", "expressions", "r_s", "p", "method"]
    return pd.DataFrame(rows, columns=[*columns, "network_mean", "human_mean"])


def _exact(networks: NDArray[np.float64], people: NDArray[np.float64]) -> tuple[float, float, str]:
    """Return r_s, its two-sided p over all orders, and in words how they were found."""
    if len(networks) < 3:
        return math.nan, math.nan, "not estimable: fewer than three expressions in common"
    r_s = float(spearman(networks, people))
    if math.isnan(r_s):
        return math.nan, math.nan, "not estimable: all rates are equal"
    orders = np.array(list(itertools.permutations(people)))
    # Rounding must not decide whether an order is as far from 0 as the one observed.
    extreme = np.abs(spearman(networks, orders)) >= abs(r_s) - 1e-9
    return r_s, float(extreme.mean()), f"Spearman, two-sided, all {len(orders):,} orders"
