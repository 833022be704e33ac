"""``drawn-a`` and ``drawn-b``: drawn faces, so that ccbench runs with nothing to download."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ccbench import hookimpl
from ccbench.cache import content_key
from ccbench.datasets import PatternDataset
from ccbench.hookspecs import RegisterDataset
from ccbench.interfaces import Progress
from ccbench.samples import SampleTable
from ccbench.testing.recipes import DRAWING, DRAWN_DATABASES, DrawnDatabase
from ccbench_registry import DatasetCard, FilePattern, Terms


class DrawnDataset:
    """A drawn database as a dataset that makes its own files."""

    def __init__(self, database: DrawnDatabase) -> None:
        self.database = database
        self.card = DatasetCard(
            name=database.name,
            title=database.title,
            posers=database.posers,
            naming="verified",
            terms=Terms(licence="BSD-3-Clause (drawn by ccbench)", redistribution=True),
            notes=("Schematic drawings with known recipes: a fixture, not a scientific database.",),
            files=FilePattern(pattern=r"(?P<poser>p\d+)_(?P<expression>[a-z]+)\.png"),
        )

    @property
    def options(self) -> Mapping[str, str]:
        """Those of the file pattern."""
        return PatternDataset(self.card).options

    @property
    def recipe(self) -> str:
        """Everything that decides the drawings."""
        return content_key("drawing", code=DRAWING, database=self.database)

    def generate(self, directory: Path, progress: Progress) -> None:
        """Draw all photographs into ``directory``."""
        # Imports OpenCV, which listing datasets does without.
        from ccbench.testing.drawn import write_database

        write_database(self.database, directory, progress=progress)

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        """List the drawings."""
        return PatternDataset(self.card).samples(root, options)


@hookimpl
def ccbench_register_datasets(register: RegisterDataset) -> None:
    """Register the drawn databases."""
    for database in DRAWN_DATABASES.values():
        register(DrawnDataset(database))
