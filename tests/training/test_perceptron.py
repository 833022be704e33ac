"""Perceptrons: against a loop written out with torch's own parts."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.training.tasks import FLOAT32, REFERENCE, SCHEDULE, store, task_of, train
from torch import nn
from torch.nn import functional as F

from ccbench import seeds
from ccbench.cache import Cache
from ccbench.protocol import PerceptronHead
from ccbench.training import Curve, Engine, TrainingTask

pytestmark = pytest.mark.usefixtures("one_thread")


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
            lanes.append(np.frombuffer(row, "<i2")[: x.shape[1]].tolist())
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


def test_a_curve_is_over_all_validation_views(monkeypatch: pytest.MonkeyPatch) -> None:
    curves = []
    for size in (512, 5):
        monkeypatch.setattr("ccbench.training.perceptron._VALIDATION_BATCH", size)
        cache = Cache(Path(f"cache-{size}"))
        store(cache)
        curves.append(train(task_of(), cache)[1])
    for one, other in zip(*curves, strict=True):
        assert one["correct_rate"] == pytest.approx(other["correct_rate"])
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-6)
