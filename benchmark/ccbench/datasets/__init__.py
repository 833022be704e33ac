"""Datasets that need no Python: file patterns, TOML cards and CSV manifests."""

from ccbench.datasets.files import IMAGE_SUFFIXES, list_images, write_image
from ccbench.datasets.manifest import ListedDataset, ManifestDataset, read_manifest
from ccbench.datasets.pattern import PatternDataset, dataset_from_card
from ccbench.datasets.spec import (
    DatasetSpec,
    ProbeSpec,
    labelled,
    parse_dataset_spec,
    parse_probe_spec,
)

__all__ = [
    "IMAGE_SUFFIXES",
    "DatasetSpec",
    "ListedDataset",
    "ManifestDataset",
    "PatternDataset",
    "ProbeSpec",
    "dataset_from_card",
    "labelled",
    "list_images",
    "parse_dataset_spec",
    "parse_probe_spec",
    "read_manifest",
    "write_image",
]
