"""AlexNet's convolutional layers, pretrained on ImageNet (paper, "Network").

The weights ship with the plugin: torchvision's ``AlexNet_Weights.IMAGENET1K_V1``, layers
``features.*``, float32.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from ccbench import hookimpl
from ccbench.exceptions import BackboneError
from ccbench.hookspecs import RegisterBackbone
from ccbench.interfaces import FeatureExtractor, Precision
from ccbench_registry import BackboneCard, Citation, Terms

if TYPE_CHECKING:
    import torch

WEIGHTS = "alexnet_conv.safetensors"
SHA256 = "03d5632d845eade8a7686101649cab70f2d2bb22d2c470f527a4c40c3c3b398b"
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
SUBMODULES = {
    "conv1": "1",
    "conv2": "4",
    "conv3": "7",
    "conv4": "9",
    "conv5": "11",
    "pool5": "12",
}
"""Layers whose responses can be asked for: each after ReLU; pool5 is what heads are given."""

CARD = BackboneCard(
    name="alexnet",
    title="AlexNet, pretrained on ImageNet",
    architecture="AlexNet, five convolutional layers (torchvision's variant)",
    layer="conv5",
    weights="torchvision AlexNet_Weights.IMAGENET1K_V1, shipped with ccbench",
    terms=Terms(licence="BSD-3-Clause", redistribution=True),
    citations=(
        Citation(
            text="Krizhevsky, A., Sutskever, I., & Hinton, G. E. (2012). ImageNet classification "
            "with deep convolutional neural networks. Advances in Neural Information Processing "
            "Systems, 25, 1097–1105."
        ),
    ),
)


def convolutions() -> torch.nn.Sequential:
    """Return the layers, untrained, named as torchvision names ``alexnet().features``.

    Max pooling follows CONV1, CONV2 and CONV5; float32 (N, 3, 224, 224) becomes
    (N, 256, 6, 6).
    """
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
    )


class AlexNet:
    """The backbone; features are the CONV5 activations after pooling, 256 x 6 x 6."""

    card = CARD

    def load(self, device: str) -> FeatureExtractor:
        """Load the shipped weights, after checking their SHA-256.

        Raises:
            BackboneError: the file was changed.
        """
        import torch
        from safetensors.torch import load

        data = (files(__name__) / WEIGHTS).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest != SHA256:
            raise BackboneError(
                f"the weights {WEIGHTS} of the plugin 'alexnet' were changed (SHA-256 {digest}); "
                f"install ccbench again"
            )
        # Imports torch, which the plugin itself does not.
        from ccbench_plugins.alexnet.grey import GreyAlexNet

        module = convolutions()
        tensors = {name.removeprefix("features."): value for name, value in load(data).items()}
        module.load_state_dict(tensors)
        module.requires_grad_(False).eval()
        grey: dict[Precision, GreyAlexNet] = {
            "float32": GreyAlexNet(module, MEAN, STD, torch.float32).to(device),
            "bfloat16": GreyAlexNet(module, MEAN, STD, torch.bfloat16).to(device),
        }
        # A fifth faster on the CPU in this layout.
        module.to(memory_format=torch.channels_last).to(device)
        return FeatureExtractor(
            module=module,
            input_size=224,
            mean=MEAN,
            std=STD,
            feature_shape=(256, 6, 6),
            layer="conv5",
            layers=tuple(SUBMODULES),
            weights_digest=SHA256,
            recipe="alexnet-3",
            submodules=SUBMODULES,
            grey=grey,
        )


@hookimpl
def ccbench_register_backbones(register: RegisterBackbone) -> None:
    """Register ``alexnet``."""
    register(AlexNet())
