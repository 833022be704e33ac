"""Heads that are trained at once, as on a GPU, and heads that diverge."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from tests.runner.heard import Heard

from ccbench.cache import Cache
from ccbench.exceptions import CcbenchError, DivergedError
from ccbench.executors import map_tasks
from ccbench.plugins import load_plugins
from ccbench.protocol import Protocol, load_protocol
from ccbench.runner import estimate as estimating
from ccbench.runner import preparation, run_matrix, stages, timing
from ccbench.runner.work import stack_cells
from ccbench.training import memory, perceptron
from ccbench.training.timing import Pace, Trial

if TYPE_CHECKING:
    from tests.conftest import FewPosers

    from ccbench.training import TrainingTask


@pytest.fixture
def databases(lab: Path, few_posers: FewPosers) -> list[str]:
    return [f"{name}={few_posers(name, 4)}" for name in ("drawn-a", "drawn-b")]


@pytest.fixture
def perceptrons() -> Protocol:
    settings = [
        "photographs.posers=4",
        "views.sizes=[1.0]",
        "split.train=2",
        "split.validation=1",
        "split.test=1",
        "head.hidden=[16,12]",
        "training.iterations=20",
        "training.learning_rate=[[0,0.01]]",
    ]
    return load_protocol("standard", [*settings, "runs=3"])


@pytest.mark.parametrize(("room", "stacks"), [(99, 1), (4, 2)])
def test_stacks_give_what_single_heads_give(
    databases: list[str],
    perceptrons: Protocol,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    room: int,
    stacks: int,
) -> None:
    def run(name: str, observer: Heard) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        done = run_matrix(
            databases,
            backbone="tiny",
            protocol=perceptrons,
            engine="float32",
            out=tmp_path / name,
            cache=tmp_path / f"{name}-cache",
            observer=observer,
        )
        frame = done.predictions
        logits = [column for column in frame if str(column).startswith("logit_")]
        return frame[logits].to_numpy(float)

    alone = run("alone", heard := Heard())
    assert ("training heads", 6) in heard.stages
    # A device that is not called "cpu", as a GPU is not.
    monkeypatch.setattr(preparation, "choose_device", lambda device, observer: "cpu:0")
    monkeypatch.setattr(stages, "heads_at_once", lambda tasks, features, wanted: min(room, wanted))
    together = run("together", heard := Heard())
    assert ("training heads", stacks) in heard.stages
    assert np.allclose(together, alone, atol=1e-4)
    assert np.abs(alone).max() > 0.1


def test_stacks_are_as_few_and_as_equal_as_can_be() -> None:
    @dataclass(frozen=True)
    class Head:
        train: tuple[int, ...]
        expressions: tuple[str, ...] = ("happy", "sad")

    @dataclass(frozen=True)
    class Trained:
        training: Head

    cells = [Trained(Head((0,) * (5 if index % 2 else 6))) for index in range(21)]
    for size in range(1, 30):
        stacks = stack_cells(cells, size)  # type: ignore[arg-type]
        assert sorted(map(id, (cell for stack in stacks for cell in stack))) == sorted(
            map(id, cells)
        )
        for views, count in ((5, 10), (6, 11)):
            alike = [len(stack) for stack in stacks if len(stack[0].training.train) == views]
            assert len(alike) == -(-count // size)
            assert max(alike) <= size
            assert max(alike) - min(alike) <= 1


def test_stacks_are_timed_as_they_run(
    databases: list[str],
    perceptrons: Protocol,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(preparation, "choose_device", lambda device, observer: "cpu:0")
    monkeypatch.setattr(estimating, "heads_at_once", lambda tasks, features, wanted: 4)
    timed: list[tuple[Trial, int]] = []

    def pace(trial: Trial, workers: int) -> Pace:
        timed.append((trial, workers))
        return Pace(step=2.0, validated=0.01, begun=7.0, kept=5.0)

    monkeypatch.setattr(timing, "training_pace", pace)
    cache = Cache(tmp_path / "cache")
    plan = preparation.prepare(
        databases,
        backbone="tiny",
        protocol=perceptrons,
        engine="float32",
        seed=0,
        device="auto",
        workers=2,
        plugins=load_plugins(),
        cache=cache,
        observer=Heard(),
    )
    found = estimating.estimate(plan, workers=2, cache=cache, observer=Heard())
    # Six heads in two stacks of three, each 20 steps of 2 of 4 posers and 10 views.
    ((trial, workers),) = timed
    assert (trial.heads, trial.device, workers) == (3, "cpu:0", 1)
    assert found.counts[-1].stage == "heads"
    heads = found.counts[-1].seconds
    task_views = 7 * len(perceptrons.training_views)
    epochs = math.ceil(20 / math.ceil(2 * task_views / 32))
    assert heads == pytest.approx(2 * (7 + 20 * 2.0 + epochs * task_views * 0.01 + 5))


def test_the_other_runs_are_kept_when_one_diverges(
    databases: list[str],
    perceptrons: Protocol,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    begun = perceptron.initial_weights

    def huge(task: TrainingTask, features: int) -> list[torch.Tensor]:
        broken = (task.database, task.run) == ("drawn-a", 1)
        return [tensor * (1e30 if broken else 1) for tensor in begun(task, features)]

    def run() -> None:
        run_matrix(databases, backbone="tiny", protocol=perceptrons, out=tmp_path / "run")

    monkeypatch.setattr(perceptron, "initial_weights", huge)
    with pytest.raises(DivergedError, match=r"^the training of run 2 on 'drawn-a' diverged at"):
        run()
    heads = tmp_path / "cache" / "heads"
    assert len(list(heads.iterdir())) == 5
    assert not (tmp_path / "run" / "manifest.json").exists()
    monkeypatch.setattr(perceptron, "initial_weights", begun)
    before = {path: path.stat().st_mtime_ns for path in heads.iterdir()}
    run()
    assert len(list(heads.iterdir())) == 6
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_fewer_processes_where_memory_is_short(
    databases: list[str],
    perceptrons: Protocol,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(stages, "heads_at_once", lambda tasks, features, wanted, held: 1)
    run_matrix(
        databases,
        backbone="tiny",
        protocol=perceptrons,
        out=tmp_path / "run",
        workers=2,
        observer=(heard := Heard()),
    )
    assert heard.sentences == ["training 1 head at a time, not 2: there is no memory for more"]


def test_fewer_workers_where_memory_is_short(
    databases: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    used: set[tuple[str, int]] = set()
    monkeypatch.setattr(stages, "map_tasks", in_this_process(used))
    monkeypatch.setattr(preparation, "processes_at_once", lambda wanted: 1)
    run_matrix(
        databases,
        backbone="tiny",
        runs=1,
        out=tmp_path / "run",
        workers=3,
        observer=(heard := Heard()),
    )
    assert heard.sentences == ["1 worker, not 3: there is no memory for more"]
    assert {workers for _, workers in used} == {1}


def test_a_gpu_that_fails_is_not_taken_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    # PyTorch finds one, and fails with it.
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    def fail(size: int, *, device: str) -> None:
        raise RuntimeError(f"CUDA error: no kernel image is available for {device}\nand more")

    monkeypatch.setattr(torch, "zeros", fail)
    assert preparation.choose_device("auto", heard := Heard()) == "cpu"
    assert heard.sentences == [
        "the GPU fails here (CUDA error: no kernel image is available for cuda): computing on "
        "the CPU"
    ]
    with pytest.raises(CcbenchError, match=r"^--device cuda cannot be used: CUDA error"):
        preparation.choose_device("cuda", Heard())


def test_heads_of_the_cache_take_no_room_in_a_stack(
    databases: list[str],
    perceptrons: Protocol,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def stages_of(*databases: str) -> list[tuple[str, int]]:
        run_matrix(
            databases,
            backbone="tiny",
            protocol=perceptrons,
            engine="float32",
            out=tmp_path / "run",
            observer=(heard := Heard()),
        )
        return heard.stages

    monkeypatch.setattr(preparation, "choose_device", lambda device, observer: "cpu:0")
    monkeypatch.setattr(stages, "heads_at_once", lambda tasks, features, wanted: wanted)
    assert ("training heads", 1) in stages_of(databases[0])
    # Three heads to be tested on the other database, each by itself, and a stack of three.
    assert ("training heads", 4) in stages_of(*databases)


def test_logistic_heads_are_fitted_by_all_workers_where_a_gpu_scores_them(
    databases: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(name: str) -> tuple[Heard, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
        done = run_matrix(
            databases,
            backbone="tiny",
            runs=3,
            out=tmp_path / name,
            cache=tmp_path / f"{name}-cache",
            observer=(heard := Heard()),
            workers=2,
        )
        logits = [column for column in done.predictions if str(column).startswith("logit_")]
        return heard, done.predictions[logits].to_numpy(float)

    # Workers do not know the backbone of these tests.
    used: set[tuple[str, int]] = set()
    monkeypatch.setattr(stages, "map_tasks", in_this_process(used))
    _, alone = run("alone")
    monkeypatch.setattr(preparation, "choose_device", lambda device, observer: "cpu:0")
    used.clear()
    heard, together = run("together")
    assert [stage for stage in heard.stages if "heads" in stage[0]] == [
        ("preparing heads", 2),
        ("fitting heads", 6),
        ("scoring heads", 6),
    ]
    assert {("do_fit", 2), ("do_cells", 1), ("do_features", 1)} <= used
    assert np.array_equal(together, alone)


def in_this_process(used: set[tuple[str, int]]) -> Callable[..., None]:
    """Return what maps tasks by itself, and notes for how many workers they were."""

    def mapped(function: Any, tasks: Any, *, workers: int, **more: Any) -> None:
        used.add((function.__name__, workers))
        map_tasks(function, tasks, workers=1, **more)

    return mapped


def test_memory_for_one_fit_at_a_time(
    databases: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stages, "fits_at_once", lambda heads, features, wanted, held: 1)
    run_matrix(
        databases,
        backbone="tiny",
        runs=1,
        out=tmp_path / "run",
        workers=2,
        observer=(heard := Heard()),
    )
    assert heard.sentences == ["fitting 1 head at a time, not 2: there is no memory for more"]


def test_a_head_that_does_not_fit_is_refused(
    databases: list[str], perceptrons: Protocol, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "_free", lambda device: 1000)
    with pytest.raises(CcbenchError, match=r"a head of 16 and 12 hidden units on .* takes .* GB"):
        run_matrix(databases, backbone="tiny", protocol=perceptrons, out=tmp_path / "run")
