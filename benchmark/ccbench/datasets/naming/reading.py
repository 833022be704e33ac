"""Trying the ways to lay names out until one reads as expressions of posers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ccbench.datasets.naming.codes import MOST_CODES, CodeReading, read_codes
from ccbench.datasets.naming.patterns import build_pattern, needs_list
from ccbench.datasets.naming.pieces import Layout, cuts, layouts
from ccbench.datasets.naming.posers import Part, determines, keys, name_parts, poser_choices
from ccbench.exceptions import DatasetError
from ccbench_registry import EXPRESSIONS, suggestion

_ENOUGH = 0.05
"""A finer layout is taken if it holds at most this share of the files less than another."""

_BY_HAND = (
    "give the pattern with --pattern, or list the photographs in a CSV file (path,poser,expression)"
)


class NothingReadError(DatasetError):
    """No reading of the names could be chosen.

    Attributes:
        missing: "expression" or "poser": what could not be told.
        problem: that, in a few words.
        parts: part -> its values with their numbers of files; what there is to choose from.
    """

    def __init__(
        self, problem: str, missing: str, remedy: str, parts: Mapping[str, Counter[str]]
    ) -> None:
        shown = "; ".join(f"{part}: {_few(values)}" for part, values in parts.items())
        super().__init__(f"{problem} ({shown}); {remedy}" if shown else f"{problem}; {remedy}")
        self.problem = problem
        self.missing = missing
        self.parts = dict(parts)


def _few(values: Counter[str], most: int = 4) -> str:
    shown = ", ".join(sorted(values)[:most])
    return shown + (", …" if len(values) > most else "")


@dataclass(frozen=True)
class Wish:
    """What the user has said about the names.

    Attributes:
        labels: code (lower case) -> expression, "" to leave it out.
        expression: part that holds the expression, or "".
        poser: parts that make the poser; none, or "poser" alone, for those that look so.
    """

    labels: Mapping[str, str]
    expression: str = ""
    poser: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """One way to read the names.

    Attributes:
        layout: how they line up.
        code: the piece with the expression.
        codes: what its values are taken for.
        parts: all parts that vary.
        posers: pieces that make the poser; several when equally good.
    """

    layout: Layout
    code: int
    codes: CodeReading
    parts: tuple[Part, ...]
    posers: tuple[tuple[int, ...], ...]

    @cached_property
    def groups(self) -> dict[int, str]:
        """Return the names of the groups; what repeats the poser or expression has none."""
        poser = self.posers[0]
        single = poser[0] if len(poser) == 1 and len(self.posers) == 1 else None
        named = {}
        for part in self.parts:
            at = part.position
            generic = part.name.startswith("part") or part.name in {"number", "serial"}
            if at == single and generic:
                named[at] = "poser"
            elif at in poser or at == self.code or not self._repeats(at):
                named[at] = part.name
        return named

    def _repeats(self, position: int) -> bool:
        own = keys(self.layout, (position,))
        for other in (self.posers[0], (self.code,)):
            values = keys(self.layout, other)
            if determines(own, values) and determines(values, own):
                return True
        return False

    def pattern(self, suffixes: Iterable[str]) -> str:
        """Return the regular expression that reads exactly this; "" if there is none."""
        groups = self.groups
        packed = {at for at in groups if needs_list(self.layout, at)}
        letters = {at for at in groups if self.layout.pieces[at].kind == "a"}
        endings = set(suffixes)
        ending = min(endings)
        stems = [
            "".join(found) for found in zip(*(p.texts for p in self.layout.pieces), strict=True)
        ]
        for listed in (packed, letters):
            text = build_pattern(self.layout, groups, listed, endings)
            regex = re.compile(text, re.IGNORECASE)
            if all(self._agrees(regex.fullmatch(s + ending), i) for i, s in enumerate(stems)):
                return text
        return ""

    def _agrees(self, match: re.Match[str] | None, row: int) -> bool:
        if match is None:
            return False
        for position, name in self.groups.items():
            text = self.layout.pieces[position].texts[row]
            found = match[name] or ""
            # "P" of P01 may be in the group.
            if found != text and not (text and name == "poser" and found.endswith(text)):
                return False
        return True


def read_names(stems: Sequence[str], suffixes: Iterable[str], wish: Wish) -> Reading:
    """Return the best reading of the names; folders are part of it only if they say something.

    Args:
        stems: paths without ending, with slashes.
        suffixes: the endings that occur, lower case.
        wish: what the user has said.

    Raises:
        NothingReadError: no part reads as expressions, none as posers, or two as either.
    """
    failures: list[tuple[float, NothingReadError]] = []
    plain = [stem.rpartition("/")[2] for stem in stems]
    found = _best(plain, suffixes, wish, failures, whole=False)
    if any("/" in stem for stem in stems):
        folders = [stem.rpartition("/")[0].lower() for stem in stems]
        if found is None or not _says_all(found, folders):
            whole = _best(stems, suffixes, wish, failures, whole=True)
            if whole is not None and (found is None or _holds_as_many(whole, found)):
                found = whole
    if found is not None:
        return found
    if failures:
        raise max(failures, key=lambda failure: failure[0])[1]
    raise NothingReadError("the names follow no one scheme", "expression", _BY_HAND, {})


def _holds_as_many(reading: Reading, other: Reading) -> bool:
    return len(reading.layout.rows) >= (1 - _ENOUGH) * len(other.layout.rows)


def _says_all(reading: Reading, folders: Sequence[str]) -> bool:
    """Whether poser, expression and columns tell the folder that a name lies in."""
    known = [part.position for part in reading.parts if part.about not in {"serial", "name"}]
    return determines(keys(reading.layout, known), [folders[row] for row in reading.layout.rows])


def _best(
    stems: Sequence[str],
    suffixes: Iterable[str],
    wish: Wish,
    failures: list[tuple[float, NothingReadError]],
    *,
    whole: bool,
) -> Reading | None:
    found: list[Reading] = []
    for layout in layouts(stems):
        if 2 * len(layout.rows) < len(stems) or len(layout.rows) < 2:
            continue
        try:
            reading = _read(layout, wish)
        except NothingReadError as failure:
            rank = len(layout.rows) / len(stems) + (failure.missing == "poser") + whole / 10
            failures.append((rank, failure))
            continue
        if reading.pattern(suffixes):
            found.append(reading)
    return next((one for one in found if all(_holds_as_many(one, other) for other in found)), None)


def _read(layout: Layout, wish: Wish) -> Reading:
    layout, code, codes = _expression(layout, wish)
    parts = tuple(name_parts(layout, code))
    shown = [codes.guesses[value].expression for value in layout.pieces[code].values]
    shown = [name if name in EXPRESSIONS else "" for name in shown]
    if wish.poser and wish.poser != ("poser",):
        posers = [_chosen(wish.poser, parts)]
    else:
        posers = poser_choices(layout, shown, code, parts)
    if not posers:
        raise NothingReadError(
            "no part of the names looks like a poser",
            "poser",
            f"choose with --poser PART; otherwise {_BY_HAND}",
            _values(layout, parts),
        )
    return Reading(layout, code, codes, parts, tuple(posers))


def _chosen(names: Sequence[str], parts: Sequence[Part]) -> tuple[int, ...]:
    known = {part.name: part.position for part in parts if part.name != "expression"}
    for name in names:
        if name not in known:
            raise NothingReadError(
                f"--poser {name}: the names have no such part", "poser", suggestion(name, known), {}
            )
    return tuple(sorted(known[name] for name in names))


def _expression(layout: Layout, wish: Wish) -> tuple[Layout, int, CodeReading]:
    """Find the piece that reads as expressions, cutting packed letters if need be."""
    parts = name_parts(layout, None)
    if wish.expression:
        for part in parts:
            if part.name == wish.expression:
                return layout, part.position, _codes(layout, part.position, wish)
        raise NothingReadError(
            f"--expression {wish.expression}: the names have no such part",
            "expression",
            suggestion(wish.expression, [part.name for part in parts]),
            {},
        )
    fixed = [part for part in parts if not layout.pieces[part.position].optional]
    few = [p for p in fixed if len(set(layout.pieces[p.position].values)) <= MOST_CODES]
    whole = [(layout, p.position, _codes(layout, p.position, wish)) for p in few]
    found = [candidate for candidate in whole if candidate[2].quality > 0]
    if not any(_all_read(codes) for _, _, codes in found):
        found += _packed(layout, fixed, wish)
    if not found:
        raise NothingReadError(
            "no part of the names reads as expressions",
            "expression",
            f"say what its codes mean with --label CODE=EXPRESSION; otherwise {_BY_HAND}",
            _values(layout, parts),
        )
    # The last of equals: the file's own name repeats what a folder says.
    best = max(found, key=lambda candidate: (candidate[2].quality, candidate[1]))
    for other in found:
        if other[0] is best[0] and other[1] != best[1] and _rivals(other, best):
            both = [part for part in parts if part.position in {other[1], best[1]}]
            raise NothingReadError(
                "two parts of the names read as expressions",
                "expression",
                "choose with " + " or ".join(f"--expression {part.name}" for part in both),
                _values(layout, both),
            )
    return best


def _all_read(codes: CodeReading) -> bool:
    return all(guess.expression for guess in codes.guesses.values())


def _rivals(other: tuple[Layout, int, CodeReading], best: tuple[Layout, int, CodeReading]) -> bool:
    first, second = keys(other[0], (other[1],)), keys(best[0], (best[1],))
    return other[2].quality > 0.8 * best[2].quality and not (
        determines(first, second) and determines(second, first)
    )


def _codes(layout: Layout, position: int, wish: Wish) -> CodeReading:
    return read_codes(Counter(layout.pieces[position].values), wish.labels)


def _packed(
    layout: Layout, parts: Iterable[Part], wish: Wish
) -> list[tuple[Layout, int, CodeReading]]:
    found = []
    for part in parts:
        if layout.pieces[part.position].kind != "a":
            continue
        for cut, code in cuts(layout, part.position):
            # A code is packed with a view, say: it crosses with it.  "a" in "ann" does not.
            inside = range(part.position, part.position + 1 + len(cut.pieces) - len(layout.pieces))
            together = len(set(keys(cut, inside)))
            others = len(set(keys(cut, [at for at in inside if at != code])))
            if 2 * together < len(set(cut.pieces[code].values)) * others:
                continue
            codes = read_codes(Counter(cut.pieces[code].values), wish.labels)
            if codes.quality > 0:
                found.append((cut, code, codes))
    return found


def _values(layout: Layout, parts: Iterable[Part]) -> dict[str, Counter[str]]:
    found = {}
    for part in parts:
        spelling: dict[str, str] = {}
        texts = layout.pieces[part.position].texts
        found[part.name] = Counter(spelling.setdefault(text.lower(), text) for text in texts)
    return found
