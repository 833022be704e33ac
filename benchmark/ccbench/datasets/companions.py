"""Files beside the photographs that say what the photographs show.

Either a CSV table, a row a photograph (``[files.label_table]``), or small text files, one a
sequence, each with a code in it (``[files.label_files]``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Protocol

from ccbench.exceptions import DatasetError
from ccbench.samples import folded
from ccbench_registry import FilePattern, LabelFiles, LabelTable

_TABLES = (".csv", ".tsv", ".txt")


class Labels(Protocol):
    """What a photograph shows, from outside its name."""

    absent: str

    def of(self, path: Path, columns: Mapping[str, str]) -> Mapping[str, str] | None:
        """Return ``expression`` and further free columns; ``None`` for one that has no entry.

        Args:
            path: the photograph.
            columns: the groups of its name.
        """


class InTheName:
    """The pattern itself has the expression."""

    absent = ""

    def of(self, path: Path, columns: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002
        """Return nothing to add."""
        return {}


def read_labels(root: Path, files: FilePattern, dataset: str) -> Labels:
    """Read what says which expression a photograph shows.

    Raises:
        DatasetError: there is no such table or file below ``root``, or more than one, or one
            that contradicts itself.
    """
    if files.label_table:
        return _Table(root, files.label_table, dataset)
    if files.label_files:
        return _Files(root, files.label_files, dataset)
    return InTheName()


class _Table:
    def __init__(self, root: Path, spec: LabelTable, dataset: str) -> None:
        path, rows = _find_table(root, spec, dataset)
        self.absent = f"not in {path.name}"
        self._groups = tuple(spec.keys)
        self._rows: dict[tuple[str, ...], dict[str, str]] = {}
        for line, row in rows:
            key = tuple(_folded(row[column]) for column in spec.keys.values())
            found = {
                name: (row.get(column) or "").strip()
                for name, column in {**spec.columns, "expression": spec.expression}.items()
            }
            other = self._rows.setdefault(key, found)
            if other["expression"].lower() != found["expression"].lower():
                raise DatasetError(
                    f"{path}, line {line}: {' '.join(key)} is '{found['expression']}', but "
                    f"'{other['expression']}' further up; keep the right one"
                )

    def of(self, path: Path, columns: Mapping[str, str]) -> Mapping[str, str] | None:
        own = (path.stem, path.name)
        for key in product(*((columns[group], *own) for group in self._groups)):
            if found := self._rows.get(tuple(map(_folded, key))):
                return found
        return None


class _Files:
    def __init__(self, root: Path, spec: LabelFiles, dataset: str) -> None:
        regex = re.compile(spec.pattern, re.IGNORECASE)
        self.absent = "no label file"
        self._groups = tuple(regex.groupindex)
        self._codes: dict[tuple[str, ...], str] = {}
        for path in _glob(root, spec.glob, dataset):
            match = regex.fullmatch(path.name)
            if match is None:
                continue
            key = tuple(_folded(match[group]) for group in self._groups)
            code = _code(path)
            if self._codes.setdefault(key, code) != code:
                raise DatasetError(
                    f"{path} has the code '{code}', but another file of {' '.join(key)} has "
                    f"'{self._codes[key]}'; keep the right one"
                )
        if not self._codes:
            raise DatasetError(
                f"{root} has no label file such as {spec.example}, without which '{dataset}' "
                f"cannot know the expressions; give the folder that holds both photographs and "
                f"labels"
            )

    def of(self, path: Path, columns: Mapping[str, str]) -> Mapping[str, str] | None:  # noqa: ARG002
        code = self._codes.get(tuple(_folded(columns[group]) for group in self._groups))
        return None if code is None else {"expression": code}


def _folded(text: str) -> str:
    return folded(text.strip())


def _glob(root: Path, glob: str, dataset: str) -> list[Path]:
    try:
        return sorted(root.glob(glob))
    except (ValueError, NotImplementedError):
        raise DatasetError(
            f"{root}: the dataset '{dataset}' cannot use the glob '{glob}' of "
            f"[files.label_files]; write it relative to the folder, for example labels/*.txt"
        ) from None


def _code(path: Path) -> str:
    """Return the first word of a file; a number as a whole one ("3.0000000e+00" is "3")."""
    try:
        words = path.read_text(encoding="utf-8-sig").split()
    except (OSError, UnicodeDecodeError):
        words = []
    if not words:
        raise DatasetError(f"{path} holds no code; take the file of the distribution")
    try:
        return str(int(float(words[0])))
    except (ValueError, OverflowError):
        return words[0]


def _find_table(
    root: Path, spec: LabelTable, dataset: str
) -> tuple[Path, list[tuple[int, dict[str, str]]]]:
    needed = {*spec.keys.values(), spec.expression}
    found = []
    for path in sorted(root.iterdir()):
        if path.suffix.lower() in _TABLES and path.is_file():
            rows = _rows(path, needed)
            if rows is not None:
                found.append((path, rows))
    columns = ", ".join(
        f"'{name}'" for name in dict.fromkeys([*spec.keys.values(), spec.expression])
    )
    if not found:
        raise DatasetError(
            f"{root} holds no CSV table with the columns {columns}, without which '{dataset}' "
            f"cannot know the expressions; put {spec.origin} there"
        )
    if len(found) > 1:
        tables = " and ".join(path.name for path, _ in found)
        raise DatasetError(
            f"{root} holds {len(found)} tables with the columns {columns}: {tables}; keep one"
        )
    return found[0]


def _rows(path: Path, needed: set[str]) -> list[tuple[int, dict[str, str]]] | None:
    """Return (line, row) of each filled line of a table; ``None`` if it lacks a column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheet programs still write it; the columns needed are plain ASCII.
        text = path.read_text(encoding="latin-1")
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}") from None
    header = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
    if not needed <= set(reader.fieldnames):
        return None
    return list(_filled(path, reader, needed))


def _filled(
    path: Path, reader: csv.DictReader[str], needed: set[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    for row in reader:
        empty = [name for name in sorted(needed) if not (row.get(name) or "").strip()]
        if len(empty) == len(needed):
            continue
        if empty:
            raise DatasetError(f"{path}, line {reader.line_num}: the column '{empty[0]}' is empty")
        yield reader.line_num, row
