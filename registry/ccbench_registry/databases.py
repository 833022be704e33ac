"""The catalogue: one card for each known database of posed facial expressions.

Cards are TOML files in ``data/databases``.  KDEF and KRC are not among them: they are
plugins of their own (``ccbench_plugins.kdef``, ``ccbench_plugins.krc``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from ccbench_registry.cards import DatasetCard, load_card
from ccbench_registry.errors import CardError


@cache
def databases() -> Mapping[str, DatasetCard]:
    """Return the cards that ship with the package: name -> card, in the order of names.

    A card with a ``files`` table is a complete loader; photographs of the others have to be
    listed in a CSV manifest.

    >>> card = databases()["faces"]
    >>> card.country, card.posers, card.missing
    ('DE', 171, ('surprised',))

    Raises:
        CardError: a file that does not validate, or is not called as its card; it is named.
    """
    folder = files("ccbench_registry") / "data" / "databases"
    paths = sorted(
        (path for path in folder.iterdir() if path.name.endswith(".toml")),
        key=lambda path: path.name,
    )
    cards = {}
    for path in sorted(paths, key=lambda path: path.name):
        card = load_card(path, DatasetCard)
        if path.name != f"{card.name}.toml":
            raise CardError(f"{path} is the card of '{card.name}'; call it {card.name}.toml")
        cards[card.name] = card
    return MappingProxyType(cards)
