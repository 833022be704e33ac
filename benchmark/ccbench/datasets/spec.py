"""What a user writes after ``-d`` and ``-p``.

``NAME``, ``NAME=ROOT`` or ``NAME[option=value]=ROOT``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ccbench.exceptions import CcbenchError, DatasetError, ProbeError

_NAME = re.compile(r"(?P<name>[^\[\]=]+)(?P<rest>[\[=].*)?", re.S)
# No name has a slash, and a recipe of a family ends in .toml: what follows is a path, and ends
# with its ending, even when it has brackets and equals signs in it.
_PATH = re.compile(
    r"(?P<name>[^\[\]=]*(?:[/\\].*?\.(?:toml|csv|tsv)|:.*?\.toml))(?P<rest>[\[=].*)?",
    re.S | re.I,
)


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


@dataclass(frozen=True)
class ProbeSpec:
    """A parsed ``-p``.

    Attributes:
        name: probe name.
        root: folder given after ``=``.
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
    >>> parse_dataset_spec("/faces [1]/mine.toml=/photos").name
    '/faces [1]/mine.toml'

    Raises:
        DatasetError: no name, an empty root, an option twice, or brackets that do not close.
    """
    return DatasetSpec(*_parse(text, "dataset", DatasetError))


def parse_probe_spec(text: str) -> ProbeSpec:
    """Parse ``NAME[option=value,...]=ROOT`` of a probe.

    >>> parse_probe_spec("rendered-au[identities=4]").options
    {'identities': '4'}

    Raises:
        ProbeError: as :func:`parse_dataset_spec`.
    """
    return ProbeSpec(*_parse(text, "probe", ProbeError))


def labelled(name: str, options: Mapping[str, str]) -> str:
    """Return what an item with these options is called in tables.

    >>> labelled("kdef", {"session": "B"})
    'kdef[session=B]'
    """
    inside = ",".join(f"{key}={value}" for key, value in sorted(options.items()))
    return f"{name}[{inside}]" if options else name


def _parse(
    text: str, kind: str, refusal: type[CcbenchError]
) -> tuple[str, Path | None, dict[str, str]]:
    match = _PATH.fullmatch(text) or _NAME.fullmatch(text)
    inside, after = _split_options(match["rest"] or "") if match else (None, "")
    if match is None or not match["name"].strip() or inside is None:
        raise refusal(
            f"cannot read the {kind} '{text}'; write NAME, NAME=FOLDER or "
            f"'NAME[option=value]=FOLDER'"
        )
    if after and not after[1:].strip():
        raise refusal(f"the {kind} '{text}' has nothing after '='; give a folder")
    options: dict[str, str] = {}
    # A comma separates options only where another "name=" follows, so that a value may be
    # a regular expression with commas.
    for part in re.split(r",\s*(?=[^\W\d]\w*=)", inside):
        if not part:
            continue
        key, separator, value = part.partition("=")
        key = key.strip()
        if not separator:
            raise refusal(f"the {kind} '{text}': write the option as '{key}=value'")
        if key in options:
            raise refusal(f"the {kind} '{text}' gives the option '{key}' twice; join values by +")
        options[key] = value
    try:
        root = Path(after[1:]).expanduser() if after else None
    except RuntimeError:
        raise refusal(f"no such home folder: {after[1:]}; give the whole path") from None
    return match["name"].strip(), root, options


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
