"""Tasks on the cores of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

from ccbench.exceptions import BackboneError, CcbenchError, DatasetError
from ccbench.executors import (
    end_workers,
    held_by_workers,
    kept_workers,
    map_tasks,
)
from ccbench.executors.local import _interrupts_held_back

Report = Callable[[float], None]

# Workers import it by name, as they cannot import a test.
TASKS = """
import os, signal
from pathlib import Path

def record(task, report):
    import torch
    folder, name = task
    report(0.5)
    (Path(folder) / name).write_text(f"{os.getpid()} {torch.get_num_threads()}")
    if name == "refuse":
        from ccbench.exceptions import DatasetError
        raise DatasetError("the photograph is upside down")

def nothing(task, report):
    pass

def loaded(task, report):
    import sys
    Path(task).write_text(" ".join(m for m in ("torch", "cv2", "pandas") if m in sys.modules))

def collection(task, report):
    import gc
    Path(task).write_text(f"{gc.isenabled()} {gc.get_freeze_count() > 10_000}")

def wait_for(task, report):
    import time
    said, out = map(Path, task)
    for _ in range(600):
        if said.exists() and said.read_text():
            break
        time.sleep(0.1)
    out.write_text(said.read_text())

def surroundings(task, report):
    threads = Path(f"/proc/{os.getppid()}/status").read_text().split("Threads:")[1].split()[0]
    Path(task).write_text(" ".join((os.environ.get("GREETING", "none"), os.getcwd(), threads)))

def report_often(task, report):
    for _ in range(50):
        report(task)

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Bomb:
    def __reduce__(self):
        return die, ()
"""


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "tasks_of_a_test.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    return import_module("tasks_of_a_test")


def ignore(index: int, fraction: float) -> None:
    pass


def test_one_worker_is_this_process(tasks: Any, tmp_path: Path) -> None:
    heard: list[tuple[int, float]] = []
    names = ["a", "b", "c"]
    before = torch.get_num_threads()
    map_tasks(
        tasks.record,
        [(str(tmp_path), name) for name in names],
        workers=1,
        progress=lambda index, part: heard.append((index, part)),
    )
    assert heard == [(0, 0.5), (0, 1.0), (1, 0.5), (1, 1.0), (2, 0.5), (2, 1.0)]
    for name in names:
        # On one thread, so that sums do not depend on the machine.
        assert (tmp_path / name).read_text() == f"{os.getpid()} 1"
    assert torch.get_num_threads() == before


def test_several_workers_share_the_tasks_and_a_refusal_comes_back(
    tasks: Any, tmp_path: Path
) -> None:
    heard: dict[int, float] = {}
    names = ["a", "b", "c", "d", "refuse"]
    with pytest.raises(DatasetError, match=r"^the photograph is upside down$"):
        map_tasks(
            tasks.record,
            [(str(tmp_path), name) for name in names],
            workers=2,
            progress=lambda index, part: heard.update({index: max(part, heard.get(index, 0))}),
        )
    # The refusal stops the rest, so others may not have been started or ended.
    written = [path.read_text().split() for path in map(tmp_path.joinpath, names) if path.exists()]
    assert os.getpid() not in {int(pid) for pid, _ in written}
    assert {threads for _, threads in written} == {"1"}
    assert heard.keys() <= set(range(5))
    assert 0.5 in heard.values() or 1.0 in heard.values()


@pytest.mark.parametrize("workers", [1, 2])
def test_tolerated_errors_come_when_all_else_is_done(
    tasks: Any, tmp_path: Path, workers: int
) -> None:
    names = ["refuse", "a", "refuse", "b", "c"]
    with pytest.raises(
        DatasetError, match=r"^the photograph is upside down; the photograph is upside down$"
    ):
        map_tasks(
            tasks.record,
            [(str(tmp_path), name) for name in names],
            workers=workers,
            progress=ignore,
            tolerated=DatasetError,
        )
    assert all((tmp_path / name).exists() for name in names)
    with pytest.raises(DatasetError):
        map_tasks(
            tasks.record,
            [(str(tmp_path), "refuse"), (str(tmp_path), "d")],
            workers=1,
            progress=ignore,
            tolerated=BackboneError,
        )
    assert not (tmp_path / "d").exists()


def test_a_killed_worker_is_said_and_leaves_no_other(tasks: Any) -> None:
    import multiprocessing

    with pytest.raises(CcbenchError, match=r"a worker process was killed.*--workers 1"):
        map_tasks(tasks.nothing, [tasks.Bomb(), 2], workers=2, progress=ignore)
    assert multiprocessing.active_children() == []


def pids(folder: Path, names: list[str]) -> set[str]:
    return {(folder / name).read_text().split()[0] for name in names}


def test_kept_workers_are_used_again_and_end_with_the_block(tasks: Any, tmp_path: Path) -> None:
    import multiprocessing

    names = ["a", "b", "c", "d"]
    found = []
    with kept_workers():
        for stage in ("one", "two"):
            folder = tmp_path / stage
            folder.mkdir()
            map_tasks(
                tasks.record,
                [(str(folder), name) for name in names],
                workers=2,
                progress=ignore,
            )
            found.append(pids(folder, names))
        alive = {str(child.pid) for child in multiprocessing.active_children()}
        assert found[0] | found[1] <= alive
        assert len(alive) == 2
    assert multiprocessing.active_children() == []


def test_workers_end_for_the_memory_they_hold(tasks: Any) -> None:
    import multiprocessing

    assert held_by_workers() == []
    with kept_workers():
        map_tasks(tasks.nothing, [1, 2], workers=2, progress=ignore)
        held = held_by_workers()
        assert len(held) == 2
        assert min(held) > 5e6
        end_workers()
        assert held_by_workers() == []
        assert multiprocessing.active_children() == []
        end_workers()
        map_tasks(tasks.nothing, [1, 2], workers=2, progress=ignore)
        assert len(held_by_workers()) == 2


def test_after_an_error_other_workers_take_over(tasks: Any, tmp_path: Path) -> None:
    import multiprocessing

    with kept_workers():
        with pytest.raises(CcbenchError, match="a worker process was killed"):
            map_tasks(tasks.nothing, [tasks.Bomb(), 2], workers=2, progress=ignore)
        assert multiprocessing.active_children() == []
        jobs = [(str(tmp_path), name) for name in ("a", "b")]
        map_tasks(tasks.record, jobs, workers=2, progress=ignore)
        assert str(os.getpid()) not in pids(tmp_path, ["a", "b"])
    assert multiprocessing.active_children() == []


def test_an_idle_worker_that_was_killed_is_said(tasks: Any) -> None:
    import multiprocessing

    with kept_workers():
        map_tasks(tasks.nothing, [1, 2], workers=2, progress=ignore)
        children = multiprocessing.active_children()
        for child in children:
            child.kill()
        for child in children:
            child.join()
        with pytest.raises(CcbenchError, match=r"a worker process was killed.*--workers 1"):
            map_tasks(tasks.nothing, [1, 2], workers=2, progress=ignore)
    assert multiprocessing.active_children() == []


def test_an_error_in_the_block_ends_the_workers(tasks: Any) -> None:
    import multiprocessing

    def fail() -> None:
        with kept_workers():
            map_tasks(tasks.nothing, [1, 2], workers=2, progress=ignore)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert multiprocessing.active_children() == []


def test_reports_of_earlier_tasks_are_not_taken_for_new_ones(tasks: Any) -> None:
    heard: list[tuple[int, float]] = []
    with kept_workers():
        map_tasks(tasks.report_often, [0.25] * 4, workers=2, progress=ignore)
        map_tasks(
            tasks.report_often,
            [0.75] * 4,
            workers=2,
            progress=lambda index, part: heard.append((index, part)),
        )
    assert {part for _, part in heard} <= {0.75, 1.0}
    assert {index for index, part in heard if part == 1.0} == {0, 1, 2, 3}


def loaded_in_workers(
    place: Path, *ahead: str, folder: Path | None = None, **environment: str
) -> list[list[str]]:
    """Return what two workers of a script in ``place`` have loaded, run in ``folder``."""
    outs = [str(place / name) for name in "ab"]
    (place / "tasks_of_a_test.py").write_text(TASKS)
    (place / "script.py").write_text(
        "from ccbench.executors import load_ahead, map_tasks\n"
        "from tasks_of_a_test import loaded\n"
        "if __name__ == '__main__':\n"
        f"    load_ahead(*{ahead})\n"
        f"    map_tasks(loaded, {outs}, workers=2, progress=lambda index, part: None)\n"
    )
    done = subprocess.run(
        [sys.executable, str(place / "script.py")],
        cwd=folder or place,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    assert done.stderr == ""
    return [Path(out).read_text().split() for out in outs]


@pytest.mark.parametrize("ahead", [(), ("cv2", "no_such_module"), ("cv2", "torch")])
def test_a_worker_imports_what_was_loaded_ahead_and_what_its_tasks_need(
    tmp_path: Path, ahead: tuple[str, ...]
) -> None:
    there = [name for name in ("torch", "cv2") if name in ahead and sys.platform == "linux"]
    assert loaded_in_workers(tmp_path, *ahead) == [there, there]


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_workers_look_for_garbage_but_not_among_libraries(tasks: Any, tmp_path: Path) -> None:
    outs = [tmp_path / name for name in "ab"]
    map_tasks(tasks.collection, [str(out) for out in outs], workers=2, progress=ignore)
    assert [out.read_text() for out in outs] == ["True True"] * 2


def test_meanwhile_something_else_is_done_here(tasks: Any, tmp_path: Path) -> None:
    def write() -> None:
        (tmp_path / "said").write_text(str(os.getpid()))

    # Tasks end only once it is done.
    jobs = [(str(tmp_path / "said"), str(tmp_path / name)) for name in "ab"]
    map_tasks(tasks.wait_for, jobs, workers=2, progress=ignore, meanwhile=write)
    assert [(tmp_path / name).read_text() for name in "ab"] == [str(os.getpid())] * 2


def test_without_workers_something_else_is_done_before(tmp_path: Path) -> None:
    done: list[object] = []

    def task(name: str, report: Report) -> None:
        done.append(name)

    map_tasks(task, ["a", "b"], workers=1, progress=ignore, meanwhile=lambda: done.append(0))
    assert done == [0, "a", "b"]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_meanwhile_ends_all_whatever_becomes_of_it(tasks: Any, workers: int) -> None:
    def library() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise CcbenchError("the file cannot be read") from None

    with kept_workers():
        with pytest.raises(KeyboardInterrupt):
            map_tasks(tasks.nothing, [1, 2], workers=workers, progress=ignore, meanwhile=library)
        assert held_by_workers() == []


@pytest.mark.parametrize("workers", [1, 2])
def test_what_goes_wrong_meanwhile_ends_all(tasks: Any, tmp_path: Path, workers: int) -> None:
    def wrong() -> None:
        raise DatasetError("the table is damaged")

    with kept_workers():
        with pytest.raises(DatasetError, match=r"^the table is damaged$"):
            map_tasks(tasks.nothing, [1, 2], workers=workers, progress=ignore, meanwhile=wrong)
        assert held_by_workers() == []
        jobs = [(str(tmp_path), name) for name in "ab"]
        map_tasks(tasks.record, jobs, workers=workers, progress=ignore)
    assert all((tmp_path / name).exists() for name in "ab")


def test_workers_start_where_the_path_of_temporary_files_is_too_long_for_a_socket(
    tmp_path: Path,
) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    assert loaded_in_workers(tmp_path, "cv2", TMPDIR=str(deep)) == [[], []]


def test_files_in_the_current_folder_are_not_taken_for_libraries(tmp_path: Path) -> None:
    for name in ("queue", "cv2"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('a script of the user')\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    found = loaded_in_workers(elsewhere, "cv2", folder=tmp_path)
    assert found == ([["cv2"], ["cv2"]] if sys.platform == "linux" else [[], []])


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_forked_workers_have_the_surroundings_of_the_caller(
    tasks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for greeting in ("hello", "good evening", ""):
        folder = tmp_path / f"of {greeting}"
        folder.mkdir()
        monkeypatch.chdir(folder)
        if greeting:
            monkeypatch.setenv("GREETING", greeting)
        else:
            monkeypatch.delenv("GREETING")
        map_tasks(tasks.surroundings, [str(folder / "a"), "b"], workers=2, progress=ignore)
        found += [(folder / name).read_text() for name in "ab"]
    # What they are forked from has one thread, or a fork would leave locks that nobody opens.
    assert found == [
        f"{greeting or 'none'} {tmp_path / f'of {greeting}'} 1"
        for greeting in ("hello", "good evening", "")
        for _ in "ab"
    ]


def test_no_task_is_no_work(tasks: Any) -> None:
    map_tasks(tasks.nothing, [], workers=4, progress=ignore)


def test_one_task_starts_no_process(tmp_path: Path) -> None:
    seen: list[int] = []

    def here(task: int, report: Report) -> None:
        seen.append(os.getpid())

    # A function that no other process could import.
    map_tasks(here, [1], workers=8, progress=ignore)
    assert seen == [os.getpid()]


def test_an_interrupt_reaches_the_caller_and_threads_are_put_back() -> None:
    def interrupted(task: int, report: Report) -> None:
        raise KeyboardInterrupt

    before = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        map_tasks(interrupted, [1, 2], workers=1, progress=ignore)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("made_of_it", ["an error", "nothing"])
def test_an_interrupt_is_kept_whatever_a_library_makes_of_it(made_of_it: str) -> None:
    done: list[int] = []

    def library(task: int, report: Report) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            done.append(task)
            if made_of_it == "an error":
                raise CcbenchError("the file cannot be read") from None

    with pytest.raises(KeyboardInterrupt):
        map_tasks(library, [1, 2], workers=1, progress=ignore)
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_while_workers_start_waits_until_they_have_started() -> None:
    started: list[int] = []

    def start() -> None:
        with _interrupts_held_back():
            signal.raise_signal(signal.SIGINT)
            started.append(1)

    with pytest.raises(KeyboardInterrupt):
        start()
    assert started == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with _interrupts_held_back():
        started.append(2)
    assert started == [1, 2]


@pytest.mark.skipif(sys.platform != "linux", reason="torch brings GNU's OpenMP on Linux only")
def test_openmp_waits_without_spinning_in_this_process_and_in_workers(tmp_path: Path) -> None:
    (tmp_path / "tasks_of_a_test.py").write_text(TASKS)
    (tmp_path / "script.py").write_text(
        "from ccbench.executors import map_tasks\n"
        "from tasks_of_a_test import record\n"
        "if __name__ == '__main__':\n"
        "    jobs = [('.', 'a'), ('.', 'b')]\n"
        "    map_tasks(record, jobs, workers=2, progress=lambda index, part: None)\n"
        "    map_tasks(record, [('.', 'c')], workers=2, progress=lambda index, part: None)\n"
    )
    usual = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    done = subprocess.run(
        [sys.executable, "script.py"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        # The library itself then says what it read when it was loaded.
        env={**usual, "OMP_DISPLAY_ENV": "VERBOSE"},
    )
    ran = [(tmp_path / name).read_text().split() for name in "abc"]
    assert {threads for _, threads in ran} == {"1"}
    processes = len({pid for pid, _ in ran})
    assert processes >= 2
    assert done.stderr.count("GOMP_SPINCOUNT = '0'") >= processes
    assert done.stderr.count("GOMP_SPINCOUNT") == done.stderr.count("GOMP_SPINCOUNT = '0'")


def test_fewer_workers_take_over(tasks: Any, tmp_path: Path) -> None:
    others = set(multiprocessing.active_children())
    with kept_workers():
        for workers in (3, 2):
            folder = tmp_path / str(workers)
            folder.mkdir()
            jobs = [(str(folder), name) for name in "abcdef"]
            map_tasks(tasks.record, jobs, workers=workers, progress=ignore)
            assert len(set(multiprocessing.active_children()) - others) <= workers
        assert len(set(multiprocessing.active_children()) - others) == 2
