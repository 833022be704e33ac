"""Networks of other libraries, with random weights."""

from __future__ import annotations

import torch


def unlike_statistics(module: torch.nn.Module) -> torch.nn.Module:
    """Give the batch normalisations of a network statistics unlike those it begins with."""
    for key, value in module.state_dict().items():
        if key.endswith("running_mean"):
            value.normal_(0, 0.1)
        elif key.endswith("running_var"):
            value.uniform_(0.5, 2)
    return module.eval()
