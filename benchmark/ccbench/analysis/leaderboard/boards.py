"""Runs side by side: grouped by protocol, one table per measure, ranked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ccbench.analysis.leaderboard.labels import Labels
from ccbench.analysis.leaderboard.measures import MEAN, MEASURES, Measure, Value
from ccbench.analysis.leaderboard.ranks import Rank, rank_values
from ccbench.analysis.leaderboard.submissions import Measured, Submission


@dataclass(frozen=True, eq=False)
class Row:
    """An entry of a table.

    Attributes:
        run: it is of.
        backbone: label.
        database: label of the database trained on, or ``measures.MEAN``.
        value: the number.
        rank: among the rows of the table; ``None`` without an estimate.
        remarks: what has to be said about it.
    """

    run: Submission
    backbone: str
    database: str
    value: Value
    rank: Rank | None
    remarks: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Table:
    """Entries that can be ranked.

    Attributes:
        measure: what is ranked.
        detail: label of the probe; "" without.
        among: the databases of every run in it; empty where they do not matter.
        rows: best first; those without an estimate last.
    """

    measure: Measure
    detail: str
    among: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, eq=False)
class Group:
    """Runs of one protocol.

    Attributes:
        protocol: its name.
        differing: dotted key -> value, for each value that is not the same in all groups.
        runs: of the group.
        tables: all entries, by measure.
        means: the means over the databases of each run, by measure.
        by_database: database label -> its entries alone, by measure.
        by_backbone: backbone label -> its entries alone, by measure.
    """

    protocol: str
    differing: Mapping[str, Any]
    runs: tuple[Submission, ...]
    tables: tuple[Table, ...]
    means: tuple[Table, ...]
    by_database: Mapping[str, tuple[Table, ...]]
    by_backbone: Mapping[str, tuple[Table, ...]]

    @property
    def heading(self) -> str:
        """The protocol and what is particular to it."""
        values = ", ".join(f"{key} = {_written(value)}" for key, value in self.differing.items())
        return f"Protocol {self.protocol}" + (f": {values}" if values else "")


@dataclass(frozen=True, eq=False)
class Board:
    """A leaderboard.

    Attributes:
        groups: by protocol, in the order of the runs.
        runs: all of them, without repetitions.
        notes: sentences about what cannot be compared.
        labels: names on the board.
    """

    groups: tuple[Group, ...]
    runs: tuple[Submission, ...]
    notes: tuple[str, ...]
    labels: Labels


def make_board(measured: Sequence[Measured]) -> Board:
    """Put runs side by side.

    A run that comes twice counts once, and two of one name get numbers.  Runs of different
    protocols are in groups of their own, and measures that depend on the other databases are
    ranked only among runs on the same ones.

    Args:
        measured: at least one run.
    """
    kept, notes = _once(measured)
    submissions = tuple(entry.submission for entry in kept)
    labels = Labels(submissions)
    protocols: dict[str, list[Measured]] = {}
    for entry in kept:
        protocols.setdefault(protocol_key(entry.submission), []).append(entry)
    differing = _differing([group[0].submission for group in protocols.values()])
    groups = tuple(
        _group(group, values, labels)
        for group, values in zip(protocols.values(), differing, strict=True)
    )
    if len(groups) > 1:
        notes.append(
            f"The runs are of {len(groups)} protocols; entries are ranked only within one."
        )
    return Board(groups, submissions, (*notes, *labels.notes), labels)


def protocol_key(run: Submission) -> str:
    """Return what two runs must have in common to be ranked together.

    How many runs there are, and what a protocol is called, makes nothing incomparable.
    """
    return json.dumps(_compared(run), sort_keys=True)


def _compared(run: Submission) -> dict[str, Any]:
    protocol = run.request["protocol"]
    return {k: v for k, v in protocol.items() if k not in {"name", "summary", "runs"}}


def _once(measured: Sequence[Measured]) -> tuple[list[Measured], list[str]]:
    """Drop repeated runs, saying so, and give runs of one name different ones."""
    kept: dict[str, Measured] = {}
    names: set[str] = set()
    notes = []
    for entry in measured:
        name, print_ = entry.submission.name, entry.submission.fingerprint
        if print_ in kept:
            first = kept[print_].submission.name
            again = "was given twice" if name == first else f"is the same run as {first}"
            notes.append(f"{name} {again}; it counts once.")
            continue
        unique, number = name, 2
        while unique in names:
            unique, number = f"{name} ({number})", number + 1
        names.add(unique)
        kept[print_] = replace(entry, submission=replace(entry.submission, name=unique))
    return list(kept.values()), notes


def _differing(runs: Sequence[Submission]) -> list[dict[str, Any]]:
    """Return, for each, the values of its protocol that not all have."""
    flat = [_flat(_compared(run)) for run in runs]
    keys = list(dict.fromkeys(key for values in flat for key in values))
    apart = [key for key in keys if any(v.get(key) != flat[0].get(key) for v in flat)]
    return [{key: values[key] for key in apart if key in values} for values in flat]


def _flat(values: Mapping[str, Any], start: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{start}{key}.")
        else:
            found[f"{start}{key}"] = value
    return found


def _written(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False).strip('"')


def _group(group: Sequence[Measured], differing: Mapping[str, Any], labels: Labels) -> Group:
    rows = [_row(entry.submission, value, labels) for entry in group for value in entry.values]
    own = [row for row in rows if row.value.subject != MEAN]
    means = [row for row in rows if row.value.subject == MEAN]
    return Group(
        protocol=str(group[0].submission.request["protocol"]["name"]),
        differing=differing,
        runs=tuple(entry.submission for entry in group),
        tables=_tables(own, labels),
        means=_tables(means, labels),
        by_database=_apart(own, labels, lambda row: row.database),
        by_backbone=_apart(own, labels, lambda row: row.backbone),
    )


def _apart(
    rows: Sequence[Row], labels: Labels, key: Callable[[Row], str]
) -> dict[str, tuple[Table, ...]]:
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(key(row), []).append(row)
    return {name: _tables(part, labels) for name, part in parts.items()}


def _row(run: Submission, value: Value, labels: Labels) -> Row:
    mean = value.subject == MEAN
    return Row(
        run=run,
        backbone=labels.backbone(run),
        database=MEAN if mean else labels.database(run, value.subject),
        value=value,
        rank=None,
        remarks=tuple(_remarks(run, value, labels)),
    )


def _remarks(run: Submission, value: Value, labels: Labels) -> list[str]:
    remarks = []
    if value.measure in {"order", "rates"}:
        remarks.append(f"people: {value.detail}")
    several = [labels.database(run, name) for name in value.others if labels.several(name)]
    if several:
        remarks.append(f"with {', '.join(several)}")
    if value.why:
        remarks.append(value.why)
    return remarks


def _tables(rows: Sequence[Row], labels: Labels) -> tuple[Table, ...]:
    """Put rows that can be ranked together into tables, and rank them."""
    parts: dict[Hashable, list[Row]] = {}
    for row in rows:
        parts.setdefault(_frame(row, labels), []).append(row)
    tables = [_table(part, labels) for part in parts.values()]
    places = {measure.key: place for place, measure in enumerate(MEASURES)}
    return tuple(sorted(tables, key=lambda table: places[table.measure.key]))


def _frame(row: Row, labels: Labels) -> Hashable:
    return row.value.measure, frozenset(_among(row)), _detail(row, labels)


def _among(row: Row) -> tuple[str, ...]:
    """Return the databases that a run must have for its row to be comparable."""
    depends = _measure(row.value).others or row.value.subject == MEAN
    return row.run.databases if depends else ()


def _detail(row: Row, labels: Labels) -> str:
    return labels.probe(row.run, row.value.detail) if row.value.measure == "tuning" else ""


def _measure(value: Value) -> Measure:
    return next(measure for measure in MEASURES if measure.key == value.measure)


def _table(rows: Sequence[Row], labels: Labels) -> Table:
    first, measure = rows[0], _measure(rows[0].value)
    most = max(row.value.expressions for row in rows)
    ranked = [
        Row(
            row.run, row.backbone, row.database, row.value, rank,
            (*row.remarks, *_fewer(row.value, most)),
        )
        for row, rank in zip(rows, rank_values([row.value for row in rows]), strict=True)
    ]  # fmt: skip
    sign = -1 if measure.best == "highest" else 1
    # The rank says how much of this order is chance.
    ranked.sort(key=lambda row: math.inf if row.rank is None else sign * row.value.estimate)
    return Table(measure, _detail(first, labels), _among(first), tuple(ranked))


def _fewer(value: Value, most: int) -> list[str]:
    if 0 < value.expressions < most:
        return [f"{value.expressions} expressions only, others {most}"]
    return []
