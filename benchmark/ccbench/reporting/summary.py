"""What a report says, computed once from the tables of a run for terminal and page."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from ccbench.analysis import confusion, correct_rates, face_quality, shared_expressions
from ccbench.reporting.mixtures import (
    Mixed,
    mixture_notes,
    read_mixtures,
    shared_poser_notes,
)
from ccbench.results import Run
from ccbench_registry import EXPRESSIONS


@dataclass(frozen=True)
class Pair:
    """One cell of the matrix.

    Attributes:
        train: database trained on.
        test: database tested on.
        mean: correct rate, mean over runs.
        sd: over runs; ``None`` for a single run.
        chance: rate of guessing.
        photographs: test photographs scored, all runs.
        expressions: expressions scored.
        shared_choice: the mean when only shared expressions may be chosen.
        units: expressions the head can choose, in order.
        confusion: expression shown -> expression chosen -> rate.
        shown: expression shown -> photographs, all runs.
    """

    train: str
    test: str
    mean: float
    sd: float | None
    chance: float
    photographs: int
    expressions: int
    shared_choice: float
    units: tuple[str, ...]
    confusion: dict[str, dict[str, float]]
    shown: dict[str, int]

    @property
    def own(self) -> bool:
        """Whether the head is tested on the database it was trained on."""
        return self.train == self.test

    @property
    def text(self) -> str:
        """E.g. ".76 ± .04"."""
        sd = "" if self.sd is None else f" ± {rate(self.sd)}"
        return rate(self.mean) + sd


@dataclass(frozen=True)
class Summary:
    """Everything a report shows.

    Attributes:
        databases: trained on and tested on, in the run's order.
        mixtures: of databases, trained on only.
        pairs: (trained on, tested on) -> cell of the matrix.
        quality: what became of the photographs.
        notes: what a reader has to know.
        runs: number of runs.
    """

    databases: tuple[str, ...]
    mixtures: tuple[Mixed, ...]
    pairs: dict[tuple[str, str], Pair]
    quality: pd.DataFrame
    notes: tuple[str, ...]
    runs: int

    @property
    def rows(self) -> dict[str, str]:
        """What was trained on -> what it is called in the matrix."""
        own = {name: name for name in self.databases}
        return own | {mixed.name: mixed.label for mixed in self.mixtures}


def rate(value: float) -> str:
    """Format a rate as the field does: ".76", "1.00".

    >>> rate(0.756), rate(1.0), rate(float("nan"))
    ('.76', '1.00', '–')
    """
    if math.isnan(value):
        return "–"
    return f"{value:.2f}".removeprefix("0")


def summarise(run: Run) -> Summary:
    """Compute what a report shows from the tables of a run."""
    predictions = run.predictions
    rates = correct_rates(predictions)
    confusions = confusion(predictions)
    pairs = {}
    for row in rates.to_dict("records"):
        train, test = str(row["train_database"]), str(row["test_database"])
        part = confusions[
            (confusions["train_database"] == train) & (confusions["test_database"] == test)
        ]
        table: dict[str, dict[str, float]] = {}
        for cell in part.to_dict("records"):
            shown = table.setdefault(str(cell["expression"]), {})
            shown[str(cell["predicted"])] = float(cell["rate"])
        units = tuple(n for n in EXPRESSIONS if (part["predicted"] == n).any())
        sd = float(row["sd"])
        pairs[train, test] = Pair(
            train=train,
            test=test,
            mean=float(row["mean"]),
            sd=None if math.isnan(sd) else sd,
            chance=float(row["chance"]),
            photographs=int(row["photographs"]),
            expressions=int(row["expressions"]),
            shared_choice=float(row["shared_choice"]),
            units=units,
            confusion=table,
            shown={str(k): int(v) for k, v in part.groupby("expression")["count"].sum().items()},
        )
    runs = int(predictions["run"].nunique())
    quality = face_quality(run.photographs)
    return Summary(
        databases=run.databases,
        mixtures=read_mixtures(run),
        pairs=pairs,
        quality=quality,
        notes=tuple(_notes(run, predictions, pairs, quality, runs)),
        runs=runs,
    )


def _notes(
    run: Run,
    predictions: pd.DataFrame,
    pairs: dict[tuple[str, str], Pair],
    quality: pd.DataFrame,
    runs: int,
) -> list[str]:
    notes = []
    if len(run.databases) == 1:
        notes.append("One database: there is no swapped test.")
    for pair in run.manifest["databases"]:
        missing = [name for name in EXPRESSIONS if name not in pair["expressions"]]
        if missing:
            notes.append(f"{pair['name']} has no usable photograph of: {', '.join(missing)}.")
    shown = {
        (str(train), str(test)): int(part["expression"].nunique())
        for (train, test), part in predictions.groupby(["train_database", "test_database"])
    }
    for key, names in shared_expressions(predictions).items():
        if key not in pairs:
            notes.append(f"{key[0]} → {key[1]} share no expression and are not scored.")
        elif len(names) < max(len(pairs[key].units), shown[key]):
            pair = pairs[key]
            alone = f"; choosing among the shared ones alone: {rate(pair.shared_choice)}"
            notes.append(
                f"{pair.train} → {pair.test} is scored on the {len(names)} shared expressions, "
                f"choosing among {len(pair.units)} (chance {rate(pair.chance)})"
                f"{alone if len(names) < len(pair.units) else ''}."
            )
    notes += [*mixture_notes(run), *shared_poser_notes(run)]
    for row in quality.to_dict("records"):
        lost = int(row["no face"])
        if lost:
            notes.append(
                f"{row['database']}: no face was found in {lost} of {row['photographs']} "
                f"photographs; they are left out."
            )
    if runs == 1:
        notes.append("One run: the SD over runs cannot be estimated.")
    return notes
