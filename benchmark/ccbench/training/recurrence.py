"""Stochastic gradient descent as a linear recurrence over a block of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Coefficients:
    """Weights and velocity during a block, in terms of what they were before it.

    With W and V at the block's start and the gradients g of its steps, before step k

        weights  = start[k] * W + push[k] * V + sum over j < k of pending[k, j] * g[j]

    and after the last step the velocity likewise, with ``velocity_start``,
    ``velocity_push`` and ``velocity_pending``.

    Attributes:
        start: (steps + 1,).
        push: (steps + 1,).
        pending: (steps + 1, steps); zero where j >= k.
        velocity_start: number.
        velocity_push: number.
        velocity_pending: (steps,).
    """

    start: NDArray[np.float64]
    push: NDArray[np.float64]
    pending: NDArray[np.float64]
    velocity_start: float
    velocity_push: float
    velocity_pending: NDArray[np.float64]


def coefficients(rates: Sequence[float], momentum: float, decay: float) -> Coefficients:
    """Unroll ``torch.optim.SGD``'s update: ``V = momentum * V + g + decay * W; W -= rate * V``.

    Args:
        rates: learning rate of each step of the block.
        momentum: of the update.
        decay: weight decay.
    """
    steps = len(rates)
    # Rows: coefficients of W, V and the gradients, in float64.
    weight, velocity = np.zeros(steps + 2), np.zeros(steps + 2)
    weight[0] = velocity[1] = 1.0
    table = np.empty((steps + 1, steps + 2))
    table[0] = weight
    for step, rate in enumerate(rates):
        velocity = momentum * velocity + decay * weight
        velocity[2 + step] += 1.0
        weight = weight - rate * velocity
        table[step + 1] = weight
    return Coefficients(
        start=table[:, 0],
        push=table[:, 1],
        pending=table[:, 2:],
        velocity_start=float(velocity[0]),
        velocity_push=float(velocity[1]),
        velocity_pending=velocity[2:],
    )
