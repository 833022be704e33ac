"""The stages of a run, each computing what the cache does not hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ccbench.cache import Cache
from ccbench.exceptions import CcbenchError, DivergedError
from ccbench.executors import end_workers, held_by_workers, map_tasks
from ccbench.features import FeatureBlock, FeatureTask
from ccbench.grams import GramTask
from ccbench.probing import Series, read_series
from ccbench.runner.mixtures import TrainingSet
from ccbench.runner.observer import Observer, TaskProgress
from ccbench.runner.preparation import Preparation
from ccbench.runner.probes import FeatureWork, PartJob, do_part, do_stimulus_faces, plan_features
from ccbench.runner.selection import Selection
from ccbench.runner.units import do_units, unit_jobs
from ccbench.runner.work import (
    Cell,
    CellJob,
    FaceJob,
    FeatureJob,
    FitJob,
    GramJob,
    ProbeFeatures,
    cells_label,
    do_cells,
    do_faces,
    do_features,
    do_fit,
    do_gram,
    feature_tasks,
    make_cells,
    stack_cells,
)
from ccbench.training import TrainingTask, fits_at_once, gram_task, heads_at_once

Job = TypeVar("Job")


class Compute:
    """Computes what is not in the cache yet, stage by stage.

    Args:
        cache: what is there, and where results go.
        observer: told the stages.
        device: of networks and heads.
        workers: processes.
    """

    def __init__(self, cache: Cache, observer: Observer, device: str, workers: int) -> None:
        self.cache = cache
        self.observer = observer
        self.device = device
        self.workers = workers
        # One process feeds a GPU.
        self.device_workers = workers if device == "cpu" else 1

    def faces(self, plan: Preparation) -> None:
        """Find the faces of all photographs."""
        jobs, details = [], []
        for database, tasks in zip(plan.databases, plan.faces, strict=True):
            for task in tasks:
                if not self.cache.find("faces", task.key):
                    jobs.append(FaceJob(self.cache.root, task))
                    details.append(database.name)
        self._map("finding faces", do_faces, jobs, details, self.workers)

    def features(self, plan: Preparation, selections: Sequence[Selection]) -> list[tuple[str, ...]]:
        """Compute the features of chosen photographs; return their keys, by database."""
        jobs, details, keys = [], [], []
        for selection, faces in zip(selections, plan.faces, strict=True):
            tasks = feature_tasks(selection, faces, plan.protocol, plan.identity)
            keys.append(tuple(task.key for task in tasks))
            missing = missing_features(tasks, self.cache)
            jobs += [FeatureJob(self.cache.root, task, self.device) for task in missing]
            details += [selection.database.name] * len(missing)
        self._map("computing features", do_features, jobs, details, self.device_workers)
        return keys

    def probe_images(self, plan: Preparation) -> list[Series]:
        """Make the images of the probes."""
        jobs, details = [], []
        for probe in plan.probes:
            missing = probe.missing(self.cache)
            jobs += [PartJob(self.cache.root, task) for task in missing]
            details += [f"{probe.name}, {task.part}" for task in missing]
        self._map("making probe images", do_part, jobs, details, self.workers)
        return [read_series(probe.name, probe.keys, self.cache) for probe in plan.probes]

    def probe_features(self, plan: Preparation, series: Sequence[Series]) -> FeatureWork:
        """Crop the images of the probes and compute their features."""
        recipe = plan.protocol.face_recipe(plan.extractor.input_size)
        work = plan_features(series, recipe, plan.identity, self.cache, self.device)
        crops, features = list(work.faces), list(work.features)
        shown = list(work.faces.values())
        self._map("cropping probe images", do_stimulus_faces, crops, shown, self.workers)
        shown = list(work.features.values())
        self._map("probe features", do_features, features, shown, self.device_workers)
        return work

    def units(self, plan: Preparation, work: FeatureWork) -> None:
        """Measure the responses of layers to the probes."""
        jobs, details = [], []
        for probe, tasks in zip(plan.probes, work.tasks, strict=True):
            missing = unit_jobs(tasks, plan.layers, self.cache, self.device)
            jobs += missing
            details += [probe.name] * len(missing)
        self._map("layer responses", do_units, jobs, details, self.device_workers)

    def cells(
        self,
        plan: Preparation,
        sets: Sequence[Sequence[TrainingSet]],
        selections: Sequence[Selection],
        features: Sequence[tuple[str, ...]],
        probes: Sequence[ProbeFeatures],
    ) -> list[Cell]:
        """Train the heads, and score them on test photographs and probes."""
        request = plan.request
        cells = make_cells(
            sets,
            selections,
            features,
            plan.protocol,
            request.seed,
            request.device,
            plan.engine,
            probes,
        )
        missing = [cell for cell in cells if cell.missing(self.cache)]
        untrained = [c.training for c in missing if not self.cache.find("heads", c.training.key)]
        self._grams(untrained)
        stacks, workers = self._stacks(plan, missing, untrained)
        jobs = [CellJob(self.cache.root, stack) for stack in stacks]
        details = [cells_label(stack) for stack in stacks]
        scored = plan.engine is None and self.device != "cpu"
        stage = "scoring heads" if scored else "training heads"
        self._map(stage, do_cells, jobs, details, workers, DivergedError)
        return cells

    def _stacks(
        self, plan: Preparation, missing: Sequence[Cell], untrained: Sequence[TrainingTask]
    ) -> tuple[list[tuple[Cell, ...]], int]:
        """Return which cells are computed together, and by how many processes."""
        workers = self.device_workers
        if not untrained:
            return [(cell,) for cell in missing], workers
        if plan.engine is None:
            return self._fitted(plan, missing, untrained)
        if self.device != "cpu":
            # One process, and as many heads in each product as the device has room for.
            size = heads_at_once(untrained, plan.identity.features, len(untrained))
            keys = {task.key for task in untrained}
            anew = [cell for cell in missing if cell.training.key in keys]
            trained = [(cell,) for cell in missing if cell.training.key not in keys]
            return [*stack_cells(anew, size), *trained], 1
        at_once = heads_at_once(untrained, plan.identity.features, workers, held_by_workers())
        if at_once < min(workers, len(untrained)):
            self.observer.note(
                f"training {at_once} head{'s' * (at_once != 1)} at a time, not {workers}: there is "
                f"no memory for more"
            )
        return [(cell,) for cell in missing], self._alone(at_once)

    @staticmethod
    def _alone(at_once: int) -> int:
        """End workers that would only keep the memory that one process needs."""
        if at_once == 1:
            end_workers()
        return at_once

    def _fitted(
        self, plan: Preparation, missing: Sequence[Cell], untrained: Sequence[TrainingTask]
    ) -> tuple[list[tuple[Cell, ...]], int]:
        """Return the cells of logistic heads; where they are scored on a GPU, fit them before."""
        blocks = self._blocks(untrained)
        shared = [gram_task(task, blocks[task.features]) is not None for task in untrained]
        heads = list(zip(untrained, shared, strict=True))
        at_once = fits_at_once(heads, plan.identity.features, self.workers, held_by_workers())
        if at_once < min(self.workers, len(untrained)):
            self.observer.note(
                f"fitting {at_once} head{'s' * (at_once != 1)} at a time, not {self.workers}: "
                f"there is no memory for more"
            )
        if self.device == "cpu":
            return [(cell,) for cell in missing], self._alone(at_once)
        # They are fitted on the CPU: by all workers, not by the one that feeds the GPU.
        jobs = [FitJob(self.cache.root, task) for task in untrained]
        details = [f"{task.database}, run {task.run + 1}" for task in untrained]
        self._map("fitting heads", do_fit, jobs, details, self._alone(at_once))
        return [(cell,) for cell in missing], 1

    def _blocks(self, heads: Sequence[TrainingTask]) -> dict[tuple[str, ...], FeatureBlock]:
        return {keys: FeatureBlock(keys, self.cache) for keys in {h.features for h in heads}}

    def _grams(self, heads: Sequence[TrainingTask]) -> None:
        """Compute what heads share, before several processes want it at once."""
        blocks = self._blocks(heads)
        wanted: dict[GramTask, str] = {}
        for head in heads:
            task = gram_task(head, blocks[head.features])
            if task is not None:
                wanted.setdefault(task, head.database)
        missing = [task for task in wanted if not self.cache.find("grams", task.key)]
        jobs = [GramJob(self.cache.root, task) for task in missing]
        details = [wanted[task] for task in missing]
        self._map("preparing heads", do_gram, jobs, details, self.workers)

    def _map(
        self,
        stage: str,
        function: Callable[[Job, Callable[[float], None]], None],
        jobs: list[Job],
        details: list[str],
        workers: int,
        tolerated: type[CcbenchError] | None = None,
    ) -> None:
        if jobs:
            self.observer.stage(stage, len(jobs))
            progress = TaskProgress(self.observer, details)
            map_tasks(function, jobs, workers=workers, progress=progress, tolerated=tolerated)


def missing_features(tasks: Sequence[FeatureTask], cache: Cache) -> list[FeatureTask]:
    """Return the tasks whose features are not in the cache."""
    return [task for task in tasks if not cache.find("features", task.key)]
