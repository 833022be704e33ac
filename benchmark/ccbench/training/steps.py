"""What goes into a block of training steps and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch


@dataclass(frozen=True)
class Block:
    """Consecutive mini-batches, known ahead, of one or several heads.

    Attributes:
        inputs: (heads, rows, features), dropped ones at zero and the others as they are.
        labels: int64 (heads, rows).
        masks: of each hidden layer that is dropped from, bool (heads, rows, units).
        sizes: rows of each mini-batch, in order; their sum is the number of rows.
        rates: learning rate of each mini-batch.
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    masks: tuple[torch.Tensor, ...]
    sizes: tuple[int, ...]
    rates: tuple[float, ...]


class Trainee(Protocol):
    """Heads in training; the engines differ in how they step, not in what they compute."""

    def train(self, block: Block) -> torch.Tensor:
        """Take the steps of a block.

        Returns:
            float32 (heads, rows, expressions): the logits that each view had in its step.
        """

    def logits(self, head: int, features: torch.Tensor) -> torch.Tensor:
        """Return one head's responses without dropout, float32 (n, expressions)."""

    def weights(self, head: int) -> list[torch.Tensor]:
        """Return one head's float32 weight and bias of each layer, alternating."""
