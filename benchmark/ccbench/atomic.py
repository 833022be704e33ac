"""Files and folders that appear whole or not at all.

Everything is written beside its place and renamed into it, so that a process killed at
any moment leaves no half-written file under a final name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ccbench.exceptions import CcbenchError

_PREFIX = ".writing-"


def _mine() -> str:
    # "~" is in no host name; with "-", what "node-1" writes would look like process 1 of "node".
    return f"{_PREFIX}{socket.gethostname()}~"


def _scratch_name(name: str) -> str:
    return f"{_mine()}{os.getpid()}~{name}"


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically, replacing what is there.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.parent / _scratch_name(path.name)
    try:
        _write(scratch, data)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise


def write_together(
    folder: Path, files: Mapping[str, bytes], last: str, gone: Collection[str] = ()
) -> None:
    """Write files of which one says that the others are whole.

    Nothing is put in its place before all is on the disk: where that fails, what was there
    stays as it is.  From the first replacement to the last one there is no ``last``.

    Args:
        folder: where they are.
        files: name -> content, ``last`` among them.
        last: the one that is removed first and put in its place last.
        gone: names of files that do not belong there and are removed.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    order = [*(name for name in files if name != last), last]
    scratches = {name: folder / _scratch_name(name) for name in order}
    try:
        for name, scratch in scratches.items():
            _write(scratch, files[name])
        for name in (last, *gone):
            (folder / name).unlink(missing_ok=True)
        for name, scratch in scratches.items():
            scratch.replace(folder / name)
    except BaseException:
        for scratch in scratches.values():
            scratch.unlink(missing_ok=True)
        raise


def _write(scratch: Path, data: bytes) -> None:
    with scratch.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Yield a scratch folder that becomes ``path`` when the block ends without error.

    When somebody else made ``path`` in the meantime, theirs stays and ours is dropped:
    a folder under a content-derived name has one possible content.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.parent / _scratch_name(path.name)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
        for file in scratch.rglob("*"):
            if file.is_file():
                _flush(file)
        try:
            scratch.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def temporary_directory(parent: Path | None) -> Iterator[Path]:
    """Yield a folder that is gone after the block.

    Args:
        parent: where it is; where it stays after a process was killed,
            :func:`remove_abandoned` removes it.  By default the system's temporary folder.

    Raises:
        OSError: the folder cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix=_scratch_name(""), dir=parent) as name:
        yield Path(name)


def refuse_taken(out: Path, refusal: type[CcbenchError], hint: str = "") -> None:
    """Refuse a folder of the user's that :func:`new_directory` could not make without harm.

    Args:
        out: there should be no such folder, or an empty one.
        refusal: what is raised.
        hint: how to give another folder, after "give the name of a new folder".

    Raises:
        CcbenchError: ``out`` is a file, a folder that is not empty, or the current folder.
    """
    advice = f"give the name of a new folder{hint}"
    try:
        if out.exists() and not out.is_dir():
            raise refusal(f"{out} is a file; {advice}")
        if out.is_dir() and any(out.iterdir()):
            raise refusal(f"{out} is not empty; {advice}")
    except OSError as error:
        raise refusal(f"cannot look into {out}: {error.strerror or error}") from None
    if out.resolve() == Path.cwd():
        # It is replaced as a whole, under the feet of the user's shell.
        raise refusal(f"{out} is the current folder; {advice}")


def _flush(file: Path) -> None:
    """Make sure that a file's bytes are on the disk before its name is."""
    # Windows flushes only what may be written.
    with file.open("rb+" if os.name == "nt" else "rb") as handle:
        os.fsync(handle.fileno())


def is_scratch(path: Path) -> bool:
    """Whether a file or folder is one that was never renamed into its place."""
    return path.name.startswith(_PREFIX)


def remove_abandoned(folder: Path) -> int:
    """Remove what killed processes of this host left half-written below ``folder``.

    Returns:
        How many files and folders were removed.
    """
    removed = 0
    mine = _mine()
    for path in list(_scratch_below(folder)):
        pid = path.name.removeprefix(mine).split("~", 1)[0]
        if not path.name.startswith(mine) or not pid.isdigit() or _alive(int(pid)):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        removed += 1
    return removed


def _scratch_below(folder: Path) -> Iterator[Path]:
    # Unlike pathlib's in Python 3.11 this walk goes on when a folder is renamed meanwhile.
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files) if name.startswith(_PREFIX))
        folders[:] = [name for name in folders if not name.startswith(_PREFIX)]


def _alive(pid: int) -> bool:
    # Not os.kill(pid, 0), which ends processes on Windows.
    import psutil

    alive: bool = psutil.pid_exists(pid)
    return alive
