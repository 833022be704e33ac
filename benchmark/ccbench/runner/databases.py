"""From what the user wrote after ``-d`` to a list of photographs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ccbench.cache import Cache, content_key
from ccbench.datasets import DatasetSpec, ListedDataset, labelled, parse_dataset_spec
from ccbench.exceptions import DatasetError
from ccbench.faces import Photograph, hash_photographs
from ccbench.interfaces import Dataset, GeneratedDataset
from ccbench.plugins import Plugins, check_options, plugin_code
from ccbench.runner.generate import Wanted, generated_folders
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
        made: whether it made photographs when it was opened.
    """

    name: str
    card: DatasetCard
    table: SampleTable
    photographs: tuple[Photograph, ...]
    made: bool = False

    @property
    def digest(self) -> str:
        """Hash of the photographs' bytes with their posers and expressions; no paths."""
        rows = [
            [photograph.digest, sample.poser, sample.expression]
            for sample, photograph in zip(self.table, self.photographs, strict=True)
        ]
        return content_key("database", rows=sorted(rows))


def open_databases(
    specs: Sequence[str | DatasetSpec],
    plugins: Plugins,
    cache: Cache,
    observer: Observer,
    workers: int = 1,
) -> list[Database]:
    """Open the databases of a run and hash their photographs.

    Photographs that a dataset makes itself are made first, unless they are in the cache.

    Args:
        specs: as after ``-d``.
        plugins: loaded plugins.
        cache: where photographs are kept that a dataset makes.
        observer: told what is running.
        workers: processes that make photographs.

    Raises:
        DatasetError: two databases of one name, or one that cannot be read.
        CacheError: photographs cannot be kept; the disk may be full.
    """
    opened = _open(specs, plugins)
    wanted = [
        wanted_photographs(spec, dataset) for _, spec, dataset, root in opened if root is None
    ]
    generated = iter(generated_folders(wanted, cache, observer, workers))
    tables = []
    for name, spec, dataset, root in opened:
        folder, made = next(generated) if root is None else (root, False)
        with plugin_code("dataset", spec.name, "samples()"):
            table = dataset.samples(folder, spec.options)
        tables.append((name, dataset.card, table, made))
    observer.stage("reading photographs", sum(len(table) for _, _, table, _ in tables))
    databases = []
    for name, card, table, made in tables:
        photographs = []
        for start in range(0, len(table), 32):
            part = [sample.path for sample in table[start : start + 32]]
            photographs += hash_photographs(part)
            observer.advance(len(part), name)
        databases.append(Database(name, card, table, tuple(photographs), made))
    return databases


def database_names(specs: Sequence[str | DatasetSpec], plugins: Plugins) -> list[str]:
    """Return what databases are called in a run, before any photograph is looked at.

    Raises:
        DatasetError: two of one name, or an option that there is not.
    """
    return [name for name, *_ in _open(specs, plugins)]


def _open(
    specs: Sequence[str | DatasetSpec], plugins: Plugins
) -> list[tuple[str, DatasetSpec, Dataset, Path | None]]:
    parsed = [parse_dataset_spec(spec) if isinstance(spec, str) else spec for spec in specs]
    opened = []
    for spec in parsed:
        dataset, root = plugins.open_dataset(spec)
        check_options(dataset, spec)
        opened.append((labelled(dataset.card.name, spec.options), spec, dataset, root))
    for name, count in Counter(name for name, *_ in opened).items():
        if count > 1:
            raise DatasetError(
                f"{count} databases are called '{name}'; give their cards different names, or "
                f"name CSV manifests with -d NAME=FILE.csv"
            )
    return opened


def wanted_photographs(spec: DatasetSpec, dataset: Dataset) -> Wanted:
    """Return what has to be made for a dataset that was given without a folder.

    Raises:
        DatasetError: the dataset does not make its own photographs.
    """
    if isinstance(dataset, GeneratedDataset):
        return Wanted(spec.name, dataset)
    request = dataset.card.terms.request
    if isinstance(dataset, ListedDataset):
        raise DatasetError(dataset.remedy + (f" ({request})" if request else ""))
    raise DatasetError(
        f"the dataset '{dataset.card.name}' needs the folder of its photographs: "
        f"-d {dataset.card.name}=FOLDER" + (f" ({request})" if request else "")
    )
