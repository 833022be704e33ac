"""How long the training of a head takes on this machine, from a few steps."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch

from ccbench.heads import he_normal
from ccbench.protocol import PerceptronHead, Schedule
from ccbench.training.delayed import DelayedHeads
from ccbench.training.dropout import Masks
from ccbench.training.engines import Engine
from ccbench.training.reference import AutogradHeads
from ccbench.training.steps import Block, Trainee

_BLOCKS = 2
"""Blocks that are timed, after one that is not."""
_VALIDATED = 512


@dataclass(frozen=True)
class Trial:
    """A training to be timed.

    Attributes:
        head: the perceptron.
        schedule: of its training.
        engine: that trains it.
        features: number of inputs.
        expressions: number of output units.
        device: "cpu", "cuda", ...
    """

    head: PerceptronHead
    schedule: Schedule
    engine: Engine
    features: int
    expressions: int
    device: str


@dataclass(frozen=True)
class Pace:
    """What was measured.

    Attributes:
        step: seconds a weight update.
        validated: seconds a validation view.
        begun: seconds before the first step.
    """

    step: float
    validated: float
    begun: float

    def whole(self, schedule: Schedule, views: int, validation: int) -> float:
        """Return the seconds that a whole training takes.

        Args:
            schedule: of the training.
            views: it is trained on.
            validation: views that are watched after every epoch.
        """
        epochs = math.ceil(schedule.iterations / math.ceil(views / schedule.batch_size))
        return self.begun + schedule.iterations * self.step + epochs * validation * self.validated


def time_training(trial: Trial) -> Pace:
    """Take a few steps on random features, as sparse as those of a network."""
    begin = time.perf_counter()
    generator = torch.Generator().manual_seed(0)
    sizes = (trial.features, *trial.head.hidden, trial.expressions)
    weights = [t.to(trial.device) for t in he_normal(sizes, generator)]
    trainee, masks = make_trainee(trial, weights)
    begun = time.perf_counter() - begin
    spent = []
    block = make_block(trial, masks, generator)
    for _ in range(1 + _BLOCKS):
        begin = time.perf_counter()
        for size in block.sizes:
            masks.draw(size)
        trainee.train(block)
        _wait(trial.device)
        spent.append(time.perf_counter() - begin)
    views = torch.rand(_VALIDATED, trial.features, generator=generator).to(trial.device)
    trainee.logits(0, views)
    begin = time.perf_counter()
    trainee.logits(0, views)
    _wait(trial.device)
    validated = (time.perf_counter() - begin) / _VALIDATED
    return Pace(sum(spent[1:]) / _BLOCKS / trial.engine.block, validated, begun)


def make_trainee(trial: Trial, weights: list[torch.Tensor]) -> tuple[Trainee, Masks]:
    """Return a head to be trained, and what its masks are drawn from."""
    widths = (trial.features, *trial.head.hidden[:-1]) if trial.head.hidden else ()
    masks = Masks(trial.head.dropout, widths, 0, "timing", 0)
    kept = masks.kept if widths else 1.0
    if trial.engine.name == "reference":
        return AutogradHeads([weights], trial.schedule, kept), masks
    precision = torch.bfloat16 if trial.engine.name == "bfloat16" else torch.float32
    return DelayedHeads([weights], trial.schedule, kept, precision), masks


def make_block(trial: Trial, masks: Masks, generator: torch.Generator) -> Block:
    """Return a block of random features, as sparse as those of a network."""
    steps, batch = trial.engine.block, trial.schedule.batch_size
    rows = steps * batch
    drawn = [masks.draw(batch) for _ in range(steps)]
    layers = [
        torch.from_numpy(np.concatenate(layer))[None].to(trial.device)
        for layer in zip(*drawn, strict=True)
    ]
    values = torch.randn(rows, trial.features, generator=generator).sub_(0.6).relu_()
    short = torch.bfloat16 if trial.engine.name == "bfloat16" else torch.float32
    inputs = values.to(trial.device).to(short)[None]
    if layers:
        inputs.mul_(layers[0])
    labels = (torch.arange(rows) % trial.expressions)[None].to(trial.device)
    # So small that nothing diverges however often a block is taken.
    rates = (1e-6,) * steps
    return Block(inputs, labels, tuple(layers[1:]), (batch,) * steps, rates)


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
