"""Whether units respond to the action units that the literature gives for their expression."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ccbench.analysis.ranks import spearman
from ccbench_registry.prototypes import PrototypeTable

_UNIT = ["probe", "database", "expression"]


def prototype_agreement(found: pd.DataFrame, tables: Iterable[PrototypeTable]) -> pd.DataFrame:
    """Compare each unit's responses at the highest intensity with tables of action units.

    The area under the ROC curve is the probability that the unit responds more to an action
    unit that the table lists for its expression than to one that it does not (.5 by chance).
    Its p value is one-sided and exact: the share of all ways to choose as many listed action
    units at random that reach this area, i.e. action units are permuted, as they, and not
    the points of a profile, are what varies.  It is not corrected for the number of units.

    Args:
        found: :func:`~ccbench.analysis.profiles`, or ``class_centred`` of them.
        tables: e.g. ``ccbench_registry.prototypes.prototype_tables()``.

    Returns:
        probe, database, expression, table (its name), action_units (number compared: all of
        the probe; those outside the table have weight 0), r_s (Spearman's, of responses and
        weights; null where either is constant), auc, p.  Units of whose expression a table
        lists no action unit of the probe, or all of them, are left out.
    """
    tables = list(tables)
    top = found[found["intensity"] == found.groupby("probe")["intensity"].transform("max")]
    rows = []
    for key, part in top.groupby(_UNIT, sort=False):
        units, responses = part["action_unit"].to_numpy(), part["response"].to_numpy(np.float64)
        for table in tables:
            name = str(key[2])
            listed = np.isin(units, table.listed(name))
            if listed.all() or not listed.any():
                continue
            weights = [table.weights[name].get(int(unit), 0.0) for unit in units]
            auc, p = _exact_auc(responses, listed)
            rows.append((*key, table.name, len(units), float(spearman(responses, weights)), auc, p))
    columns = [*_UNIT, "table", "action_units", "r_s", "auc", "p"]
    return pd.DataFrame(rows, columns=columns)


def _exact_auc(responses: NDArray[np.float64], listed: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the area under the ROC curve and its one-sided p value over all choices.

    The area is a sum of ranks (Mann & Whitney).  How many of the choices give each sum is
    counted by adding one action unit after the other, without making the choices.
    """
    from scipy.stats import rankdata

    # Ties have half ranks; doubled, all are whole numbers.
    ranks = np.rint(2 * rankdata(responses)).astype(np.int64)
    chosen, total = int(listed.sum()), int(ranks.sum())
    ways = np.zeros((chosen + 1, total + 1))
    ways[0, 0] = 1
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, :-rank]
    observed = int(ranks[listed].sum())
    p = ways[chosen, observed:].sum() / ways[chosen].sum()
    area = (observed / 2 - chosen * (chosen + 1) / 2) / (chosen * (len(ranks) - chosen))
    return float(area), float(p)
