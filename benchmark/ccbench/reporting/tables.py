"""Tables of a report: what is shown of a frame, and the frame itself as CSV."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

Kind = Literal["text", "rate", "signed", "number", "p", "count"]


@dataclass(frozen=True)
class Column:
    """A column that is shown.

    Attributes:
        key: in the frame.
        heading: above it.
        kind: how values are written.
    """

    key: str
    heading: str
    kind: Kind = "text"

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.kind != "text"


@dataclass(frozen=True)
class Cell:
    """A value as it is written, and the number it is sorted by (``None`` for text)."""

    text: str
    value: str | None


@dataclass(frozen=True)
class ReportTable:
    """A table of a report.

    Attributes:
        name: of its CSV file, without the ending.
        title: above it.
        note: what a row is and how to read it; a sentence or two.
        frame: all columns and rows, for the file.
        columns: those that are shown, in order.
    """

    name: str
    title: str
    note: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]

    def rows(self) -> list[list[Cell]]:
        """Return the rows as they are shown."""
        records = self.frame.to_dict("records")
        return [[_cell(row[str(c.key)], c) for c in self.columns] for row in records]

    def csv(self) -> bytes:
        """Return the frame as CSV: UTF-8, a comma, missing values empty."""
        text = self.frame.to_csv(index=False, lineterminator="\n")
        return text.encode()


def _cell(value: Any, column: Column) -> Cell:
    if not column.numeric:
        return Cell(str(value), None)
    number = float(value)
    if math.isnan(number):
        return Cell("–", "")
    return Cell(written(number, column.kind), repr(number))


def written(value: float, kind: Kind) -> str:
    """Write a number as the field does.

    >>> written(0.756, "rate"), written(-0.4, "signed"), written(0.00004, "p"), written(0.023, "p")
    ('.76', '−.40', '<.001', '.023')
    >>> written(0.9999, "p"), written(1234, "count"), written(-2.346, "number")
    ('1.00', '1,234', '−2.35')
    """
    if kind == "count":
        return f"{int(value):,}"
    if kind == "p":
        if value < 0.001:
            return "<.001"
        text = f"{value:.3f}"
        return "1.00" if text.startswith("1") else text.removeprefix("0")
    text = f"{abs(value):.2f}"
    sign = "−" if value < 0 and float(text) else ""
    return sign + (text if kind == "number" else text.removeprefix("0"))
