"""From what the user wrote after ``-d`` to a list of photographs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ccbench.cache import Cache, content_key
from ccbench.datasets import DatasetSpec, parse_dataset_spec
from ccbench.exceptions import DatasetError
from ccbench.faces import Photograph, hash_photographs
from ccbench.interfaces import Dataset, GeneratedDataset
from ccbench.plugins import Plugins, check_options
from ccbench.runner.observer import Observer
from ccbench.samples import SampleTable
from ccbench_registry import DatasetCard


@dataclass(frozen=True)
class Database:
    """A database of a run: its name in the tables and its photographs.

    Attributes:
        name: how it is called; part of every seed.
        card: what it is.
        table: its photographs.
        photographs: their hashes, in the table's order.
    """

    name: str
    card: DatasetCard
    table: SampleTable
    photographs: tuple[Photograph, ...]

    @property
    def digest(self) -> str:
        """Hash of the photographs' bytes with their posers and expressions; no paths."""
        rows = [
            [photograph.digest, sample.poser, sample.expression]
            for sample, photograph in zip(self.table, self.photographs, strict=True)
        ]
        return content_key("database", rows=sorted(rows))


def dataset_root(dataset: Dataset, root: Path | None, cache: Cache, observer: Observer) -> Path:
    """Return the folder to read: the user's, or the one a generated dataset is drawn into.

    Raises:
        DatasetError: no folder was given and the dataset does not make its own.
    """
    if root is not None:
        return root
    if not isinstance(dataset, GeneratedDataset):
        request = dataset.card.terms.request
        raise DatasetError(
            f"the dataset '{dataset.card.name}' needs the folder of its photographs: "
            f"-d {dataset.card.name}=FOLDER" + (f" ({request})" if request else "")
        )
    key = content_key("datasets", name=dataset.card.name, recipe=dataset.recipe)
    found = cache.find("datasets", key)
    if found is None:
        with cache.create("datasets", key) as scratch:
            done = 0

            def progress(now: int, _total: int) -> None:
                nonlocal done
                observer.advance(now - done, dataset.card.name)
                done = now

            observer.stage(f"drawing {dataset.card.name}", _expected(dataset.card))
            dataset.generate(scratch, progress)
        found = cache.path("datasets", key)
    return found


def _expected(card: DatasetCard) -> int:
    return (card.posers or 0) * len(card.expressions)


def open_databases(
    specs: Sequence[str | DatasetSpec], plugins: Plugins, cache: Cache, observer: Observer
) -> list[Database]:
    """Open the databases of a run and hash their photographs.

    Raises:
        DatasetError: two databases of one name, or one that cannot be read.
    """
    parsed = [parse_dataset_spec(spec) if isinstance(spec, str) else spec for spec in specs]
    opened = []
    for spec in parsed:
        dataset, root = plugins.open_dataset(spec)
        check_options(dataset, spec)
        name = dataset.card.name
        if spec.options:
            name += f"[{','.join(f'{k}={v}' for k, v in sorted(spec.options.items()))}]"
        opened.append((name, spec, dataset, root))
    for name, count in Counter(name for name, *_ in opened).items():
        if count > 1:
            raise DatasetError(
                f"{count} databases are called '{name}'; give their cards different names, or "
                f"name CSV manifests with -d NAME=FILE.csv"
            )
    tables = []
    for name, spec, dataset, root in opened:
        folder = dataset_root(dataset, root, cache, observer)
        tables.append((name, dataset.card, dataset.samples(folder, spec.options)))
    observer.stage("reading photographs", sum(len(table) for _, _, table in tables))
    databases = []
    for name, card, table in tables:
        photographs = []
        for start in range(0, len(table), 32):
            part = [sample.path for sample in table[start : start + 32]]
            photographs += hash_photographs(part)
            observer.advance(len(part), name)
        databases.append(Database(name, card, table, tuple(photographs)))
    return databases
