"""What a dataset has to keep to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ccbench.interfaces import Dataset, GeneratedDataset
from ccbench.samples import SampleTable
from ccbench.testing.suite import Suite, and_more
from ccbench_registry import DatasetCard


@dataclass
class DatasetCase:
    """A dataset, a folder of its photographs, and options for reading them."""

    dataset: Dataset
    root: Path
    options: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def table(self) -> SampleTable:
        """What ``samples`` gives."""
        return self.dataset.samples(self.root, self.options)


DATASET = Suite[DatasetCase]()


@DATASET.rule("it has card, options and samples()")
def _interface(case: DatasetCase) -> Iterator[str]:
    if not isinstance(case.dataset, Dataset):
        yield f"{case.dataset!r} lacks a member of the Dataset interface"


@DATASET.rule("the card is a DatasetCard", "interface")
def _card(case: DatasetCase) -> Iterator[str]:
    if not isinstance(case.dataset.card, DatasetCard):
        yield "card is not a DatasetCard"


@DATASET.rule("the card states the licence", "card")
def _licence(case: DatasetCase) -> Iterator[str]:
    if not case.dataset.card.terms.licence:
        yield "the card states no licence"


@DATASET.rule("every option has a line of help", "interface")
def _options(case: DatasetCase) -> Iterator[str]:
    for name, text in case.dataset.options.items():
        if not isinstance(name, str):
            yield f"the option {name!r} is not a string"
        elif not text:
            yield f"the option '{name}' has no line of help"


@DATASET.rule("samples() lists photographs", "interface")
def _table(case: DatasetCase) -> Iterator[str]:
    if not isinstance(case.table, SampleTable):
        yield f"samples() gave a {type(case.table).__name__}"
    elif not len(case.table):
        yield "samples() gave no photograph"


@DATASET.rule("every photograph listed is a file", "table")
def _files(case: DatasetCase) -> Iterator[str]:
    missing = [str(sample.path) for sample in case.table if not sample.path.is_file()]
    if missing:
        others = f", nor are {len(missing) - 1} more" if len(missing) > 1 else ""
        yield f"{missing[0]} is not a file{others}"


@DATASET.rule("the card lists every expression found", "card", "table")
def _expressions(case: DatasetCase) -> Iterator[str]:
    undeclared = set(case.table.expressions) - set(case.dataset.card.expressions)
    if undeclared:
        yield f"the card does not list the expressions {sorted(undeclared)}"


@DATASET.rule("samples() called again gives the same", "table")
def _repeatable(case: DatasetCase) -> Iterator[str]:
    if case.dataset.samples(case.root, case.options).rows != case.table.rows:
        yield "two calls of samples() gave different tables"


class MadeCase(DatasetCase):
    """A dataset that makes its own photographs, and a folder for some of its parts.

    Args:
        dataset: the dataset.
        scratch: an empty folder, which takes each part twice.
        parts: which to make; the first and the last by default.
        options: for reading them.
    """

    dataset: GeneratedDataset

    def __init__(
        self,
        dataset: GeneratedDataset,
        scratch: Path,
        parts: Sequence[int] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(dataset, scratch / "whole", options or {})
        self.scratch = scratch
        self._parts = parts

    @property
    def parts(self) -> Sequence[int]:
        """Which parts are made."""
        return sorted({0, self.dataset.parts - 1}) if self._parts is None else list(self._parts)

    @cached_property
    def made(self) -> Mapping[int, Mapping[str, bytes]]:
        """Part -> name -> bytes; the files of all of them are written below the root."""
        found = {part: self.make(part, f"part-{part}") for part in self.parts}
        for files in found.values():
            for name, data in files.items():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                (self.root / name).write_bytes(data)
        return found

    def make(self, part: int, name: str) -> Mapping[str, bytes]:
        """Have a part made in a new folder; return name -> bytes."""
        folder = self.scratch / name
        folder.mkdir(parents=True)
        self.dataset.generate(part, folder)
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


MADE = Suite[MadeCase]()


@MADE.rule("it has recipe, parts and generate() too")
def _maker(case: MadeCase) -> Iterator[str]:
    if not isinstance(case.dataset, GeneratedDataset):
        yield f"{case.dataset!r} lacks a member of the interface"


@MADE.rule("the recipe is a text", "maker")
def _recipe(case: MadeCase) -> Iterator[str]:
    if not isinstance(case.dataset.recipe, str):
        yield "recipe is not a string"
    elif not case.dataset.recipe:
        yield "recipe is empty; name what decides the pixels and a version of the code"


@MADE.rule("there is at least one part", "maker")
def _parts(case: MadeCase) -> Iterator[str]:
    if not isinstance(case.dataset.parts, int):
        yield f"parts is {case.dataset.parts!r}, not a whole number"
    elif case.dataset.parts < 1:
        yield f"there are {case.dataset.parts} parts"


@MADE.rule("every part writes files, none of them empty", "parts")
def _written(case: MadeCase) -> Iterator[str]:
    for part, files in case.made.items():
        if not files:
            yield f"part {part} wrote no file"
        empty = [name for name, data in files.items() if not data]
        if empty:
            yield f"the file {and_more(empty)} is empty"


@MADE.rule("no two parts write one file", "written")
def _apart(case: MadeCase) -> Iterator[str]:
    seen: set[str] = set()
    for files in case.made.values():
        shared = sorted(seen & set(files))
        if shared:
            yield f"two parts write the file {and_more(shared)}"
        seen |= set(files)


@MADE.rule("parts made again in another order are the same", "written")
def _same_bytes(case: MadeCase) -> Iterator[str]:
    for part in reversed(case.parts):
        again, first = case.make(part, f"again-{part}"), case.made[part]
        if set(again) != set(first):
            yield f"making part {part} again gave other files"
            continue
        differ = sorted(name for name in first if first[name] != again[name])
        if differ:
            yield f"made again in another order, {and_more(differ)} has other bytes"


def _placed(case: MadeCase) -> Iterator[str]:
    if case.table.unmatched:
        yield f"samples() cannot place {and_more([path.name for path in case.table.unmatched])}"


GENERATED = Suite[MadeCase]([*MADE.rules, *DATASET.after("same-bytes")])
"""Making the photographs, then reading them like those of any dataset."""
GENERATED.rule("samples() can place every file made", "table")(_placed)
