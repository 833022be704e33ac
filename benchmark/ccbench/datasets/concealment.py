"""Databases whose file names hold names of people: posers and files are numbered instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from ccbench.samples import SampleTable, folded


def without_names(
    table: SampleTable, hidden: tuple[str, ...], everybody: Iterable[str]
) -> SampleTable:
    """Return the table with numbers for posers and files.

    Posers are numbered in the order of their names, files within a poser and expression.

    Args:
        table: with names.
        hidden: free columns to drop.
        everybody: posers of the whole folder, so that options change nobody's number.
    """
    # Two selections of a folder, or two folders, may show the same people.
    names = sorted({folded(name) for name in everybody})
    width = len(str(len(names)))
    number_of = {name: f"P{n:0{width}}" for n, name in enumerate(names, start=1)}
    numbers = {poser: number_of[folded(poser)] for poser in table.posers}
    counts: Counter[tuple[str, str]] = Counter()
    rows, shown = [], {}
    for sample in table:
        poser = numbers[sample.poser]
        counts[poser, sample.expression] += 1
        count = counts[poser, sample.expression]
        shown[sample.path] = f"{poser}_{sample.expression}_{count}{sample.path.suffix.lower()}"
        kept = {name: value for name, value in sample.attributes.items() if name not in hidden}
        rows.append(replace(sample, poser=poser, attributes=kept))
    for number, path in enumerate(table.unmatched, start=1):
        shown[path] = f"unmatched file {number}"
    persons = {number: folded(poser) for poser, number in numbers.items()}
    return replace(table, rows=tuple(rows), shown=shown, persons=persons)
