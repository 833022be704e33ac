"""Projected times of training."""

from __future__ import annotations

import pytest

from ccbench.protocol import PerceptronHead, load_protocol
from ccbench.training import Engine
from ccbench.training.timing import Pace, Trial, time_training

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_training_is_its_beginning_its_steps_its_watching_and_its_storing() -> None:
    schedule = load_protocol("inagaki2022").training
    assert schedule is not None
    pace = Pace(step=0.01, validated=0.001, begun=3.0, kept=2.0)
    # 14,000 views are 438 mini-batches of 32; 12,000 of them are 28 epochs, the last cut short.
    assert pace.whole(schedule, 14_000, 500) == pytest.approx(3 + 120 + 28 * 0.5 + 2)


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize(
    "engine", [Engine("reference", 2), Engine("float32", 2), Engine("bfloat16", 2)]
)
def test_every_engine_and_stack_can_be_timed(engine: Engine, heads: int) -> None:
    schedule = load_protocol("standard").training
    assert schedule is not None
    head = PerceptronHead(kind="mlp", hidden=(16, 12), dropout=0.1)
    found = time_training(Trial(head, schedule, engine, 40, 7, "cpu", heads))
    assert 0 < found.step < 1
    assert 0 <= found.validated < 1
    assert 0 <= found.begun < 10
    assert 0 < found.kept < 10


def test_larger_heads_take_longer() -> None:
    schedule = load_protocol("standard").training
    assert schedule is not None

    def step(hidden: tuple[int, ...]) -> float:
        head = PerceptronHead(kind="mlp", hidden=hidden, dropout=0.1)
        return time_training(Trial(head, schedule, Engine("float32", 4), 900, 7, "cpu")).step

    assert step((1500, 1500)) > 2 * step((20, 20))
