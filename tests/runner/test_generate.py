"""Photographs that datasets make: in parts, resumed after any end, the same bytes always."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.runner.heard import Heard

from ccbench.cache import Cache
from ccbench.datasets import write_image
from ccbench.exceptions import CacheError, CardError, DatasetError, UnknownNameError
from ccbench.executors import map_tasks
from ccbench.plugins import load_plugins
from ccbench.runner import Observer, Silent, generate, open_databases
from ccbench.runner.generate import PartJob, Wanted, generated_folders, make_part
from ccbench.samples import SampleTable
from ccbench.testing.drawn import DRAWN_DATABASES, write_database
from ccbench_registry import DatasetCard, Terms

if TYPE_CHECKING:
    from tests.conftest import Command

PARTS = 12
SPEC = "labfaces:few.toml"


class Letters:
    """Writes one letter a part; tests change what it does."""

    options: Mapping[str, str] = {}

    def __init__(self, parts: int = 4, name: str = "letters", recipe: str = "1") -> None:
        self.card = DatasetCard(name=name, title="Letters", terms=Terms(licence="none"))
        self.parts: Any = parts
        self.recipe = recipe
        self.made: list[int] = []
        self.write: Callable[[int, Path], object] = lambda part, folder: (
            folder / "sub" / f"{part}.txt"
        ).write_text("abcd"[part])

    def generate(self, part: int, directory: Path) -> None:
        (directory / "sub").mkdir()
        self.write(part, directory)
        self.made.append(part)

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        raise AssertionError


def make(dataset: Letters, cache: Cache, observer: Observer | None = None) -> tuple[Path, bool]:
    ((folder, made),) = generated_folders(
        [Wanted(dataset.card.name, dataset)], cache, observer or Silent(), 1
    )
    return folder, made


def texts(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.txt")}


def entries(root: Path) -> set[Path]:
    """Return the finished entries, parts and wholes."""
    return {path.parent for path in root.glob("datasets/*/[0-9a-f]*/entry.json")}


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


@pytest.fixture
def cache(own_cache: Path) -> Cache:
    return Cache(own_cache)


@pytest.fixture
def recipe(lab: Path, tmp_path: Path) -> Path:
    path = tmp_path / "few.toml"
    path.write_text(f'name = "few"\nposers = {PARTS}\nseed = 5\n')
    return path


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the photographs of the recipe, drawn in one go."""
    from dataclasses import replace

    database = replace(DRAWN_DATABASES["drawn-b"], name="few", posers=PARTS, seed=5)
    folder = tmp_path_factory.mktemp("expected")
    write_database(database, folder)
    return pictures(folder)


# -- the same bytes, whoever makes them


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_gives_the_same_files(
    recipe: Path, expected: dict[str, bytes], cache: Cache, workers: int
) -> None:
    heard = Heard()
    # The path is relative, and the workers were not started in this folder.
    (database,) = open_databases([SPEC], load_plugins(), cache, heard, workers)
    assert database.name == "few"
    assert database.made
    assert pictures(database.table.root) == expected
    assert len(database.table) == PARTS * 7
    done = dict(zip(heard.stages, heard.done, strict=True))
    assert done["making photographs", PARTS] == pytest.approx(PARTS)
    assert "few" in heard.details
    assert entries(cache.root) == {database.table.root}
    heard = Heard()
    (again,) = open_databases([SPEC], load_plugins(), cache, heard, workers)
    assert not again.made
    assert "making photographs" not in dict(heard.stages)
    assert again.digest == database.digest


def test_another_recipe_in_the_file_makes_other_photographs(recipe: Path, cache: Cache) -> None:
    def opened() -> str:
        (database,) = open_databases([SPEC], load_plugins(), cache, Silent())
        return database.digest

    recipe.write_text('name = "few"\nposers = 1\nseed = 5\n')
    first = opened()
    recipe.write_text('name = "few"\nposers = 1\nseed = 6\n')
    assert opened() != first
    recipe.write_text('name = "few"\nposers = 1\nseed = 5\n')
    assert opened() == first
    assert len(entries(cache.root)) == 2


def test_several_datasets_are_made_together_and_one_only_once(cache: Cache) -> None:
    one, two, heard = Letters(2, "one"), Letters(3, "two"), Heard()
    wanted = [Wanted("one", one), Wanted("two", two), Wanted("one", one)]
    (a, made_a), (b, made_b), (c, made_c) = generated_folders(wanted, cache, heard, 1)
    assert (heard.stages, heard.done) == ([("making photographs", 5)], [5])
    assert (one.made, two.made) == ([0, 1], [0, 1, 2])
    assert a == c != b
    assert texts(a) == {"sub/0.txt": "a", "sub/1.txt": "b"}
    assert texts(b) == {"sub/0.txt": "a", "sub/1.txt": "b", "sub/2.txt": "c"}
    assert (made_a, made_b, made_c) == (True, True, True)
    assert entries(cache.root) == {a, b}


def test_workers_import_no_torch() -> None:
    check = "import sys, ccbench.runner.generate; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# -- interrupted


@contextlib.contextmanager
def started(out: Path, workers: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start ``ccbench datasets generate`` in a process group of its own."""
    command = ["datasets", "generate", SPEC, str(out), "--workers", str(workers)]
    process = subprocess.Popen(
        [sys.executable, "-m", "ccbench", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_any_moment_it_goes_on_with_the_parts_that_are_done(
    recipe: Path, expected: dict[str, bytes], own_cache: Path, tmp_path: Path, workers: int
) -> None:
    for goal in (1, 3):
        with started(tmp_path / "out", workers) as process:
            end = time.monotonic() + 120
            while len(entries(own_cache)) < goal:
                assert time.monotonic() < end, "waited too long"
                assert process.poll() is None, "it ended before it was killed"
                time.sleep(0.01)
        assert not (tmp_path / "out").exists()
    done = {
        path.name: (path.stat().st_ino, path.stat().st_mtime_ns)
        for entry in entries(own_cache)
        for path in entry.glob("*.png")
    }
    parts = len(done) // 7
    assert 3 <= parts < PARTS
    heard, cache = Heard(), Cache(own_cache)
    cache.remove_abandoned()
    (database,) = open_databases([SPEC], load_plugins(), cache, heard, workers)
    assert dict(heard.stages)["making photographs"] == PARTS - parts
    assert pictures(database.table.root) == expected
    kept = {}
    for name in done:
        stat = (database.table.root / name).stat()
        kept[name] = (stat.st_ino, stat.st_mtime_ns)
    assert kept == done, "finished parts were drawn again"
    assert cache.damaged == []
    assert entries(own_cache) == {database.table.root}


def test_interrupted_while_the_parts_are_put_together(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters, linked = Letters(), []
    link = os.link

    def interrupted(source: Path, target: Path) -> None:
        linked.append(source)
        if len(linked) == 3:
            raise KeyboardInterrupt
        link(source, target)

    monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(letters, cache)
    assert len(entries(cache.root)) == 4
    heard = Heard()
    folder, made = make(letters, cache, heard)
    assert made
    assert heard.stages == []
    assert letters.made == [0, 1, 2, 3]
    assert texts(folder) == {f"sub/{part}.txt": "abcd"[part] for part in range(4)}
    assert entries(cache.root) == {folder}


def test_parts_that_a_killed_process_did_not_remove_are_removed(cache: Cache) -> None:
    letters = Letters()
    folder, _ = make(letters, cache)
    wanted = Wanted("letters", letters)
    make_part(PartJob(cache.root, wanted.part_key(1), "letters", Path.cwd(), "1", 1), print)
    assert len(entries(cache.root)) == 2
    assert make(letters, cache) == (folder, False)
    assert entries(cache.root) == {folder}


def test_another_process_may_finish_first(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = Letters()

    def slow(*arguments: Any, **options: Any) -> None:
        map_tasks(*arguments, **options)
        monkeypatch.setattr(generate, "map_tasks", map_tasks)
        make(letters, Cache(cache.root))  # puts the parts together and removes them

    monkeypatch.setattr(generate, "map_tasks", slow)
    folder, _ = make(letters, cache)
    assert len(texts(folder)) == 4
    assert entries(cache.root) == {folder}


def test_a_part_that_vanishes_is_said(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = Letters()

    def thief(*arguments: Any, **options: Any) -> None:
        map_tasks(*arguments, **options)
        shutil.rmtree(cache.path("datasets", Wanted("letters", letters).part_key(2)))

    monkeypatch.setattr(generate, "map_tasks", thief)
    with pytest.raises(CacheError, match="part 2 of the dataset 'letters' is no longer"):
        make(letters, cache)
    monkeypatch.setattr(generate, "map_tasks", map_tasks)
    assert len(texts(make(letters, cache)[0])) == 4
    assert letters.made == [0, 1, 2, 3, 2]


def test_a_disk_without_hard_links(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    assert len(texts(make(Letters(), cache)[0])) == 4


# -- damaged, and full


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_part_is_made_again(cache: Cache, damage: str) -> None:
    letters = Letters()
    write = letters.write

    def failing(part: int, folder: Path) -> None:
        write(part, folder)
        if part == 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    letters.write = failing
    with pytest.raises(CacheError):
        make(letters, cache)
    part = cache.path("datasets", Wanted("letters", letters).part_key(1))
    file = part / "sub" / "1.txt"
    if damage == "cut":
        file.write_text("")
    else:
        file.unlink()
    letters.write = write
    folder, _ = make(letters, cache)
    assert letters.made == [0, 1, 2, 1, 3]
    assert texts(folder) == {f"sub/{n}.txt": "abcd"[n] for n in range(4)}
    (note,) = cache.damaged
    assert str(part) in note
    assert "made again" in note


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "Disk quota exceeded"),
        (OSError("2.png could not be encoded"), "2.png could not be encoded"),
        (None, "2.txt is empty, the disk may be full"),
    ],
)
def test_a_full_disk_keeps_what_is_finished(
    cache: Cache, failure: OSError | None, reason: str
) -> None:
    letters = Letters()
    write = letters.write

    def failing(part: int, folder: Path) -> None:
        write(part, folder)
        if part == 2:
            (folder / "sub" / "2.txt").write_text("")
            if failure:
                raise failure

    letters.write = failing
    with pytest.raises(CacheError) as caught:
        make(letters, cache)
    assert reason in str(caught.value)
    assert "free space or point CCBENCH_CACHE to another folder" in str(caught.value)
    assert len(entries(cache.root)) == 2
    letters.write, letters.made = write, []
    folder, _ = make(letters, cache)
    assert letters.made == [2, 3]
    assert texts(folder) == {f"sub/{part}.txt": "abcd"[part] for part in range(4)}


def test_a_full_disk_at_the_command_line(
    ccbench: Command, lab: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ccbench.testing import drawn

    write = write_image

    def full(path: Path, pixels: Any) -> None:
        if path.name == "p03_sad.png":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, pixels)

    monkeypatch.setattr(drawn, "write_image", full)
    command = ("datasets", "generate", "mylab", "out", "--workers", 1)
    sentence = ccbench(*command).refusal
    assert "No space left on device; free space" in sentence
    assert str(own_cache) in sentence
    assert len(entries(own_cache)) == 2
    assert not Path("out").exists()


# -- what is no dataset of this kind, or breaks the contract


def test_a_file_that_the_dataset_lacks_is_not_blamed_on_the_cache(cache: Cache) -> None:
    letters = Letters()
    letters.write = lambda part, folder: Path("/nowhere/asset.npz").read_bytes()
    with pytest.raises(DatasetError, match=r"'letters': /nowhere/asset\.npz: No such file"):
        make(letters, cache)


def test_parts_without_files_or_with_the_same_are_refused(cache: Cache) -> None:
    letters = Letters()
    letters.write = lambda part, folder: None
    with pytest.raises(DatasetError, match="'letters' wrote no file in part 0"):
        make(letters, cache)
    letters.write = lambda part, folder: (folder / "sub" / "a.txt").write_text("x")
    with pytest.raises(DatasetError, match=r"several parts .* write the file sub/a\.txt"):
        make(letters, cache)
    for parts in (0, None):
        letters.parts = parts
        with pytest.raises(DatasetError, match=f"says that it has {parts} parts"):
            make(letters, cache)


def test_a_recipe_that_changed_meanwhile_is_refused(recipe: Path, cache: Cache) -> None:
    job = PartJob(cache.root, "ab" * 20, SPEC, recipe.parent, "another recipe", 0)
    with pytest.raises(DatasetError, match=r"recipe of the dataset .* changed while"):
        make_part(job, print)
    assert entries(cache.root) == set()


# -- families


@pytest.mark.parametrize(
    ("spec", "error", "sentence"),
    [
        ("labfaces", UnknownNameError, "write for example 'labfaces:RECIPE.toml'"),
        ("labfaces:", UnknownNameError, "write for example 'labfaces:RECIPE.toml'"),
        ("labfaces=/photos", UnknownNameError, "write for example 'labfaces:RECIPE.toml'"),
        ("labfaces:other.toml", CardError, "no such recipe: other.toml"),
        ("labfacs:few.toml", CardError, "no such file: labfacs:few.toml"),
        ("labfaces:few.toml[pose=3]", DatasetError, "has no option 'pose'"),
    ],
)
def test_families_that_are_given_wrongly(
    recipe: Path, cache: Cache, spec: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        open_databases([spec], load_plugins(), cache, Silent())
    assert sentence in str(caught.value)
    assert "TOML card" not in str(caught.value)


def test_a_recipe_in_a_folder_with_odd_signs_in_its_name(recipe: Path, cache: Cache) -> None:
    path = recipe.parent / "a=b [1]" / "c=d.toml"
    path.parent.mkdir()
    path.write_text('name = "odd"\nposers = 1\n')
    for text in (path, path.relative_to(recipe.parent)):
        (database,) = open_databases([f"labfaces:{text}"], load_plugins(), cache, Silent())
        assert database.name == "odd"


def test_a_folder_or_manifest_can_stand_for_a_member(
    recipe: Path, expected: dict[str, bytes], cache: Cache, tmp_path: Path
) -> None:
    folder = tmp_path / "expected"
    folder.mkdir()
    for name, data in expected.items():
        (folder / name).write_bytes(data)
    (database,) = open_databases([f"{SPEC}={folder}"], load_plugins(), cache, Silent())
    assert (database.name, database.table.root) == ("few", folder)
    (folder / "list.csv").write_text("path,poser,expression\np01_sad.png,p01,sad\n")
    manifest = f"{SPEC}={folder / 'list.csv'}"
    (database,) = open_databases([manifest], load_plugins(), cache, Silent())
    assert (database.name, database.card.title) == ("few", "Faces of my laboratory")
    assert len(database.table) == 1
    assert entries(cache.root) == set()
