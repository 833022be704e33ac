"""What the output units respond to: tuning to action units (paper, "Tuning to AUs").

All functions take the ``responses`` table of a run, or :func:`profiles` made of it.  A
response is that of an output unit before softmax, minus its response to the null image of
the same identity.  Nothing is tested here for significance: runs share their posers.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ccbench.analysis.remembered import remembers
from ccbench_registry import EXPRESSIONS

_UNIT = ["probe", "database", "expression"]
_STIMULUS = ["identity", "action_unit", "second_unit", "intensity"]


@remembers
def profiles(responses: pd.DataFrame) -> pd.DataFrame:
    """Return the profile of every output unit: its mean response to each AU and intensity.

    Responses are averaged over the identities of the probe and over runs (each identity has
    the same stimuli, so the order does not matter).  The null image, to which every response
    is 0, and stimuli with two action units are left out.

    Returns:
        probe, database (trained on), expression (the unit), action_unit, intensity, response
        (mean), sd (over runs, of the mean over identities; n - 1, null for one run).
        Expressions come in the registry's order, the rest as in the table.
    """
    single = responses[
        (responses["action_unit"] > 0)
        & (responses["second_unit"] == 0)
        & (responses["intensity"] > 0)
    ]
    keys = [*_UNIT, "action_unit", "intensity"]
    by_run = single.groupby([*keys, "run"], sort=False)["response"].mean()
    found = by_run.groupby(keys, sort=False).agg(response="mean", sd="std").reset_index()
    rank = {
        **{key: _order(found, key) for key in ("probe", "database")},
        "expression": {name: place for place, name in enumerate(EXPRESSIONS)},
    }
    return found.sort_values(
        keys, key=lambda c: c.map(rank[str(c.name)]) if c.name in rank else c, ignore_index=True
    )


def _order(table: pd.DataFrame, column: str) -> dict[str, int]:
    return {str(name): place for place, name in enumerate(table[column].unique())}


def class_centred(responses: pd.DataFrame) -> pd.DataFrame:
    """Subtract from every response the mean over the output units of the same head.

    Softmax ignores a number added to all units, so logits are defined up to a common offset;
    what is left of a response after centring does not depend on it.

    Args:
        responses: the table of a run, or :func:`profiles`.
    """
    others = [
        name for name in responses.columns if name not in {"expression", "response", "sd", "logit"}
    ]
    mean = responses.groupby(others, sort=False, dropna=False)["response"].transform("mean")
    centred = responses.assign(response=responses["response"] - mean)
    # Neither the SD nor the raw logit is that of the centred response.
    return centred.drop(columns=[name for name in ("sd", "logit") if name in centred])


def peaks(found: pd.DataFrame) -> pd.DataFrame:
    """Return, per unit and action unit, the peak or trough: the value of largest magnitude.

    As in the paper's principal component analysis.  Of equal magnitudes the one at the lowest
    intensity is taken.

    Args:
        found: :func:`profiles`.

    Returns:
        probe, database, expression, action_unit, intensity (where it is), response.
    """
    keys = [*_UNIT, "action_unit"]
    ordered = found.sort_values("intensity", kind="stable")
    place = ordered["response"].abs().groupby([ordered[key] for key in keys], sort=False).idxmax()
    rows = found.loc[np.sort(place.to_numpy())]
    return rows[[*keys, "intensity", "response"]].reset_index(drop=True)


def normalised(found: pd.DataFrame) -> pd.DataFrame:
    """Divide each unit's profile by its largest absolute value, as in the paper's Figure 7.

    A profile that is 0 throughout stays so.

    Args:
        found: :func:`profiles`.
    """
    largest = found.groupby(_UNIT, sort=False)["response"].transform(lambda r: r.abs().max())
    scaled = found.assign(response=found["response"] / largest.where(largest > 0, 1.0))
    return scaled.drop(columns="sd") if "sd" in scaled else scaled


@remembers
def profile_correlations(found: pd.DataFrame) -> pd.DataFrame:
    """Correlate the profiles of one expression between databases (Spearman).

    Over all action units and intensities that both have; the null image is not among them
    (paper, "Correlation of response profiles").  The points of a profile depend on each
    other, so no p value is given.

    Args:
        found: :func:`profiles`.

    Returns:
        probe, database, other, expression, points, r_s (null where a profile is constant);
        one row per probe, pair of databases and expression that both have.
    """
    rows = []
    for probe, part in found.groupby("probe", sort=False):
        databases = list(dict.fromkeys(part["database"]))
        curves = part.pivot_table(
            index=["action_unit", "intensity"],
            columns=["database", "expression"],
            values="response",
        )
        for one, other in itertools.combinations(databases, 2):
            for name in EXPRESSIONS:
                if (one, name) not in curves or (other, name) not in curves:
                    continue
                both = curves[[(one, name), (other, name)]].dropna().to_numpy()
                rows.append((probe, one, other, name, len(both), _spearman(both)))
    columns = ["probe", "database", "other", "expression", "points", "r_s"]
    return pd.DataFrame(rows, columns=columns)


def _spearman(pairs: NDArray[np.float64]) -> float:
    from scipy.stats import spearmanr

    # SciPy warns of constant columns, and of too few points it makes an error.
    if len(pairs) < 2 or not np.ptp(pairs, axis=0).all():
        return math.nan
    return float(spearmanr(pairs[:, 0], pairs[:, 1]).statistic)


def strongest(
    found: pd.DataFrame, *, most: tuple[int, int] = (3, 2), share: float = 0.25
) -> dict[tuple[str, str, str], tuple[list[int], list[int]]]:
    """Return the action units that each unit responds to most at the highest intensity.

    Args:
        found: :func:`profiles`.
        most: at most so many with positive and with negative response.
        share: only those that reach this share of the unit's largest magnitude there.

    Returns:
        (probe, database, expression) -> (with positive response, with negative response),
        strongest first.
    """
    answer = {}
    top = found[found["intensity"] == found.groupby("probe")["intensity"].transform("max")]
    for key, part in top.groupby(_UNIT, sort=False):
        responses = dict(zip(part["action_unit"], part["response"], strict=True))
        limit = share * max(abs(value) for value in responses.values())
        ordered = sorted(responses, key=lambda unit: -abs(responses[unit]))
        kept = [int(unit) for unit in ordered if responses[unit] and abs(responses[unit]) >= limit]
        positive = [unit for unit in kept if responses[unit] > 0][: most[0]]
        negative = [unit for unit in kept if responses[unit] < 0][: most[1]]
        answer[str(key[0]), str(key[1]), str(key[2])] = (positive, negative)
    return answer
