"""A database of the catalogue: the loader is its card, the layout only serves ``mimic``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from ccbench.datasets import PatternDataset
from ccbench.exceptions import DatasetError
from ccbench.interfaces import MimickedPhotograph

if TYPE_CHECKING:
    from ccbench_plugins.catalogue.layout import Layout


class CatalogueDataset(PatternDataset):
    """A dataset made from a card of the catalogue."""

    def layout(self, posers: int, *, quirks: bool) -> Sequence[MimickedPhotograph]:
        """List the photographs of a folder that looks like the database.

        Raises:
            DatasetError: the layout describes fewer posers.
        """
        plan = self._plan()
        if posers > plan.count:
            raise DatasetError(
                f"the layout of {self.card.name} describes {plan.count} posers, not {posers}; ask "
                f"for fewer"
            )
        return plan.photographs(posers, quirks=quirks)

    def texts(self, posers: int, *, quirks: bool) -> Mapping[str, str]:
        """Return the text files beside the photographs: path -> content."""
        return self._plan().texts(posers, quirks=quirks)

    def _plan(self) -> Layout:
        from ccbench_plugins.catalogue.layout import read_layout

        return read_layout(files(__package__) / "layouts" / f"{self.card.name}.toml")
