"""What the units of the backbone respond to, before anything is trained (Zhou & Shi, 2017).

All functions take the ``units`` table of a run.  A unit is a channel of a layer; its response
is its mean activation over positions, minus that to the null image of the same identity.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_UNIT = ["probe", "layer", "unit"]


def unit_profiles(units: pd.DataFrame) -> pd.DataFrame:
    """Return the profile of every unit: its mean response to each AU and intensity.

    Responses are averaged over the identities of the probe, which all have the same stimuli.
    The null image, to which every response is 0, and stimuli with two action units are left
    out.

    Args:
        units: the table of a run.

    Returns:
        probe, layer, unit, action_unit, intensity, response.  Probes and layers come in the
        table's order, the rest ascending.
    """
    single = units[
        (units["action_unit"] > 0) & (units["second_unit"] == 0) & (units["intensity"] > 0)
    ]
    keys = [*_UNIT, "action_unit", "intensity"]
    # Summed in double precision: an identity more must not depend on the order of rows.
    values = single["response"].astype(np.float64)
    found = values.groupby([single[key] for key in keys], sort=False).mean().reset_index()
    rank = {
        key: {name: place for place, name in enumerate(units[key].unique())}
        for key in ("probe", "layer")
    }
    return found.sort_values(
        keys, key=lambda c: c.map(rank[str(c.name)]) if c.name in rank else c, ignore_index=True
    )


def selectivity(units: pd.DataFrame) -> pd.DataFrame:
    """Return the action unit that each unit prefers, and how selective it is.

    At the highest intensity of the probe, the preferred action unit is that of the largest
    response ``r`` (of equal ones the lowest number); a unit that no action unit excites
    prefers none.  With ``m`` the mean magnitude of the responses to all others, the index is
    ``(r - m) / (r + m)``: 1 where the others do not change the unit, 1/3 where half as much,
    0 where as much, below 0 where they inhibit it more than the preferred one excites it.
    Magnitudes are taken as responses of both signs would cancel: the mean of the others is
    near 0 for most units, and nearly all would count as perfectly selective.

    Sparseness is the lifetime sparseness of Vinje & Gallant (2000) over the magnitudes of the
    responses to the n action units, ``(1 - (sum |r| / n)^2 / (sum r^2 / n)) / (1 - 1/n)``: 0
    where all change the unit alike, 1 where only one does, be it by exciting or inhibiting.

    Args:
        units: the table of a run.

    Returns:
        One row a unit: probe, layer, unit, action_unit (preferred, 0 for none), response (to
        it, or the largest there is), others (``m``, null with a single action unit in the
        probe), index (null without a preferred action unit, or with a single one), sparseness
        (null for a unit without any response, or with a single action unit).
    """
    parts = []
    profiles = unit_profiles(units)
    for (probe, layer), part in profiles.groupby(["probe", "layer"], sort=False):
        top = part[part["intensity"] == part["intensity"].max()]
        table = top.pivot_table(index="unit", columns="action_unit", values="response")
        parts.append(_selectivity(table).assign(probe=str(probe), layer=str(layer)))
    columns = [*_UNIT, "action_unit", "response", "others", "index", "sparseness"]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[columns]


def _selectivity(table: pd.DataFrame) -> pd.DataFrame:
    values: NDArray[np.float64] = table.to_numpy(np.float64)
    count = values.shape[1]
    best = values.argmax(1)
    response = values[np.arange(len(values)), best]
    excited = response > 0
    numbers = table.columns.to_numpy()
    total = np.abs(values).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        others = (total - np.abs(response)) / (count - 1)
        index = (response - others) / (response + others)
        share = (total / count) ** 2 / ((values**2).sum(1) / count)
        sparseness = (1 - share) / (1 - 1 / count) if count > 1 else np.full(len(values), np.nan)
    return pd.DataFrame(
        {
            "unit": table.index.to_numpy(),
            "action_unit": np.where(excited, numbers[best], 0),
            "response": response,
            "others": others,
            "index": np.where(excited, index, np.nan),
            "sparseness": sparseness,
        }
    )


def selective_units(units: pd.DataFrame, threshold: float = 1 / 3) -> pd.DataFrame:
    """Count, per layer and action unit, the units that prefer it.

    Args:
        units: the table of a run.
        threshold: smallest index (:func:`selectivity`) of a unit that counts, -1 to 1.  A
            third, the default, is a response of twice the others' mean magnitude, as in the
            usual criterion for face-selective neurons (Tsao et al., 2006).

    Returns:
        probe, layer, action_unit (each of the probe, also those that no unit prefers), units
        (how many prefer it), share (of all units of the layer).

    Raises:
        ValueError: a threshold outside -1 to 1.
    """
    if not -1 <= threshold <= 1:
        raise ValueError(f"the threshold {threshold} is outside -1 to 1")
    rows = []
    found = selectivity(units)
    single = units[(units["second_unit"] == 0) & (units["action_unit"] > 0)]
    shown = {probe: sorted(part.unique()) for probe, part in single.groupby("probe")["action_unit"]}
    for (probe, layer), part in found.groupby(["probe", "layer"], sort=False):
        counts = part.loc[part["index"] >= threshold, "action_unit"].value_counts()
        for number in shown[str(probe)]:
            count = int(counts.get(number, 0))
            rows.append((probe, layer, int(number), count, count / len(part)))
    return pd.DataFrame(rows, columns=["probe", "layer", "action_unit", "units", "share"])
