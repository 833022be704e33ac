"""Photographs that datasets make themselves: part by part, by all workers, into the cache.

Every finished part is an entry of the cache, so that generation goes on where it was
interrupted.  When all parts of a dataset are there, their files are put together into one
entry, the folder that the dataset reads, and the parts are removed.

Workers import this module; it imports no torch.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ccbench.cache import Cache, content_key, entry_files
from ccbench.datasets import parse_dataset_spec
from ccbench.exceptions import CacheError, DatasetError
from ccbench.executors import map_tasks
from ccbench.interfaces import GeneratedDataset
from ccbench.plugins import Plugins, load_plugins, plugin_code
from ccbench.runner.observer import Observer, TaskProgress

STAGE = "making photographs"
_KIND = "datasets"


@dataclass(frozen=True)
class Wanted:
    """A dataset whose photographs are needed.

    Attributes:
        name: as the user gave it; opens the dataset in any process.
        dataset: the opened dataset.
    """

    name: str
    dataset: GeneratedDataset

    @cached_property
    def recipe(self) -> str:
        """Of the dataset; asked for once."""
        return _recipe(self.name, self.dataset)

    @cached_property
    def parts(self) -> int:
        """How many parts there are; asked for once.

        Raises:
            DatasetError: the dataset does not say.
        """
        with plugin_code("dataset", self.name, "parts"):
            parts = self.dataset.parts
        if not isinstance(parts, int) or parts < 1:
            raise DatasetError(
                f"the dataset '{self.name}' says that it has {parts!r} parts, not a whole number "
                f"from 1; tell its authors"
            )
        return parts

    @cached_property
    def key(self) -> str:
        """Of the entry with all its files."""
        return content_key(_KIND, name=self.dataset.card.name, recipe=self.recipe)

    def part_key(self, part: int) -> str:
        """Of the entry of one part; their number is in it."""
        return content_key(_KIND, whole=self.key, part=part, parts=self.parts)


@dataclass(frozen=True)
class PartJob:
    """A part to make.

    Attributes:
        cache: folder of the cache.
        key: of the part's entry.
        name: of the dataset, as the user gave it.
        folder: what paths in the name are relative to; workers may be elsewhere.
        recipe: of the dataset when the run began.
        part: which one.
    """

    cache: Path
    key: str
    name: str
    folder: Path
    recipe: str
    part: int


_opened: dict[tuple[str, Path, str], GeneratedDataset] = {}
"""The datasets that this process makes parts of, by name, folder and recipe."""


def generated_folders(
    wanted: Sequence[Wanted], cache: Cache, observer: Observer, workers: int
) -> list[tuple[Path, bool]]:
    """Return the folder of each dataset's photographs; make those that are not in the cache.

    Args:
        wanted: the datasets; one may be there twice.
        cache: where they are kept.
        observer: told how many parts are made.
        workers: processes.

    Returns:
        For each the folder, and whether anything of it had to be made.

    Raises:
        CacheError: the disk is full or the cache cannot be written; finished parts stay.
        DatasetError: a dataset breaks its contract, or its recipe changed meanwhile.
    """
    missing = {item.key: item for item in wanted if cache.find(_KIND, item.key) is None}
    jobs, details = [], []
    for item in missing.values():
        for part in range(item.parts):
            key = item.part_key(part)
            if cache.find(_KIND, key) is None:
                jobs.append(_job(item, part, key, cache))
                details.append(item.dataset.card.name)
    if jobs:
        observer.stage(STAGE, len(jobs))
        map_tasks(make_part, jobs, workers=workers, progress=TaskProgress(observer, details))
    for item in missing.values():
        _assemble(item, cache)
    for item in wanted:
        _remove_parts(item, cache)
    return [(cache.path(_KIND, item.key), item.key in missing) for item in wanted]


def generated_photographs(
    name: str, plugins: Plugins, cache: Cache, observer: Observer, workers: int
) -> Path:
    """Return the folder in the cache with the photographs of a dataset that makes its own.

    Args:
        name: of the dataset, without folder and options; ``PREFIX:REST`` opens a family.
        plugins: loaded plugins.
        cache: where they are kept.
        observer: told how many parts are made.
        workers: processes.

    Raises:
        UnknownNameError: no such dataset.
        DatasetError: the dataset does not make its own photographs.
        CacheError: as :func:`generated_folders`.
    """
    spec = parse_dataset_spec(name)
    dataset, _ = plugins.open_dataset(spec)
    if not isinstance(dataset, GeneratedDataset):
        raise DatasetError(
            f"the dataset '{dataset.card.name}' does not make its own photographs; see 'ccbench "
            f"datasets list' for those that do"
        )
    if spec.root is not None or spec.options:
        raise DatasetError(
            f"'{name}' has a folder or options, which are for reading photographs; to make "
            f"them give the name alone: {spec.name}"
        )
    ((folder, _),) = generated_folders([Wanted(spec.name, dataset)], cache, observer, workers)
    return folder


def make_part(job: PartJob, report: Callable[[float], None]) -> None:
    """Make one part and keep it in the cache.

    Raises:
        CacheError: the disk is full or the cache cannot be written.
        DatasetError: the dataset is not the one of the job, or wrote nothing.
    """
    dataset = _open(job)
    cache = Cache(job.cache)
    with cache.create(_KIND, job.key) as scratch:
        try:
            with plugin_code("dataset", job.name, "generate()", passing=OSError):
                dataset.generate(job.part, scratch)
        except OSError as error:
            if not _elsewhere(error, scratch):
                raise
            # Not the cache's fault: a file that the dataset needs, for example.
            raise DatasetError(
                f"cannot make the photographs of '{job.name}': {error.filename}: {error.strerror}"
            ) from None
        files = entry_files(scratch)
        if not files:
            raise DatasetError(
                f"the dataset '{job.name}' wrote no file in part {job.part}; tell its authors"
            )
        empty = [file for file in files if not file.stat().st_size]
        if empty:
            # What some libraries leave of a picture, without an error, on a full disk.
            raise OSError(f"{empty[0].name} is empty, the disk may be full")
    report(1.0)


def _job(item: Wanted, part: int, key: str, cache: Cache) -> PartJob:
    folder = Path.cwd()
    # For parts made in this process.
    _opened[item.name, folder, item.recipe] = item.dataset
    return PartJob(cache.root.absolute(), key, item.name, folder, item.recipe, part)


def _open(job: PartJob) -> GeneratedDataset:
    key = (job.name, job.folder, job.recipe)
    if key not in _opened:
        with contextlib.chdir(job.folder):
            dataset = load_plugins(quiet=True).dataset(job.name)
        if not isinstance(dataset, GeneratedDataset) or _recipe(job.name, dataset) != job.recipe:
            raise DatasetError(
                f"the recipe of the dataset '{job.name}' changed while its photographs were "
                f"made; start again"
            )
        _opened[key] = dataset
    return _opened[key]


def _recipe(name: str, dataset: GeneratedDataset) -> str:
    with plugin_code("dataset", name, "recipe"):
        return dataset.recipe


def _assemble(item: Wanted, cache: Cache) -> None:
    """Put the files of all parts into one entry."""
    try:
        with cache.create(_KIND, item.key) as scratch:
            for part in range(item.parts):
                folder = cache.find(_KIND, item.part_key(part))
                if folder is None:
                    raise CacheError(
                        f"part {part} of the dataset '{item.name}' is no longer in the cache "
                        f"{cache.root}; start again, the other parts are kept"
                    )
                for file in entry_files(folder):
                    target = scratch / file.relative_to(folder)
                    if target.exists():
                        raise DatasetError(
                            f"several parts of the dataset '{item.name}' write the file "
                            f"{file.relative_to(folder).as_posix()}; tell its authors"
                        )
                    _link(file, target)
    except CacheError:
        # Another process may have finished it, and removed the parts, in the meantime.
        if cache.find(_KIND, item.key) is None:
            raise


def _remove_parts(item: Wanted, cache: Cache) -> None:
    for part in range(item.parts):
        folder = cache.path(_KIND, item.part_key(part))
        if folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)


def _link(file: Path, target: Path) -> None:
    """Give a file a second name, or where the disk cannot, a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


def _elsewhere(error: OSError, folder: Path) -> bool:
    """Whether an error names a file outside of ``folder``."""
    if not isinstance(error.filename, str | bytes):
        return False
    path = Path(os.fsdecode(error.filename)).absolute()
    return not path.is_relative_to(folder.absolute())
