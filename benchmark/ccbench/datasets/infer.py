"""How the names of a folder of photographs carry poser and expression, found by looking.

:func:`infer` proposes a pattern from names alone; :func:`read_pattern` reads names by a
pattern that somebody wrote.  Both return a :class:`Proposal`, which a card is made of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ccbench.datasets.naming.codes import Guess, read_codes
from ccbench.datasets.naming.pieces import kinds
from ccbench.datasets.naming.reading import NothingReadError, Reading, Wish, read_names
from ccbench.exceptions import DatasetError
from ccbench.samples import folded
from ccbench_registry import FilePattern, suggestion

__all__ = ["Guess", "NothingReadError", "Proposal", "infer", "kinds", "read_pattern"]


@dataclass(frozen=True)
class Proposal:
    """How names are read.

    Attributes:
        pattern: regular expression with the group ``expression``, as in a card.
        poser: the groups that make the poser.
        columns: group -> its values with their numbers of files, in the names' order.
        labels: code as written -> the expression it is taken for.
        matched: names that the pattern reads.
        unmatched: names that it does not.
        choices: other groups that might as well be the poser; each is a reading.
    """

    pattern: str
    poser: tuple[str, ...]
    columns: Mapping[str, Counter[str]]
    labels: Mapping[str, Guess]
    matched: tuple[str, ...]
    unmatched: tuple[str, ...]
    choices: tuple[tuple[str, ...], ...] = ()

    @property
    def template(self) -> str:
        """The card's ``poser``, such as ``"{sex}{number}"``."""
        return _template(self.poser, self.columns)

    def text(self, name: str) -> str:
        """Return the part of a path that the pattern is matched against."""
        return name if "/" in self.pattern else name.rpartition("/")[2]

    def read(self, name: str) -> dict[str, str] | None:
        """Return the groups of one name, or ``None`` if it does not match."""
        match = re.compile(self.pattern, re.IGNORECASE).fullmatch(self.text(name))
        return match and {key: value or "" for key, value in match.groupdict().items()}

    def files(self) -> FilePattern:
        """Return the ``[files]`` table; codes that nobody knows are left out."""
        labels = {code: guess.expression for code, guess in self.labels.items()}
        return FilePattern(pattern=self.pattern, poser=self.template, labels=labels)


def infer(
    names: Sequence[str],
    labels: Mapping[str, str] | None = None,
    expression: str = "",
    poser: Sequence[str] = (),
) -> Proposal:
    r"""Propose how the names of photographs are read.

    Args:
        names: paths below the folder, with slashes.
        labels: what is known of codes: code -> expression, "" to leave it out.
        expression: the part with the expression, if it is known.
        poser: the parts that make the poser, if they are known.

    Returns:
        A proposal whose pattern reads exactly what was found; ``choices`` is not empty when
        another reading is as good.

    Raises:
        NothingReadError: the names do not tell expression or poser.

    >>> found = infer([f"P{n:02}_{word}.png" for n in range(9) for word in ("joy", "fear")])
    >>> found.pattern
    '(?P<poser>P\\d+)_(?P<expression>[a-z]+)\\.png'
    """
    wish = Wish(
        {code.lower(): label for code, label in (labels or {}).items()}, expression, tuple(poser)
    )
    stems = [name[: len(name) - len(PurePosixPath(name).suffix)] for name in names]
    suffixes = {PurePosixPath(name).suffix.lower() for name in names}
    reading = read_names(stems, suffixes, wish)
    groups = reading.groups
    used = {PurePosixPath(names[row]).suffix.lower() for row in reading.layout.rows}
    posers = [
        tuple(groups[at] for at in positions)
        for positions in reading.posers
        if set(positions) <= set(groups)
    ]
    found = read_pattern(names, reading.pattern(used), posers[0], wish.labels)
    return Proposal(
        found.pattern,
        found.poser,
        found.columns,
        _guesses(found, reading),
        found.matched,
        found.unmatched,
        tuple(posers[1:]),
    )


def _guesses(found: Proposal, reading: Reading) -> dict[str, Guess]:
    """Prefer what was read over the names that line up: strays may fit the pattern too."""
    known = reading.codes.guesses
    return {code: known.get(code.lower(), guess) for code, guess in found.labels.items()}


def read_pattern(
    names: Sequence[str],
    pattern: str,
    poser: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
) -> Proposal:
    """Read names by a given pattern.

    Args:
        names: paths below the folder, with slashes.
        pattern: regular expression with the group ``expression``.
        poser: its groups that make the poser; ``poser`` by default.
        labels: what is known of codes.

    Raises:
        DatasetError: no regular expression, or no such group.
    """
    try:
        regex = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise DatasetError(f"the pattern {pattern} is not a regular expression: {error}") from None
    groups = list(regex.groupindex)
    if "expression" not in groups:
        raise DatasetError(f"the pattern {pattern} needs a named group (?P<expression>...)")
    others = [group for group in groups if group != "expression"]
    for group in poser or ["poser"]:
        if group not in others:
            raise DatasetError(
                f"the pattern {pattern} has no group '{group}' for the poser; "
                f"{suggestion(group, others)} (choose with --poser GROUP, or GROUP+GROUP)"
            )
    columns: dict[str, Counter[str]] = {group: Counter() for group in groups}
    spelling: dict[tuple[str, str], str] = {}
    matched: list[str] = []
    unmatched: list[str] = []
    for name in names:
        match = regex.fullmatch(name if "/" in pattern else name.rpartition("/")[2])
        (unmatched if match is None else matched).append(name)
        for group, value in (match.groupdict() if match else {}).items():
            text = value or ""
            # Codes of expressions are looked up as they are.
            same = text.lower() if group == "expression" else folded(text)
            columns[group][spelling.setdefault((group, same), text)] += 1
    known = {code.lower(): label for code, label in (labels or {}).items()}
    codes = columns["expression"]
    guesses = read_codes({code.lower(): count for code, count in codes.items()}, known).guesses
    return Proposal(
        pattern,
        tuple(poser or ["poser"]),
        columns,
        {code: guesses[code.lower()] for code in codes},
        tuple(matched),
        tuple(unmatched),
    )


def _template(poser: Sequence[str], columns: Mapping[str, Counter[str]]) -> str:
    """Join the groups; with a hyphen where two would run into each other (1-11 and 11-1)."""
    text = ""
    for group, following in zip(poser, [*poser[1:], ""], strict=True):
        text += f"{{{group}}}"
        if following and _is_number(columns[group]) == _is_number(columns[following]):
            text += "-"
    return text


def _is_number(values: Counter[str]) -> bool:
    return all(value.isdecimal() for value in values)
