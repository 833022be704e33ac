"""KDEF, the Karolinska Directed Emotional Faces (Sweden).

The card is the loader; ``layout`` only serves ``ccbench datasets mimic kdef``.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from ccbench import hookimpl
from ccbench.hookspecs import RegisterDataset
from ccbench_plugins.kdef.layout import Kdef
from ccbench_registry import DatasetCard, load_card

CARD: Traversable = files(__name__) / "card.toml"


@hookimpl
def ccbench_register_datasets(register: RegisterDataset) -> None:
    """Register ``kdef``."""
    register(Kdef(load_card(CARD, DatasetCard)))
