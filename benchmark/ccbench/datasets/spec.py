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


def parse_dataset_spec(text: str) -> DatasetSpec:
    """Parse ``NAME[option=value,...]=ROOT``.

    >>> parse_dataset_spec("kdef[session=B]=/photos").options
    {'session': 'B'}
    >>> parse_dataset_spec("mine.csv").name
    'mine.csv'

    Raises:
        DatasetError: no name, an empty root, an option twice, or brackets that do not close.
    """
    match = re.fullmatch(r"(?P<name>[^\[\]=]+)(?P<rest>[\[=].*)?", text, re.S)
    inside, after = _split_options(match["rest"] or "") if match else (None, "")
    if match is None or not match["name"].strip() or inside is None:
        raise DatasetError(
            f"cannot read the dataset '{text}'; write NAME, NAME=FOLDER or "
            f"'NAME[option=value]=FOLDER'"
        )
    if after and not after[1:].strip():
        raise DatasetError(f"the dataset '{text}' has nothing after '='; give a folder")
    options: dict[str, str] = {}
    # A comma separates options only where another "name=" follows, so that a value may be
    # a regular expression with commas.
    for part in re.split(r",\s*(?=[a-z_]+=)", inside):
        if not part:
            continue
        key, separator, value = part.partition("=")
        key = key.strip()
        if not separator:
            raise DatasetError(f"the dataset '{text}': write the option as '{key}=value'")
        if key in options:
            raise DatasetError(
                f"the dataset '{text}' gives the option '{key}' twice; join values by +"
            )
        options[key] = value
    try:
        root = Path(after[1:]).expanduser() if after else None
    except RuntimeError:
        raise DatasetError(f"no such home folder: {after[1:]}; give the whole path") from None
    return DatasetSpec(match["name"].strip(), root, options)


def _split_options(rest: str) -> tuple[str | None, str]:
    """Split ``[options]=ROOT`` into the options and ``=ROOT``; ``None`` if it does not close.

    The options end at a bracket before ``=`` or the end.  A regular expression and a folder
    may have such brackets too, so the first where all opened ones are closed is taken.
    """
    if not rest.startswith("["):
        return "", rest
    plain = re.sub(r"\\.", "..", rest, flags=re.S)
    ends = [found.start() for found in re.finditer(r"\](?==|$)", plain, re.S)]
    balanced = [at for at in ends if plain.count("[", 0, at) - plain.count("]", 0, at) == 1]
    for at in balanced or ends:
        return rest[1:at], rest[at + 1 :]
    return None, ""
