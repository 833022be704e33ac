"""Reading what stands in file names as expressions: words, abbreviations, initials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ccbench_registry import EXPRESSIONS, OTHER_EXPRESSIONS, canonical_expression
from ccbench_registry.vocabulary import WORDS, expression_words, fold

MOST_CODES = 40
"""More different values than this are no expressions."""

_MISSPELT = 1.0
_FOLDED = {
    language: {name: [fold(word) for word in words] for name, words in found.items()}
    for language, found in WORDS.items()
}
_ORDER = {name: place for place, name in enumerate((*EXPRESSIONS, *OTHER_EXPRESSIONS))}


@dataclass(frozen=True)
class Guess:
    """What a code is taken for.

    Attributes:
        expression: canonical name; "" when the user leaves it out, or when nobody knows.
        sure: whether nothing else was as likely; of "", whether the user said so.
    """

    expression: str
    sure: bool


@dataclass(frozen=True)
class CodeReading:
    """How the values of one part of the names read as expressions.

    Attributes:
        guesses: value (lower case) -> what it is taken for.
        quality: 0 when it is no expression; at most 7, the more expressions, files and
            whole words the better.
    """

    guesses: Mapping[str, Guess] = field(default_factory=dict)
    quality: float = 0.0


def read_codes(counts: Mapping[str, int], labels: Mapping[str, str]) -> CodeReading:
    """Read values as expressions, in the language that explains most of them.

    Args:
        counts: value (lower case) -> number of files.
        labels: what the user says: code (lower case) -> expression, "" to leave it out.

    >>> found = read_codes({"an": 4, "ha": 4, "sp": 4}, {})
    >>> [guess.expression for guess in found.guesses.values()]
    ['angry', 'happy', 'surprised']
    """
    if not 2 <= len(counts) <= MOST_CODES:
        return CodeReading({code: _said(code, labels) for code in counts})
    best = CodeReading()
    for language in WORDS:
        guesses = _guess_all(list(counts), labels, language)
        fewest = 3 if language == "English" else 4
        reading = CodeReading(guesses, _quality(counts, guesses, labels, fewest))
        if not best.guesses or reading.quality > best.quality + 1e-9:
            best = reading
    return best


def _said(code: str, labels: Mapping[str, str]) -> Guess:
    if code in labels:
        return Guess(canonical_expression(labels[code]) or "", True)
    name = canonical_expression(code) or ""
    return Guess(name, bool(name))


def _quality(
    counts: Mapping[str, int],
    guesses: Mapping[str, Guess],
    labels: Mapping[str, str],
    fewest: int,
) -> float:
    files: Counter[str] = Counter()
    worth = 0.0
    for code, guess in guesses.items():
        if guess.expression:
            files[guess.expression] += counts[code]
        if guess.expression or code in labels:
            words = code in labels or canonical_expression(code) is not None
            worth += counts[code] * (1.0 if words else 0.85 if len(code) > 1 else 0.6)
    seven = sum(name in EXPRESSIONS for name in files)
    read = sum(files.values()) / sum(counts.values())
    initials = all(len(code) == 1 for code in guesses) and not set(guesses) & set(labels)
    words = any(canonical_expression(code) or code in labels for code in guesses)
    # A few letters read as initials of something by chance.
    if seven < (2 if words else fewest) or read < (0.85 if initials else 0.6):
        return 0.0
    return seven * worth / sum(counts.values())


def _guess_all(codes: list[str], labels: Mapping[str, str], language: str) -> dict[str, Guess]:
    """Guess each code; two abbreviations do not get one expression, words may."""
    guesses: dict[str, Guess] = {}
    rest: dict[str, dict[str, float]] = {}
    for code in codes:
        guess = _said(code, labels)
        if guess.expression or code in labels:
            guesses[code] = guess
        else:
            rest[code] = _candidates(fold(code), language)
    taken = {guess.expression for guess in guesses.values()}
    while rest:
        for found in rest.values():
            for name in taken:
                found.pop(name, None)
        code = max(rest, key=lambda code: _certainty(rest[code]))
        found = rest.pop(code)
        name = max(found, key=lambda name: (found[name], -_ORDER[name]), default="")
        likely, rivals = _certainty(found)
        sure = name in OTHER_EXPRESSIONS or (likely > _MISSPELT and rivals == 0)
        guesses[code] = Guess(name, bool(name) and sure)
        taken.add(name)
    return {code: guesses[code] for code in codes}


def _certainty(candidates: Mapping[str, float]) -> tuple[float, int]:
    """Return (likelihood of the best candidate, minus how many others are as likely)."""
    best = max(candidates.values(), default=0.0)
    return best, 1 - max(1, sum(value == best for value in candidates.values()))


def _candidates(code: str, language: str) -> dict[str, float]:
    """Return expression -> likelihood, for a code that is no word."""
    found: dict[str, float] = {}
    for name, words in _FOLDED[language].items():
        for place, word in enumerate(words):
            usual = place < 3
            if word.startswith(code) and code:
                value = 10.0 if len(code) > 1 and usual else 8.0 if place < 2 else 4.0
            elif language == "English" and usual and 1 < len(code) < 5 and _in_order(code, word):
                value = 3.0
            else:
                continue
            # What a benchmark of seven expressions is about comes first.
            value -= name in OTHER_EXPRESSIONS
            found[name] = max(found.get(name, 0.0), value)
    if not found and len(code) > 4 and (near := _misspelt(code)):
        found[near] = _MISSPELT
    return found


def _in_order(code: str, word: str) -> bool:
    """Whether the letters of a code are in a word, in this order: srp in surprise."""
    letters = iter(word[1:])
    return word[0] == code[0] and all(letter in letters for letter in code[1:])


def _misspelt(word: str) -> str:
    import difflib

    near = difflib.get_close_matches(word, expression_words(), n=1, cutoff=0.8)
    return canonical_expression(near[0]) or "" if near else ""
