"""Cutting file names into pieces that line up: letters, digits and what separates them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from itertools import pairwise

from ccbench.datasets.naming.meanings import is_sex
from ccbench_registry.vocabulary import WORDS, fold

# Accents may be signs of their own, as in names from a Mac.
_LETTERS = r"(?:[^\W\d_][\u0300-\u036f\u3099\u309a]*)+"


def _spaced_words() -> str:
    views = ("far left", "far right", "half left", "half right", "three quarter", "face forward")
    words = [w for language in WORDS.values() for found in language.values() for w in found]
    spaced = {fold(word) for word in (*words, *views) if " " in word}
    return "|".join(word.replace(" ", "[ _-]+") for word in sorted(spaced, reverse=True))


_TOKEN = re.compile(
    rf"(?P<a>(?<![^\W\d_])(?:{_spaced_words()})(?![^\W\d_])|{_LETTERS})"
    r"|(?P<digits>\d+)|(?P<slash>/)|(?P<between>(?:(?!/)[\W_])+)",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

_RARE = 10
"""One "copy" among so many names is a stray; a number may be a rare second take."""

_MAY_LACK = 0.02
"""Share of names that may lack packed letters where the others have them: misnamed files."""

Tokens = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Piece:
    """One piece of all names that are laid out alike.

    Attributes:
        kind: "a" letters, "0" digits, "-" what separates (the same in all names), "*"
            anything but a slash and the separators beside it.
        texts: what it is in each name, as written; "" where a name lacks it.
        optional: whether it belongs to an ending that some names lack.
    """

    kind: str
    texts: tuple[str, ...]
    optional: bool = False

    @cached_property
    def values(self) -> tuple[str, ...]:
        """What it is in each name, lower case: names are matched without regard to case."""
        return tuple(text.lower() for text in self.texts)

    @cached_property
    def varies(self) -> bool:
        """Whether it differs between names."""
        return self.kind != "-" and len(set(self.values)) > 1


@dataclass(frozen=True)
class Layout:
    """Names that are laid out alike, in pieces.

    Attributes:
        rows: which of the names they are, by position.
        pieces: from left to right.
    """

    rows: tuple[int, ...]
    pieces: tuple[Piece, ...]

    def cut(self, position: int, into: Sequence[Piece]) -> Layout:
        """Return the layout with one piece cut into several."""
        pieces = (*self.pieces[:position], *into, *self.pieces[position + 1 :])
        return replace(self, pieces=pieces)

    def only(self, kept: Sequence[int]) -> Layout:
        """Return the layout of some of its names, by their places in it."""
        if len(kept) == len(self.rows):
            return self
        return Layout(
            tuple(self.rows[at] for at in kept),
            tuple(replace(p, texts=tuple(p.texts[at] for at in kept)) for p in self.pieces),
        )


def tokens(text: str, *, camel: bool = False) -> Tokens:
    """Cut a text into (kind, text).

    >>> tokens("P01_no expression")
    (('a', 'P'), ('0', '01'), ('-', '_'), ('a', 'no expression'))
    >>> [part for _, part in tokens("joyFront", camel=True)]
    ['joy', 'Front']
    """
    found = []
    for match in _TOKEN.finditer(text):
        kind = {"a": "a", "digits": "0"}.get(match.lastgroup or "", "-")
        parts = _CAMEL.split(match[0]) if camel and kind == "a" else [match[0]]
        found += [(kind, part) for part in parts]
    return tuple(found)


def shape(found: Tokens) -> tuple[str, ...]:
    """Return what must be the same in names that line up: kinds, and separators as they are."""
    return tuple(text if kind == "-" else kind for kind, text in found)


def layouts(stems: Sequence[str]) -> Iterator[Layout]:
    """Yield ways to lay the names out, the finest first; each holds most of them.

    Args:
        stems: names, or paths with slashes, without ending.
    """
    yield _fine(stems, tokens)
    if any(_CAMEL.search(stem) for stem in stems):
        yield _fine(stems, partial(tokens, camel=True))
    for separator in ("_", "-", " ", ".", "/"):
        if any(separator in stem for stem in stems):
            yield _coarse(stems, separator)


def _fine(stems: Sequence[str], cut: Callable[[str], Tokens]) -> Layout:
    """Lay out the names of the most frequent shape, and of one that has a longer ending."""
    cuts = [cut(stem) for stem in stems]
    shapes = [shape(found) for found in cuts]
    counts = Counter(shapes)
    usual = max(counts, key=lambda found: (counts[found], found))
    related = [
        other
        for other in counts
        if (ending := _ending(usual, other))
        and ("0" in ending or counts[other] * _RARE > counts[usual])
    ]
    taken = {usual}
    if related:
        taken.add(max(related, key=lambda found: (counts[found], found)))
    short, long = min(taken, key=len), max(taken, key=len)
    rows = tuple(row for row, found in enumerate(shapes) if found in taken)
    pieces = []
    for position, form in enumerate(long):
        texts = tuple(cuts[row][position][1] if position < len(cuts[row]) else "" for row in rows)
        kind = form if form in {"a", "0"} else "-"
        pieces.append(Piece(kind, texts, optional=position >= len(short)))
    return _split_sexes(Layout(rows, tuple(pieces)))


def _ending(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return what one shape has more at its end than the other: one number or word, or ()."""
    short, long = sorted((one, other), key=len)
    ending = long[len(short) :]
    fine = sum(form in {"a", "0"} for form in ending) == 1 and "/" not in ending
    return ending if long[: len(short)] == short and fine else ()


def _coarse(stems: Sequence[str], separator: str) -> Layout:
    """Cut only at slashes and one separator, and finer where all names line up."""
    cutter = re.compile(rf"([/{re.escape(separator)}])")
    cuts = [cutter.split(stem) for stem in stems]
    shapes = [tuple(found[1::2]) for found in cuts]
    counts = Counter(form for form, found in zip(shapes, cuts, strict=True) if all(found))
    if not counts:
        return Layout((), ())
    usual = max(counts, key=lambda form: (counts[form], form))
    rows = tuple(row for row, form in enumerate(shapes) if form == usual and all(cuts[row]))
    pieces: list[Piece] = []
    for position in range(2 * len(usual) + 1):
        texts = [cuts[row][position] for row in rows]
        if position % 2:
            pieces.append(Piece("-", tuple(texts)))
            continue
        inner = [tokens(text) for text in texts]
        if len({shape(found) for found in inner}) == 1:
            for column in zip(*inner, strict=True):
                pieces.append(Piece(column[0][0], tuple(text for _, text in column)))
        else:
            pieces.append(Piece("*", tuple(texts)))
    return _split_sexes(Layout(rows, tuple(pieces)))


def _split_sexes(layout: Layout) -> Layout:
    """Cut packed letters that hold the sex in one place: AF and AM, BF and BM."""
    for position in reversed(range(len(layout.pieces))):
        piece = layout.pieces[position]
        values = set(piece.values)
        if piece.kind != "a" or len({*map(len, values)}) != 1 or not 2 <= len(min(values)) <= 3:
            continue
        letters = list(zip(*sorted(values), strict=True))
        places = [place for place, found in enumerate(letters) if is_sex(set(found))]
        rest = {tuple(v for p, v in enumerate(value) if p not in places) for value in values}
        # Every other letter with both sexes; otherwise it is a name such as KM.
        if len(places) == 1 and len(values) == 2 * len(rest):
            layout = layout.cut(position, _slices(piece, (places[0], places[0] + 1)))
    return layout


def _slices(piece: Piece, places: tuple[int, ...]) -> list[Piece]:
    """Cut a piece at places counted from its left; empty pieces are dropped."""
    length = len(piece.texts[0])
    bounds = sorted({0, *places, length})
    return [
        replace(piece, texts=tuple(text[start:end] for text in piece.texts))
        for start, end in pairwise(bounds)
    ]


def cuts(layout: Layout, position: int) -> Iterator[tuple[Layout, int]]:
    """Yield layouts with packed letters cut, and which piece might then be a code.

    Of one to four letters, at the same place from the left, or a whole word of the
    vocabulary at the start or the end.  A few names where there is nothing to cut are dropped.
    """
    texts = layout.pieces[position].texts
    lengths = sorted(map(len, texts))
    usual = lengths[int(_MAY_LACK * len(lengths))]
    for start in range(min(usual, 4)):
        for end in range(start + 1, min(start + 4, usual) + 1):
            rows = [row for row, text in enumerate(texts) if len(text) >= end]
            yield _cut_at(layout.only(rows), position, [(start, end)] * len(rows))
    for ends in (False, True):
        found = [_word_length(text, ends=ends) for text in texts]
        rows = [row for row, length in enumerate(found) if length]
        if len(rows) >= (1 - _MAY_LACK) * len(texts):
            places = [
                (len(texts[row]) - found[row], len(texts[row])) if ends else (0, found[row])
                for row in rows
            ]
            yield _cut_at(layout.only(rows), position, places)


def _cut_at(layout: Layout, position: int, places: Sequence[tuple[int, int]]) -> tuple[Layout, int]:
    """Cut a piece at (start, end) of each name into up to three."""
    piece = layout.pieces[position]
    both = list(zip(piece.texts, places, strict=True))
    columns = [
        tuple(text[:start] for text, (start, _) in both),
        tuple(text[start:end] for text, (start, end) in both),
        tuple(text[end:] for text, (_, end) in both),
    ]
    kept = [texts for texts in columns if any(texts)]
    into = [replace(piece, texts=texts) for texts in kept]
    return layout.cut(position, into), position + int(any(columns[0]))


_LONGEST_FIRST = sorted(
    {fold(w) for language in WORDS.values() for found in language.values() for w in found},
    key=lambda word: (-len(word), word),
)


@cache
def _word_length(text: str, *, ends: bool) -> int:
    """Return the length of the longest word of the vocabulary that a text starts or ends with."""
    low = text.lower()
    for word in _LONGEST_FIRST:
        if low.endswith(word) if ends else low.startswith(word):
            return len(word)
    return 0


def kinds(names: Sequence[str]) -> list[tuple[str, int]]:
    """Return the kinds of names there are, each as (first of its kind, how many).

    >>> kinds(["IMG_1.jpg", "IMG_2.jpg", "montage.png"])
    [('IMG_1.jpg', 2), ('montage.png', 1)]
    """
    forms: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        forms.setdefault(shape(tokens(name)), []).append(name)
    found = [(members[0], len(members)) for members in forms.values()]
    return sorted(found, key=lambda kind: (-kind[1], kind[0]))
