"""Datasets that need no Python: file patterns, TOML cards and CSV manifests."""

from ccbench.datasets.files import IMAGE_SUFFIXES, list_images
from ccbench.datasets.manifest import ManifestDataset, read_manifest
from ccbench.datasets.pattern import PatternDataset, dataset_from_card
from ccbench.datasets.spec import DatasetSpec, parse_dataset_spec

__all__ = [
    "IMAGE_SUFFIXES",
    "DatasetSpec",
    "ManifestDataset",
    "PatternDataset",
    "dataset_from_card",
    "list_images",
    "parse_dataset_spec",
    "read_manifest",
]
