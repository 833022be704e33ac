"""A database whose file names carry their labels: a card with a ``[files]`` table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from ccbench.datasets.files import list_images, some_names
from ccbench.datasets.labels import LabelReader
from ccbench.exceptions import CardError, DatasetError
from ccbench.samples import Sample, SampleTable
from ccbench_registry import DatasetCard, FilePattern, load_card, suggestion


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
        self._regex = re.compile(self.files.pattern, re.IGNORECASE)

    @property
    def options(self) -> Mapping[str, str]:
        """One option a free column: the values to keep."""
        columns = [name for name in self._regex.groupindex if name != "expression"]
        found = {}
        for name in columns:
            kept = self.files.keep.get(name)
            default = f"default {'+'.join(kept)}" if kept else "default *"
            found[name] = f"values of '{name}' to keep, joined by + ({default}; * keeps all)"
        return found

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        """List the photographs below ``root`` whose names match the pattern.

        Raises:
            DatasetError: no such folder, no matching file (three names are shown), a
                label the card does not map, or options that leave nothing.
        """
        images = list_images(root, self.files.glob, dataset=self.card.name)
        keep = self._kept_values(options)
        renames = {wrong.lower(): right for wrong, right in self.files.renames.items()}
        label = LabelReader(self.files.labels)
        spelling: dict[str, str] = {}
        rows: list[Sample] = []
        unmatched: list[Path] = []
        warnings: list[str] = []
        left_out: Counter[str] = Counter()
        seen_values: dict[str, Counter[str]] = {}
        whole_path = "/" in self.files.pattern
        for path in images:
            name = renames.get(path.name.lower(), path.name)
            if name != path.name:
                warnings.append(f"{path.name} is read as {name} (known misnamed file)")
            text = path.relative_to(root).with_name(name).as_posix() if whole_path else name
            reason = self._ignored(name)
            if reason:
                left_out[reason] += 1
                continue
            match = self._regex.fullmatch(text)
            if match is None:
                unmatched.append(path)
                continue
            columns = {key: value or "" for key, value in match.groupdict().items()}
            native = columns.pop("expression")
            for column, value in columns.items():
                seen_values.setdefault(column, Counter())[value] += 1
            rejected = _first_rejected(columns, keep)
            if rejected:
                left_out[rejected] += 1
                continue
            expression = label(native)
            if expression is None:
                continue
            poser = self.files.poser.format_map(columns)
            # Matching ignores case, so two spellings of a poser are one person.
            poser = spelling.setdefault(poser.lower(), poser)
            rows.append(Sample(path, poser, expression, columns))
        if not seen_values:
            raise DatasetError(
                f"no file below {root} matches the pattern of '{self.card.name}' "
                f"({self.files.pattern}); found for example: {some_names(images, root)}"
            )
        label.refuse_unknown(str(root), f"map it in [files.labels] of the card '{self.card.name}'")
        left_out += label.left_out
        if not rows and label.left_out:
            raise DatasetError(
                f"{root}: '{self.card.name}' has no photograph of one of the seven expressions "
                f"(left out: {_describe_counts(left_out)}); check the folder, the options and "
                f"[files.labels] of the card"
            )
        if not rows:
            raise DatasetError(
                f"{root}: the options of '{self.card.name}' leave no photograph; "
                f"{_describe_values(seen_values, keep)}"
            )
        for name in options:
            absent = (keep[name] or frozenset()) - {value.lower() for value in seen_values[name]}
            if absent:
                warnings.append(
                    f"no file has {_join(absent)} as '{name}'; the files have "
                    f"{_describe_counts(seen_values[name])}"
                )
        return SampleTable(root, tuple(rows), tuple(unmatched), dict(left_out), tuple(warnings))

    def _ignored(self, name: str) -> str | None:
        for entry in self.files.ignore:
            if re.fullmatch(entry.pattern, name, re.IGNORECASE):
                return entry.reason
        return None

    def _kept_values(self, options: Mapping[str, str]) -> dict[str, frozenset[str] | None]:
        keep: dict[str, frozenset[str] | None] = {
            name: frozenset(value.lower() for value in values)
            for name, values in self.files.keep.items()
        }
        for name, value in options.items():
            if name not in self.options:
                raise DatasetError(
                    f"the dataset '{self.card.name}' has no option '{name}'; "
                    f"{suggestion(name, self.options)}"
                )
            values = frozenset(part.strip().lower() for part in value.split("+") if part.strip())
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
        if values is not None and columns[name].lower() not in values:
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
