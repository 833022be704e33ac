"""A network that ends at one of its layers.  Imports torch: import it late."""

from __future__ import annotations

import torch
from torch import nn

from ccbench.backbones.layers import position_means


class _Reached(BaseException):
    """Ends a pass; no ``Exception``, so that no network takes it for an error of its own."""


class Cut(nn.Module):
    """The output of one layer; what comes after it in the network is not run.

    Args:
        network: the whole network.
        submodule: the layer, as ``get_submodule`` takes it; "" for the network itself.
        layer: its name, for errors.
        average: whether units are averaged over positions.
    """

    def __init__(self, network: nn.Module, submodule: str, layer: str, *, average: bool) -> None:
        super().__init__()
        self.network = network
        self.submodule = submodule
        self.layer = layer
        self.average = average

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the layer's output, (N, units), or (N, *shape of the layer) unaveraged."""
        found: list[torch.Tensor] = []

        def stop(_module: object, _inputs: object, output: torch.Tensor) -> None:
            found.append(output)
            raise _Reached

        # Now and not once and for all: hooks run in the order they were added in, and those
        # that others have on this layer are to run before the pass ends.
        handle = self.network.get_submodule(self.submodule).register_forward_hook(stop)
        try:
            self.network(images)
        except _Reached:
            pass
        finally:
            handle.remove()
        (output,) = found
        return position_means(output, len(images), self.layer) if self.average else output
