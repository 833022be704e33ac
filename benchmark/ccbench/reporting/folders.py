"""Folders that are written whole or not at all, and never in place of somebody's work."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ccbench
from ccbench import atomic
from ccbench.exceptions import RunError
from ccbench.results import write_json


@dataclass(frozen=True)
class Kind:
    """What a folder holds.

    Attributes:
        noun: in sentences: "export".
        marker: file that says that a folder is one, and what was in its files.
    """

    noun: str
    marker: str


def write_folder(
    shown: Path, kind: Kind, fill: Callable[[Path], None], says: Mapping[str, Any]
) -> list[Path]:
    """Write a folder; an earlier one of its kind is replaced, unless it was changed since.

    Args:
        shown: the folder, as the user names it.
        kind: what it holds.
        fill: writes files into a new folder, no folders.
        says: what the marker says of them.

    Returns:
        The files, sorted, without the marker.

    Raises:
        RunError: the folder holds something else or cannot be written.
    """
    target = shown.resolve()
    try:
        _refuse_work(shown, target, kind)
        with atomic.new_directory(target) as scratch:
            fill(scratch)
            files = {path.name: _digest(path) for path in sorted(scratch.iterdir())}
            marker = {"ccbench": ccbench.__version__, **says, "files": files}
            write_json(scratch / kind.marker, marker)
            if target.is_dir():
                shutil.rmtree(target)
        return sorted(shown / path.name for path in target.iterdir() if path.name != kind.marker)
    except OSError as error:
        raise RunError(
            f"cannot write {shown}: {error.strerror or error}; give a folder you can write with "
            f"--out"
        ) from None


def _refuse_work(shown: Path, target: Path, kind: Kind) -> None:
    """Refuse a folder with anything in it that would not be made again.

    Raises:
        RunError: naming the folder, or the file in it.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise RunError(f"{shown} is a file; give a folder with --out")
    if target == Path.cwd():
        # It is replaced as a whole, under the feet of the user's shell.
        raise RunError(f"{shown} is the current folder; give another folder with --out")
    found = sorted(path for path in target.iterdir() if not atomic.is_scratch(path))
    if not found:
        return
    files = _recorded(target / kind.marker)
    if files is None:
        raise RunError(
            f"{shown} is not empty and holds no {kind.noun}; give another folder with --out"
        )
    for path in found:
        if path.name == kind.marker:
            continue
        if not path.is_file() or files.get(path.name) != _digest(path):
            raise RunError(
                f"{shown / path.name} was changed or added after the {kind.noun}; move it away, "
                f"or give another folder with --out"
            )


def _recorded(marker: Path) -> Mapping[str, str] | None:
    """Return name -> digest of the files of an earlier folder; ``None`` if there was none."""
    try:
        return dict(json.loads(marker.read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
