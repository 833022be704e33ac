"""What is trained on frozen features: fully connected layers with ReLU between them.

The paper's head has three (4096-4096-7); multinomial logistic regression has one.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch.nn import functional as F

from ccbench.exceptions import CacheError

FILE = "head.safetensors"


@dataclass(frozen=True)
class Head:
    """A trained head.

    Attributes:
        expressions: what its output units stand for, in order.
        layers: (weight (out, in), bias (out)) of each layer, float32.
    """

    expressions: tuple[str, ...]
    layers: tuple[tuple[torch.Tensor, torch.Tensor], ...]

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Return the responses before softmax.

        Args:
            features: float (n, features).

        Returns:
            float32 (n, expressions).
        """
        hidden = features.to(torch.float32)
        for index, (weight, bias) in enumerate(self.layers):
            if index:
                hidden = F.relu(hidden)
            hidden = F.linear(hidden, weight, bias)
        return hidden

    def to(self, device: str) -> Head:
        """Return the head on another device."""
        return Head(self.expressions, tuple((w.to(device), b.to(device)) for w, b in self.layers))


def save_head(head: Head, folder: Path) -> None:
    """Write ``head.safetensors`` into a folder.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    tensors = {}
    for index, (weight, bias) in enumerate(head.layers):
        tensors[f"{index}.weight"] = weight.detach().cpu().contiguous()
        tensors[f"{index}.bias"] = bias.detach().cpu().contiguous()
    # safetensors' own writing to a file has errors that are no OSError.
    data = save(tensors, metadata={"expressions": json.dumps(head.expressions)})
    (folder / FILE).write_bytes(data)


def load_head(folder: Path) -> Head:
    """Read ``head.safetensors`` from a folder.

    Raises:
        CacheError: the file is missing, cut short or not a head.
    """
    path = folder / FILE
    try:
        with safe_open(path, framework="pt") as file:
            expressions = tuple(json.loads((file.metadata() or {})["expressions"]))
            count = len(file.keys()) // 2
            layers = tuple(
                (file.get_tensor(f"{index}.weight"), file.get_tensor(f"{index}.bias"))
                for index in range(count)
            )
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CacheError(
            f"the head {path} cannot be read ({error}); delete its folder and start the run again"
        ) from None
    return Head(expressions, layers)


def he_normal(sizes: Sequence[int], generator: torch.Generator) -> list[torch.Tensor]:
    """Return He-normal weights and zero biases, alternating (He et al., 2015).

    Args:
        sizes: units of each layer, input first.
        generator: CPU generator.

    Returns:
        weight (out, in), bias (out), weight, bias, ... float32.
    """
    tensors = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        scale = float(np.sqrt(2.0 / fan_in))
        tensors.append(torch.randn(fan_out, fan_in, generator=generator) * scale)
        tensors.append(torch.zeros(fan_out))
    return tensors


def as_tensor(features: NDArray[np.float16], device: str) -> torch.Tensor:
    """Return half-precision features as float32 on a device."""
    return torch.from_numpy(features).to(device).to(torch.float32)
