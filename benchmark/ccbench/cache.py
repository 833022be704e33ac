"""A content-addressed store of everything expensive.

An entry is a folder named by the hash of what made it.  Entries are written beside their
place and renamed into it; each lists its files with size and hash, so that one cut short
by a crash of the machine or by hand is noticed, dropped and made again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ccbench import atomic
from ccbench.exceptions import CacheError

FORMAT = "1"
KINDS = ("datasets", "probes", "faces", "features", "units", "grams", "heads", "scores")
_MARK = "ccbench-cache-format"
_LIST = "entry.json"
_HASH_LIMIT = 16 * 2**20


def content_key(kind: str, **parts: Any) -> str:
    """Return the key of an entry: the hash of everything that made it.

    Args:
        kind: what sort of entry.
        parts: dataclasses, pydantic models, mappings, sequences, strings and numbers.

    >>> content_key("heads", seed=1) == content_key("heads", seed=1)
    True
    """
    text = json.dumps([kind, parts], sort_keys=True, default=_plain, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"a {type(value).__name__} cannot be part of a cache key")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def default_root() -> Path:
    """Return ``$CCBENCH_CACHE``, or the user's cache folder of this platform."""
    chosen = os.environ.get("CCBENCH_CACHE")
    if chosen:
        try:
            return Path(chosen).expanduser()
        except RuntimeError:
            raise CacheError(
                f"CCBENCH_CACHE names a home folder that is not known: {chosen}; set it to a whole "
                f"path"
            ) from None
    import platformdirs

    return Path(platformdirs.user_cache_dir("ccbench", appauthor=False))


@dataclass(frozen=True)
class Usage:
    """What one kind of entry takes: number of entries and bytes."""

    entries: int
    size: int


class Cache:
    """The store below one folder.

    Args:
        root: the folder; made when missing.

    Raises:
        CacheError: it cannot be written, or another version of ccbench wrote it.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_root()
        self.damaged: list[str] = []
        mark = self.root / _MARK
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if mark.exists():
                found = mark.read_text(encoding="utf-8").strip()
            elif any(map(_foreign, self.root.iterdir())):
                raise CacheError(
                    f"{self.root} is not empty and not a ccbench cache; point CCBENCH_CACHE to "
                    f"another folder"
                )
            else:
                atomic.write_bytes(mark, f"{FORMAT}\n".encode())
                found = FORMAT
        except (OSError, UnicodeDecodeError) as error:
            raise CacheError(
                f"cannot use the cache folder {self.root}: {error}; point CCBENCH_CACHE to a "
                f"folder you can write"
            ) from None
        if found != FORMAT:
            raise CacheError(
                f"the cache {self.root} has format {found!r}, this version of ccbench uses "
                f"format {FORMAT!r}; run 'ccbench cache clear' or point CCBENCH_CACHE to "
                f"another folder"
            )

    def path(self, kind: str, key: str) -> Path:
        """Return where the entry is, or would be."""
        return self.root / kind / key[:2] / key

    def find(self, kind: str, key: str) -> Path | None:
        """Return the folder of an entry that is there and whole, else ``None``.

        A damaged entry is removed and named in :attr:`damaged`.
        """
        folder = self.path(kind, key)
        if not folder.is_dir():
            return None
        fault = _fault(folder)
        if fault is None:
            return folder
        self.damaged.append(f"{folder}: {fault}; it is made again")
        shutil.rmtree(folder, ignore_errors=True)
        return None

    @contextlib.contextmanager
    def create(self, kind: str, key: str) -> Iterator[Path]:
        """Yield a scratch folder that becomes the entry when the block ends well.

        Raises:
            CacheError: the disk is full or the folder cannot be written.
        """
        try:
            with atomic.new_directory(self.path(kind, key)) as scratch:
                yield scratch
                listed = {
                    file.relative_to(scratch).as_posix(): _describe(file)
                    for file in sorted(scratch.rglob("*"))
                    if file.is_file()
                }
                (scratch / _LIST).write_text(json.dumps({"files": listed}, indent=1))
        except OSError as error:
            raise CacheError(
                f"cannot write to the cache {self.root}: {error.strerror or error}; free space "
                f"or point CCBENCH_CACHE to another folder"
            ) from None

    def remove_abandoned(self) -> None:
        """Remove what killed processes left half-written."""
        atomic.remove_abandoned(self.root)

    def usage(self) -> Mapping[str, Usage]:
        """Return what each kind of entry takes."""
        found = {}
        for kind in KINDS:
            folder = self.root / kind
            entries = sum(not atomic.is_scratch(entry) for entry in folder.glob("*/*/"))
            found[kind] = Usage(entries, _size(folder))
        return found

    def clear(self, kinds: tuple[str, ...] = KINDS) -> int:
        """Remove all entries of these kinds; return how many bytes that freed."""
        return clear(self.root, kinds)


def clear(root: Path, kinds: tuple[str, ...] = KINDS) -> int:
    """Remove entries below ``root``, whatever version wrote them; return the bytes freed.

    Only folders that the cache makes are touched, and only where a cache has left its mark.

    Raises:
        CacheError: the folder holds something else, or cannot be cleared.
    """
    if not (root / _MARK).exists() and any((root / kind).exists() for kind in kinds):
        raise CacheError(f"{root} is not a ccbench cache: nothing was removed; see CCBENCH_CACHE")
    freed = 0
    for kind in kinds:
        folder = root / kind
        before = _size(folder)
        shutil.rmtree(folder, ignore_errors=True)
        freed += before - _size(folder)
    left = [kind for kind in kinds if (root / kind).exists()]
    if left:
        # The mark stays: without it nobody would open or clear what is left.
        raise CacheError(
            f"not all {', '.join(left)} in the cache {root} could be removed; another run may be "
            f"writing there, or files belong to somebody else"
        )
    if set(kinds) == set(KINDS):
        try:
            (root / _MARK).unlink(missing_ok=True)
        except OSError as error:
            raise CacheError(f"cannot clear the cache {root}: {error}") from None
    return freed


def _size(folder: Path) -> int:
    """Return the bytes of all files below a folder; of those that vanish meanwhile, none."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(place, name).stat().st_size
    return total


def entry_files(folder: Path) -> list[Path]:
    """Return the files of an entry, sorted, without the cache's own list of them."""
    own = folder / _LIST
    return sorted(path for path in folder.rglob("*") if path.is_file() and path != own)


def _foreign(path: Path) -> bool:
    # Another process may be making the cache at this moment, or was killed doing so.
    return path.name != _MARK and not atomic.is_scratch(path)


def _describe(file: Path) -> dict[str, Any]:
    size = file.stat().st_size
    # Of feature maps and large heads the size is checked, not every byte: reading them all
    # at every start would take longer than what they save.
    return {"size": size, "sha256": file_digest(file) if size <= _HASH_LIMIT else None}


def _fault(folder: Path) -> str | None:
    try:
        listed = json.loads((folder / _LIST).read_text())["files"]
        for name, expected in listed.items():
            file = folder / name
            if not file.is_file():
                return f"{name} is missing"
            if file.stat().st_size != expected["size"]:
                return f"{name} was cut short or changed"
            if expected["sha256"] is not None and file_digest(file) != expected["sha256"]:
                return f"{name} was changed"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "its list of files cannot be read"
    return None
