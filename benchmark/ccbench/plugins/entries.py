"""The entry points through which packages ship plugins."""

from __future__ import annotations

import os
from importlib.metadata import EntryPoint, entry_points

from ccbench.exceptions import DuplicateNameError

GROUP = "ccbench"
STRICT = "CCBENCH_STRICT_PLUGINS"


def strict_mode() -> bool:
    """Whether ``CCBENCH_STRICT_PLUGINS`` makes a plugin that fails fatal."""
    return os.environ.get(STRICT, "") not in {"", "0"}


def package(entry: EntryPoint) -> str:
    """Return the distribution that ships an entry point, with its version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown package"


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
