"""Databases whose file names hold names of people: posers and files are numbered instead."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ccbench.samples import SampleTable


def without_names(table: SampleTable, hidden: tuple[str, ...]) -> SampleTable:
    """Return the table with numbers for posers and files.

    Posers are numbered in the order of their names, files within a poser and expression.

    Args:
        table: with names.
        hidden: free columns to drop.
    """
    width = len(str(len(table.posers)))
    numbers = {poser: f"P{n:0{width}}" for n, poser in enumerate(table.posers, start=1)}
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
    return replace(table, rows=tuple(rows), shown=shown)
