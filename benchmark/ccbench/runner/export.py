"""Copies of photographs that a dataset made, outside of the cache."""

from __future__ import annotations

import shutil
from pathlib import Path

from ccbench import atomic
from ccbench.cache import entry_files
from ccbench.exceptions import DatasetError


def copy_photographs(source: Path, out: Path) -> int:
    """Copy the files of a generated dataset into a new folder, whole or not at all.

    Args:
        source: the folder in the cache.
        out: where to; there is no such folder, or an empty one.

    Returns:
        How many files there are.

    Raises:
        DatasetError: ``out`` is not empty or cannot be written.
    """
    refuse_taken(out)
    target = out.resolve()
    files = entry_files(source)
    try:
        if target.is_dir():
            target.rmdir()
        with atomic.new_directory(target) as scratch:
            for file in files:
                copy = scratch / file.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
    except OSError as error:
        raise DatasetError(
            f"cannot write to {out}: {error.strerror or error}; free space or give another folder"
        ) from None
    return len(files)


def refuse_taken(out: Path) -> None:
    """Refuse to write photographs where something is already.

    Raises:
        DatasetError: ``out`` is a file, a folder that is not empty, or the current folder.
    """
    try:
        if out.exists() and not out.is_dir():
            raise DatasetError(f"{out} is a file; give the name of a new folder")
        if out.is_dir() and any(out.iterdir()):
            raise DatasetError(f"{out} is not empty; give the name of a new folder")
    except OSError as error:
        raise DatasetError(f"cannot look into {out}: {error.strerror or error}") from None
    if out.resolve() == Path.cwd():
        # It is replaced as a whole, under the feet of the user's shell.
        raise DatasetError(f"{out} is the current folder; give the name of a new folder")
