"""Which part of the names says who is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ccbench.datasets.naming.meanings import is_personal, is_sex, meaning, poser_evidence
from ccbench.datasets.naming.pieces import Layout
from ccbench_registry import canonical_expression

_TOLERATED = 0.02
"""Share of files that may contradict "each poser has one sex": there are misnamed files."""

_MOST_TAKES = 12

_CLEAR = 2.0
"""How many times better the best reading must be, not to be asked about."""

_CROSSED = 0.4
"""Share of the other expressions that a value of the poser must come with, on average."""

_SERIAL = 0.9
"""Share of the files that have a number, or a name, of their own, if it is one of the file."""

_FIRST = 1.5
"""How much more likely the first is: who is shown comes before which picture it is."""


@dataclass(frozen=True)
class Part:
    """A part of the names that varies.

    Attributes:
        name: what it is called: "view", "sex", or "part3" for the third that varies.
        about: its meaning, or "".
        position: which piece of the layout it is.
    """

    name: str
    about: str
    position: int


def name_parts(layout: Layout, code: int | None) -> list[Part]:
    """Return the parts that vary, in order, with names of their own.

    Args:
        layout: the names.
        code: the piece that holds the expression, if known.
    """
    parts: list[Part] = []
    used: set[str] = {"expression", "poser"}
    for position, piece in enumerate(layout.pieces):
        if not piece.varies:
            continue
        values = set(piece.values) - {""}
        if position == code:
            parts.append(Part("expression", "", position))
            continue
        about = meaning(values, letters_before(layout, position), piece.kind)
        if about == "set" and _directly(layout, position, position + 1):
            about = ""  # A01 and B01 are as likely two people as two sets of one
        if not about and (piece.optional or _counts_takes(layout, position, code, parts)):
            about = "take"
        if not about and _numbers_a_sex(layout, position):
            about = "number"
        if not about and len(values) > _SERIAL * len(piece.values):
            about = "serial" if piece.kind == "0" else "name"
        name = about if about and about not in used else f"part{len(parts) + 1}"
        used.add(name)
        parts.append(Part(name, about, position))
    return parts


def letters_before(layout: Layout, position: int) -> str:
    """Return the letters before a piece that are the same in all names, lower case, or ""."""
    pieces = layout.pieces[:position]
    if pieces and pieces[-1].kind == "-" and "/" not in pieces[-1].texts[0]:
        pieces = pieces[:-1]
    if pieces and pieces[-1].kind == "a" and not pieces[-1].varies:
        return pieces[-1].values[0]
    return ""


def _directly(layout: Layout, left: int, right: int) -> bool:
    """Whether letters that vary stand directly before a number that varies."""
    if right >= len(layout.pieces):
        return False
    first, second = layout.pieces[left], layout.pieces[right]
    return first.kind == "a" and second.kind == "0" and second.varies


def _counts_takes(layout: Layout, position: int, code: int | None, before: Sequence[Part]) -> bool:
    """Whether a number counts 1, 2, 3 behind the expression, and a poser may stand before it."""
    piece = layout.pieces[position]
    if piece.kind != "0" or code is None or position < code:
        return False
    numbers = sorted({int(value) for value in piece.values if value})
    return (
        numbers[-1] <= _MOST_TAKES
        and numbers == list(range(numbers[0], numbers[-1] + 1))
        and not any(value.startswith("0") and len(value) > 1 for value in piece.values)
        and any(
            part.about in {"", "number"}
            and part.name != "expression"
            and len(set(layout.pieces[part.position].values)) >= len(numbers)
            for part in before
        )
    )


def _numbers_a_sex(layout: Layout, position: int) -> bool:
    """Whether a number stands beside the sex, as in F01, 01F and F-01."""
    pieces = layout.pieces
    if pieces[position].kind != "0":
        return False
    for step in (-1, 1):
        other = position + step
        # Across one separator, or one letter that is always the same.
        if 0 <= other < len(pieces) and not pieces[other].varies:
            other += step
        if 0 <= other < len(pieces) and pieces[other].kind == "a":
            return is_sex(set(pieces[other].values))
    return False


def determines(first: Sequence[object], second: Sequence[object]) -> bool:
    """Whether each value of ``first`` goes with one value of ``second``, but for a few files."""
    pairs = Counter(zip(first, second, strict=True))
    most: dict[object, int] = {}
    for (value, _), count in pairs.items():
        most[value] = max(most.get(value, 0), count)
    return sum(most.values()) >= (1 - _TOLERATED) * len(first)


def keys(layout: Layout, positions: Iterable[int]) -> list[tuple[str, ...]]:
    """Return what several pieces hold together in each name, lower case."""
    columns = [layout.pieces[position].values for position in positions]
    return list(zip(*columns, strict=True)) if columns else [()] * len(layout.rows)


def poser_choices(
    layout: Layout, expressions: Sequence[str], code: int, parts: Sequence[Part]
) -> list[tuple[int, ...]]:
    """Return the pieces that make the poser; several readings when they are equally good.

    A poser has many values, and each comes with nearly all expressions about equally often.

    Args:
        layout: the names.
        expressions: what each name shows; "" for none of the seven.
        code: the piece with the expression.
        parts: all parts that vary.

    Returns:
        Positions of pieces, the best reading first; empty when nothing looks like a poser.
    """
    shown = [row for row, name in enumerate(expressions) if name]
    names = [expressions[row] for row in shown]
    about = {part.position: part.about for part in parts if part.position != code}
    units, pairs = _units(layout, about)
    columns: dict[tuple[int, ...], list[tuple[str, ...]]] = {}
    for unit in units:
        values = keys(layout, unit)
        columns[unit] = [values[row] for row in shown]
    scores = {unit: _crossing(columns[unit], names) for unit in units}
    units = [unit for unit in units if scores[unit] > 0]
    evidence = {unit: _evidence(layout, unit, about) for unit in units}
    # Of two that say the same, a word before the number, then a name, then the file's own.
    likely = sorted(
        units, key=lambda u: (evidence[u], layout.pieces[u[0]].kind != "0", u), reverse=True
    )
    units = _independent(likely, columns)
    for unit in units:
        scores[unit] *= evidence[unit]
    best = max((scores[unit] for unit in units), default=0.0)
    close = [unit for unit in units if scores[unit] * _CLEAR > best]
    if close:
        scores[min(close)] *= _FIRST
        best = max(best, scores[min(close)])
    good = sorted(
        (unit for unit in units if scores[unit] * _CLEAR > best), key=lambda unit: -scores[unit]
    )
    for pair in pairs:
        if any(unit in {(pair[0],), (pair[1],)} for unit in good):
            good.append(pair)
    return list(dict.fromkeys(_with_personal(layout, unit, about) for unit in good))


def _units(
    layout: Layout, about: Mapping[int, str]
) -> tuple[list[tuple[int, ...]], list[tuple[int, int]]]:
    """Return what may be a poser, and pairs like KA1 that may be one or two parts."""
    single = [
        (position,)
        for position, name in about.items()
        if name in {"", "number", "serial"}
        and any(canonical_expression(value) is None for value in layout.pieces[position].values)
    ]
    joined: list[tuple[int, ...]] = []
    doubtful: list[tuple[int, int]] = []
    for left in about:
        right = left + 1
        if right not in about or {layout.pieces[p].kind for p in (left, right)} != {"a", "0"}:
            continue
        letters = left if layout.pieces[left].kind == "a" else right
        if about[letters] not in {"", "sex"}:
            continue
        first, second = keys(layout, (left,)), keys(layout, (right,))
        both = set(zip(first, second, strict=True))
        full = len(set(first)) * len(set(second))
        if (
            about[letters] == "sex"
            or determines(first, second)
            or determines(second, first)
            or len(both) < 0.6 * full
        ):
            joined.append((left, right))
        elif {(left,), (right,)} <= set(single):
            doubtful.append((left, right))
    inside = {position for unit in joined for position in unit}
    return [unit for unit in single if unit[0] not in inside] + joined, doubtful


def _crossing(values: Sequence[object], expressions: Sequence[str]) -> float:
    """Return how many values there are, weighed by how well they cross with the expressions."""
    counts = Counter(values)
    most = len(set(expressions))
    if len(counts) < 2 or most < 2:
        return 0.0
    cells = set(zip(values, expressions, strict=True))
    # A serial number comes with one expression: 0.  A poser comes with nearly all: 1.
    crossed = (len(cells) / len(counts) - 1) / (most - 1)
    even = len(values) / len(counts) / max(counts.values())
    return len(counts) * crossed * even if crossed > _CROSSED else 0.0


def _independent(
    units: Sequence[tuple[int, ...]], columns: Mapping[tuple[int, ...], Sequence[object]]
) -> list[tuple[int, ...]]:
    """Drop what says no more than another: a poser's site, or the folder of the same name.

    Of two that say the same the first is kept.
    """
    finest = sorted(units, key=lambda unit: -len(set(columns[unit])))
    kept: list[tuple[int, ...]] = []
    for unit in finest:
        if not any(determines(columns[other], columns[unit]) for other in kept):
            kept.append(unit)
    return kept


def _evidence(layout: Layout, unit: tuple[int, ...], about: Mapping[int, str]) -> float:
    if any(about[position] in {"sex", "number"} for position in unit):
        return 4.0
    before = letters_before(layout, unit[0])
    few = len(set(layout.pieces[unit[0]].values)) <= 3
    # S1 and S2 are more likely sessions than posers.
    return 1.0 if few and len(before) == 1 else poser_evidence(before)


def _with_personal(
    layout: Layout, unit: tuple[int, ...], about: Mapping[int, str]
) -> tuple[int, ...]:
    """Add the sex, age or group that the unit leaves open: F_01 and M_01 are two people."""
    found = unit
    for position, name in about.items():
        if (
            is_personal(name)
            and position not in found
            and not determines(keys(layout, found), keys(layout, (position,)))
        ):
            found = tuple(sorted((*found, position)))
    return found
