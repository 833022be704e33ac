"""The table of photographs: one row per file, with poser, expression and free columns."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, overload

from ccbench.exceptions import DatasetError
from ccbench_registry import EXPRESSIONS, suggestion

if TYPE_CHECKING:
    import pandas as pd


def folded(text: str) -> str:
    """Return what two spellings of a name have in common: case and accents' bytes do not count.

    >>> folded("Zoe\u0308") == folded("ZO\u00cb")
    True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@dataclass(frozen=True, slots=True)
class Sample:
    """One photograph.

    Attributes:
        path: the image file.
        poser: identity of the person, unique within the database.
        expression: canonical name, one of ``ccbench_registry.EXPRESSIONS``.
        attributes: free columns: session, view, sex, age, take, ...
    """

    path: Path
    poser: str
    expression: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SampleTable(Sequence[Sample]):
    """All usable photographs of a database, sorted by poser, expression and path.

    Attributes:
        root: folder that the paths are shown relative to.
        rows: the photographs.
        unmatched: image files that the loader could not place.
        left_out: reason -> number of files left out on purpose (another angle, a label
            outside the seven expressions, ...).
        warnings: sentences about quirks that were handled (misnamed files, ...).
        shown: photographs that are not to be shown by their path, and what by.
        persons: posers that are called by something else in other tables of the same people,
            and what tells who they are; never shown.
        people: whom the posers are of, where databases with other cards show the same
            people; "" for those of the card.

    Raises:
        DatasetError: an expression outside the vocabulary, an empty poser, one path twice, or
            a name that is no text.
    """

    root: Path
    rows: tuple[Sample, ...]
    unmatched: tuple[Path, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    shown: Mapping[Path, str] = field(default_factory=dict)
    persons: Mapping[str, str] = field(default_factory=dict)
    people: str = ""

    def __post_init__(self) -> None:
        rows = sorted(self.rows, key=lambda s: (s.poser, _order(s.expression), str(s.path)))
        object.__setattr__(self, "rows", tuple(rows))
        for sample in rows:
            if sample.expression not in EXPRESSIONS:
                raise DatasetError(
                    f"{sample.path}: '{sample.expression}' is not the canonical name of an "
                    f"expression; {suggestion(sample.expression, EXPRESSIONS)}"
                )
            if not sample.poser:
                raise DatasetError(f"{sample.path}: the poser is empty")
        for path in (*(sample.path for sample in rows), *self.unmatched):
            if not is_text(self.relative(path)):
                raise DatasetError(
                    f"{self.root}: the file name {self.relative(path)!a} is not UTF-8; rename the "
                    f"file"
                )
        # Made of the names of other files.
        for text in (*self.left_out, *self.warnings):
            if not is_text(text):
                raise DatasetError(
                    f"{self.root}: there is a file name that is not UTF-8 ({text!a}); rename the "
                    f"file"
                )
        for path, count in Counter(sample.path for sample in rows).items():
            if count > 1:
                raise DatasetError(f"{path} is listed {count} times; list each photograph once")

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Sample, ...]: ...
    def __getitem__(self, index: int | slice) -> Sample | tuple[Sample, ...]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.rows)

    @property
    def posers(self) -> tuple[str, ...]:
        """The posers, sorted."""
        return tuple(sorted({sample.poser for sample in self.rows}))

    @property
    def expressions(self) -> tuple[str, ...]:
        """The expressions that occur, in the vocabulary's order."""
        present = {sample.expression for sample in self.rows}
        return tuple(name for name in EXPRESSIONS if name in present)

    def relative(self, path: Path) -> str:
        """Return ``path`` relative to the root, with forward slashes, or what it is shown by."""
        if path in self.shown:
            return self.shown[path]
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.as_posix()

    def frame(self) -> pd.DataFrame:
        """Return the table as a data frame: path, poser, expression, free columns."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "path": self.relative(sample.path),
                    "poser": sample.poser,
                    "expression": sample.expression,
                    # A pattern's own group "poser" may differ in spelling from the identity.
                    **{k: v for k, v in sample.attributes.items() if k not in _COLUMNS},
                }
                for sample in self.rows
            ]
        )


_COLUMNS = frozenset({"path", "poser", "expression"})


def is_text(name: str) -> bool:
    """Whether a name can be written: a file's in another code would end a run at its end."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _order(expression: str) -> int:
    return EXPRESSIONS.index(expression) if expression in EXPRESSIONS else len(EXPRESSIONS)
