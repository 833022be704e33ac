"""How well people recognise the expressions of a database: published norms.

Response formats differ between studies (length of the list of labels, "other" allowed or
not, exposure, the raters' country), so compare orders of expressions rather than means.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from pydantic import Field, model_validator

from ccbench_registry.cards import CardName
from ccbench_registry.sources import Share, Source, load_sources
from ccbench_registry.vocabulary import EXPRESSIONS


class Norms(Source):
    """Recognition of one database's photographs by people.

    Attributes:
        database: name of the dataset, e.g. "kdef".
        raters: who judged what.
        mean: correct rate over expressions, 0 to 1; ``None`` where not known.
        order: expressions from best to worst recognised.
        rates: correct rate per expression, 0 to 1; empty where only the order is known.
    """

    database: CardName
    raters: str
    mean: Share | None = None
    order: tuple[str, ...]
    rates: dict[str, Share] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Norms:
        if len(set(self.order)) != len(self.order) or not set(self.order) <= set(EXPRESSIONS):
            raise ValueError("has an order that repeats an expression or has an unknown one")
        if self.rates:
            falling = sorted(self.rates.values(), reverse=True)
            if [self.rates.get(name) for name in self.order] != falling:
                raise ValueError("has rates that do not follow its order")
        return self

    @property
    def ranks(self) -> dict[str, int]:
        """Expression -> rank, 1 for the best recognised."""
        return {name: place for place, name in enumerate(self.order, start=1)}


@cache
def all_norms() -> Mapping[str, Norms]:
    """Return the norms that ship with the package: database -> norms."""
    return MappingProxyType({norms.database: norms for norms in load_sources("norms", Norms)})


def human_norms(database: str) -> Norms | None:
    """Return the norms of a database, or ``None`` where none are known.

    >>> norms = human_norms("krc")
    >>> norms.mean, norms.order[0], norms.ranks["fearful"]
    (0.62, 'neutral', 7)
    """
    return all_norms().get(database)
