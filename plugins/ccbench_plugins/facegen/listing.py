"""Which files of a folder show whom with which action unit: a manifest, or their names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from ccbench.datasets.files import IMAGE_SUFFIXES, some_names
from ccbench.exceptions import ProbeError
from ccbench_registry import ACTION_UNITS, suggestion

MANIFEST = "manifest.csv"
COLUMNS = ("identity", "texture", "au", "level", "path")
PATTERN = r"^(?P<identity>.+)_AU(?P<au>\d{1,2})_(?P<level>\d{3})\.(png|jpg|jpeg|bmp|tif|tiff)$"
"""Names by default, case ignored; levels from 000 to 100."""
_GROUPS = ("identity", "au", "level")
_NUMBERS = tuple(unit.number for unit in ACTION_UNITS)


@dataclass(frozen=True)
class Picture:
    """One file of a series.

    Attributes:
        path: the file.
        identity: who is shown.
        texture: name of the skin texture, or "".
        units: the action unit and a second one, or 0; (0, 0) for the null image.
        level: 0 to 1; 0 for the null image.
    """

    path: Path
    identity: str
    texture: str
    units: tuple[int, int]
    level: float


@dataclass(frozen=True)
class Listing:
    """The files of a series, in order.

    Attributes:
        source: the manifest, or the folder whose names were read; for errors.
        pictures: in the order of the manifest, or by identity, action unit and level.
        unmatched: images whose names do not match.
    """

    source: Path
    pictures: tuple[Picture, ...]
    unmatched: tuple[Path, ...] = ()


def list_pictures(root: Path, pattern: str | None = None) -> Listing:
    """List the images of a folder.

    Args:
        root: the folder.
        pattern: regular expression for file names (or, with a slash in it, for paths below
            ``root``); without it ``manifest.csv`` is read where there is one, and else names
            by :data:`PATTERN`.

    Raises:
        ProbeError: nothing to read, or a line or name that cannot be understood.
    """
    manifest = root / MANIFEST
    if pattern is None and manifest.exists():
        return Listing(manifest, tuple(_from_manifest(manifest)))
    return _from_names(root, pattern)


def _from_manifest(manifest: Path) -> Iterator[Picture]:
    missing, listed = [], 0
    for line, row in _rows(manifest):
        where = f"{manifest}, line {line}"
        for column in ("identity", "au", "level", "path"):
            if not row[column]:
                raise ProbeError(f"{where}: the column '{column}' is empty; fill it in")
        units = _units(row["au"], where)
        level = _level(row["level"], where, percent=False)
        # Whoever renders on Windows writes paths with backslashes.
        path = manifest.parent / PureWindowsPath(row["path"]).as_posix()
        if not path.is_file():
            missing.append(f"{path} (line {line})")
        listed += 1
        yield _picture(path, row["identity"], row["texture"], units, level)
    if not listed:
        raise ProbeError(f"{manifest} lists no image; give one line an image")
    if missing:
        raise ProbeError(
            f"{manifest} lists {len(missing)} file{'s' * (len(missing) != 1)} that "
            f"{'do' if len(missing) != 1 else 'does'} not exist, for example {missing[0]}; paths "
            f"are relative to {manifest.parent}"
        )


def _rows(manifest: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, columns without blanks around) of each line below the header."""
    try:
        text = manifest.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ProbeError(f"{manifest} is not UTF-8 text; save it as CSV UTF-8") from None
    except OSError as error:
        raise ProbeError(f"cannot read {manifest}: {error.strerror or error}") from None
    # As spreadsheets of some countries write it.
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip() for name in next(reader, [])]
        for name in COLUMNS:
            if columns.count(name) != 1:
                fault = "no" if name not in columns else "more than one"
                raise ProbeError(
                    f"{manifest} has {fault} column '{name}' (its columns: "
                    f"{', '.join(columns) or 'none'}); the first line must name "
                    f"{', '.join(COLUMNS)}"
                )
        for fields in reader:
            if not any(field.strip() for field in fields):
                continue
            if len(fields) != len(columns):
                raise ProbeError(
                    f"{manifest}, line {reader.line_num} has {len(fields)} fields, its first line "
                    f"names {len(columns)} columns; correct it"
                )
            stripped = (field.strip() for field in fields)
            yield reader.line_num, dict(zip(columns, stripped, strict=True))
    except csv.Error as error:
        raise ProbeError(
            f"{manifest}, line {reader.line_num}: {error}; check the quotation marks"
        ) from None


def _from_names(root: Path, pattern: str | None) -> Listing:
    regex = _compiled(pattern or PATTERN)
    whole_path = "/" in regex.pattern
    pictures, unmatched = [], []
    for path in _files(root):
        text = path.relative_to(root).as_posix() if whole_path else path.name
        match = regex.fullmatch(text)
        if match is None:
            if path.suffix.lower() in IMAGE_SUFFIXES:
                unmatched.append(path)
            continue
        columns = {name: value or "" for name, value in match.groupdict().items()}
        for name in _GROUPS:
            if not columns[name]:
                raise ProbeError(f"{path}: the pattern reads no {name} in its name; correct it")
        units = _units(columns["au"], str(path))
        level = _level(columns["level"], str(path), percent=True)
        pictures.append(
            _picture(path, columns["identity"], columns.get("texture", ""), units, level)
        )
    if not pictures:
        found = some_names(unmatched, root) if unmatched else "no image"
        no_manifest = f"no {MANIFEST} and " if pattern is None else ""
        raise ProbeError(
            f"{root} has {no_manifest}no file whose name matches {regex.pattern} (found: "
            f"{found}); name the files such as anna_AU12_050.png, add {MANIFEST} with "
            f"{', '.join(COLUMNS)}, or give another pattern: 'facegen[pattern=…]=FOLDER'"
        )
    pictures.sort(key=lambda p: (p.identity, p.units[1] > 0, p.units, p.level, p.path.as_posix()))
    return Listing(root, tuple(pictures), tuple(unmatched))


def _files(root: Path) -> list[Path]:
    """Return the files below a folder in an order of their names; hidden ones do not count."""
    try:
        found = [path for path in root.rglob("*") if path.is_file()]
    except OSError as error:
        raise ProbeError(f"cannot list {root}: {error.strerror or error}") from None
    shown = [p for p in found if not any(w.startswith(".") for w in p.relative_to(root).parts)]
    return sorted(shown, key=lambda path: path.relative_to(root).as_posix())


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        regex = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ProbeError(
            f"'facegen[pattern={pattern}]' is no regular expression ({error}); correct it"
        ) from None
    for name in _GROUPS:
        if name not in regex.groupindex:
            hint = suggestion(name, set(regex.groupindex) - set(_GROUPS))
            raise ProbeError(
                f"'facegen[pattern={pattern}]' has no group '{name}'; write (?P<{name}>…) for "
                f"the part of the name that says it"
                + (f" ({hint})" if hint.startswith("did you") else "")
            )
    return regex


def _picture(
    path: Path, identity: str, texture: str, units: tuple[int, int], level: float
) -> Picture:
    if units == (0, 0) or not level:
        return Picture(path, identity, texture, (0, 0), 0.0)
    return Picture(path, identity, texture, units, level)


def _units(text: str, where: str) -> tuple[int, int]:
    """Read "12", "6+12", or 0 for the null image."""
    words = text.split("+")
    numbers = [int(word) if re.fullmatch(r"\s*[0-9]+\s*", word) else -1 for word in words]
    if numbers == [0]:
        return 0, 0
    if len(numbers) > 2 or len(set(numbers)) < len(numbers) or not set(numbers) <= set(_NUMBERS):
        known = ", ".join(map(str, _NUMBERS))
        raise ProbeError(
            f"{where}: the AU '{text}' is none of the 20 action units; give {known}, two of them "
            f"such as 6+12, or 0 for the null image, or leave the image out"
        )
    return min(numbers), max(numbers) if len(numbers) == 2 else 0


def _level(text: str, where: str, *, percent: bool) -> float:
    """Read a fraction; of names also per cent, which are digits alone."""
    try:
        level = float(text)
    except ValueError:
        level = -1.0
    if percent and re.fullmatch(r"[0-9]+", text):
        level /= 100
    if not 0 <= level <= 1:
        wanted = "000 to 100 (per cent), or a fraction such as 0.5" if percent else "0 to 1"
        raise ProbeError(f"{where}: the level '{text}' is no level; give {wanted}")
    return round(level, 6)
