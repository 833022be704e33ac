"""Which arithmetic trains a perceptron, and how much of it is done at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ccbench.exceptions import CcbenchError, UnknownNameError
from ccbench.processor import bfloat16_instructions
from ccbench_registry import suggestion

EngineName = Literal["reference", "float32", "bfloat16"]
ENGINES = ("auto", "bfloat16", "float32", "reference")
"""What a user may ask for."""


@dataclass(frozen=True)
class Engine:
    """How heads are trained.

    Attributes:
        name: "reference" is autograd with ``torch.optim.SGD``; "float32" and "bfloat16" are
            the delayed updates of :mod:`ccbench.training.delayed`, by the type of products.
        block: mini-batches that are done at a time, at least 1; no block goes beyond an epoch.

    Raises:
        CcbenchError: a block of no mini-batch.
    """

    name: EngineName
    block: int

    def __post_init__(self) -> None:
        if self.block < 1:
            raise CcbenchError(f"a block of {self.block} mini-batches; give at least 1")


_DEFAULTS: Mapping[str, Engine] = {
    # The products of a block grow as its square: the slower they are, the shorter the block.
    "bfloat16": Engine("bfloat16", 32),
    "float32": Engine("float32", 16),
    "reference": Engine("reference", 16),
}


def choose_engine(name: str, device: str) -> Engine:
    """Return the engine of that name, or the fastest for a device.

    Args:
        name: one of :data:`ENGINES`.
        device: "cpu", "cuda", ...

    Raises:
        UnknownNameError: no such engine.
        CcbenchError: bfloat16 on a processor without.
    """
    if name not in ENGINES:
        raise UnknownNameError(
            f"no engine '{name}'; {suggestion(name, ENGINES)}", name=name, known=ENGINES
        )
    fast = has_bfloat16(device)
    if name == "bfloat16" and not fast:
        what = "a processor" if device == "cpu" else "a device"
        raise CcbenchError(
            f"--engine bfloat16 needs {what} with bfloat16 arithmetic, which '{device}' here has "
            f"not; leave it out or give --engine float32"
        )
    if name == "auto":
        name = "bfloat16" if fast else "float32"
    return _DEFAULTS[name]


def has_bfloat16(device: str) -> bool:
    """Whether a device multiplies bfloat16 numbers faster than float32 ones."""
    if device.startswith("cuda"):
        import torch

        with torch.cuda.device(device):
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device == "cpu" and bool(bfloat16_instructions())
