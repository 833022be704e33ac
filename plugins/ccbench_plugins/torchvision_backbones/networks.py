"""torchvision's networks without their classifiers, filled from a file.

Imports torch and torchvision: import it late.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn
from torchvision.models import get_model

from ccbench.backbones import first_lines, parts_missing, read_weights, wrong_weights

# With its own weights torchvision has these two normalise anew inside, and their classifiers
# for training are not run.
_INCEPTION = {"transform_input": True, "aux_logits": False, "init_weights": False}
_ARGUMENTS = {"googlenet": _INCEPTION, "inception_v3": _INCEPTION}
_FOR_TRAINING = ("aux1.", "aux2.", "AuxLogits.")
# torchvision's files of DenseNets are older than its names of their layers.
_OLD_DENSE = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.\w+)")


def build(name: str) -> tuple[nn.Module, str]:
    """Return a network with weights at random and without its classifier.

    Args:
        name: torchvision's.

    Returns:
        The network, whose last linear layer (last convolution, where it has none) passes on
        what it is given, and the name of that layer.
    """
    network: nn.Module = get_model(name, weights=None, **_ARGUMENTS.get(name, {}))
    kinds = [(inner, type(module)) for inner, module in network.named_modules()]
    linear = [inner for inner, kind in kinds if issubclass(kind, nn.Linear)]
    head = (linear or [inner for inner, kind in kinds if issubclass(kind, nn.Conv2d)])[-1]
    parent, _, last = head.rpartition(".")
    setattr(network.get_submodule(parent), last, nn.Identity())
    return network, head


def fill(network: nn.Module, head: str, path: Path, name: str, full: str) -> nn.Module:
    """Read the weights of a network from a file.

    Args:
        network: as :func:`build` gives it.
        head: the layer it lacks, which the file may have for any number of classes.
        path: the file.
        name: of the network.
        full: the backbone as the user wrote it.

    Raises:
        BackboneError: a file that lacks some of them or has others.
    """
    found = read_weights(path, name, full)
    # Some networks read older files by what the file says of its version.
    metadata = getattr(found, "_metadata", network.state_dict()._metadata)  # type: ignore[attr-defined]
    tensors: OrderedDict[str, torch.Tensor] = OrderedDict()
    for key, value in found.items():
        if not key.startswith((f"{head}.", *_FOR_TRAINING)):
            tensors[_OLD_DENSE.sub(r"\1\2", key)] = value
    tensors._metadata = metadata  # type: ignore[attr-defined]
    try:
        result = network.load_state_dict(tensors, strict=False)
    except (RuntimeError, ValueError) as error:
        raise wrong_weights(path, name, first_lines(error)) from None
    if result.missing_keys:
        missing = parts_missing(result.missing_keys, len(network.state_dict()))
        raise wrong_weights(path, name, missing)
    if result.unexpected_keys:
        raise wrong_weights(
            path,
            name,
            f"it holds {len(result.unexpected_keys)} others, for example "
            f"{result.unexpected_keys[0]}",
        )
    return network
