"""Self-contained pages from the templates of this package: style and script are part of each."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_SCRIPT = "report.js"


def environment(filters: Mapping[str, Callable[..., Any]]) -> Environment:
    """Return where pages are made: text is escaped, a name that is not given is an error.

    Args:
        filters: what the templates call, by name.
    """
    made = Environment(
        loader=PackageLoader("ccbench.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(filters)
    return made


def assets(*styles: str) -> dict[str, Markup | str]:
    """Return what the layout of a page needs: ``style``, ``script`` and ``script_hash``.

    The hash stands in the page's content security policy, which lets no other script run.

    Args:
        styles: files of the folder ``templates``, one after the other.
    """
    script = source(_SCRIPT)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return {
        # All are files of the package, nothing of a run is in them.
        "style": Markup("".join(source(name) for name in styles)),
        "script": Markup(script),
        "script_hash": f"sha256-{digest}",
    }


def source(name: str) -> str:
    """Return the text of a file of the folder ``templates``."""
    return (files("ccbench.reporting") / "templates" / name).read_text("utf-8")
