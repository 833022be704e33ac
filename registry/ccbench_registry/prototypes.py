"""Which action units the literature gives for each expression: several tables, never one.

A table comes from a list of prototypes (``6+12``) or from shares of photographs that show
an action unit; either way it gives every action unit a weight from 0 to 1 per expression.

**Prototypes.**  The weight is the share of an expression's listed prototypes that contain
the action unit.  ``25|26|27`` in a prototype means one of these: each counts as a third of
that prototype.  ``(7)`` means that it may be absent and counts half; both may be combined,
``(25|26)``.  Of intensities (``5B``), sides and asterisks only the numbers are kept.

**Percentages.**  The weight is the percentage / 100.
"""

from __future__ import annotations

import re
from functools import cache

from pydantic import Field, field_validator, model_validator

from ccbench_registry.sources import Share, Source, load_sources
from ccbench_registry.vocabulary import EXPRESSIONS

_PART = re.compile(r"\(?\d+(\|\d+)*\)?")


class PrototypeTable(Source):
    """Action units per expression, by one source.

    Attributes:
        prototypes: expression -> its prototypes, e.g. ``("1+2+5+26", "1+2+5+27")``.
        percentages: expression -> action unit -> per cent of faces that show it; action
            units not named have none.
        listed_from: the weight from which on the table is said to list an action unit; 0
            means any weight above 0.
    """

    prototypes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    percentages: dict[str, dict[int, float]] = Field(default_factory=dict)
    listed_from: Share = 0.0

    @field_validator("prototypes")
    @classmethod
    def _readable(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for text in (text for texts in value.values() for text in texts):
            if not all(_PART.fullmatch(part) for part in text.split("+")):
                raise ValueError(f"has '{text}', which is not written like '1+2+(5)+25|26'")
        return value

    @field_validator("percentages")
    @classmethod
    def _shares(cls, value: dict[str, dict[int, float]]) -> dict[str, dict[int, float]]:
        for name, units in value.items():
            if not all(0 <= percent <= 100 for percent in units.values()):
                raise ValueError(f"has a percentage of {name} outside 0 to 100")
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> PrototypeTable:
        if bool(self.prototypes) == bool(self.percentages):
            raise ValueError("needs prototypes or percentages, and not both")
        unknown = (self.prototypes.keys() | self.percentages.keys()) - set(EXPRESSIONS)
        if unknown:
            raise ValueError(f"has '{min(unknown)}', which is not the name of an expression")
        return self

    @property
    def weights(self) -> dict[str, dict[int, float]]:
        """Expression -> action unit -> weight, 0 to 1; what is missing has weight 0."""
        found = {name: _weights(texts) for name, texts in self.prototypes.items()}
        for name, units in self.percentages.items():
            found[name] = {unit: units[unit] / 100 for unit in sorted(units)}
        return found

    def listed(self, expression: str) -> tuple[int, ...]:
        """Return the action units that the table lists for an expression, in FACS order."""
        weights = self.weights.get(expression, {})
        return tuple(
            unit for unit, weight in weights.items() if weight and weight >= self.listed_from
        )


def _weights(prototypes: tuple[str, ...]) -> dict[int, float]:
    weights: dict[int, float] = {}
    for text in prototypes:
        for part in text.split("+"):
            units = [int(unit) for unit in part.strip("()").split("|")]
            share = (0.5 if part.startswith("(") else 1.0) / len(units)
            for unit in units:
                weights[unit] = weights.get(unit, 0.0) + share / len(prototypes)
    return dict(sorted(weights.items()))


@cache
def prototype_tables() -> tuple[PrototypeTable, ...]:
    """Return the tables that ship with the package.

    >>> [table.name for table in prototype_tables()]
    ['cfee2014', 'cordaro2018', 'emfacs', 'facs2002', 'wsefep2015']
    >>> facs = prototype_tables()[3]
    >>> facs.weights["happy"], facs.listed("surprised")
    ({6: 0.5, 12: 1.0}, (1, 2, 5, 26, 27))
    """
    return load_sources("prototypes", PrototypeTable)
