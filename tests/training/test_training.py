"""Training a head: against a loop written out with torch's own parts."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from ccbench import seeds
from ccbench.cache import Cache
from ccbench.exceptions import CcbenchError, DivergedError
from ccbench.features import FeatureBlock
from ccbench.heads import Head, load_head
from ccbench.protocol import LogisticHead, PerceptronHead, Schedule
from ccbench.training import (
    Curve,
    Engine,
    TrainingTask,
    gram_task,
    perceptron,
    read_curve,
    regression,
    train_head,
    train_heads,
)

if TYPE_CHECKING:
    from tests.conftest import Oracle

pytestmark = pytest.mark.usefixtures("one_thread")

EXPRESSIONS = ("happy", "sad", "angry")
FEATURES = 10
VIEWS = 3


# --- tasks on stored features -------------------------------------------------------------


def store(
    cache: Cache, count: int = 30, gain: float = 1.0, width: int = FEATURES
) -> NDArray[np.float16]:
    """Store features of photographs in two shards: (photographs, views, features)."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(len(EXPRESSIONS), 1, width)) * 1.5
    labels = np.arange(count) % len(EXPRESSIONS)
    values = centres[labels] + rng.normal(size=(count, VIEWS, width))
    array = (values * gain).astype(np.float16)
    for key, part in (("shard-1", array[:17]), ("shard-2", array[17:])):
        with cache.create("features", key) as folder:
            np.save(folder / "features.npy", part)
    return array


REFERENCE = Engine("reference", 4)
FLOAT32 = Engine("float32", 4)
SCHEDULE = Schedule(
    iterations=60,
    batch_size=8,
    learning_rate=((0, 0.05), (20, 0.02), (45, 0.001)),
    momentum=0.0,
    weight_decay=0.0,
)


def task_of(**changes: Any) -> TrainingTask:
    rows = tuple((photograph, photograph % 3) for photograph in range(30))
    task = TrainingTask(
        database="kdef",
        run=2,
        seed=5,
        expressions=EXPRESSIONS,
        features=("shard-1", "shard-2"),
        train=rows[3:25],
        validation=rows[:3] + rows[25:28],
        views=(0, 2),
        head=PerceptronHead(kind="mlp", hidden=(12, 9), dropout=0.3),
        schedule=SCHEDULE,
        device="cpu",
        engine=REFERENCE,
    )
    return replace(task, **changes)


def train(task: TrainingTask, cache: Cache) -> tuple[Head, Curve, list[float]]:
    reported: list[float] = []
    train_head(task, cache, reported.append)
    folder = cache.find("heads", task.key)
    assert folder is not None
    return load_head(folder), read_curve(folder), reported


class SeededDropout(nn.Module):
    """``nn.Dropout`` whose mask comes from 16 bits of SplitMix64 for each unit."""

    def __init__(self, rate: float, start: int) -> None:
        super().__init__()
        self.state = start
        self.dropped = round(rate * 65536)

    def word(self) -> int:
        whole = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & whole
        word = ((self.state ^ (self.state >> 30)) * 0xBF58476D1CE4E5B9) & whole
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & whole
        return word ^ (word >> 31)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return x
        lanes = []
        for _ in x:
            row = b"".join(self.word().to_bytes(8, "little") for _ in range(-(-x.shape[1] // 4)))
            lanes.append(
                [
                    int.from_bytes(row[2 * i : 2 * i + 2], "little", signed=True)
                    for i in range(x.shape[1])
                ]
            )
        dropped = torch.tensor(lanes) < self.dropped - 32768
        return x.masked_fill(dropped, 0) / (1 - self.dropped / 65536)


def naive_training(
    task: TrainingTask, features: NDArray[np.float16], batches: list[int] | None = None
) -> tuple[nn.Sequential, Curve]:
    """Train with nn.Sequential, nn.Linear, torch.optim.SGD and a list of examples."""
    assert isinstance(task.head, PerceptronHead)
    assert task.schedule is not None
    schedule = task.schedule
    named = seeds.seed_sequence(task.seed, "dropout", "kdef", task.run)
    masks = iter(named.generate_state(9, np.uint64))
    start = torch.Generator().manual_seed(seeds.torch_seed(task.seed, "weights", "kdef", task.run))
    shuffle = seeds.generator(task.seed, "batches", "kdef", task.run)
    sizes = [features.shape[2], *task.head.hidden, len(task.expressions)]
    modules: list[nn.Module] = []
    for index, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        hidden = index < len(sizes) - 2
        if hidden and task.head.dropout:
            modules.append(SeededDropout(task.head.dropout, int(next(masks))))
        layer = nn.Linear(fan_in, fan_out)
        with torch.no_grad():
            layer.weight.copy_(torch.randn(fan_out, fan_in, generator=start) * (2 / fan_in) ** 0.5)
            layer.bias.zero_()
        modules += [layer, nn.ReLU()] if hidden else [layer]
    network = nn.Sequential(*modules)
    optimiser = torch.optim.SGD(
        network.parameters(),
        lr=99.0,
        momentum=schedule.momentum,
        weight_decay=schedule.weight_decay,
    )
    examples = [
        (features[photograph, view].astype(np.float32), label)
        for photograph, label in task.train
        for view in task.views
    ]
    held_out = [
        (features[photograph, view].astype(np.float32), label)
        for photograph, label in task.validation
        for view in task.views
    ]
    curve: Curve = []
    done = 0
    while done < schedule.iterations:
        network.train()
        order = list(shuffle.permutation(len(examples)))
        losses, hits = [], []
        while order and done < schedule.iterations:
            batch = [examples[index] for index in order[: schedule.batch_size]]
            order = order[schedule.batch_size :]
            if batches is not None:
                batches.append(len(batch))
            rate = 0.0
            for first, value in schedule.learning_rate:
                if done >= first:
                    rate = value
            optimiser.param_groups[0]["lr"] = rate
            logits = network(torch.tensor(np.array([x for x, _ in batch])))
            target = torch.tensor([label for _, label in batch])
            each = F.cross_entropy(logits, target, reduction="none")
            optimiser.zero_grad()
            each.mean().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses += each.tolist()
            hits += (logits.argmax(1) == target).tolist()
            done += 1
        curve.append(
            {
                "iteration": done,
                "part": "train",
                "correct_rate": float(np.mean(hits)),
                "loss": float(np.mean(losses)),
            }
        )
        network.eval()
        with torch.no_grad():
            logits = network(torch.tensor(np.array([x for x, _ in held_out])))
            target = torch.tensor([label for _, label in held_out])
            curve.append(
                {
                    "iteration": done,
                    "part": "validation",
                    "correct_rate": float((logits.argmax(1) == target).double().mean()),
                    "loss": float(F.cross_entropy(logits, target)),
                }
            )
    return network, curve


@pytest.mark.parametrize(
    "engine", [REFERENCE, FLOAT32, Engine("float32", 1), Engine("float32", 99)]
)
@pytest.mark.parametrize(
    ("hidden", "dropout", "momentum", "decay"),
    [
        ((12, 9), 0.3, 0.0, 0.0),
        ((12, 9), 0.1, 0.9, 0.0),
        ((12, 9), 0.3, 0.9, 0.01),
        ((12, 9), 0.0, 0.5, 0.1),
        ((7,), 0.5, 0.0, 0.05),
        ((), 0.3, 0.9, 0.0),
    ],
)
def test_perceptron_equals_a_naive_loop(
    hidden: tuple[int, ...], dropout: float, momentum: float, decay: float, engine: Engine
) -> None:
    cache = Cache()
    features = store(cache)
    task = task_of(
        head=PerceptronHead(kind="mlp", hidden=hidden, dropout=dropout),
        schedule=SCHEDULE.model_copy(update={"momentum": momentum, "weight_decay": decay}),
        engine=engine,
    )
    head, curve, _ = train(task, cache)
    network, expected = naive_training(task, features)
    layers = [module for module in network if isinstance(module, nn.Linear)]
    assert len(layers) == len(head.layers) == len(hidden) + 1
    for (weight, bias), layer in zip(head.layers, layers, strict=True):
        # Rounding is amplified by training; single steps round the most.
        assert torch.allclose(weight, layer.weight, rtol=0, atol=5e-6)
        assert torch.allclose(bias, layer.bias, rtol=0, atol=1e-6)
        assert bias.abs().max() > 1e-3  # it has moved
    assert len(curve) == len(expected)
    for ours, theirs in zip(curve, expected, strict=True):
        assert (ours["iteration"], ours["part"]) == (theirs["iteration"], theirs["part"])
        assert ours["correct_rate"] == pytest.approx(theirs["correct_rate"])
        assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-5)


def test_the_last_mini_batch_of_an_epoch_is_smaller() -> None:
    cache = Cache()
    features = store(cache)
    # 22 photographs x 2 views = 44 = 2 x 16 + 12, as 14,000 = 437 x 32 + 16.
    schedule = SCHEDULE.model_copy(update={"batch_size": 16, "iterations": 7})
    task = task_of(schedule=schedule)
    batches: list[int] = []
    network, _ = naive_training(task, features, batches)
    assert batches == [16, 16, 12, 16, 16, 12, 16]
    head, curve, _ = train(task, cache)
    first = next(module for module in network if isinstance(module, nn.Linear))
    assert torch.allclose(head.layers[0][0], first.weight, atol=1e-6)
    # Training stops in the middle of the third epoch: iterations rule.
    assert [row["iteration"] for row in curve] == [3, 3, 6, 6, 7, 7]


def test_the_curve_has_one_row_of_each_part_per_epoch() -> None:
    cache = Cache()
    store(cache)
    _, curve, _ = train(task_of(), cache)
    # 44 views in batches of 8: six iterations an epoch.
    assert [row["iteration"] for row in curve[::2]] == [*range(6, 61, 6)]
    assert [row["part"] for row in curve] == ["train", "validation"] * 10
    assert all(0 <= float(row["correct_rate"]) <= 1 for row in curve)
    assert float(curve[-2]["loss"]) < float(curve[0]["loss"])
    _, unwatched, _ = train(task_of(validation=()), cache)
    assert unwatched == curve[::2]


def test_the_learning_rate_falls_in_steps() -> None:
    cache = Cache()
    store(cache)
    steps = [(0, 0.1), (5, 1e-9), (9, 0.1)]

    def weights(iterations: int) -> torch.Tensor:
        schedule = SCHEDULE.model_copy(
            update={"iterations": iterations, "learning_rate": tuple(steps)}
        )
        return train(task_of(schedule=schedule), cache)[0].layers[0][0]

    found = {iterations: weights(iterations) for iterations in (4, 5, 6, 9, 10)}
    change = {(a, b): float((found[b] - found[a]).abs().max()) for a, b in pairwise(sorted(found))}
    assert change[4, 5] > 1e-4
    assert change[5, 6] < 1e-6  # the sixth update is iteration 5, counted from 0
    assert change[6, 9] < 1e-6
    assert change[9, 10] > 1e-4


def test_validation_and_test_photographs_are_never_trained_on() -> None:
    cache = Cache()
    features = store(cache)
    reference, curve, _ = train(task_of(), cache)
    other = Cache(cache.root.with_name("other"))
    changed = features.copy()
    changed[[0, 1, 2, 25, 26, 27, 28, 29]] += 1  # validation, and photographs of neither part
    changed[:, 1] += 1  # a view that is not used
    for key, part in (("shard-1", changed[:17]), ("shard-2", changed[17:])):
        with other.create("features", key) as folder:
            np.save(folder / "features.npy", part)
    head, other_curve, _ = train(task_of(), other)
    assert torch.equal(head.layers[0][0], reference.layers[0][0])
    assert other_curve[::2] == curve[::2]
    assert other_curve[1::2] != curve[1::2]


def test_runs_seeds_and_databases_have_streams_of_their_own() -> None:
    cache = Cache()
    store(cache)
    tasks = [task_of(), task_of(run=3), task_of(seed=6), task_of(database="krc")]
    found = [train(task, cache)[0].layers[0][0] for task in tasks]
    for index, weight in enumerate(found):
        assert all(not torch.equal(weight, other) for other in found[index + 1 :])


def test_training_twice_gives_the_same_bytes() -> None:
    stored = []
    for seed, name in enumerate(("a", "b")):
        cache = Cache(Path(name))
        store(cache)
        torch.manual_seed(seed)  # the global generator plays no part
        train(task_of(), cache)
        folder = cache.path("heads", task_of().key)
        stored.append({f.name: f.read_bytes() for f in folder.iterdir()})
    assert stored[0] == stored[1]
    assert set(stored[0]) == {"head.safetensors", "curves.json", "entry.json"}


def test_a_trained_head_is_taken_from_the_cache() -> None:
    cache = Cache()
    store(cache)
    train(task_of(), cache)
    before = (cache.path("heads", task_of().key) / "head.safetensors").stat().st_mtime_ns
    _, _, reported = train(task_of(), cache)
    assert reported == [1.0]
    after = (cache.path("heads", task_of().key) / "head.safetensors").stat().st_mtime_ns
    assert after == before


def test_progress_rises_to_one() -> None:
    cache = Cache()
    store(cache)
    _, _, reported = train(task_of(), cache)
    assert reported == sorted(reported)
    assert reported[-1] == 1.0
    assert len(reported) > 2


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


@pytest.mark.parametrize("width", [FEATURES, 80])
def test_a_logistic_head_is_fitted_on_the_training_views(
    width: int, sklearn_logits: Oracle
) -> None:
    cache = Cache()
    features = store(cache, width=width)
    task = task_of(head=LogisticHead(kind="logistic", ridge=1e-2), schedule=None)
    head, curve, reported = train(task, cache)
    ((weight, bias),) = head.layers
    x = np.stack([features[p, v] for p, _ in task.train for v in (0, 2)]).astype(np.float32)
    y = np.array([label for _, label in task.train for _ in (0, 2)])
    held_out = np.stack([features[p, v] for p, _ in task.validation for v in (0, 2)])
    theirs = sklearn_logits(
        torch.from_numpy(x), torch.from_numpy(y), 1e-2, torch.from_numpy(held_out)
    )
    ours = held_out.astype(np.float64) @ weight.double().numpy().T + bias.double().numpy()
    ours -= ours.mean(1, keepdims=True)
    assert np.abs(ours - (theirs - theirs.mean(1, keepdims=True))).max() < 5e-3
    assert head.expressions == EXPRESSIONS
    assert [(row["part"], row["iteration"]) for row in curve] == [("train", 0), ("validation", 0)]
    labels = np.array([label for _, label in task.validation for _ in (0, 2)])
    assert curve[1]["correct_rate"] == pytest.approx(np.mean(ours.argmax(1) == labels))
    log_probability = theirs - np.log(np.exp(theirs).sum(1, keepdims=True))
    expected = -log_probability[np.arange(len(labels)), labels].mean()
    assert curve[1]["loss"] == pytest.approx(expected, abs=1e-3)
    fitted = x.astype(np.float64) @ weight.double().numpy().T + bias.double().numpy()
    assert curve[0]["correct_rate"] == pytest.approx(np.mean(fitted.argmax(1) == y))
    log_probability = fitted - np.log(np.exp(fitted).sum(1, keepdims=True))
    expected = -log_probability[np.arange(len(y)), y].mean()
    assert curve[0]["loss"] == pytest.approx(expected, abs=1e-4)
    assert reported[-1] == 1.0
    # With more features than rows, from inner products that other runs use again.
    assert cache.usage()["grams"].entries == (width > len(y))


def test_heads_of_one_database_share_inner_products() -> None:
    cache = Cache()
    store(cache, width=80)
    task = task_of(head=LogisticHead(kind="logistic", ridge=1e-2), schedule=None)
    block = FeatureBlock(task.features, cache)
    other = replace(task, run=3, train=task.train[:9], validation=())
    shared = gram_task(task, block)
    assert shared is not None
    assert gram_task(other, block) == shared
    assert gram_task(replace(task, views=(0,)), block) != shared
    assert gram_task(task_of(), block) is None  # a perceptron
    for head in (task, other):
        train(head, cache)
    assert cache.usage()["grams"].entries == 1


def test_without_inner_products_where_there_are_too_many_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = Cache()
    store(cache, width=80)
    task = task_of(head=LogisticHead(kind="logistic", ridge=1e-2), schedule=None)
    shared, _, _ = train(task, cache)
    monkeypatch.setattr(regression, "GRAM_LIMIT", 30)
    assert gram_task(task, FeatureBlock(task.features, cache)) is None
    cache.clear()
    store(cache, width=80)
    alone, _, _ = train(task, cache)
    assert cache.usage()["grams"].entries == 0
    for one, other in zip(shared.layers[0], alone.layers[0], strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-5)


def test_the_key_says_what_was_trained_on() -> None:
    task = task_of()
    logistic = task_of(head=LogisticHead(kind="logistic", ridge=1e-4), schedule=None)
    changes: list[dict[str, Any]] = [
        {"database": "krc"},
        {"run": 1},
        {"seed": 1},
        {"expressions": EXPRESSIONS[::-1]},
        {"features": ("shard-2", "shard-1")},
        {"train": task.train[1:]},
        {"validation": ()},
        {"views": (0,)},
        {"head": PerceptronHead(kind="mlp", hidden=(12, 9), dropout=0.2)},
        {"schedule": SCHEDULE.model_copy(update={"iterations": 61})},
        {"device": "cuda"},
    ]
    keys = {task.key, logistic.key, *(replace(task, **change).key for change in changes)}
    assert len(keys) == len(changes) + 2
    # What plays no part: which GPU, and a schedule where there is none.
    assert replace(task, device="cuda:1").key == replace(task, device="cuda:0").key
    assert replace(logistic, schedule=SCHEDULE).key == logistic.key


def test_heads_trained_together_are_those_trained_alone() -> None:
    cache, other = Cache(), Cache(Path("other"))
    store(cache)
    store(other)
    tasks = [task_of(engine=FLOAT32, run=run) for run in (0, 1, 2)]
    reported: list[float] = []
    train_heads(tasks, cache, reported.append)
    assert reported[-1] == 1.0
    for task in tasks:
        alone, curve, _ = train(task, other)
        together = load_head(cache.path("heads", task.key))
        for (weight, bias), (expected, expected_bias) in zip(
            together.layers, alone.layers, strict=True
        ):
            assert torch.allclose(weight, expected, atol=1e-5)
            assert torch.allclose(bias, expected_bias, atol=1e-5)
        for ours, theirs in zip(read_curve(cache.path("heads", task.key)), curve, strict=True):
            assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-4)


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
