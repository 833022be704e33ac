"""``drawn-a`` and ``drawn-b``: drawn faces, so that ccbench runs with nothing to download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from ccbench import hookimpl
from ccbench.cache import content_key
from ccbench.datasets import PatternDataset
from ccbench.hookspecs import RegisterDataset
from ccbench.samples import SampleTable
from ccbench.testing.recipes import DRAWING, DRAWN_DATABASES, DrawnDatabase
from ccbench_registry import DatasetCard, FilePattern, Terms

_NAMES = ("name", "title")


class DrawnDataset:
    """A drawn database as a dataset that makes its own files."""

    def __init__(self, database: DrawnDatabase) -> None:
        self.database = database
        self.card = DatasetCard(
            name=database.name,
            title=database.title,
            posers=database.posers,
            naming="verified",
            terms=Terms(
                licence="BSD-3-Clause (drawn by ccbench)",
                redistribution=True,
                may_modify="yes",
                may_share_weights="yes",
                publishable_ids="all",
            ),
            notes=("Schematic drawings with known recipes: a fixture, not a scientific database.",),
            files=FilePattern(pattern=r"(?P<poser>p\d+)_(?P<expression>[a-z]+)\.png"),
            recipe={key: value for key, value in asdict(database).items() if key not in _NAMES},
        )

    @property
    def options(self) -> Mapping[str, str]:
        """Those of the file pattern."""
        return PatternDataset(self.card).options

    @property
    def recipe(self) -> str:
        """Everything that decides the drawings."""
        return content_key("drawing", code=DRAWING, database=self.database)

    @property
    def parts(self) -> int:
        """One a poser."""
        return self.database.posers

    def generate(self, part: int, directory: Path) -> None:
        """Draw the photographs of one poser."""
        # Imports OpenCV, which listing datasets does without.
        from ccbench.testing.drawn import write_poser

        write_poser(self.database, part + 1, directory)

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        """List the drawings."""
        return PatternDataset(self.card).samples(root, options)


@hookimpl
def ccbench_register_datasets(register: RegisterDataset) -> None:
    """Register the drawn databases."""
    for database in DRAWN_DATABASES.values():
        register(DrawnDataset(database))
