"""A run interrupted at any moment and started again ends as one never interrupted."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.runner.heard import Heard, entries

from ccbench.cache import Cache
from ccbench.results import TABLES, Run
from ccbench.runner import run_matrix

if TYPE_CHECKING:
    from tests.conftest import FewPosers

PROC = Path("/proc")
RUNS = 24
PATIENCE = 120.0
pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


@pytest.fixture
def databases(lab: Path, few_posers: FewPosers) -> list[str]:
    return [f"{name}={few_posers(name, 5)}" for name in ("drawn-a", "drawn-b")]


def tables(run: Run) -> dict[str, bytes]:
    return {name: (run.path / f"{name}.parquet").read_bytes() for name in TABLES}


def descendants(pid: int) -> set[int]:
    """Return the living children of a process and theirs, where the system tells (Linux)."""
    parents = {}
    for folder in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(folder.name)] = int(parent)
    found, above = set(), {pid}
    while above:
        above = {child for child, parent in parents.items() if parent in above}
        found |= above
    return found


def alive(pid: int) -> bool:
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(
    condition: Callable[[], object],
    process: subprocess.Popen[str] | None,
    patience: float = PATIENCE,
) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited too long"
        if process is not None and process.poll() is not None:
            pytest.fail(f"the run ended before it was interrupted: {process.communicate()}")
        time.sleep(0.01)


@contextlib.contextmanager
def started(
    databases: list[str], out: Path, cache: Path, workers: int
) -> Iterator[subprocess.Popen[str]]:
    """Start ``ccbench matrix`` in a process group of its own; leave none of it behind."""
    chosen = [part for name in databases for part in ("-d", name)]
    options = ["-b", "tiny", "--runs", str(RUNS), "--workers", str(workers), "--out", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "ccbench", "matrix", *chosen, *options],
        env={**os.environ, "CCBENCH_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_run_killed_at_any_moment_resumes_to_the_same_bytes(
    databases: list[str], own_cache: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    seed = random.randrange(10**6)
    print(f"seed of the moments: {seed}")
    moments = random.Random(seed)
    # Each start gets further than the one before, to a moment nobody has chosen.
    for kind, workers in (("faces", 1), ("features", 1), ("heads", 2)):
        before, more = len(entries(own_cache, kind)), moments.randint(1, 2)
        with started(databases, out, own_cache, workers) as process:
            wait_until(
                lambda kind=kind, goal=before + more: len(entries(own_cache, kind)) >= goal,  # type: ignore[misc]
                process,
            )
            time.sleep(moments.uniform(0, 0.03))
            workers_of_it = descendants(process.pid)
            # Only the parent: its workers must notice by themselves.
            process.kill()
            process.wait()
            if workers > 1 and PROC.is_dir():
                assert len(workers_of_it) >= workers + 2
            wait_until(lambda gone=workers_of_it: not any(map(alive, gone)), None, 15)  # type: ignore[misc]
        assert not (out / "manifest.json").exists()
    done = set(entries(own_cache, "heads"))
    assert 0 < len(done) < 2 * RUNS
    kept = {key: entries(own_cache, "heads")[key] for key in done}

    resumed = run_matrix(databases, backbone="tiny", runs=RUNS, out=out)
    now = entries(own_cache, "heads")
    assert len(now) == 2 * RUNS
    assert {key: now[key] for key in done} == kept, "finished heads were trained again"
    unbroken = run_matrix(
        databases, backbone="tiny", runs=RUNS, out=tmp_path / "whole", cache=tmp_path / "other"
    )
    assert tables(resumed) == tables(unbroken)


@pytest.mark.parametrize(
    ("moment", "workers"), [("the workers start", 2), ("heads are trained", 1)]
)
def test_ctrl_c_ends_kindly_and_the_next_start_goes_on(
    databases: list[str], own_cache: Path, tmp_path: Path, moment: str, workers: int
) -> None:
    # Faces and features are there, so that workers start for the heads alone.
    first = run_matrix(databases, backbone="tiny", runs=1, out=tmp_path / "first")
    assert len(first.manifest["databases"]) == 2
    before = set(entries(own_cache, "heads"))
    out = tmp_path / "out"
    with started(databases, out, own_cache, workers) as process:
        if moment == "the workers start" and PROC.is_dir():
            # Two workers, beside those that Python keeps for shared resources and for forking.
            wait_until(lambda: len(descendants(process.pid)) >= 4, process)
            time.sleep(random.uniform(0, 0.5))  # they start, or import
        else:
            wait_until(lambda: len(entries(own_cache, "heads")) > len(before), process)
        family = descendants(process.pid)
        # A terminal sends it to all of them.
        os.killpg(process.pid, signal.SIGINT)
        printed, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130, error
        assert "Interrupted." in printed
        assert "goes on from here" in printed
        assert "Traceback" not in printed + error
        wait_until(lambda: not any(map(alive, family)), None, 15)
    done = entries(own_cache, "heads")
    assert set(done) >= before
    assert len(done) < 2 * RUNS
    resumed = run_matrix(databases, backbone="tiny", runs=RUNS, out=out)
    now = entries(own_cache, "heads")
    assert len(now) == 2 * RUNS
    assert {key: now[key] for key in done} == done, "finished heads were trained again"
    assert resumed.predictions["run"].nunique() == RUNS


def test_more_runs_train_only_the_new_ones(
    databases: list[str], own_cache: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    two = run_matrix(databases, backbone="tiny", runs=2, out=out)
    before, old = entries(own_cache, "heads"), two.predictions
    assert len(before) == 2 * 2
    features = entries(own_cache, "features")
    three = run_matrix(databases, backbone="tiny", runs=3, out=out)
    after = entries(own_cache, "heads")
    assert len(after) == 2 * 3
    assert {key: after[key] for key in before} == before
    assert entries(own_cache, "features") == features
    now = three.predictions
    assert now[now["run"] < 2].reset_index(drop=True).equals(old)


def test_another_database_trains_only_its_own_heads(
    databases: list[str], own_cache: Path, tmp_path: Path
) -> None:
    two = run_matrix(databases, backbone="tiny", runs=2, out=tmp_path / "out")
    heads, scores = entries(own_cache, "heads"), entries(own_cache, "scores")
    old = two.predictions
    three = run_matrix([*databases, "mylab"], backbone="tiny", runs=2, out=tmp_path / "out")
    now = entries(own_cache, "heads")
    assert len(now) == 3 * 2
    assert {key: now[key] for key in heads} == heads
    rescored = entries(own_cache, "scores")
    assert len(rescored) == 3 * 3 * 2
    assert {key: rescored[key] for key in scores} == scores
    # Seeds come from names: not one number of the two has changed.
    table = three.predictions
    kept = table[~(table["train_database"].eq("mylab") | table["test_database"].eq("mylab"))]
    assert kept.reset_index(drop=True).equals(old)


@pytest.mark.parametrize(
    ("kind", "file"),
    [("heads", "head.safetensors"), ("features", "features.npy"), ("scores", "logits.npy")],
)
def test_a_file_cut_short_in_the_cache_is_noticed_and_made_again(
    databases: list[str], own_cache: Path, tmp_path: Path, kind: str, file: str
) -> None:
    whole = run_matrix(databases, backbone="tiny", runs=1, out=tmp_path / "out")
    wanted = tables(whole)
    path = sorted((own_cache / kind).rglob(file))[0]
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2])
    heard = Heard()
    again = run_matrix(databases, backbone="tiny", runs=1, out=tmp_path / "out", observer=heard)
    (note,) = heard.sentences
    assert str(path.parent) in note
    assert f"{file} was cut short" in note
    assert "made again" in note
    assert path.read_bytes() == good
    assert tables(again) == wanted


def test_a_finished_run_computes_nothing_again(
    databases: list[str], own_cache: Path, tmp_path: Path
) -> None:
    run_matrix(databases, backbone="tiny", runs=1, out=tmp_path / "out")
    heard = Heard()
    run_matrix(databases, backbone="tiny", runs=1, out=tmp_path / "out", observer=heard)
    assert [name for name, _ in heard.stages] == [
        "reading photographs",
        "writing tables",
    ]
    assert heard.sentences == []


def test_what_killed_processes_left_half_written_is_removed(
    databases: list[str], own_cache: Path, tmp_path: Path
) -> None:
    Cache(own_cache)
    out = tmp_path / "out"
    dying = (
        "import os\n"
        "from pathlib import Path\n"
        "from ccbench import atomic\n"
        "Path.replace = lambda *_: os._exit(9)\n"
        f"with atomic.new_directory(Path({str(own_cache)!r}) / 'heads' / 'ab' / 'abcd'):\n"
        f"    atomic.write_bytes(Path({str(out)!r}) / 'request.json', b'half')\n"
    )
    assert subprocess.run([sys.executable, "-c", dying], check=False).returncode == 9
    half = [path for root in (own_cache, out) for path in root.rglob("*") if "writing" in path.name]
    assert len(half) == 2
    # Neither makes the folder look like somebody else's.
    run_matrix(databases, backbone="tiny", runs=1, out=out)
    assert not any(path.exists() for path in half)
