"""Which engine trains, and what it needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ccbench.exceptions import CcbenchError, UnknownNameError
from ccbench.protocol import PerceptronHead, Schedule
from ccbench.training import Engine, TrainingTask, choose_engine, engines, head_bytes, memory
from ccbench.training.memory import fits_at_once, heads_at_once


@pytest.mark.parametrize(("fast", "expected"), [(True, "bfloat16"), (False, "float32")])
def test_auto_takes_bfloat16_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, fast: bool, expected: str
) -> None:
    monkeypatch.setattr(engines, "has_bfloat16", lambda device: fast)
    assert choose_engine("auto", "cpu").name == expected
    assert choose_engine("float32", "cpu").name == "float32"
    assert choose_engine("reference", "cpu").name == "reference"


def test_bfloat16_is_refused_on_a_processor_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "has_bfloat16", lambda device: False)
    with pytest.raises(CcbenchError, match=r"--engine bfloat16 needs a processor.*float32"):
        choose_engine("bfloat16", "cpu")


def test_an_unknown_engine_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no engine 'float23'; did you mean 'float32'"):
        choose_engine("float23", "cpu")


def test_a_block_has_at_least_one_mini_batch() -> None:
    with pytest.raises(CcbenchError, match="a block of 0 mini-batches"):
        Engine("float32", 0)


def paper_task(engine: str = "bfloat16", **schedule: Any) -> TrainingTask:
    values: dict[str, Any] = {
        "iterations": 12000,
        "batch_size": 32,
        "learning_rate": ((0, 1e-4),),
        "momentum": 0.0,
        "weight_decay": 0.0,
    }
    return TrainingTask(
        database="kdef",
        run=0,
        seed=0,
        expressions=tuple("abcdefg"),
        features=("shard",),
        train=tuple((index, index % 7) for index in range(280)),
        validation=(),
        views=tuple(range(50)),
        head=PerceptronHead(kind="mlp", hidden=(4096, 4096), dropout=0.1),
        schedule=Schedule(**{**values, **schedule}),
        device="cpu",
        engine=choose_engine_unchecked(engine),
    )


def choose_engine_unchecked(name: str) -> Engine:
    return engines._DEFAULTS[name]


def test_the_papers_head_takes_about_a_gigabyte() -> None:
    plain = head_bytes(paper_task(), 9216)
    # 54.5 million weights, drawn and kept in 4 bytes, once more in 2, and 14,000 views in 2.
    assert plain > 54.5e6 * 10 + 14000 * 9216 * 2
    assert plain < 1.3e9
    assert head_bytes(paper_task(momentum=0.9), 9216) > plain + 54.5e6 * 6
    assert head_bytes(paper_task("reference"), 9216) > 54.5e6 * 12
    assert head_bytes(replace(paper_task(), views=(0,)), 9216) < plain - 13000 * 9216 * 2


@pytest.mark.parametrize(("free", "expected"), [(100, 4), (5, 2), (2.5, 1)])
def test_as_many_heads_as_fit(monkeypatch: pytest.MonkeyPatch, free: float, expected: int) -> None:
    monkeypatch.setattr(memory, "_free", lambda device: int(free * 2**30))
    small = replace(paper_task(), train=((0, 0),))
    # The largest counts.
    assert heads_at_once([small, paper_task(), small], 9216, 4) == min(4, expected)


@pytest.mark.parametrize(("databases", "gigabytes"), [(1, 10), (4, 10), (4, 70)])
def test_on_a_gpu_heads_share_views_and_the_weights_of_one(
    monkeypatch: pytest.MonkeyPatch, databases: int, gigabytes: int
) -> None:
    monkeypatch.setattr(memory, "_free", lambda device: gigabytes * 10**9)
    tasks = [
        replace(paper_task(), device="cuda", run=run, features=(f"{run % databases}",))
        for run in range(200)
    ]
    weights = 9216 * 4096 + 4096 * 4096 + 4096 * 7
    rows = 32 * 32
    # In 4 bytes and, but for the last layer, in 2 more; and a block of steps.
    own = 4 * weights + 2 * (weights - 4096 * 7) + 4 * rows * (4 * 9216 + 6 * 8192 + rows)
    left = gigabytes * 10**9 - 4 * weights - databases * 14000 * 9216 * 2
    assert heads_at_once(tasks, 9216, 200) == left // own
    assert heads_at_once(tasks, 9216, 3) == 3


def test_processes_that_are_there_already_are_not_counted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    each = head_bytes(paper_task(), 9216)
    free = 3 * each + 2 * 600 * 2**20
    monkeypatch.setattr(memory, "_free", lambda device: free)
    assert heads_at_once([paper_task()], 9216, 4) == 2
    # As much as a new one would take, of one that holds more.
    assert heads_at_once([paper_task()], 9216, 4, held=[2**30]) == 3
    assert heads_at_once([paper_task()], 9216, 4, held=[590 * 2**20]) == 2
    assert heads_at_once([paper_task()], 9216, 4, held=[300 * 2**20] * 2) == 3
    assert heads_at_once([paper_task()], 9216, 3, held=[2**30] * 9) == 3


@pytest.mark.parametrize(
    ("rows", "shared", "each"),
    [
        # Inner products only; beside the rows; the rows alone.
        (1000, True, 32 * 1000**2),
        (1000, False, 32 * 1000**2 + 20 * 1000 * 9216),
        (40000, False, 20 * 40000 * 9216),
    ],
)
def test_as_many_fits_as_memory_allows(
    monkeypatch: pytest.MonkeyPatch, rows: int, shared: bool, each: int
) -> None:
    task = replace(paper_task(), train=((0, 0),) * (rows // 4), views=(0, 1, 2, 3))
    heads = [(replace(task, train=((0, 0),)), shared), (task, shared)]
    process = 600 * 2**20
    for count in (1, 2, 5):
        monkeypatch.setattr(memory, "free_memory", lambda count=count: count * (each + process))
        assert fits_at_once(heads, 9216, 3) == min(3, count)
    monkeypatch.setattr(memory, "free_memory", lambda: 2 * each + process)
    assert fits_at_once(heads, 9216, 3, held=[process]) == 2
    monkeypatch.setattr(memory, "free_memory", lambda: each + process - 1)
    with pytest.raises(CcbenchError, match=rf"on {rows:,} views of 9,216 .* set fewer"):
        fits_at_once(heads, 9216, 3)


def test_a_device_that_does_not_tell_gets_one_head_at_a_time() -> None:
    assert heads_at_once([replace(paper_task(), device="mps")], 9216, 80) == 1


def test_a_head_that_does_not_fit_says_what_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_free", lambda device: int(1.2 * 2**30))
    with pytest.raises(
        CcbenchError,
        match=r"4096 and 4096 hidden units on 9,216 features takes 1\.\d GB.* 1\.2 GB free; "
        r"--set 'head\.hidden=\[1024, 1024\]' would fit",
    ):
        heads_at_once([paper_task()], 9216, 2)
    monkeypatch.setattr(memory, "_free", lambda device: 2**29)
    with pytest.raises(CcbenchError, match=r"14,000 views alone are 0\.2 GB: set fewer"):
        heads_at_once([paper_task()], 9216, 2)
