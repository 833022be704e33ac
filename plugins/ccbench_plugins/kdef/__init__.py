"""KDEF, the Karolinska Directed Emotional Faces (Sweden): a card, no code needed."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from ccbench import hookimpl
from ccbench.datasets import PatternDataset
from ccbench.hookspecs import RegisterDataset
from ccbench_registry import DatasetCard, load_card

CARD: Traversable = files(__name__) / "card.toml"


@hookimpl
def ccbench_register_datasets(register: RegisterDataset) -> None:
    """Register ``kdef``."""
    register(PatternDataset(load_card(CARD, DatasetCard)))
