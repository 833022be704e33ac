r"""Stochastic gradient descent on frozen features, with weights written once a block.

Own derivation; no published source is known for gradient descent, though delayed rank-k
updates are common in quantum Monte Carlo and in blocked factorisations of dense matrices.

**The idea.**  A step on 32 views reads and writes every weight of a layer for a product of
rank 32; it is bound by memory, not by arithmetic.  But the features are frozen, so the next
K mini-batches X_0 ... X_{K-1} and their dropout masks are known now.  With W the first
layer's weights at the start of the block and D_j the gradient of the loss with respect to
that layer's output in step j, plain descent has

    W_k = W - sum_{j<k} rate_j D_j^T X_j,

and so the outputs of step k are

    X_k W_k^T = X_k W^T - sum_{j<k} rate_j (X_k X_j^T) D_j.

One large product Y = X W^T serves all K steps, the Gram matrix X X^T supplies what pending
updates would have changed, and W is written once, W <- W - sum_j rate_j D_j^T X_j: again one
large product.  Momentum and weight decay keep the recurrence linear in W, in the velocity V
and in the pending gradients; :mod:`~ccbench.training.recurrence` unrolls it into
coefficients, and only those appear below.  A deeper layer's inputs are not known ahead, so
it multiplies them with W in every step (reading, never writing it), and corrects the output
and the gradient with respect to its inputs in the same way:

    h_k W_k^T     = a_k h_k W^T     + b_k h_k V^T     + sum_{j<k} c_kj (h_k H_j^T) D_j
    D_k W_k       = a_k D_k W       + b_k D_k V       + sum_{j<k} c_kj (D_k D_j^T) H_j

This is the same descent, step by step; only the order of the sums differs.  Biases and the
small last layer are updated at once.

**Precision.**  In float32 the trajectory equals autograd and ``torch.optim.SGD`` up to
rounding, which training amplifies: a unit whose input is nearly zero may fall on the other
side.  At the paper's size it is as far from autograd as autograd with its units in another
order.  In bfloat16 the products have bfloat16 operands and float32 sums, while weights,
velocities, biases, activations and losses are kept in float32.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from ccbench.protocol import Schedule
from ccbench.training.products import times, times_transposed
from ccbench.training.recurrence import Coefficients, coefficients
from ccbench.training.steps import Block

_MULTIPLIED = 512
"""Output units whose change is computed at a time."""
_TURNED = 64
"""Rows that are turned into columns at a time."""
_WRITTEN = 32
"""Output units whose weights are written at a time: they stay in the processor's cache."""
_GRAM_STEPS = 8
"""Mini-batches whose inner products are computed at a time."""


class DelayedHeads:
    """Heads that are trained in blocks; all take the same number of views a step.

    Args:
        weights: of each head, weight and bias of each layer, alternating, float32; taken one
            head after the other, and copied.
        schedule: its momentum and weight decay; rates come with each block.
        kept: fraction that dropout keeps; 1 without dropout.
        precision: of the products, ``torch.float32`` or ``torch.bfloat16``.
    """

    def __init__(
        self,
        weights: Collection[Sequence[torch.Tensor]],
        schedule: Schedule,
        kept: float,
        precision: torch.dtype,
    ) -> None:
        self._momentum, self._decay = schedule.momentum, schedule.weight_decay
        self._gain = 1.0 / kept
        self._precision = precision
        stacked: list[torch.Tensor] = []
        for index, of_head in enumerate(weights):
            if not index:
                stacked = [tensor.new_empty(len(weights), *tensor.shape) for tensor in of_head]
            for stack, tensor in zip(stacked, of_head, strict=True):
                stack[index] = tensor
        self._hidden = [
            _Hidden(weight, bias, precision, moving=self._momentum > 0, first=not index)
            for index, (weight, bias) in enumerate(
                zip(stacked[:-2:2], stacked[1:-2:2], strict=True)
            )
        ]
        self._last = _Direct(stacked[-2], stacked[-1])

    @torch.no_grad()
    def train(self, block: Block) -> torch.Tensor:
        """Take the steps of a block; see :class:`~ccbench.training.steps.Trainee`."""
        plan = coefficients(block.rates, self._momentum, self._decay)
        of_row = torch.repeat_interleave(
            torch.arange(len(block.sizes)), torch.tensor(block.sizes)
        ).to(block.inputs.device)
        pending = torch.from_numpy(plan.pending).to(torch.float32).to(block.inputs.device)
        found = torch.empty(*block.labels.shape, self._last.units, device=block.inputs.device)
        gain = self._gain if self._hidden else 1.0
        inputs = block.inputs if self._hidden else block.inputs.to(torch.float32)
        for index, layer in enumerate(self._hidden):
            layer.open(block.labels.shape[1], inputs if not index else None, block.sizes, gain)
        begin = 0
        for step, size in enumerate(block.sizes):
            part = slice(begin, begin + size)
            terms = _Terms(
                float(plan.start[step]),
                float(plan.push[step]),
                pending[step].index_select(0, of_row[:begin]),
            )
            logits = self._step(inputs[:, part], block, part, terms, block.rates[step])
            found[:, part] = logits
            begin += size
        for index, layer in enumerate(self._hidden):
            layer.close(plan, of_row, gain if not index else 1.0)
        return found

    def _step(
        self, inputs: torch.Tensor, block: Block, part: slice, terms: _Terms, rate: float
    ) -> torch.Tensor:
        activation = inputs
        activations = []
        for index, layer in enumerate(self._hidden):
            activation = (
                layer.known_output(part, terms) if not index else layer.output(activation, terms)
            )
            activation = activation.add_(layer.bias.value).relu_()
            if index < len(block.masks):
                activation.mul_(block.masks[index][:, part]).mul_(self._gain)
            activations.append(activation)
        logits = self._last.output(activation)
        delta = torch.softmax(logits, -1)
        delta.scatter_add_(
            -1, block.labels[:, part, None], torch.full_like(delta[..., :1], -1.0)
        ).div_(delta.shape[1])
        upstream = self._last.step(delta, activation, rate, self._momentum, self._decay)
        for index in reversed(range(len(self._hidden))):
            layer = self._hidden[index]
            upstream.mul_(activations[index] > 0)
            if index < len(block.masks):
                upstream.mul_(self._gain)
            gradient = upstream.sum(1, keepdim=True)
            delta = layer.keep_delta(upstream, part)
            if index:
                upstream = layer.input_gradient(delta, terms)
            layer.bias.step(gradient, rate, self._momentum, self._decay)
        return logits

    @torch.no_grad()
    def logits(self, head: int, features: torch.Tensor) -> torch.Tensor:
        """Return one head's responses without dropout; see ``Trainee``."""
        hidden = features[None].to(self._precision)
        for layer in self._hidden:
            hidden = layer.settled_output(head, hidden).relu_().to(self._precision)
        return self._last.settled_output(head, hidden.to(torch.float32))[0]

    def weights(self, head: int) -> list[torch.Tensor]:
        """Return one head's weights; see ``Trainee``."""
        tensors: list[torch.Tensor] = []
        layers: list[_Hidden | _Direct] = [*self._hidden, self._last]
        for layer in layers:
            tensors += [layer.weight[head], layer.bias.value[head, 0]]
        return tensors


@dataclass(frozen=True)
class _Terms:
    """How the weights of one step follow from the block's start; see the module's text."""

    start: float
    push: float
    pending: torch.Tensor

    def apply(
        self, products: Sequence[torch.Tensor], inner: torch.Tensor, outer: torch.Tensor
    ) -> torch.Tensor:
        """Return ``start * products[0] + push * products[1] + (pending * inner) @ outer``."""
        total = products[0].to(torch.float32)
        if self.start != 1.0 or total is products[0]:
            total = total.add(total, alpha=self.start - 1.0)
        if len(products) > 1:
            total.add_(products[1], alpha=self.push)
        if len(self.pending):
            weighted = (inner * self.pending).to(outer.dtype)
            total.add_(times(weighted, outer))
        return total


class _Value:
    """A tensor that is stepped at once, with its velocity."""

    def __init__(self, value: torch.Tensor) -> None:
        self.value = value
        self._velocity = torch.zeros_like(value)

    def step(self, gradient: torch.Tensor, rate: float, momentum: float, decay: float) -> None:
        if decay:
            gradient = gradient + decay * self.value
        if momentum:
            gradient = self._velocity.mul_(momentum).add_(gradient)
        self.value.sub_(gradient, alpha=rate)


class _Direct:
    """The last layer: small, and stepped at once."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        self._weight = _Value(weight)
        self.bias = _Value(bias[:, None])

    @property
    def weight(self) -> torch.Tensor:
        return self._weight.value

    @property
    def units(self) -> int:
        return self.weight.shape[1]

    def output(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.baddbmm(self.bias.value, inputs, self.weight.transpose(1, 2))

    def settled_output(self, head: int, inputs: torch.Tensor) -> torch.Tensor:
        return inputs @ self.weight[head].T + self.bias.value[head]

    def step(
        self,
        delta: torch.Tensor,
        inputs: torch.Tensor,
        rate: float,
        momentum: float,
        decay: float,
    ) -> torch.Tensor:
        """Update; return the gradient with respect to the inputs before the update."""
        upstream = torch.bmm(delta, self.weight)
        self._weight.step(torch.bmm(delta.transpose(1, 2), inputs), rate, momentum, decay)
        self.bias.step(delta.sum(1, keepdim=True), rate, momentum, decay)
        return upstream


class _Hidden:
    """A hidden layer of all heads, whose weights are written at the end of each block."""

    def __init__(
        self,
        weight: torch.Tensor,
        bias: torch.Tensor,
        precision: torch.dtype,
        *,
        moving: bool,
        first: bool,
    ) -> None:
        self.weight = weight
        self.bias = _Value(bias[:, None])
        self._velocity = torch.zeros_like(weight) if moving else None
        self._first = first
        masters = [weight] if self._velocity is None else [weight, self._velocity]
        # What products are taken with: of the given precision; in float32 the tensors
        # themselves.
        self._forward = [master.to(precision) for master in masters]
        self._masters = masters
        self._on_cpu = weight.device.type == "cpu"
        # On a processor products with rows are faster than with columns, by more than a copy
        # a block costs; a graphics card does not mind.
        turn = _transposed if self._on_cpu else _turned_view
        self._backward = [] if first else [turn(shadow) for shadow in self._forward]
        self._precision = precision

    def open(
        self, rows: int, inputs: torch.Tensor | None, sizes: Sequence[int], gain: float
    ) -> None:
        """Begin a block.

        Args:
            rows: of all its mini-batches.
            inputs: (heads, rows, in) where they are known ahead.
            sizes: rows of each mini-batch.
            gain: what these inputs are to be multiplied with.
        """
        heads, units, width = self.weight.shape
        empty = self.weight.new_empty
        self._deltas = empty(heads, rows, units, dtype=self._precision)
        self._gain = gain
        if inputs is None:
            self._inputs = empty(heads, rows, width, dtype=self._precision)
            return
        self._inputs = inputs
        self._known = [times_transposed(inputs, shadow) for shadow in self._forward]
        self._gram = empty(heads, rows, rows, dtype=self._precision)
        ends = [sum(sizes[:step]) for step in range(0, len(sizes), _GRAM_STEPS)] + [rows]
        for begin, end in pairwise(ends):
            self._gram[:, begin:end, :end] = times_transposed(inputs[:, begin:end], inputs[:, :end])

    def known_output(self, part: slice, terms: _Terms) -> torch.Tensor:
        """Return the outputs of a mini-batch whose inputs were known, before the bias."""
        begin = part.start
        return terms.apply(
            [known[:, part] for known in self._known],
            self._gram[:, part, :begin] * self._gain,
            self._deltas[:, :begin],
        ).mul_(self._gain)

    def output(self, inputs: torch.Tensor, terms: _Terms) -> torch.Tensor:
        """Keep the inputs of a mini-batch; return its outputs before the bias."""
        begin = len(terms.pending)
        kept = self._inputs[:, begin : begin + inputs.shape[1]]
        kept.copy_(inputs)
        return terms.apply(
            [times_transposed(kept, shadow) for shadow in self._forward],
            times_transposed(kept, self._inputs[:, :begin]),
            self._deltas[:, :begin],
        )

    def keep_delta(self, delta: torch.Tensor, part: slice) -> torch.Tensor:
        """Keep the gradient with respect to the outputs; return it as it is kept."""
        kept = self._deltas[:, part]
        kept.copy_(delta)
        return kept

    def input_gradient(self, delta: torch.Tensor, terms: _Terms) -> torch.Tensor:
        """Return the gradient with respect to the inputs."""
        begin = len(terms.pending)
        return terms.apply(
            [times_transposed(delta, shadow) for shadow in self._backward],
            times_transposed(delta, self._deltas[:, :begin]),
            self._inputs[:, :begin],
        )

    def close(self, plan: Coefficients, of_row: torch.Tensor, gain: float) -> None:
        """Write weights and velocity at the end of a block."""
        # oneDNN packs its right operand: in float32 faster from rows, in bfloat16 from either.
        turn = self._on_cpu and self._precision == torch.float32
        inputs = _transposed(self._inputs) if turn else _turned_view(self._inputs)
        written = _WRITTEN if self._on_cpu else _MULTIPLIED
        moved, scale = self._scaled_deltas(plan.pending[-1], of_row)
        scale *= gain
        pushed, push = None, 0.0
        if self._velocity is not None:
            pushed, push = self._scaled_deltas(plan.velocity_pending, of_row)
            push *= gain
        for begin in range(0, self.weight.shape[1], _MULTIPLIED):
            part = slice(begin, begin + _MULTIPLIED)
            change = times_transposed(moved[:, part], inputs)
            push_change = None if pushed is None else times_transposed(pushed[:, part], inputs)
            for first in range(0, change.shape[1], written):
                rows = slice(first, first + written)
                here = slice(begin + first, min(begin + first + written, part.stop))
                weight = self.weight[:, here]
                before = weight if self._velocity is None else weight.clone()
                if plan.start[-1] != 1.0:
                    # Not multiplied: 0.99999 is rounded in float32, block after block.
                    weight.add_(weight, alpha=float(plan.start[-1] - 1.0))
                if self._velocity is not None and push_change is not None:
                    velocity = self._velocity[:, here]
                    weight.add_(velocity, alpha=float(plan.push[-1]))
                    velocity.mul_(plan.velocity_push).add_(before, alpha=plan.velocity_start)
                    velocity.add_(push_change[:, rows], alpha=push)
                weight.add_(change[:, rows], alpha=scale)
                for master, shadow in zip(self._masters, self._forward, strict=True):
                    if master is not shadow:
                        shadow[:, here] = master[:, here]
        if self._on_cpu:
            for shadow, transposed in zip(self._forward, self._backward, strict=not self._first):
                _transposed(shadow, out=transposed)

    def _scaled_deltas(
        self, factors: NDArray[np.float64], of_row: torch.Tensor
    ) -> tuple[torch.Tensor, float]:
        """Return factor times delta, (heads, units, rows), up to the returned number.

        What factors have in common stays out of the rounded numbers.
        """
        scale = float(factors[np.abs(factors).argmax()])
        relative = factors / scale if scale else factors
        deltas = self._deltas
        if not (relative == 1.0).all():
            of_step = torch.from_numpy(relative).to(torch.float32).to(of_row.device)
            deltas = (deltas * of_step[of_row][:, None]).to(self._precision)
        return (_transposed(deltas) if self._on_cpu else _turned_view(deltas)), scale

    def settled_output(self, head: int, inputs: torch.Tensor) -> torch.Tensor:
        """Return one head's outputs between blocks, of the products' precision."""
        output = times_transposed(inputs, self._forward[0][head : head + 1]).to(torch.float32)
        return output.add_(self.bias.value[head])


def _turned_view(stack: torch.Tensor) -> torch.Tensor:
    return stack.transpose(1, 2)


def _transposed(stack: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
    if out is None:
        out = stack.new_empty(len(stack), stack.shape[2], stack.shape[1])
    # PyTorch is quick at turning matrices, not at turning stacks of them; and quicker at
    # what fits into the processor's cache.
    for target, matrix in zip(out, stack, strict=True):
        for begin in range(0, len(matrix), _TURNED):
            rows = matrix[begin : begin + _TURNED]
            target[:, begin : begin + _TURNED].copy_(rows.t())
    return out
