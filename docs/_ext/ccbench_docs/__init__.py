"""Pages of the site that are made from the package: the catalogue, and the commands.

Such a page is plain Markdown with a place that is filled when the site is built::

    <!-- made when the site is built: databases -->
    What a forge shows instead.
    <!-- end -->
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from ccbench_docs.commands import all_commands
from ccbench_docs.databases import all_databases, by_country

PARTS: Mapping[str, Callable[[], str]] = {
    "commands": all_commands,
    "countries": by_country,
    "databases": all_databases,
}
"""What can be made, by the name that a page gives."""

_PLACE = re.compile(r"<!-- made when the site is built: (\w+) -->\n.*?<!-- end -->", re.S)


def fill(text: str) -> str:
    """Return the text of a page with its places filled.

    Raises:
        ExtensionError: a place has a name that nothing is made for.
    """

    def made(place: re.Match[str]) -> str:
        if place[1] not in PARTS:
            raise ExtensionError(f"nothing called '{place[1]}' is made; there is {sorted(PARTS)}")
        return PARTS[place[1]]()

    return _PLACE.sub(made, text)


def _read(_app: Sphinx, _page: str, source: list[str]) -> None:
    source[0] = fill(source[0])


def _plain_summary(
    _app: Sphinx, what: str, _name: str, _obj: object, _options: object, lines: list[str]
) -> None:
    # Of attributes, napoleon takes what stands before a colon for the type; here there is none.
    if what in {"attribute", "data", "property"} and lines:
        lines[0] = f": {lines[0]}"


def _no_signature(
    _app: Sphinx, what: str, _name: str, item: object, *_rest: object
) -> tuple[str, str] | None:
    # Interfaces are not called.
    return ("", "") if what == "class" and getattr(item, "_is_protocol", False) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Fill pages as they are read, and mend what autodoc makes of docstrings and interfaces."""
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _plain_summary, priority=400)
    app.connect("autodoc-process-signature", _no_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
