"""From names that are laid out alike to a regular expression that a person can read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from ccbench.datasets.naming.meanings import poser_evidence
from ccbench.datasets.naming.pieces import Layout, Piece


def literal(text: str) -> str:
    r"""Return a text as a regular expression, blanks and hyphens as they are.

    >>> literal("a (b).png")
    'a \\(b\\)\\.png'
    """
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)


def build_pattern(
    layout: Layout,
    groups: Mapping[int, str],
    listed: Collection[int],
    suffixes: Collection[str],
) -> str:
    """Return the regular expression for the names of a layout.

    Args:
        layout: the names.
        groups: piece -> name of its group; pieces that vary and have none are matched
            without a group.  The P of P01 joins the group "poser".
        listed: pieces whose values are written out, as no other sign ends them.
        suffixes: endings of the files, lower case, with the dot.
    """
    texts: list[str] = []
    for position, piece in enumerate(layout.pieces):
        text = (
            _one_of(piece, layout, position, listed=position in listed)
            if piece.varies
            else literal(next(filter(None, piece.texts)))
        )
        if position in groups:
            if groups[position] == "poser" and _is_prefix(layout, position - 1):
                text, texts[-1] = texts[-1] + text, ""
            if text.startswith("(?:") and text.endswith(")"):
                text = text.removeprefix("(?:").removesuffix(")")
            text = f"(?P<{groups[position]}>{text})"
        texts.append(text)
    tail = next((p for p, piece in enumerate(layout.pieces) if piece.optional), len(texts))
    ending = "".join(texts[tail:])
    endings = [literal(suffix[1:]) for suffix in sorted(suffixes)]
    return (
        "".join(texts[:tail])
        + (f"(?:{ending})?" if ending else "")
        + (rf"\.{endings[0]}" if len(endings) == 1 else rf"\.(?:{'|'.join(endings)})")
    )


def needs_list(layout: Layout, position: int) -> bool:
    """Whether a piece stands directly beside other letters, so that only a list ends it."""
    around = [p for p in (position - 1, position + 1) if 0 <= p < len(layout.pieces)]
    return layout.pieces[position].kind == "a" and any(layout.pieces[p].kind == "a" for p in around)


def _is_prefix(layout: Layout, position: int) -> bool:
    """Whether a piece is the P of P01 or the "subject" of subject1."""
    if position < 0 or position + 1 >= len(layout.pieces):
        return False
    piece = layout.pieces[position]
    before = layout.pieces[position - 1] if position else None
    return (
        piece.kind == "a"
        and not piece.varies
        and layout.pieces[position + 1].kind == "0"
        and (before is None or before.kind == "-")
        and (len(piece.texts[0]) <= 3 or poser_evidence(piece.values[0]) > 1)
    )


def _one_of(piece: Piece, layout: Layout, position: int, *, listed: bool) -> str:
    spelt: dict[str, str] = {}
    for text in piece.texts:
        spelt.setdefault(text.lower(), text)
    # An ending that some names lack is optional as a whole.
    lacking = spelt.pop("", None) is not None and not piece.optional
    many = "*" if lacking else "+"
    if piece.kind == "0":
        return rf"\d{many}"
    if piece.kind == "*":
        return rf"[^/{_stops(layout, position)}]{many}"
    if all(len(value) == 1 and value.isascii() for value in spelt):
        few = f"[{''.join(sorted(spelt.values()))}]" if listed or len(spelt) < 4 else "[a-z]"
        return few + ("?" if lacking else "")
    if listed:
        words = sorted(spelt.values(), key=lambda word: (-len(word), word))
        text = "|".join(map(literal, words))
        return f"(?:{text})?" if lacking else f"(?:{text})"
    return _class_of(spelt, layout, position) + many


def _class_of(values: Collection[str], layout: Layout, position: int) -> str:
    """Return the class of signs that the values have: letters, and what is inside of words."""
    inside = {sign for value in values for sign in value if not sign.isalpha()}
    if all(value.isascii() for value in values):
        signs = "".join(map(literal, sorted(inside - {"-"}))) + "-" * ("-" in inside)
        return f"[a-z{signs}]"
    return rf"[^/{_stops(layout, position)}]" if inside else r"[^\W\d_]"


def _stops(layout: Layout, position: int) -> str:
    """Return the separators on both sides of a piece, for a class of other signs."""
    found = {
        layout.pieces[p].texts[0][0 if p > position else -1]
        for p in (position - 1, position + 1)
        if 0 <= p < len(layout.pieces) and layout.pieces[p].kind == "-"
    }
    return "".join("\\" + sign if sign in r"\]^-[" else sign for sign in sorted(found - {"/"}))
