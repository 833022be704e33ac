"""How long a machine is timed."""

from __future__ import annotations

import pytest

from ccbench.protocol import PerceptronHead, load_protocol
from ccbench.runner import timing
from ccbench.training import Engine
from ccbench.training.timing import Pace, Trial


@pytest.mark.parametrize(
    ("whole", "tried"),
    [
        # Half a second of blocks of a tenth: no more than the six that were trained.
        (100.0, [6]),
        (220.0, [6]),
        (250.0, [6, 12]),
        (1_000.0, [6, 50]),
        # A minute, not 100 seconds.
        (20_000.0, [6, 600]),
    ],
)
def test_the_more_there_is_to_do_the_longer_it_is_timed(
    whole: float, tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = load_protocol("standard").training
    assert schedule is not None
    head = PerceptronHead(kind="mlp", hidden=(16, 12), dropout=0.1)
    trials: list[Trial] = []

    def pace(trial: Trial, workers: int) -> Pace:
        assert workers == 2
        trials.append(trial)
        # What is timed for longer turns out to be slower.
        return Pace(step=0.01 * len(trials), validated=0.0, begun=0.0, kept=0.0)

    monkeypatch.setattr(timing, "training_pace", pace)
    trial = Trial(head, schedule, Engine("float32", 10), 40, 7, "cpu")
    found = timing.settled_pace(trial, 2, lambda pace: pace.step / 0.01 * whole)
    assert [trial.blocks for trial in trials] == tried
    assert found.step == pytest.approx(0.01 * len(tried))


@pytest.mark.parametrize(
    ("tasks", "workers", "rounds"), [(1, 1, 1), (1, 8, 1), (8, 8, 1), (9, 8, 2), (7, 2, 4)]
)
def test_the_last_round_takes_as_long_as_the_others(tasks: int, workers: int, rounds: int) -> None:
    assert timing.in_rounds(3.0 * tasks, tasks, workers) == pytest.approx(3.0 * rounds)
    assert timing.in_rounds(0.0, 0, workers) == 0.0
