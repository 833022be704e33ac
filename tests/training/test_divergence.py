"""A training whose loss is no longer finite is named, and costs no other."""

from __future__ import annotations

import pickle

import pytest
import torch
from tests.training.tasks import FLOAT32, REFERENCE, SCHEDULE, store, task_of, train

from ccbench.cache import Cache
from ccbench.exceptions import CcbenchError, DivergedError
from ccbench.training import Engine, TrainingTask, perceptron, train_heads

pytestmark = pytest.mark.usefixtures("one_thread")


def test_training_that_diverges_says_so() -> None:
    cache = Cache()
    store(cache, gain=1000)
    schedule = SCHEDULE.model_copy(update={"learning_rate": ((0, 1e6),)})
    with pytest.raises(CcbenchError) as error:
        train(task_of(schedule=schedule), cache)
    sentence = str(error.value)
    assert "run 3 on 'kdef' diverged at iteration" in sentence
    assert "training.learning_rate" in sentence
    assert cache.find("heads", task_of(schedule=schedule).key) is None


@pytest.mark.parametrize("engine", [REFERENCE, FLOAT32, Engine("bfloat16", 4)])
def test_the_head_that_diverges_is_named_and_the_others_are_kept(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache()
    store(cache)
    begun = perceptron.initial_weights

    def huge(task: TrainingTask, features: int) -> list[torch.Tensor]:
        return [tensor * (1e30 if task.run == 1 else 1) for tensor in begun(task, features)]

    monkeypatch.setattr(perceptron, "initial_weights", huge)
    tasks = [task_of(engine=engine, run=run) for run in (0, 1, 2)]
    with pytest.raises(DivergedError, match=r"run 2 on 'kdef' diverged at iteration 1;"):
        train_heads(tasks, cache, lambda part: None)
    assert [cache.find("heads", task.key) is not None for task in tasks] == [True, False, True]


def test_the_iteration_of_a_divergence_is_counted_through_blocks_and_epochs() -> None:
    cache = Cache()
    store(cache, gain=30.0)
    steep = SCHEDULE.model_copy(update={"learning_rate": ((0, 1e-4), (9, 1e9)), "batch_size": 7})
    found = []
    for engine in (REFERENCE, FLOAT32, Engine("float32", 99)):
        with pytest.raises(DivergedError) as raised:
            train(task_of(schedule=steep, engine=engine), cache)
        found.append(str(raised.value))
    assert "diverged at iteration" in found[0]
    assert len(set(found)) == 1


@pytest.mark.parametrize("engine", [REFERENCE, FLOAT32])
def test_a_head_that_diverges_in_its_last_step_is_not_kept(engine: Engine) -> None:
    cache = Cache()
    store(cache)
    steep = SCHEDULE.model_copy(update={"iterations": 12, "learning_rate": ((0, 0.05), (11, 1e38))})
    task = task_of(schedule=steep, engine=engine)
    with pytest.raises(DivergedError, match="diverged at iteration 12;"):
        train(task, cache)
    assert cache.find("heads", task.key) is None


def test_many_divergences_are_one_sentence() -> None:
    error = DivergedError([("krc", 0, 7), ("kdef", 9, 4), ("kdef", 1, 3), ("krc", 2, 1)])
    assert str(error) == (
        "the training of run 2 on 'kdef' diverged at iteration 3 (and run 10 on 'kdef', run 1 on "
        "'krc', run 3 on 'krc'); lower training.learning_rate with --set; other heads are kept"
    )
    many = DivergedError.joined([error, DivergedError([("wsefep", run, 1) for run in range(9)])])
    assert "(and run 10 on 'kdef', run 1 on 'krc', run 3 on 'krc', 9 more);" in str(many)
    assert str(pickle.loads(pickle.dumps(many))) == str(many)
