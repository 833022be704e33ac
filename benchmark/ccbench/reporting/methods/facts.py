"""What a manifest says of a run, as the sentences need it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ccbench.datasets import parse_dataset_spec
from ccbench.exceptions import CcbenchError, RunError
from ccbench.protocol import Protocol
from ccbench.reporting.citations import Bibliography, bibliography
from ccbench.reporting.words import listed
from ccbench.results import Run
from ccbench.splits import part_sizes


@dataclass(frozen=True)
class DatabaseFacts:
    """One database of a run.

    Attributes:
        name: as in the tables.
        card: its card, as plain data.
        expressions: those that networks trained on it could choose.
        posers: how many were used.
        photographs: how many were used.
        parts: posers in training, validation and test.
        about: whether these numbers differ a little from run to run, as the posers were split
            together with those of other databases.
        options: what the user chose, such as session -> "B".
    """

    name: str
    card: Mapping[str, Any]
    expressions: tuple[str, ...]
    posers: int
    photographs: int
    parts: tuple[int, int, int]
    about: bool
    options: Mapping[str, str]


@dataclass(frozen=True)
class Facts:
    """A run, as the sentences need it.

    Attributes:
        manifest: of the run.
        protocol: of the run.
        databases: in the run's order.
        bibliography: what the run cites.
    """

    manifest: Mapping[str, Any]
    protocol: Protocol
    databases: tuple[DatabaseFacts, ...]
    bibliography: Bibliography

    @property
    def names(self) -> str:
        """The databases, joined as in a sentence."""
        return listed([database.name for database in self.databases])

    @property
    def several(self) -> bool:
        """Whether there is a swapped test."""
        return len(self.databases) > 1

    @property
    def expressions(self) -> int | None:
        """How many expressions every network chose from; ``None`` where they differ."""
        counts = {len(database.expressions) for database in self.databases}
        return counts.pop() if len(counts) == 1 else None

    def per_database(self, tell: Callable[[DatabaseFacts], str]) -> str:
        """Tell of each database, or once of all when it is the same: "a, b and c (name)"."""
        told = [tell(database) for database in self.databases]
        if len(set(told)) == 1:
            return told[0]
        return listed(
            [
                f"{text} ({database.name})"
                for text, database in zip(told, self.databases, strict=True)
            ]
        )


def read_facts(run: Run) -> Facts:
    """Read the manifest of a run.

    Raises:
        RunError: it is of another version of ccbench, with another protocol.
    """
    manifest = run.manifest
    try:
        protocol = Protocol.model_validate(manifest["request"]["protocol"])
        databases = tuple(_database(entry, protocol, manifest) for entry in manifest["databases"])
    except (KeyError, TypeError, ValidationError, CcbenchError):
        raise RunError(
            f"the run in {run.path} was made by another version of ccbench; start it again"
        ) from None
    return Facts(manifest, protocol, databases, bibliography(run))


def _database(
    entry: Mapping[str, Any], protocol: Protocol, manifest: Mapping[str, Any]
) -> DatabaseFacts:
    split, posers = protocol.split, int(entry["posers"])
    together = {name for group in manifest.get("same_posers", ()) for name in group}
    weights = max(split.train, split.validation, split.test) <= 1
    return DatabaseFacts(
        name=entry["name"],
        card=entry["card"],
        expressions=tuple(entry["expressions"]),
        posers=posers,
        photographs=int(entry["photographs_used"]),
        parts=part_sizes(posers, split.train, split.validation, split.test),
        about=weights and entry["name"] in together,
        options=parse_dataset_spec(entry["name"]).options,
    )


def in_parentheses(name: str, details: Sequence[str]) -> str:
    """Put details behind a name; those that it has in parentheses come first.

    Parentheses inside of details become brackets.

    >>> in_parentheses("resnet18 (timm)", ["Wightman, 2019", ""]), in_parentheses("a", ["b (c)"])
    ('resnet18 (timm; Wightman, 2019)', 'a (b [c])')
    """
    brackets = str.maketrans("()", "[]")
    shown = [detail.translate(brackets) for detail in details if detail]
    if not shown:
        return name
    if name.endswith(")") and " (" in name:
        return f"{name.removesuffix(')')}; {'; '.join(shown)})"
    return f"{name} ({'; '.join(shown)})"
