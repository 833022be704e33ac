"""Delayed updates: against autograd and torch.optim.SGD on the same masks and batches."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ccbench.heads import he_normal
from ccbench.protocol import Schedule
from ccbench.training.delayed import DelayedHeads
from ccbench.training.dropout import Masks
from ccbench.training.reference import AutogradHeads
from ccbench.training.steps import Block, Trainee

pytestmark = pytest.mark.usefixtures("one_thread")

FEATURES, CLASSES, BATCH = 300, 7, 32
HIDDEN = (128, 96)
# The more units there are, the more often one has an input of nearly zero, which rounding
# puts on the other side.
FEW = (32, 24)


def schedule(momentum: float, decay: float) -> Schedule:
    return Schedule(
        iterations=200,
        batch_size=BATCH,
        learning_rate=((0, 1e-3),),
        momentum=momentum,
        weight_decay=decay,
    )


def weights(run: int, hidden: tuple[int, ...] = HIDDEN) -> list[torch.Tensor]:
    sizes = (FEATURES, *hidden, CLASSES)
    return he_normal(sizes, torch.Generator().manual_seed(run))


def blocks(
    steps: int,
    length: int,
    runs: Sequence[int],
    kind: torch.dtype = torch.float32,
    units: tuple[int, ...] = HIDDEN,
) -> list[Block]:
    """Views whose label shows in their features; sparse, as after a ReLU."""
    found: list[Block] = []
    streams = [Masks(0.1, (FEATURES, *units[:-1]), 0, "kdef", run) for run in runs]
    views = [np.random.default_rng(run) for run in runs]
    for begin in range(0, steps, length):
        count = min(length, steps - begin)
        # The third mini-batch is smaller, as the last of an epoch is.
        sizes = tuple(20 if begin + step == 2 else BATCH for step in range(count))
        inputs, labels, hidden = [], [], []
        for stream, rng in zip(streams, views, strict=True):
            rows, targets, masks = [], [], []
            for size in sizes:
                label = rng.integers(0, CLASSES, size)
                row = np.maximum(rng.normal(size=(size, FEATURES)), 0) * 2
                row[np.arange(size), label] += 5
                first, second = stream.draw(size)
                rows.append(row * first.numpy())
                targets.append(label)
                masks.append(second)
            inputs.append(torch.from_numpy(np.concatenate(rows)).to(torch.float16).to(kind))
            labels.append(torch.from_numpy(np.concatenate(targets)))
            hidden.append(torch.cat(masks))
        rates = tuple(1e-3 if begin + step < 120 else 2e-4 for step in range(count))
        found.append(
            Block(torch.stack(inputs), torch.stack(labels), (torch.stack(hidden),), sizes, rates)
        )
    return found


def losses(trainee: Trainee, parts: Sequence[Block], head: int = 0) -> torch.Tensor:
    found = []
    for block in parts:
        logits = trainee.train(block)[head]
        each = F.cross_entropy(logits, block.labels[head], reduction="none")
        found += [step.mean() for step in torch.split(each, list(block.sizes))]
    return torch.stack(found)


def relative_change(
    found: Sequence[torch.Tensor], expected: Sequence[torch.Tensor], begun: Sequence[torch.Tensor]
) -> list[float]:
    """Return the error of each tensor's total change, relative to that change."""
    return [
        float((a - b).norm() / (b - c).norm())
        for a, b, c in zip(found, expected, begun, strict=True)
    ]


KEPT = 1 - 6554 / 65536


@functools.cache
def by_autograd(momentum: float, decay: float, run: int) -> tuple[AutogradHeads, torch.Tensor]:
    """Return a head after 200 plain steps, and the loss of each."""
    plain = AutogradHeads([weights(0, FEW)], schedule(momentum, decay), KEPT)
    return plain, losses(plain, blocks(200, 8, [run], units=FEW))


@pytest.mark.parametrize(("momentum", "decay"), [(0, 0), (0.9, 0), (0, 0.01), (0.9, 0.01)])
# A block of one step rounds every step's decay by itself.
@pytest.mark.parametrize(("length", "error"), [(1, 1e-5), (16, 1e-6), (50, 1e-6)])
def test_float32_equals_autograd_over_200_steps(
    momentum: float, decay: float, length: int, error: float
) -> None:
    apart, changes, answers = [], [], []
    for run in range(3):
        delayed = DelayedHeads([weights(0, FEW)], schedule(momentum, decay), KEPT, torch.float32)
        plain, expected = by_autograd(momentum, decay, run)
        found = losses(delayed, blocks(200, length, [run], units=FEW))
        assert len(found) == len(expected) == 200
        assert expected[-20:].mean() < 0.9 * expected[:20].mean()  # it has learned
        apart.append(float((found - expected).abs().max() / expected.max()))
        begun = weights(0, FEW)
        changes.append(max(relative_change(delayed.weights(0), plain.weights(0), begun)))
        views = blocks(1, 1, [5], units=FEW)[0].inputs[0]
        answers.append(float((delayed.logits(0, views) - plain.logits(0, views)).abs().max()))
    # In few runs a unit whose input is nearly zero falls on the other side, by rounding.
    assert sorted(apart)[1] < error
    assert sorted(changes)[1] < 5e-4
    assert sorted(answers)[1] < 1e-3
    assert max(answers) < 0.05
    assert max(apart) < 1e-2
    assert max(changes) < 0.1


@pytest.mark.parametrize(("momentum", "decay"), [(0, 0), (0.9, 0.01)])
def test_bfloat16_stays_as_near_as_torch_autocast(momentum: float, decay: float) -> None:
    plain = AutogradHeads([weights(0)], schedule(momentum, decay), KEPT)
    rounded = DelayedHeads([weights(0)], schedule(momentum, decay), KEPT, torch.bfloat16)
    autocast = AutogradHeads([weights(0)], schedule(momentum, decay), KEPT)
    expected = losses(plain, blocks(64, 8, [0]))
    found = losses(rounded, blocks(64, 32, [0], torch.bfloat16))
    with torch.autocast("cpu", torch.bfloat16):
        theirs = losses(autocast, blocks(64, 8, [0]))
    error = float((found - expected).abs().max())
    assert 0 < error < 0.02
    assert error < 2 * float((theirs - expected).abs().max())
    assert max(relative_change(rounded.weights(0), plain.weights(0), weights(0))) < 0.1


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("momentum", "decay"), [(0, 0), (0.9, 0.01)])
def test_a_stack_of_heads_is_each_head_alone(
    kind: torch.dtype, momentum: float, decay: float
) -> None:
    runs = [0, 1, 2]
    stack = DelayedHeads([weights(run) for run in runs], schedule(momentum, decay), KEPT, kind)
    together = [stack.train(block) for block in blocks(24, 8, runs, kind)]
    tolerance = 1e-4 if kind == torch.float32 else 0.1
    for index, run in enumerate(runs):
        alone = DelayedHeads([weights(run)], schedule(momentum, decay), KEPT, kind)
        for block, logits in zip(blocks(24, 8, [run], kind), together, strict=True):
            assert torch.allclose(alone.train(block)[0], logits[index], atol=tolerance)
        change = relative_change(stack.weights(index), alone.weights(0), weights(run))
        assert max(change) < (5e-4 if kind == torch.float32 else 0.1)


def test_a_head_that_diverges_leaves_the_others_alone() -> None:
    broken = [tensor * 1e30 for tensor in weights(0)]
    stack = DelayedHeads([broken, weights(1)], schedule(0, 0), KEPT, torch.float32)
    alone = DelayedHeads([weights(1)], schedule(0, 0), KEPT, torch.float32)
    for both, one in zip(blocks(16, 8, [0, 1]), blocks(16, 8, [1]), strict=True):
        found, expected = stack.train(both), alone.train(one)
    assert not torch.isfinite(found[0]).all()
    assert torch.allclose(found[1], expected[0], atol=1e-4)


@pytest.mark.parametrize("hidden", [(), (40,), (40, 30, 20)])
def test_any_number_of_layers(hidden: tuple[int, ...]) -> None:
    sizes = (FEATURES, *hidden, CLASSES)
    begun = he_normal(sizes, torch.Generator().manual_seed(3))
    plain = AutogradHeads([begun], schedule(0.9, 0.01), 1.0)
    delayed = DelayedHeads([begun], schedule(0.9, 0.01), 1.0, torch.float32)
    for block in blocks(16, 8, [0]):
        bare = Block(block.inputs, block.labels, (), block.sizes, block.rates)
        assert torch.allclose(delayed.train(bare), plain.train(bare), atol=1e-4)
    assert max(relative_change(delayed.weights(0), plain.weights(0), begun)) < 5e-4


@pytest.mark.parametrize(("momentum", "decay"), [(0, 0), (0.9, 0.01)])
def test_layers_wider_than_what_is_written_at_a_time(
    momentum: float, decay: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccbench.training.delayed._MULTIPLIED", 48)
    plain = AutogradHeads([weights(0)], schedule(momentum, decay), KEPT)
    found = DelayedHeads([weights(0)], schedule(momentum, decay), KEPT, torch.float32)
    for block in blocks(16, 8, [0]):
        assert torch.allclose(found.train(block), plain.train(block), atol=1e-4)
    assert max(relative_change(found.weights(0), plain.weights(0), weights(0))) < 5e-4
