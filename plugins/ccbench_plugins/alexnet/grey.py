"""AlexNet's convolutions for faces, whose three channels are equal.

A first layer over three equal channels is, exactly, a layer over one: its weights are summed
over the channels, mean and SD folded in.  The network pads the *normalised* image with zeros,
which is no grey level, so the outermost outputs lack what grey padding would have added.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Sequence

_STRIDE = 4
"""Of the first layer: blocks of so many pixels a side become channels."""


class GreyAlexNet(nn.Module):
    """From grey faces to CONV5 after pooling; the first layer in float32.

    A pixel is a whole number up to 255 and weights are not: rounding those of the first layer
    to bfloat16 would cost as much as rounding all other layers, and save a twentieth.

    Args:
        layers: the trained network for three channels (``alexnet.convolutions``).
        mean: per channel, of pixel values scaled to 0..1.
        std: per channel, likewise.
        dtype: in which the layers after the first are computed, sums always in float32.
    """

    first: torch.Tensor
    constant: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor

    def __init__(
        self,
        layers: nn.Sequential,
        mean: Sequence[float],
        std: Sequence[float],
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        first, *others = (layer for layer in layers if isinstance(layer, nn.Conv2d))
        assert first.bias is not None
        weight, bias = first.weight.double(), first.bias.double()
        # (pixel / 255 - mean) / std, as a factor and a constant of each channel.
        sd = 255 * torch.tensor(std, dtype=torch.float64).view(1, 3, 1, 1)
        middle = 255 * torch.tensor(mean, dtype=torch.float64).view(1, 3, 1, 1)
        black = (weight * -middle / sd).sum(1, keepdim=True)
        ones = torch.ones(1, 1, 224, 224, dtype=torch.float64)
        maps = F.conv2d(ones, black, bias, first.stride, first.padding)[0]
        # What a black image gives, away from the padding and as a difference next to it.
        constant = maps[:, 27, 27]
        ring = (maps - constant[:, None, None]).float()
        self.register_buffer("first", _over_blocks((weight / sd).sum(1)))
        self.register_buffer("constant", constant.float())
        self.register_buffer("rows", ring[:, ::54].clone())
        self.register_buffer("columns", ring[:, 1:-1, ::54].clone())
        self.others = copy.deepcopy(nn.ModuleList(others)).to(dtype)
        self.others.to(memory_format=torch.channels_last)
        self.dtype = dtype
        self.requires_grad_(False).eval()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the features of grey faces.

        Args:
            images: uint8 (n, 224, 224).

        Returns:
            float32 (n, 256, 6, 6).
        """
        maps = F.conv2d(_blocks(images), self.first, self.constant)
        maps[:, :, ::54] += self.rows
        maps[:, :, 1:-1, ::54] += self.columns
        # ReLU after pooling gives the same, from a quarter of the values.
        maps = F.max_pool2d(maps, 3, 2).relu_().to(self.dtype)
        second, third, fourth, fifth = self.others
        maps = F.max_pool2d(second(maps), 3, 2).relu_()
        maps = fourth(third(maps).relu_()).relu_()
        return F.max_pool2d(fifth(maps), 3, 2).relu_().to(torch.float32)


def _over_blocks(weight: torch.Tensor) -> torch.Tensor:
    """Rearrange kernels for :func:`_blocks`: (n, 11, 11) of stride 4 to (n, 16, 3, 3) of 1."""
    count, side = len(weight), 3
    padded = F.pad(weight, (0, 1, 0, 1)).view(count, side, _STRIDE, side, _STRIDE)
    channels = padded.permute(0, 2, 4, 1, 3).reshape(count, _STRIDE**2, side, side)
    return channels.float().contiguous(memory_format=torch.channels_last)


def _blocks(images: torch.Tensor) -> torch.Tensor:
    """Turn blocks of 4 x 4 pixels into 16 channels, which processors multiply faster than one.

    Args:
        images: uint8 (n, 224, 224).

    Returns:
        float32 (n, 16, 57, 57), channels last: the images with two rows of zeros around.
    """
    padded = F.pad(images, (2, 2, 2, 2))
    count, side = len(images), padded.shape[1] // _STRIDE
    # Four pixels of a row stay neighbours, so that they can be moved as one word.
    words = padded.view(torch.int32).view(count, side, _STRIDE, side).transpose(2, 3)
    pixels = words.contiguous().view(torch.uint8)
    return pixels.to(torch.float32).permute(0, 3, 1, 2)
