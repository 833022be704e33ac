"""The store: keys that say what made an entry, entries that are whole or dropped."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from ccbench import atomic
from ccbench.cache import KINDS, Cache, Usage, clear, content_key, default_root, file_digest
from ccbench.exceptions import CacheError


@dataclass(frozen=True)
class Recipe:
    size: int
    steps: tuple[float, ...]


class Model(BaseModel):
    name: str
    recipe: Recipe


PARTS: dict[str, Any] = {
    "seed": [0, "kdef", 3],
    "recipe": Recipe(224, (0.9, 1.1)),
    "model": Model(name="顔", recipe=Recipe(1, ())),
    "mapping": {"b": 1, "a": None},
}
KEY = "9e7141a33c8aefb5ee5e9298a07db31feb6b564a"


def test_a_known_key() -> None:
    # A change here makes every cache of every user useless: it must be meant.
    assert content_key("heads", **PARTS) == KEY


def test_a_key_is_the_hash_of_plain_json() -> None:
    parts = {
        "mapping": {"a": None, "b": 1},
        "model": {"name": "顔", "recipe": {"size": 1, "steps": []}},
        "recipe": {"size": 224, "steps": [0.9, 1.1]},
        "seed": [0, "kdef", 3],
    }
    text = json.dumps(["heads", parts])
    assert hashlib.sha256(text.encode()).hexdigest()[:40] == KEY


def test_keys_are_the_same_in_every_process() -> None:
    code = (
        "from ccbench.cache import content_key;"
        "print(content_key('faces', a={'x': 1, 'y': 2}, b=['z', 0.1]))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {content_key("faces", b=["z", 0.1], a={"y": 2, "x": 1})}


def test_every_part_counts() -> None:
    changed: list[dict[str, Any]] = [
        {"seed": [1, "kdef", 3]},
        {"seed": [0, "kdef", "3"]},
        {"recipe": Recipe(225, (0.9, 1.1))},
        {"recipe": Recipe(224, (1.1, 0.9))},
        {"model": Model(name="face", recipe=Recipe(1, ()))},
        {"model": Model(name="顔", recipe=Recipe(2, ()))},
        {"mapping": {"b": 1, "a": 0}},
        {"mapping": {"b": 1}},
        {"more": None},
    ]
    keys = {content_key("heads", **{**PARTS, **change}) for change in changed}
    keys |= {content_key("heads", **PARTS), content_key("scores", **PARTS)}
    assert len(keys) == len(changed) + 2


@pytest.mark.parametrize(
    "part",
    [Path("a"), {1, 2}, np.int64(1), np.zeros(2), b"bytes", object()],
    ids=lambda part: type(part).__name__,
)
def test_what_has_no_plain_form_cannot_be_part_of_a_key(part: object) -> None:
    # A path or a repr in a key would make it depend on the machine.
    with pytest.raises(TypeError, match="cannot be part of a cache key"):
        content_key("heads", part=part)


def test_numbers_that_are_no_numbers_cannot_be_part_of_a_key() -> None:
    with pytest.raises(ValueError):
        content_key("heads", rate=float("nan"))


def test_file_digest(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    (tmp_path / "f").write_bytes(data)
    assert file_digest(tmp_path / "f") == hashlib.sha256(data).hexdigest()


def test_default_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCBENCH_CACHE", "~/somewhere")
    assert default_root() == Path.home() / "somewhere"
    monkeypatch.setenv("CCBENCH_CACHE", "")
    assert default_root().is_absolute()
    assert "ccbench" in str(default_root())


def fill(cache: Cache, kind: str = "heads", key: str = "abcdef") -> Path:
    with cache.create(kind, key) as folder:
        (folder / "numbers.bin").write_bytes(bytes(1000))
        (folder / "deep").mkdir()
        (folder / "deep" / "text.txt").write_text("some text")
    return cache.path(kind, key)


def test_an_entry_is_found_once_it_is_whole(own_cache: Path) -> None:
    cache = Cache()
    assert cache.root == own_cache
    assert cache.find("heads", "abcdef") is None
    with cache.create("heads", "abcdef") as folder:
        (folder / "file").write_text("x")
        assert cache.find("heads", "abcdef") is None
    found = cache.find("heads", "abcdef")
    assert found == cache.path("heads", "abcdef")
    assert found is not None
    assert (found / "file").read_text() == "x"
    assert cache.find("scores", "abcdef") is None
    assert Cache().find("heads", "abcdef") == found
    assert cache.damaged == []


def cut_short(entry: Path) -> None:
    (entry / "numbers.bin").write_bytes(bytes(999))


def change_byte(entry: Path) -> None:
    data = bytearray((entry / "numbers.bin").read_bytes())
    data[500] ^= 1
    (entry / "numbers.bin").write_bytes(data)


def change_deep(entry: Path) -> None:
    (entry / "deep" / "text.txt").write_text("same size")


def remove_file(entry: Path) -> None:
    (entry / "deep" / "text.txt").unlink()


def remove_list(entry: Path) -> None:
    (entry / "entry.json").unlink()


def cut_list(entry: Path) -> None:
    text = (entry / "entry.json").read_text()
    (entry / "entry.json").write_text(text[: len(text) // 2])


def garble_list(entry: Path) -> None:
    (entry / "entry.json").write_bytes(b"\xff\xfe\x00")


def empty_list(entry: Path) -> None:
    (entry / "entry.json").write_text("[]")


def strange_list(entry: Path) -> None:
    (entry / "entry.json").write_text('{"files": {"numbers.bin": 7}}')


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (cut_short, "numbers.bin was cut short"),
        (change_byte, "numbers.bin was changed"),
        (change_deep, "deep/text.txt was changed"),
        (remove_file, "deep/text.txt is missing"),
        (remove_list, "list of files"),
        (cut_list, "list of files"),
        (garble_list, "list of files"),
        (empty_list, "list of files"),
        (strange_list, "list of files"),
    ],
)
def test_a_damaged_entry_is_dropped_and_named(damage: Callable[[Path], None], named: str) -> None:
    cache = Cache()
    entry, other = fill(cache), fill(cache, key="abother")
    damage(entry)
    assert cache.find("heads", "abcdef") is None
    assert not entry.exists()
    (sentence,) = cache.damaged
    assert str(entry) in sentence
    assert named in sentence
    assert "made again" in sentence
    assert cache.find("heads", "abother") == other
    fill(cache)
    assert cache.find("heads", "abcdef") == entry


def test_files_above_the_limit_are_checked_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccbench.cache._HASH_LIMIT", 500)
    cache = Cache()
    entry = fill(cache)
    change_byte(entry)
    assert cache.find("heads", "abcdef") == entry
    cut_short(entry)
    assert cache.find("heads", "abcdef") is None


def test_the_first_of_two_writers_wins() -> None:
    cache = Cache()
    with cache.create("heads", "abc") as late:
        # Another process would have another scratch folder.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "getpid", lambda: 1)
            with cache.create("heads", "abc") as early:
                (early / "file").write_text("early")
        (late / "file").write_text("late")
    found = cache.find("heads", "abc")
    assert found is not None
    assert (found / "file").read_text() == "early"


def test_an_exception_leaves_no_entry() -> None:
    cache = Cache()

    def write() -> None:
        with cache.create("heads", "abc") as folder:
            (folder / "file").write_text("x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert cache.find("heads", "abc") is None
    assert [path for path in cache.root.rglob("*") if path.is_file()] == [
        cache.root / "ccbench-cache-format"
    ]


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("where", ["inside", "list"])
def test_a_full_disk_is_one_sentence_and_no_half_entry(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache()

    def write() -> None:
        with monkeypatch.context() as patch, cache.create("features", "abc") as folder:
            (folder / "first").write_bytes(bytes(10))
            if where == "list":
                patch.setattr(Path, "write_text", full_disk)
            else:
                full_disk()

    sentence = r"No space left on device.*free space.*CCBENCH_CACHE"
    with pytest.raises(CacheError, match=sentence) as error:
        write()
    assert str(cache.root) in str(error.value)
    assert cache.find("features", "abc") is None
    assert list((cache.root / "features" / "ab").iterdir()) == []
    assert cache.damaged == []


def test_another_format_is_refused_with_what_to_do(own_cache: Path) -> None:
    fill(Cache())
    mark = own_cache / "ccbench-cache-format"
    mark.write_text("99\n")
    with pytest.raises(CacheError, match=r"'99'.*ccbench cache clear") as error:
        Cache()
    assert str(own_cache) in str(error.value)
    clear(own_cache)  # what the sentence says
    assert Cache().find("heads", "abcdef") is None
    mark.write_bytes(b"\xff\xfe")
    with pytest.raises(CacheError, match="cannot use the cache folder"):
        Cache()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("x")
    with pytest.raises(CacheError, match=r"not empty and not a ccbench cache.*CCBENCH_CACHE"):
        Cache(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(CacheError, match=r"cannot use the cache folder.*CCBENCH_CACHE"):
            Cache(root)


def test_two_processes_may_make_one_cache_at_once(tmp_path: Path) -> None:
    # The other one is between writing its mark and renaming it.
    scratch = atomic._scratch_name("ccbench-cache-format")
    (tmp_path / scratch.replace(str(os.getpid()), str(os.getppid()))).write_text("")
    Cache(tmp_path)
    assert (tmp_path / "ccbench-cache-format").read_text() == "1\n"


def test_usage_counts_entries_and_bytes() -> None:
    cache = Cache()
    fill(cache, "heads", "abc")
    fill(cache, "heads", "abd")
    entry = fill(cache, "faces", "xyz")
    size = sum(path.stat().st_size for path in entry.rglob("*") if path.is_file())
    assert size > 1009
    assert cache.usage() == {
        **dict.fromkeys(KINDS, Usage(0, 0)),
        "faces": Usage(1, size),
        "heads": Usage(2, 2 * size),
    }


def test_clear_touches_only_its_own_folders(own_cache: Path) -> None:
    cache = Cache()
    for kind in KINDS:
        fill(cache, kind)
    (own_cache / "notes.txt").write_text("mine")
    (own_cache / "photographs").mkdir()
    (own_cache / "photographs" / "a.jpg").write_text("mine")
    before = cache.usage()
    assert cache.clear(("features",)) == before["features"].size
    assert cache.find("features", "abcdef") is None
    assert cache.find("heads", "abcdef") is not None
    assert cache.clear() == sum(before[kind].size for kind in KINDS if kind != "features")
    assert sorted(path.name for path in own_cache.iterdir()) == ["notes.txt", "photographs"]
    assert (own_cache / "photographs" / "a.jpg").read_text() == "mine"


def test_what_cannot_be_removed_can_still_be_opened_and_cleared(
    monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    cache = Cache()
    for kind in KINDS:
        fill(cache, kind)
    remove = shutil.rmtree

    def busy(folder: Path, **more: Any) -> None:
        # Another run writes an entry the moment the others are gone.
        remove(folder, **more)
        if folder.name == "heads":
            fill(cache)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", busy)
        with pytest.raises(CacheError, match=r"not all heads in the cache .* could be removed"):
            clear(own_cache)
    assert Cache().find("heads", "abcdef") is not None
    assert clear(own_cache) > 1000
    assert not list(own_cache.iterdir())


def test_clear_of_nothing(tmp_path: Path) -> None:
    assert clear(tmp_path / "none") == 0
    assert clear(tmp_path) == 0


def test_clear_refuses_a_folder_that_is_no_cache(tmp_path: Path) -> None:
    # CCBENCH_CACHE points at a project by mistake, and that has a folder "datasets".
    photograph = tmp_path / "datasets" / "mine" / "a.jpg"
    photograph.parent.mkdir(parents=True)
    photograph.write_text("years of work")
    with pytest.raises(CacheError, match="not a ccbench cache"):
        clear(tmp_path)
    assert photograph.read_text() == "years of work"


def test_abandoned_entries_are_removed() -> None:
    cache = Cache()
    entry = fill(cache)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    name = atomic._scratch_name("abcxyz").replace(str(os.getpid()), str(process.pid))
    (entry.parent / name).mkdir()
    cache.remove_abandoned()
    assert [path.name for path in entry.parent.iterdir()] == ["abcdef"]
