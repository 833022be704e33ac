"""What ``ccbench datasets check`` finds out about a database before any run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ccbench.cache import Cache
from ccbench.exceptions import CcbenchError
from ccbench.executors import map_tasks
from ccbench.faces import FaceRecord, face_tasks, read_records
from ccbench.plugins import Plugins
from ccbench.protocol import load_protocol
from ccbench.runner.databases import Database, open_databases
from ccbench.runner.observer import Observer, TaskProgress
from ccbench.runner.selection import select
from ccbench.runner.work import FaceJob, do_faces

INPUT_SIZE = 224
"""Faces are looked for as for the paper's network, so that a run finds them in the cache."""


@dataclass(frozen=True)
class Check:
    """Findings about one database.

    Attributes:
        database: its card and photographs.
        records: what became of each photograph.
        duplicates: groups of relative paths with the same bytes.
        refused: why a run would refuse the database, or "".
    """

    database: Database
    records: tuple[FaceRecord, ...]
    duplicates: tuple[tuple[str, ...], ...]
    refused: str

    def counts(self) -> dict[str, Counter[str]]:
        """Return poser -> expression -> usable photographs."""
        found: dict[str, Counter[str]] = {poser: Counter() for poser in self.database.table.posers}
        for sample, record in zip(self.database.table, self.records, strict=True):
            found[sample.poser][sample.expression] += record.usable
        return found

    def incomplete(self) -> dict[str, tuple[str, ...]]:
        """Return poser -> expressions of the database that it has no usable photograph of."""
        expressions = self.database.table.expressions
        missing = {
            poser: tuple(name for name in expressions if not counts[name])
            for poser, counts in self.counts().items()
        }
        return {poser: names for poser, names in missing.items() if names}

    def with_status(self, *statuses: str) -> list[tuple[str, str]]:
        """Return (relative path, detail) of the photographs with one of these statuses."""
        return [
            (self.database.table.relative(sample.path), record.detail or record.status)
            for sample, record in zip(self.database.table, self.records, strict=True)
            if record.status in statuses
        ]


def check_database(
    spec: str, plugins: Plugins, cache: Cache, observer: Observer, workers: int
) -> Check:
    """Open a database, look for every face, and collect what a user should know.

    Args:
        spec: as after ``-d``.
        plugins: loaded plugins.
        cache: where faces are kept.
        observer: told what is running.
        workers: processes.

    Raises:
        CcbenchError: the database cannot be opened at all.
    """
    (database,) = open_databases([spec], plugins, cache, observer, workers)
    protocol = load_protocol("quick")
    tasks = face_tasks(database.photographs, protocol.face_recipe(INPUT_SIZE))
    jobs = [FaceJob(cache.root, task) for task in tasks if not cache.find("faces", task.key)]
    if jobs:
        observer.stage("finding faces", len(jobs))
        progress = TaskProgress(observer, [database.name] * len(jobs))
        map_tasks(do_faces, jobs, workers=workers, progress=progress)
    records = tuple(record for task in tasks for record in read_records(task, cache))
    refused = ""
    try:
        records = select(database, records, protocol, seed=0).records
    except CcbenchError as error:
        refused = str(error)
    return Check(database, records, _duplicates(database), refused)


def _duplicates(database: Database) -> tuple[tuple[str, ...], ...]:
    groups: dict[str, list[str]] = {}
    for sample, photograph in zip(database.table, database.photographs, strict=True):
        groups.setdefault(photograph.digest, []).append(database.table.relative(sample.path))
    return tuple(tuple(paths) for paths in groups.values() if len(paths) > 1)
