"""Named things, found by name, with a suggestion when the name is nearly right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from ccbench_registry.errors import DuplicateNameError, UnknownNameError

T = TypeVar("T")

_MOST = 20
"""Names in a message; all of a long catalogue would bury it."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant.

    Args:
        name: what was asked for.
        known: the names that exist.

    Returns:
        ``"did you mean 'kdef'?"``; or, with no near miss, what there is.

    >>> suggestion("kdf", ["kdef", "krc"])
    "did you mean 'kdef'?"
    >>> suggestion("zebra", ["kdef", "krc"])
    'there are: kdef, krc'
    """
    names = sorted(known)
    lowered = {candidate.lower(): candidate for candidate in names}
    near = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    if near:
        return f"did you mean '{lowered[near[0]]}'?"
    if not names:
        return "there are none"
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"there are: {', '.join(names[:_MOST])}{more}"


class Catalog(Generic[T]):
    """Items of one kind ("dataset", "backbone", ...) by name, each with its source.

    The source is the distribution package that registered the item; it is what the
    error names when two packages claim one name.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}
        self._sources: dict[str, str] = {}

    def add(self, name: str, item: T, source: str) -> None:
        """Register ``item``; refuse a name that is taken, naming both sources."""
        if name in self._items:
            raise DuplicateNameError(
                f"two plugins register the {self.kind} '{name}': {self._sources[name]} and "
                f"{source}; uninstall one of them or rename its {self.kind}"
            )
        self._items[name] = item
        self._sources[name] = source

    def get(self, name: str) -> T:
        """Return the item of that name.

        Raises:
            UnknownNameError: with the nearest known name.
        """
        try:
            return self._items[name]
        except KeyError:
            raise UnknownNameError(
                f"no {self.kind} '{name}'; {suggestion(name, self._items)}",
                name=name,
                known=sorted(self._items),
            ) from None

    def source(self, name: str) -> str:
        """Return the package that registered ``name``."""
        self.get(name)
        return self._sources[name]

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._items))

    def __len__(self) -> int:
        return len(self._items)
