"""Plain text as Markdown, and which items are ccbench's own."""

from __future__ import annotations

import re

_OWN = ("ccbench", "ccbench_plugins")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~])")
# Addresses, without the punctuation of the sentence that they end, and options.
_PARTICULAR = re.compile(
    r"https?://[^\s<>]*[^\s<>.,;:)'\"]|doi:10\.[^\s<>]*[^\s<>.,;:)]|(?<!\S)--[a-z][a-z-]*"
)


def plain(text: str) -> str:
    r"""Return a text as Markdown that shows it as it is, but with links, and options as code.

    >>> print(plain("See https://a.org/x_y. A* with --all"))
    See <https://a.org/x_y>. A\* with `--all`
    """
    parts, start = [], 0
    for found in _PARTICULAR.finditer(text):
        parts += [_escaped(text[start : found.start()]), _marked(found[0])]
        start = found.end()
    return "".join([*parts, _escaped(text[start:])])


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _marked(text: str) -> str:
    if text.startswith("--"):
        return f"`{text}`"
    if text.startswith("doi:"):
        return f"[{_escaped(text)}](<https://doi.org/{text.removeprefix('doi:')}>)"
    return f"<{text}>"


def bundled(module: str) -> bool:
    """Return whether a module is ccbench's own, and not of a plugin that happens to be there."""
    return module.partition(".")[0] in _OWN
