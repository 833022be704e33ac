"""What backbones of all plugins share.

What a user writes after ``-b``, the choice of a layer and what becomes of its positions, and
helpers for plugins that read weights from files or fetch them.
"""

from ccbench.backbones.chosen import ChosenBackbone, outline
from ccbench.backbones.hub import unanswered
from ccbench.backbones.layers import layer_submodules, position_means, trace, unknown_layer
from ccbench.backbones.spec import ENDINGS, BackboneSpec, parse_backbone_spec
from ccbench.backbones.weights import (
    first_lines,
    parts_missing,
    read_weights,
    weights_digest,
    weights_path,
    wrong_weights,
)

__all__ = [
    "ENDINGS",
    "BackboneSpec",
    "ChosenBackbone",
    "first_lines",
    "layer_submodules",
    "outline",
    "parse_backbone_spec",
    "parts_missing",
    "position_means",
    "read_weights",
    "trace",
    "unanswered",
    "unknown_layer",
    "weights_digest",
    "weights_path",
    "wrong_weights",
]
