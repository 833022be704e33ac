"""What a user writes after ``-d``: ``NAME``, ``NAME=ROOT``, ``NAME[option=value]=ROOT``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ccbench.exceptions import DatasetError


@dataclass(frozen=True)
class DatasetSpec:
    """A parsed ``-d``.

    Attributes:
        name: dataset name, or the path of a ``.toml`` card or ``.csv`` manifest.
        root: folder or manifest given after ``=``.
        options: what stood in square brackets.
    """

    name: str
    root: Path | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How the database is called in tables: the name, with its options."""
        base = Path(self.name).stem if self.is_file else self.name
        if not self.options:
            return base
        return f"{base}[{','.join(f'{k}={v}' for k, v in sorted(self.options.items()))}]"

    @property
    def is_file(self) -> bool:
        """Whether the name is the path of a card or manifest."""
        return Path(self.name).suffix.lower() in {".toml", ".csv", ".tsv"}


def parse_dataset_spec(text: str) -> DatasetSpec:
    """Parse ``NAME[option=value,...]=ROOT``.

    >>> parse_dataset_spec("kdef[session=B]=/photos").options
    {'session': 'B'}
    >>> parse_dataset_spec("mine.csv").name
    'mine.csv'

    Raises:
        DatasetError: no name, an empty root, or brackets that do not close.
    """
    match = re.fullmatch(r"(?P<name>[^\[\]=]+)(\[(?P<options>.*)\])?(=(?P<root>.*))?", text, re.S)
    if match is None or not match["name"].strip():
        raise DatasetError(
            f"cannot read the dataset '{text}'; write NAME, NAME=FOLDER or "
            f"'NAME[option=value]=FOLDER'"
        )
    if match["root"] is not None and not match["root"].strip():
        raise DatasetError(f"the dataset '{text}' has nothing after '='; give a folder")
    options = {}
    # A comma separates options only where another "name=" follows, so that a value may be
    # a regular expression with commas.
    for part in re.split(r",(?=[a-z_]+=)", match["options"] or ""):
        if not part:
            continue
        key, separator, value = part.partition("=")
        if not separator:
            raise DatasetError(f"the dataset '{text}': write the option as '{key}=value'")
        options[key.strip()] = value
    root = Path(match["root"]).expanduser() if match["root"] else None
    return DatasetSpec(match["name"].strip(), root, options)
