"""The databases of the catalogue (``ccbench_registry.databases``).

Those with a file pattern are loaders, and have a layout for ``ccbench datasets mimic``; the
others are read through a CSV manifest.
"""

from __future__ import annotations

from ccbench import hookimpl
from ccbench.datasets import ListedDataset
from ccbench.hookspecs import RegisterDataset
from ccbench_plugins.catalogue.loader import CatalogueDataset
from ccbench_registry import databases


@hookimpl
def ccbench_register_datasets(register: RegisterDataset) -> None:
    """Register every database of the catalogue."""
    for card in databases().values():
        register(CatalogueDataset(card) if card.files else ListedDataset(card))
