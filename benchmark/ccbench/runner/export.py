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
    atomic.refuse_taken(out, DatasetError)
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
