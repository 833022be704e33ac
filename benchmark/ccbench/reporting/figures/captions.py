"""What stands below the figures, worked out from the tables that they show; here Figures 1 to 4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ccbench.analysis.matrix import correct_rates
from ccbench.reporting.figures.rate_panels import pair_rates
from ccbench.reporting.figures.rates import databases_of
from ccbench.reporting.figures.training import iterated, learning
from ccbench.reporting.summary import rate

_MOST_PAIRS = 6
"""Of more pairs a caption does not list the numbers."""


@dataclass(frozen=True)
class Words:
    """Title, caption and alternative text of a figure."""

    title: str
    caption: str
    alt: str


def listed(parts: Sequence[str]) -> str:
    """Join words: "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def count_runs(table: pd.DataFrame, column: str) -> str:
    """Return e.g. "40 runs", or "38 to 40 runs" where databases differ."""
    counts = table.groupby(column, observed=True)["run"].nunique()
    low, high = int(counts.min()), int(counts.max())
    return f"{low} run{'s' * (low != 1)}" if low == high else f"{low} to {high} runs"


def say_spread(runs: str, subject: str) -> str:
    """Say what the SD is over, and what it is not."""
    if runs == "1 run":
        return f"{subject}: one run, so the SD over runs cannot be estimated."
    return (
        f"{subject}: mean and SD over {runs} per database. Runs are random splits of the same "
        f"posers; their SD does not say how much another sample of posers would differ."
    )


def caption1(
    shown: Sequence[str], notes: Mapping[str, str], face: Mapping[str, float], titles: Sequence[str]
) -> Words:
    """Return the words of Figure 1.

    Args:
        shown: databases with faces.
        notes: database -> why it has none.
        face: mean and sd that faces were set to.
        titles: of backbone and head.
    """
    parts = []
    if shown:
        parts.append(
            f"One standardised photograph per expression of {listed(list(shown))}: in grey, "
            f"cropped to the face, with a mean of {face['mean']:g} and an SD of {face['sd']:g} "
            f"grey levels inside an oval mask."
        )
    parts += [f"{name}: {note}." for name, note in notes.items() if name not in shown]
    parts.append(
        f"The network (schematic): the layers of the backbone ({titles[0]}) keep the weights they "
        f"came with; the head ({titles[1]}) is trained anew for each database and run."
    )
    faces = f"Faces of {listed(list(shown))}, and a" if shown else "A"
    return Words(
        "Input images and the network." if shown else "The network.",
        " ".join(parts),
        f"{faces} drawing of the network: face, frozen layers, trained head, output units.",
    )


def caption2(curves: pd.DataFrame) -> Words:
    """Return the words of Figure 2."""
    names = listed([str(name) for name in curves["database"].unique()])
    spread = say_spread(
        count_runs(curves, "database"), "Lines and bands" if iterated(curves) else "Dots"
    )
    if iterated(curves):
        last = int(curves["iteration"].max())
        return Words(
            "Changes in correct rate and loss during training.",
            f"Correct rate (A) and cross-entropy loss (B) of the networks trained on {names}, "
            f"against the iteration: training posers (solid) and validation posers (dashed). "
            f"Those of training are measured during the epoch, with dropout. {spread}",
            f"Correct rate and loss against iteration, to {last:,}, for {names}.",
        )
    means = learning(curves, "correct_rate")
    told = [
        f"{row['database']} ({row['part']}) {rate(float(row['mean']))}"
        for row in means.to_dict("records")
    ]
    return Words(
        "Correct rate and loss after training.",
        f"Correct rate (A) and cross-entropy loss (B) of the networks trained on {names}, for "
        f"training posers (filled) and validation posers (open). This head is solved, not "
        f"iterated, so there is no learning curve; each small dot is a run. {spread}",
        f"Correct rate and loss after training. Correct rates: {', '.join(told)}.",
    )


def say_samples(predictions: pd.DataFrame) -> str:
    """Return e.g. "kdef and krc (60 posers and 420 photographs each, over all runs)"."""
    parts: dict[str, str] = {}
    for name, part in predictions.groupby("test_database", sort=False, observed=True):
        posers, photographs = part["poser"].nunique(), part["photograph"].nunique()
        parts[str(name)] = f"{posers} posers and {photographs} photographs"
    if len(set(parts.values())) == 1:
        each = " each" * (len(parts) > 1)
        return f"{listed(list(parts))} ({next(iter(parts.values()))}{each}, over all runs)"
    each = listed([f"{name} ({count})" for name, count in parts.items()])
    return f"{each}, counted over all runs"


def say_chance(predictions: pd.DataFrame) -> str:
    """Return the levels of chance: "chance (.14)"."""
    levels = sorted({rate(float(level)) for level in correct_rates(predictions)["chance"]})
    return f"chance ({' or '.join(levels)})"


_CELLS = (
    "Rows are the expressions shown, columns those chosen, in % of the photographs of the row; "
    "cells that round to 0 are blank, and classes that a database lacks are grey."
)


def caption3(predictions: pd.DataFrame) -> Words:
    """Return the words of Figure 3."""
    rates = pair_rates(predictions)
    own = {
        name: rates[name, name].text for name in databases_of(predictions) if (name, name) in rates
    }
    means = ", ".join(f"{name} {text}" for name, text in own.items())
    return Words(
        "Confusions and correct rates in the own tests.",
        f"Networks trained on a database and tested on posers of it that they had not seen: "
        f"{say_samples(predictions)}. (A) {_CELLS} (B) Correct rate per expression, with "
        f"{say_chance(predictions)} dashed; mean over expressions: {means}. "
        f"{say_spread(count_runs(predictions, 'train_database'), 'Bars and lines')}",
        f"Confusion matrices and correct rates of the own tests. Mean correct rates: {means}.",
    )


def caption4(predictions: pd.DataFrame) -> Words:
    """Return the words of Figure 4."""
    swapped = {pair: found for pair, found in pair_rates(predictions).items() if len(set(pair)) > 1}
    told = [f"{train} → {test} {found.text}" for (train, test), found in swapped.items()]
    means = f"; mean over expressions: {', '.join(told)}" if 0 < len(told) <= _MOST_PAIRS else ""
    lowest = ""
    if swapped:
        train, test = min(swapped, key=lambda pair: swapped[pair].mean["mean"])
        least = rate(swapped[train, test].mean["mean"])
        lowest = f" The lowest mean correct rate is {least} ({train} → {test})."
    return Words(
        "Confusions and correct rates in the swapped tests.",
        f"Networks tested on the test posers of another database, run by run: "
        f"{say_samples(predictions)}. (A) {_CELLS} (B) Correct rate per expression and their mean, "
        f"of the own test (black line) and of the swapped tests (dots in the colour of the "
        f"database tested on), with {say_chance(predictions)} dashed{means}. "
        f"{say_spread(count_runs(predictions, 'train_database'), 'Lines and dots')}",
        f"Confusion matrices and correct rates of {len(swapped)} swapped tests.{lowest}",
    )
