"""How alike the tunings of two units are, and what that says about confusions.

``found`` is the table that ``profiles`` makes of a run's responses.  Every correlation is
Spearman's, over the action units and intensities that both sides have, the null image not
among them (paper, "Correlation of response profiles").  Points of a profile depend on each
other, so no p value is given here.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from ccbench.analysis.ranks import spearman
from ccbench.analysis.tuning import normalised
from ccbench.seeds import generator

_UNIT = ["probe", "database", "expression"]
_POINT = ["action_unit", "intensity"]


def unit_correlations(found: pd.DataFrame) -> pd.DataFrame:
    """Correlate the profile of every unit with that of every unit.

    For two databases of seven expressions these are the paper's 7 x 7 matrices (Figures 9A
    and 9B), and those of each database with itself.

    Args:
        found: :func:`~ccbench.analysis.profiles`.

    Returns:
        probe, database, other, expression (the unit of database), other_expression (the unit
        of other), points, r_s (null where a profile is constant): every ordered pair of
        databases, each with itself among them.
    """
    parts = [
        _matrix(part).assign(probe=probe) for probe, part in found.groupby("probe", sort=False)
    ]
    columns = ["probe", "database", "other", "expression", "other_expression", "points", "r_s"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _matrix(part: pd.DataFrame) -> pd.DataFrame:
    curves = part.pivot(index=_POINT, columns=["database", "expression"], values="response")
    # Pivoting sorts the units; they keep the order of the table.
    units = list(dict.fromkeys(zip(part["database"], part["expression"], strict=True)))
    curves = curves[units]
    present = curves.notna().to_numpy(dtype=np.int64)
    points = present.T @ present
    # Ranks each profile once, and again only where one of two lacks points of the other.
    r_s = curves.corr(method="spearman").to_numpy()
    databases = list(dict.fromkeys(part["database"]))
    rows = []
    for one, other in itertools.product(databases, repeat=2):
        own = [place for place, unit in enumerate(units) if unit[0] == one]
        against = [place for place, unit in enumerate(units) if unit[0] == other]
        for i, j in itertools.product(own, against):
            rows.append((one, other, units[i][1], units[j][1], int(points[i, j]), r_s[i, j]))
    names = ["database", "other", "expression", "other_expression", "points", "r_s"]
    return pd.DataFrame(rows, columns=names)


def confusion_relation(found: pd.DataFrame, confusions: pd.DataFrame) -> pd.DataFrame:
    """Put choice rates in swapped tests beside correlations of profiles (paper, Figure 9).

    The expression shown stands for the unit that the test database's own networks have for
    it, as in the paper: if their unit for what is shown is tuned like the training
    database's unit ``predicted``, the latter should be chosen often.

    Args:
        found: :func:`~ccbench.analysis.profiles`.
        confusions: :func:`~ccbench.analysis.confusion`; pairs of a database with itself are
            left out, and so are units that have no profile.

    Returns:
        probe, train_database, test_database, expression (shown), predicted, rate, r_s.
    """
    tuned = unit_correlations(found).rename(
        columns={
            "database": "test_database",
            "other": "train_database",
            "other_expression": "predicted",
        }
    )
    swapped = confusions[confusions["train_database"] != confusions["test_database"]]
    columns = ["train_database", "test_database", "expression", "predicted", "rate"]
    parts = [
        swapped[columns].merge(part, on=columns[:-1])
        for _, part in tuned.groupby("probe", sort=False)
    ]
    columns = ["probe", *columns, "r_s"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def sums_and_differences(found: pd.DataFrame) -> pd.DataFrame:
    """Add and subtract the normalised profiles of one expression (paper, Figure 8).

    Each profile is divided by its largest absolute value first, so both are within -2 to 2.

    Args:
        found: :func:`~ccbench.analysis.profiles`.

    Returns:
        probe, database, other, expression, action_unit, intensity, sum, difference (database
        minus other): one row per probe, pair of databases and point that both have.
    """
    keys = ["expression", *_POINT]
    columns = ["probe", "database", "other", *keys, "sum", "difference"]
    parts = []
    for _, part in normalised(found).groupby("probe", sort=False):
        for one, other in itertools.combinations(dict.fromkeys(part["database"]), 2):
            first, second = (part[part["database"] == name] for name in (one, other))
            both = first.merge(second[[*keys, "response"]], on=keys, suffixes=("", "_other"))
            added = both["response"] + both["response_other"]
            subtracted = both["response"] - both["response_other"]
            parts.append(both.assign(other=other, sum=added, difference=subtracted)[columns])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def split_half(responses: pd.DataFrame, seed: int = 0, halves: int = 20) -> pd.DataFrame:
    """Correlate the mean profiles of two random halves of the runs: a noise ceiling.

    What two databases that did not differ could reach.  Of an odd number of runs the second
    half has one more.  The halves share photographs, so this is the noise of splits and
    initialisation, not of posers, and each has half the runs of the profiles it is compared
    with.

    Args:
        responses: the table of a run; stimuli with two action units are left out.
        seed: names the stream; a database's halvings are the same for all units and probes.
        halves: how many random halvings.

    Returns:
        probe, database, expression, r_s (mean over halvings), low, high (their range).
        Databases of fewer than four runs, and units of constant profile, are left out.
    """
    single = responses[
        (responses["action_unit"] > 0)
        & (responses["second_unit"] == 0)
        & (responses["intensity"] > 0)
    ]
    rows = []
    for key, part in single.groupby(_UNIT, sort=False):
        curves = part.pivot_table(index="run", columns=_POINT, values="response").to_numpy()
        runs = len(curves)
        if runs < 4:
            continue
        rng = generator(seed, "split half", str(key[1]))
        order = np.array([rng.permutation(runs) for _ in range(halves)])
        r_s = spearman(
            curves[order[:, : runs // 2]].mean(axis=1), curves[order[:, runs // 2 :]].mean(axis=1)
        )
        if not np.isnan(r_s).any():
            rows.append((*key, r_s.mean(), r_s.min(), r_s.max()))
    return pd.DataFrame(rows, columns=[*_UNIT, "r_s", "low", "high"])


def profile_stability(found: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Correlate the profiles of the same units in two runs.

    For instance with 60 posers and with all (paper, Discussion: .967 to .998).

    Args:
        found: :func:`~ccbench.analysis.profiles` of one run.
        other: the same of the other run.

    Returns:
        probe, database, expression, points, r_s (null where a profile is constant): the
        units that both have, in the order of ``found``.
    """
    keys = [*_UNIT, *_POINT]
    both = found[[*keys, "response"]].merge(other[[*keys, "response"]], on=keys)
    rows = []
    for key, part in both.groupby(_UNIT, sort=False):
        r_s = float(spearman(part["response_x"], part["response_y"]))
        rows.append((*key, len(part), r_s))
    return pd.DataFrame(rows, columns=[*_UNIT, "points", "r_s"])
