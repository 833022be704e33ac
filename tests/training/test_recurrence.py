"""The unrolled descent: against torch.optim.SGD on a single number."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ccbench.training.recurrence import coefficients


@pytest.mark.parametrize(
    ("momentum", "decay"), [(0.0, 0.0), (0.9, 0.0), (0.0, 0.03), (0.9, 0.03), (0.5, 0.3)]
)
def test_coefficients_give_what_torch_gives(momentum: float, decay: float) -> None:
    rng = np.random.default_rng(0)
    rates = [0.1, 0.1, 0.02, 0.02, 0.3, 0.001]
    gradients = rng.normal(size=len(rates))
    weight = torch.tensor([0.7], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([weight], lr=1.0, momentum=momentum, weight_decay=decay)
    # Two steps before the block, so that there is a velocity.
    seen: list[float] = []
    before = 0.0
    for index, (rate, gradient) in enumerate(
        zip([0.2, 0.1, *rates], [1.3, -0.4, *gradients], strict=True)
    ):
        if index == 2:
            start = weight.item()
            before = _velocity(optimiser, weight) if momentum else 0.0
        seen.append(weight.item())
        optimiser.param_groups[0]["lr"] = rate
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimiser.step()
    seen.append(weight.item())
    plan = coefficients(rates, momentum, decay)
    for step, expected in enumerate(seen[2:]):
        found = plan.start[step] * start + plan.push[step] * before
        found += plan.pending[step] @ gradients
        assert found == pytest.approx(expected, abs=1e-13)
        assert not plan.pending[step, step:].any()
    if momentum:
        found = plan.velocity_start * start + plan.velocity_push * before
        found += plan.velocity_pending @ gradients
        assert found == pytest.approx(_velocity(optimiser, weight), abs=1e-13)
    else:
        assert not plan.push.any()


def _velocity(optimiser: torch.optim.SGD, weight: torch.Tensor) -> float:
    velocity: torch.Tensor = optimiser.state[weight]["momentum_buffer"]
    return velocity.item()


def test_plain_descent_is_minus_the_rates() -> None:
    plan = coefficients([0.5, 0.25], 0.0, 0.0)
    assert plan.start.tolist() == [1, 1, 1]
    assert plan.pending.tolist() == [[0, 0], [-0.5, 0], [-0.5, -0.25]]
