"""The entry points through which packages ship plugins."""

from __future__ import annotations

import os
from importlib.metadata import Distribution, EntryPoint, entry_points
from weakref import WeakKeyDictionary

from ccbench.exceptions import DuplicateNameError

GROUP = "ccbench"
STRICT = "CCBENCH_STRICT_PLUGINS"
_named: WeakKeyDictionary[Distribution, str] = WeakKeyDictionary()
"""Names and versions: each is a file of metadata with a whole README in it, read anew if asked."""


def strict_mode() -> bool:
    """Whether ``CCBENCH_STRICT_PLUGINS`` makes a plugin that fails fatal."""
    return os.environ.get(STRICT, "") not in {"", "0"}


def package(entry: EntryPoint) -> str:
    """Return the distribution that ships an entry point, with its version."""
    if entry.dist is None:
        return "unknown package"
    if entry.dist not in _named:
        _named[entry.dist] = f"{entry.dist.name} {entry.dist.version}"
    return _named[entry.dist]


def only_entry_points() -> list[EntryPoint]:
    """Return the entry points, sorted; refuse two of one name."""
    unique = distinct_entry_points()
    for entry, other in zip(unique[1:], unique, strict=False):
        if other.name == entry.name:
            raise DuplicateNameError(
                f"two packages ship a plugin named '{entry.name}': {package(other)} and "
                f"{package(entry)}; uninstall one of them"
            )
    return unique


def distinct_entry_points() -> list[EntryPoint]:
    """Return the entry points, sorted by name and package.

    One package seen twice on the path (say, installed and editable) is one.
    """
    found = {
        (entry.name, package(entry), entry.value): entry for entry in entry_points(group=GROUP)
    }
    return [found[key] for key in sorted(found)]
