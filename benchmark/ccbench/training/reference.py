"""The plain loop: autograd and ``torch.optim.SGD``, what the other engines must equal."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional as F

from ccbench.protocol import Schedule
from ccbench.training.steps import Block


class AutogradHeads:
    """Heads that are trained one mini-batch after the other, in float32.

    Args:
        weights: of each head, weight and bias of each layer, alternating, float32.
        schedule: its momentum and weight decay; rates come with each block.
        kept: fraction that dropout keeps; 1 without dropout.
    """

    def __init__(
        self, weights: Sequence[Sequence[torch.Tensor]], schedule: Schedule, kept: float
    ) -> None:
        self._kept = kept
        self._weights = [[t.clone().requires_grad_() for t in tensors] for tensors in weights]
        self._optimisers = [
            torch.optim.SGD(
                tensors,
                lr=schedule.learning_rate[0][1],
                momentum=schedule.momentum,
                weight_decay=schedule.weight_decay,
            )
            for tensors in self._weights
        ]

    def train(self, block: Block) -> torch.Tensor:
        """Take the steps of a block; see :class:`~ccbench.training.steps.Trainee`."""
        return torch.stack([self._train(head, block) for head in range(len(self._weights))])

    def _train(self, head: int, block: Block) -> torch.Tensor:
        optimiser, found, begin = self._optimisers[head], [], 0
        for size, rate in zip(block.sizes, block.rates, strict=True):
            part = slice(begin, begin + size)
            for group in optimiser.param_groups:
                group["lr"] = rate
            masks = [mask[head, part] for mask in block.masks]
            inputs = block.inputs[head, part].to(torch.float32)
            logits = self._forward(head, inputs, masks)
            optimiser.zero_grad()
            F.cross_entropy(logits, block.labels[head, part]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            found.append(logits.detach())
            begin += size
        return torch.cat(found)

    def _forward(
        self, head: int, inputs: torch.Tensor, masks: Sequence[torch.Tensor]
    ) -> torch.Tensor:
        """Forward pass with dropout before every layer but the last (paper, "Network")."""
        weights = self._weights[head]
        last = len(weights) // 2 - 1
        hidden = inputs / self._kept if last else inputs
        for index in range(last + 1):
            if index:
                hidden = F.relu(hidden)
                if index <= len(masks):
                    hidden = hidden * masks[index - 1] / self._kept
            hidden = F.linear(hidden, weights[2 * index], weights[2 * index + 1])
        return hidden

    @torch.no_grad()
    def logits(self, head: int, features: torch.Tensor) -> torch.Tensor:
        """Return one head's responses without dropout; see ``Trainee``."""
        weights, hidden = self._weights[head], features.to(torch.float32)
        for index in range(0, len(weights), 2):
            hidden = F.linear(
                F.relu(hidden) if index else hidden, weights[index], weights[index + 1]
            )
        return hidden

    def weights(self, head: int) -> list[torch.Tensor]:
        """Return one head's weights; see ``Trainee``."""
        return [tensor.detach() for tensor in self._weights[head]]
