"""Activations of a frozen backbone, computed once per view and kept as fp16 memory maps."""

from ccbench.features.block import FeatureBlock, close_files
from ccbench.features.compute import (
    BATCH,
    compute_features,
    make_features,
    normalise,
    one_ahead,
)
from ccbench.features.identity import (
    BackboneIdentity,
    FeatureTask,
    feature_precision,
)

__all__ = [
    "BATCH",
    "BackboneIdentity",
    "FeatureBlock",
    "FeatureTask",
    "close_files",
    "compute_features",
    "feature_precision",
    "make_features",
    "normalise",
    "one_ahead",
]
