"""A database whose file names carry their labels: a card with a ``[files]`` table."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ccbench.datasets.companions import read_labels
from ccbench.datasets.concealment import without_names
from ccbench.datasets.files import list_images, some_names
from ccbench.datasets.labels import LabelReader
from ccbench.datasets.sequences import Named, choose_frames
from ccbench.exceptions import CardError, DatasetError
from ccbench.samples import Sample, SampleTable, folded
from ccbench_registry import DatasetCard, FilePattern, load_card, suggestion


@dataclass
class _Reading:
    """What has been found so far."""

    named: list[Named] = field(default_factory=list)
    unmatched: list[Path] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)


class PatternDataset:
    """A complete dataset made from a card with a ``[files]`` table.

    Options are the free columns of the pattern: ``-d 'kdef[session=B]=/photos'`` keeps
    session B, ``[session=A+B]`` both, ``[session=*]`` all.

    Args:
        card: with ``files`` set.

    Raises:
        CardError: the card has no ``[files]`` table.
    """

    def __init__(self, card: DatasetCard) -> None:
        if card.files is None:
            raise CardError(f"the card of '{card.name}' has no [files] table")
        self.card = card
        self.files: FilePattern = card.files

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(self.files.pattern, re.IGNORECASE)

    @property
    def options(self) -> Mapping[str, str]:
        """One option a free column: the values to keep."""
        hidden = {"expression", *self.files.conceal}
        if self.files.frames:
            hidden.add(self.files.frames.column)
        found = {}
        for name in (*self._regex.groupindex, *sorted(self.files.columns - self.files.groups)):
            if name in hidden:
                continue
            kept = self.files.keep.get(name)
            default = f"default {'+'.join(kept)}" if kept else "default *"
            found[name] = f"values of '{name}' to keep, joined by + ({default}; * keeps all)"
        return found

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        """List the photographs below ``root`` whose names match the pattern.

        Raises:
            DatasetError: no such folder, no matching file (three names are shown), a
                label the card does not map, options that leave nothing, or more posers than
                the database has.
        """
        images = list_images(root, self.files.glob, dataset=self.card.name)
        keep = self._kept_values(options)
        reading = self._read_names(root, images)
        seen_values: dict[str, Counter[str]] = {}
        kept: list[Named] = []
        for photograph in reading.named:
            for column, value in photograph.columns.items():
                seen_values.setdefault(column, Counter())[value] += 1
            rejected = _first_rejected(photograph.columns, keep)
            if rejected:
                reading.left_out[rejected] += 1
            else:
                kept.append(photograph)
        if self.files.frames:
            frames, warning = choose_frames(kept, self.files.frames, tuple(self._regex.groupindex))
            reading.left_out["other picture of a sequence"] += len(kept) - len(frames)
            reading.warnings += [warning] if warning else []
            kept = frames
        rows = self._rows(root, kept, reading)
        if not rows:
            raise DatasetError(
                f"{root}: the options of '{self.card.name}' leave no photograph; "
                f"{_describe_values(seen_values, keep)}"
            )
        for name in options:
            absent = (keep[name] or frozenset()) - {folded(value) for value in seen_values[name]}
            if absent:
                reading.warnings.append(
                    f"no file has {_join(absent)} as '{name}'; the files have "
                    f"{_describe_counts(seen_values[name])}"
                )
        self._refuse_too_many(root, rows, reading)
        left_out = {reason: count for reason, count in reading.left_out.items() if count}
        table = SampleTable(
            root, tuple(rows), tuple(reading.unmatched), left_out, tuple(reading.warnings)
        )
        if not self.files.conceal:
            return table
        everybody = (self.files.poser.format_map(named.columns) for named in reading.named)
        return without_names(table, self.files.conceal, everybody)

    def _read_names(self, root: Path, images: list[Path]) -> _Reading:
        """Read what the names, and the files beside the photographs, say."""
        reading, absent = _Reading(), 0
        labels = read_labels(root, self.files, self.card.name)
        renames = {wrong.lower(): right for wrong, right in self.files.renames.items()}
        whole_path = "/" in self.files.pattern
        for path in images:
            name = renames.get(path.name.lower(), path.name)
            if name != path.name:
                reading.warnings.append(f"{path.name} is read as {name} (known misnamed file)")
            text = path.relative_to(root).with_name(name).as_posix() if whole_path else name
            reason = self._ignored(name)
            if reason:
                reading.left_out[reason] += 1
                continue
            match = self._regex.fullmatch(text)
            if match is None:
                reading.unmatched.append(path)
                continue
            columns = {key: value or "" for key, value in match.groupdict().items()}
            told = labels.of(path, columns)
            if told is None:
                reading.left_out[labels.absent] += 1
                absent += 1
                continue
            columns |= told
            native = columns.pop("expression")
            columns |= self._derived(self.files.poser.format_map(columns))
            reading.named.append(Named(path, columns, native))
        if not reading.named and absent:
            raise DatasetError(
                f"{root}: none of {absent} photographs of '{self.card.name}' has a label "
                f"({labels.absent}); check that photographs and labels belong together"
            )
        if not reading.named:
            raise DatasetError(
                f"no file below {root} matches the pattern of '{self.card.name}' "
                f"({self.files.pattern}); found for example: {some_names(images, root)}"
            )
        return reading

    def _derived(self, poser: str) -> dict[str, str]:
        found = {}
        for column, values in self.files.derive.items():
            fitting = (v for v, p in values.items() if re.fullmatch(p, poser, re.IGNORECASE))
            found[column] = next(fitting, "")
        return found

    def _rows(self, root: Path, photographs: Iterable[Named], reading: _Reading) -> list[Sample]:
        """Turn the database's own labels into expressions."""
        label = LabelReader(self.files.labels)
        spelling: dict[str, str] = {}
        rows = []
        for photograph in photographs:
            expression = photograph.word or label(photograph.label)
            if expression is None:
                continue
            poser = self.files.poser.format_map(photograph.columns)
            # Matching ignores case, so two spellings of a poser are one person; and so do
            # computers differ in how they write accents.
            poser = spelling.setdefault(folded(poser), unicodedata.normalize("NFC", poser))
            rows.append(Sample(photograph.path, poser, expression, photograph.columns))
        label.refuse_unknown(str(root), f"map it in [files.labels] of the card '{self.card.name}'")
        reading.left_out += label.left_out
        if not rows and label.left_out:
            raise DatasetError(
                f"{root}: '{self.card.name}' has no photograph of one of the seven expressions "
                f"(left out: {_describe_counts(reading.left_out)}); check the folder, the options "
                f"and [files.labels] of the card"
            )
        return rows

    def _refuse_too_many(self, root: Path, rows: Iterable[Sample], reading: _Reading) -> None:
        """Refuse people split up into several posers, who would be trained and tested on."""
        found, known = len({row.poser for row in rows}), self.card.posers
        if known is None or found <= known:
            return
        sentence = f"the names of {root} read as {found} posers, but '{self.card.name}' has {known}"
        if "posers" in self.card.from_memory:
            reading.warnings.append(f"{sentence}, as far as is known")
            return
        raise DatasetError(
            f"{sentence}; list the photographs in a CSV manifest with the right posers, or correct "
            f"'posers' in the card"
        )

    def _ignored(self, name: str) -> str | None:
        for entry in self.files.ignore:
            if re.fullmatch(entry.pattern, name, re.IGNORECASE):
                return entry.reason
        return None

    def _kept_values(self, options: Mapping[str, str]) -> dict[str, frozenset[str] | None]:
        keep: dict[str, frozenset[str] | None] = {
            name: frozenset(folded(value) for value in values)
            for name, values in self.files.keep.items()
        }
        for name, value in options.items():
            if name not in self.options:
                raise DatasetError(
                    f"the dataset '{self.card.name}' has no option '{name}'; "
                    f"{suggestion(name, self.options)}"
                )
            values = frozenset(folded(part.strip()) for part in value.split("+") if part.strip())
            if not values:
                raise DatasetError(
                    f"the option '{name}' of the dataset '{self.card.name}' is empty; "
                    f"give values joined by +, or * for all"
                )
            keep[name] = None if "*" in values else values
        return keep


def _first_rejected(
    columns: Mapping[str, str], keep: Mapping[str, frozenset[str] | None]
) -> str | None:
    for name, values in keep.items():
        if values is not None and folded(columns[name]) not in values:
            return f"{name} {columns[name]}"
    return None


def _describe_values(
    seen: Mapping[str, Counter[str]], keep: Mapping[str, frozenset[str] | None]
) -> str:
    parts = []
    for name, values in keep.items():
        if values is None:
            continue
        found = _describe_counts(seen[name])
        parts.append(f"'{name}' should be {_join(values)}, the files have {found}")
    return "; ".join(parts)


def _describe_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{value} ({count})" for value, count in sorted(counts.items()))


def _join(values: Iterable[str]) -> str:
    return " or ".join(sorted(values))


def dataset_from_card(path: Path) -> PatternDataset:
    """Read a TOML card with a ``[files]`` table as a dataset.

    Raises:
        CardError: the file cannot be read, does not validate, or has no ``[files]``.
    """
    card = load_card(path, DatasetCard)
    if card.files is None:
        raise CardError(f"{path}: add a [files] table with a 'pattern' that reads the file names")
    return PatternDataset(card)
