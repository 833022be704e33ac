"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ccbench import atomic

WRITER = """
import sys, time
from pathlib import Path
from ccbench import atomic
with atomic.new_directory(Path(sys.argv[1])) as scratch:
    (scratch / "a").write_text(sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    (scratch / "b").write_text(sys.argv[2])
"""


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_bytes_are_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.bin"
    atomic.write_bytes(path, b"one")
    atomic.write_bytes(path, b"two!")
    assert path.read_bytes() == b"two!"
    assert everything(path.parent) == ["file.bin"]


def test_a_failed_write_leaves_the_old_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.bin"
    atomic.write_bytes(path, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert everything(tmp_path) == ["file.bin"]


def test_a_directory_appears_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a" / "entry"
    with atomic.new_directory(path) as scratch:
        (scratch / "deep").mkdir()
        (scratch / "deep" / "file").write_text("x")
        assert not path.exists()
        assert scratch.parent == path.parent  # a rename across file systems is not atomic
    assert everything(tmp_path) == ["a", "a/entry", "a/entry/deep", "a/entry/deep/file"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_inside_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def write() -> None:
        with atomic.new_directory(tmp_path / "entry") as scratch:
            (scratch / "half").write_text("x")
            raise error

    with pytest.raises(error):
        write()
    assert everything(tmp_path) == []


def test_the_directory_of_the_first_of_two_processes_stays(tmp_path: Path) -> None:
    path = tmp_path / "entry"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("first", "second")
    ]
    for writer in writers:  # both are in the middle of their block
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    assert len(list(tmp_path.iterdir())) == 2
    for writer in writers:
        writer.communicate("go\n", timeout=30)
        assert writer.returncode == 0
        assert {f.name: f.read_text() for f in path.iterdir()} == {"a": "first", "b": "first"}
    assert everything(tmp_path) == ["entry", "entry/a", "entry/b"]


def test_a_file_in_the_place_of_the_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "entry").write_text("a file")
    with pytest.raises(OSError), atomic.new_directory(tmp_path / "entry") as scratch:
        (scratch / "x").write_text("x")
    assert everything(tmp_path) == ["entry"]


def test_below_a_file_nothing_can_be_written(tmp_path: Path) -> None:
    # chmod would not stop root.
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        atomic.write_bytes(tmp_path / "file" / "x", b"")
    with pytest.raises(OSError), atomic.new_directory(tmp_path / "file" / "x"):
        pytest.fail("the block must not be entered")
    assert everything(tmp_path) == ["file"]


def scratch_of(process: int, name: str, host: str | None = None) -> str:
    """Return the scratch name that another process would have used."""
    mine = atomic._scratch_name(name)
    assert str(os.getpid()) in mine
    assert socket.gethostname() in mine
    mine = mine.replace(str(os.getpid()), str(process))
    return mine.replace(socket.gethostname(), host) if host else mine


def test_only_what_dead_processes_of_this_host_left_is_removed(tmp_path: Path) -> None:
    dead = dead_pid()
    kept = {
        scratch_of(os.getpid(), "mine"),
        scratch_of(os.getppid(), "parents"),
        scratch_of(dead, "far", host="some-other-host"),
        # The same words in another order: "node-12" is not process 12 of "node".
        scratch_of(os.getpid(), "near", host=f"{socket.gethostname()}-{dead}"),
        "entry",
        ".hidden",
    }
    for name in kept:
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    folder = tmp_path / "deep" / "er" / scratch_of(dead, "entry")
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").write_text("x")
    (tmp_path / "deep" / scratch_of(dead, "table.parquet")).write_text("x")
    assert atomic.remove_abandoned(tmp_path) == 2
    assert {path.name for path in tmp_path.iterdir()} == kept | {"deep"}
    assert everything(tmp_path / "deep") == ["er"]
    assert atomic.remove_abandoned(tmp_path) == 0


def test_a_killed_writer_leaves_what_can_be_removed(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "entry"), "killed"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    assert atomic.remove_abandoned(tmp_path) == 0  # it lives
    writer.kill()
    writer.communicate()
    (left,) = tmp_path.iterdir()
    assert left.name != "entry"
    assert atomic.remove_abandoned(tmp_path) == 1
    assert everything(tmp_path) == []


def test_nothing_to_remove_in_a_missing_folder(tmp_path: Path) -> None:
    assert atomic.remove_abandoned(tmp_path / "none") == 0


def test_files_that_belong_together_are_replaced_together(tmp_path: Path) -> None:
    (tmp_path / "optional").write_text("old")
    for state in ("old", "new"):
        files = {name: f"{state} {name}".encode() for name in ("last", "a", "b")}
        atomic.write_together(tmp_path, files, "last", ["optional", "never there"])
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_what_was_there_stays_where_they_cannot_all_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    (tmp_path / "optional").write_text("old")
    old = dict.fromkeys(("a", "b", "last"), b"old")
    atomic.write_together(tmp_path, old, "last")
    calls = iter(range(1, 4))

    def full(_descriptor: int) -> None:
        if next(calls) == failing:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic.write_together(tmp_path, dict.fromkeys(old, b"new"), "last", ["optional"])
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {**old, "optional": b"old"}


def test_the_last_file_is_not_there_while_others_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atomic.write_together(tmp_path, {"last": b"old", "a": b"old"}, "last")
    there = []
    replace = Path.replace

    def watched(scratch: Path, target: Path) -> Path:
        there.append((target.name, (tmp_path / "last").exists()))
        return replace(scratch, target)

    monkeypatch.setattr(Path, "replace", watched)
    atomic.write_together(tmp_path, {"last": b"new", "a": b"new"}, "last")
    assert there == [("a", False), ("last", False)]
