"""What a report says of heads that were trained on mixtures of databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ccbench.analysis import correct_rates
from ccbench.reporting.tables import Column, ReportTable, written
from ccbench.reporting.words import listed
from ccbench.results import Run


@dataclass(frozen=True)
class Mixed:
    """A mixture of databases.

    Attributes:
        name: as in the tables of the run.
        shares: database -> share of the training posers.
        leaves_out: databases that all others were mixed without; empty if that was not asked.
        posers: training posers of a run in all.
    """

    name: str
    shares: Mapping[str, float]
    leaves_out: tuple[str, ...]
    posers: int

    @property
    def label(self) -> str:
        """What it is called where there is little room: "all but kdef"; else its name."""
        return f"all but {listed(self.leaves_out)}" if self.leaves_out else self.name

    @property
    def sentence(self) -> str:
        """Say what is in it."""
        parts = listed([f"{100 * share:.3g} % of {name}" for name, share in self.shares.items()])
        known = f" ({self.name})" if self.leaves_out else ""
        return (
            f"{self.label}{known}: {self.posers} training poser{'s' * (self.posers != 1)} a run, "
            f"{parts}."
        )


def read_mixtures(run: Run) -> tuple[Mixed, ...]:
    """Return the mixtures of a run, in its order."""
    return tuple(
        Mixed(entry["name"], entry["shares"], tuple(entry["leaves_out"]), int(entry["posers"]))
        for entry in run.manifest.get("mixtures", ())
    )


def mixture_notes(run: Run) -> list[str]:
    """Say what each mixture is, and what it does not have."""
    found = read_mixtures(run)
    if not found:
        return []
    return [
        *(mixed.sentence for mixed in found),
        "A mixture has no test posers of its own, so it has no own rate and no drop; it is tested "
        "on those of every database.",
    ]


def of_databases(run: Run, table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Keep the rows of heads that were trained on one database.

    Args:
        run: whose databases.
        table: of the run.
        column: with what the head was trained on.
    """
    return table[table[column].isin(run.databases)] if run.mixtures else table


def mixture_rates(run: Run) -> pd.DataFrame:
    """Put the correct rates of mixtures beside those of the tested databases' own networks.

    Returns:
        mixture, test_database, share (of the tested database among the training posers),
        mean, sd (over runs; null for one run), own (mean of the tested database's own
        networks), difference (mean - own).
    """
    rates = correct_rates(run.predictions)
    own = {
        str(row["test_database"]): float(row["mean"])
        for row in rates.to_dict("records")
        if row["train_database"] == row["test_database"]
    }
    shares = {mixed.name: mixed.shares for mixed in read_mixtures(run)}
    mixed = rates[rates["train_database"].isin(list(shares))]
    pairs = zip(mixed["train_database"], mixed["test_database"], strict=True)
    table = mixed[["train_database", "test_database", "mean", "sd"]].assign(
        share=[shares[str(train)].get(str(test), 0.0) for train, test in pairs],
        own=mixed["test_database"].map(own),
    )
    table["difference"] = table["mean"] - table["own"]
    columns = ["mixture", "test_database", "share", "mean", "sd", "own", "difference"]
    return table.rename(columns={"train_database": "mixture"})[columns].reset_index(drop=True)


def mixture_tables(run: Run) -> list[ReportTable]:
    """Return the table of mixtures; none in a run without."""
    if not run.mixtures:
        return []
    return [
        ReportTable(
            "mixtures",
            "Training on mixtures of databases",
            "Correct rates on the test posers of a database, by its share of the training posers, "
            "beside those of networks trained on it alone. "
            + " ".join(mixed.sentence for mixed in read_mixtures(run)),
            mixture_rates(run),
            (
                Column("mixture", "trained on"),
                Column("test_database", "tested on"),
                Column("share", "its share", "rate"),
                Column("mean", "correct rate", "rate"),
                Column("sd", "SD", "rate"),
                Column("own", "own networks", "rate"),
                Column("difference", "difference", "signed"),
            ),
        )
    ]


def mixture_points(run: Run) -> list[str]:
    """Say how well mixtures read the databases that are in them, and those that are not."""
    if not run.mixtures:
        return []
    rates = mixture_rates(run)
    single = correct_rates(of_databases(run, run.predictions, "train_database"))
    foreign = single[single["train_database"] != single["test_database"]]
    inside, outside = rates[rates["share"] > 0], rates[rates["share"] == 0]
    points = []
    if len(inside):
        points.append(
            f"Trained on mixtures of databases (as many posers in all, so fewer of each), networks "
            f"are right about {_range(inside['mean'])} where the tested database is in the "
            f"mixture; its own networks about {_range(inside['own'])}."
        )
    if len(outside):
        untrained = foreign[foreign["test_database"].isin(outside["test_database"])]
        points.append(
            f"Where it is not in the mixture, they are right about {_range(outside['mean'])}; "
            f"networks of another single database about {_range(untrained['mean'])}."
        )
    return points


def _range(values: pd.Series[float]) -> str:
    low, high = written(float(values.min()), "rate"), written(float(values.max()), "rate")
    return low if low == high else f"{low} to {high}"


def shared_poser_notes(run: Run) -> list[str]:
    """Say which databases show the same posers, and what that does to the tests."""
    return [
        f"{listed(group)} share posers. They were split together: whoever is trained on "
        f"in one is never tested in the other in the same run. Tests “to new posers” between "
        f"them take their posers for different people, and so find differences too seldom."
        for group in run.manifest.get("same_posers", ())
    ]
