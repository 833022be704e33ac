"""Every train-database x test-database pair, from photographs to tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ccbench.cache import Cache
from ccbench.datasets import DatasetSpec, ProbeSpec
from ccbench.exceptions import CcbenchError, DivergedError
from ccbench.executors import kept_workers, map_tasks
from ccbench.faces import FaceTask, face_tasks, read_records
from ccbench.features import BackboneIdentity, FeatureBlock, FeatureTask
from ccbench.grams import GramTask
from ccbench.interfaces import Backbone, FeatureExtractor, Precision
from ccbench.plugins import Plugins, call_each, load_plugins, plugin_code
from ccbench.probing import Series, read_series
from ccbench.protocol import PerceptronHead, Protocol, load_protocol
from ccbench.results import Run, open_run
from ccbench.runner import tables
from ccbench.runner.databases import Database, database_names, open_databases
from ccbench.runner.examples import examples_table
from ccbench.runner.mixtures import (
    Mixture,
    TrainingSet,
    all_but_one,
    join_mixtures,
    read_mixtures,
    training_sets,
)
from ccbench.runner.observer import Observer, Silent, TaskProgress
from ccbench.runner.persons import kin, refuse_shared_files, select_all
from ccbench.runner.probes import (
    FeatureWork,
    OpenProbe,
    PartJob,
    do_part,
    do_stimulus_faces,
    open_probes,
    plan_features,
)
from ccbench.runner.request import Request
from ccbench.runner.selection import Selection, refuse_shared_photographs
from ccbench.runner.terms import licensed, refuse_unaccepted
from ccbench.runner.units import ZHOU_SHI, Layer, do_units, open_layers, unit_jobs
from ccbench.runner.work import (
    Cell,
    CellJob,
    FaceJob,
    FeatureJob,
    GramJob,
    ProbeFeatures,
    cells_label,
    do_cells,
    do_faces,
    do_features,
    do_gram,
    feature_tasks,
    keep_extractor,
    make_cells,
    stack_cells,
)
from ccbench.training import Engine, TrainingTask, choose_engine, gram_task, heads_at_once

Job = TypeVar("Job")


@dataclass
class Preparation:
    """A run up to the point where photographs are opened.

    Attributes:
        request: what was asked for.
        protocol: of the run.
        databases: with their photographs hashed.
        backbone: the plugin's object.
        extractor: the loaded network.
        identity: what of it is part of the cache keys.
        faces: the face tasks of each database.
        probes: opened; their images may still have to be made.
        layers: of the backbone, whose responses to the probes are measured.
        engine: how perceptrons are trained; ``None`` for logistic heads.
        mixtures: of databases, which heads are trained on too.
        accepted: card -> hash of its terms, of those that had to be accepted.
    """

    request: Request
    protocol: Protocol
    databases: list[Database]
    backbone: Backbone
    extractor: FeatureExtractor
    identity: BackboneIdentity
    faces: list[list[FaceTask]]
    probes: list[OpenProbe]
    layers: tuple[Layer, ...]
    engine: Engine | None = None
    mixtures: tuple[Mixture, ...] = ()
    accepted: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Clock:
    """Seconds spent in each stage."""

    seconds: dict[str, float] = field(default_factory=dict)
    _start: float = field(default_factory=time.monotonic)

    def lap(self, stage: str) -> None:
        """End a stage."""
        now = time.monotonic()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._start
        self._start = now


def choose_device(device: str) -> str:
    """Resolve "auto", and refuse a device that is not there.

    Raises:
        CcbenchError: no such device on this machine.
    """
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        # "cpu:0" is the CPU by another name.
        if torch.device(device).type == "cpu":
            return "cpu"
        torch.zeros(1, device=device)
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise CcbenchError(f"--device {device} cannot be used: {reason}") from None
    return device


def prepare(
    databases: Sequence[str | DatasetSpec],
    backbone: str,
    protocol: Protocol,
    seed: int,
    device: str,
    plugins: Plugins,
    cache: Cache,
    observer: Observer,
    probes: Sequence[str | ProbeSpec] = (),
    workers: int = 1,
    probe_layers: Sequence[str] = (),
    engine: str = "auto",
    train: Sequence[str] = (),
    leave_one_out: bool = False,
) -> Preparation:
    """Open databases, probes and backbone, and check all that can be checked before any work."""
    if seed < 0:
        raise CcbenchError(f"--seed {seed} is negative; give a whole number from 0")
    if not databases:
        raise CcbenchError("no database was given; name at least one with -d")
    if probe_layers and not probes:
        raise CcbenchError(
            f"--probe-layer {probe_layers[0]} needs a probe to respond to; name one with -p"
        )
    chosen = plugins.backbone(backbone)
    accepted = refuse_unaccepted(licensed(databases, plugins))
    mixtures = read_mixtures(train, database_names(databases, plugins))
    device = choose_device(device)
    # Refused by name even where it plays no part.
    trained = choose_engine(engine, device)
    used = trained if isinstance(protocol.head, PerceptronHead) else None
    # Who asks for float32 wants the features in it too.
    feature_kind: Precision | None = "float32" if engine in {"float32", "reference"} else None
    # Before the databases: a generated one may take its time to be drawn.
    with plugin_code("backbone", backbone, "load()"):
        extractor = chosen.load(device)
    layers = open_layers(probe_layers, backbone, extractor, device)
    series = open_probes(probes, plugins, cache, observer)
    opened = open_databases(databases, plugins, cache, observer, workers)
    refuse_shared_files(opened)
    mixed = join_mixtures(mixtures, all_but_one(opened) if leave_one_out else ())
    recipe = protocol.face_recipe(extractor.input_size)
    return Preparation(
        request=Request(
            tuple(database.name for database in opened),
            backbone,
            protocol,
            seed,
            device,
            {database.name: database.digest for database in opened},
            extractor.weights_digest,
            {probe.name: probe.digest for probe in series},
            tuple(layer.name for layer in layers),
            used.name if used else feature_kind or "",
            tuple(mixture.name for mixture in mixed),
        ),
        protocol=protocol,
        databases=opened,
        backbone=chosen,
        extractor=extractor,
        identity=BackboneIdentity.of(backbone, extractor, device, feature_kind),
        faces=[face_tasks(database.photographs, recipe) for database in opened],
        probes=series,
        layers=layers,
        engine=used,
        mixtures=mixed,
        accepted=accepted,
    )


@kept_workers()
def run_matrix(
    databases: Sequence[str | DatasetSpec],
    *,
    backbone: str = "alexnet",
    protocol: str | Protocol = "quick",
    runs: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    device: str = "auto",
    workers: int = 1,
    cache: Path | None = None,
    observer: Observer | None = None,
    plugins: Plugins | None = None,
    probes: Sequence[str | ProbeSpec] = (),
    probe_layers: Sequence[str] = (),
    engine: str = "auto",
    train: Sequence[str] = (),
    leave_one_out: bool = False,
) -> Run:
    """Train on every database, test on every database, and probe every head.

    What an earlier run has computed is taken from the cache; an interrupted run goes on
    where it was.  Equal arguments give equal tables, whatever the number of workers.

    Args:
        databases: as after ``ccbench matrix -d``: ``"kdef=/photos/KDEF"``, ``"list.csv"``.
        backbone: e.g. "alexnet", "timm:resnet18".
        protocol: preset, path of a ``.toml`` file, or a loaded protocol.
        runs: overrides the protocol's number of runs.
        seed: base of every random choice.
        out: run directory; by default one below ``runs/`` named after the request.
        device: "auto", "cpu", "cuda", ...
        workers: processes; 1 computes in this one.  With more, a script needs the usual
            ``if __name__ == "__main__":`` around the call.
        cache: cache folder; ``$CCBENCH_CACHE`` or the user's by default.
        observer: told what is running.
        plugins: loaded plugins; the installed ones by default.
        probes: as after ``ccbench matrix -p``: series of action units whose responses are
            measured, e.g. ``"rendered-au[identities=4]"``.
        probe_layers: layers of the backbone, e.g. "conv5", whose responses to the probes are
            measured too (``Run.units``).
        engine: how perceptrons are trained: "auto", "bfloat16", "float32" or "reference"
            (see :mod:`ccbench.training`); with the last two, features are computed in
            float32 too.
        train: mixtures of databases to train on too, as after ``ccbench matrix --train``:
            ``"kdef+krc"``, ``"kdef:0.75+krc:0.25"``.
        leave_one_out: whether to train on the mixture of all others of every database too.

    Returns:
        The finished run.

    Raises:
        CcbenchError: bad input, in one sentence; nothing finished is lost.
    """
    observer = observer or Silent()
    plugins = plugins or load_plugins()
    store = Cache(cache)
    store.remove_abandoned()
    spec = load_protocol(protocol) if isinstance(protocol, str) else protocol
    if runs is not None:
        if runs < 1:
            raise CcbenchError(f"--runs {runs}: give at least 1")
        spec = spec.model_copy(update={"runs": runs})
    clock = Clock()
    plan = prepare(
        databases,
        backbone,
        spec,
        seed,
        device,
        plugins,
        store,
        observer,
        probes,
        workers,
        probe_layers,
        engine,
        train,
        leave_one_out,
    )
    folder = Path(out) if out is not None else plan.request.default_directory()
    plan.request.claim(folder)
    clock.lap("photographs")
    keep_extractor(backbone, plan.request.device, plan.extractor)
    compute = _Compute(store, observer, plan.request.device, workers)

    compute.faces(plan)
    clock.lap("faces")
    selections = choose_photographs(plan, store)
    sets = training_sets(selections, plan.mixtures, spec.runs, seed)
    series = compute.probe_images(plan)
    stimuli = compute.probe_features(plan, series)
    compute.units(plan, stimuli)
    if plan.probes:
        clock.lap("probes")
    features = compute.features(plan, selections)
    clock.lap("features")
    cells = compute.cells(plan, sets, selections, features, stimuli.found)
    clock.lap("heads")

    observer.stage("writing tables", 1)
    manifest = tables.make_manifest(
        plan.request.as_dict(),
        selections,
        plan.backbone.card,
        plan.extractor,
        plan.identity.precision,
        workers,
        clock.seconds,
        [probe.as_dict(shown) for probe, shown in zip(plan.probes, series, strict=True)],
        [
            *(citation for probe in plan.probes for citation in probe.card.citations),
            *([ZHOU_SHI] if plan.layers else []),
        ],
        tables.describe_mixtures(plan.mixtures, sets),
        [[plan.databases[i].name for i in group] for group in kin(plan.databases)],
        plan.accepted,
    )
    frames = {
        "predictions": tables.predictions_table(selections, cells, store),
        "curves": tables.curves_table(cells, store),
        "runs": tables.runs_table(sets, cells),
        "splits": tables.splits_table(selections, sets),
        "photographs": tables.photographs_table(selections),
    }
    examples = examples_table(selections, plan.faces, store)
    if len(examples):
        frames["examples"] = examples
    if series:
        frames["responses"] = tables.responses_table(series, cells, store)
    if plan.layers:
        frames["units"] = tables.units_table(series, stimuli, plan.layers, store)
    tables.write_run(folder, frames, manifest)
    for sentence in dict.fromkeys(store.damaged):
        observer.note(sentence)
    call_each(plugins, "ccbench_run_finished", run=folder)
    return open_run(folder)


def choose_photographs(plan: Preparation, cache: Cache) -> list[Selection]:
    """Choose photographs and splits of every database, once its faces are done."""
    records = [
        [record for task in tasks for record in read_records(task, cache)] for tasks in plan.faces
    ]
    selections = select_all(plan.databases, records, plan.protocol, plan.request.seed)
    refuse_shared_photographs(selections)
    return selections


class _Compute:
    """Computes what is not in the cache yet, stage by stage."""

    def __init__(self, cache: Cache, observer: Observer, device: str, workers: int) -> None:
        self.cache = cache
        self.observer = observer
        self.device = device
        self.workers = workers
        # One process feeds a GPU.
        self.device_workers = workers if device == "cpu" else 1

    def faces(self, plan: Preparation) -> None:
        jobs, details = [], []
        for database, tasks in zip(plan.databases, plan.faces, strict=True):
            for task in tasks:
                if not self.cache.find("faces", task.key):
                    jobs.append(FaceJob(self.cache.root, task))
                    details.append(database.name)
        self._map("finding faces", do_faces, jobs, details, self.workers)

    def features(self, plan: Preparation, selections: Sequence[Selection]) -> list[tuple[str, ...]]:
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
        jobs, details = [], []
        for probe in plan.probes:
            missing = probe.missing(self.cache)
            jobs += [PartJob(self.cache.root, task) for task in missing]
            details += [f"{probe.name}, {task.part}" for task in missing]
        self._map("making probe images", do_part, jobs, details, self.workers)
        return [read_series(probe.name, probe.keys, self.cache) for probe in plan.probes]

    def probe_features(self, plan: Preparation, series: Sequence[Series]) -> FeatureWork:
        recipe = plan.protocol.face_recipe(plan.extractor.input_size)
        work = plan_features(series, recipe, plan.identity, self.cache, self.device)
        crops, features = list(work.faces), list(work.features)
        shown = list(work.faces.values())
        self._map("cropping probe images", do_stimulus_faces, crops, shown, self.workers)
        shown = list(work.features.values())
        self._map("probe features", do_features, features, shown, self.device_workers)
        return work

    def units(self, plan: Preparation, work: FeatureWork) -> None:
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
        self._map("training heads", do_cells, jobs, details, workers, DivergedError)
        return cells

    def _stacks(
        self, plan: Preparation, missing: Sequence[Cell], untrained: Sequence[TrainingTask]
    ) -> tuple[list[tuple[Cell, ...]], int]:
        """Return which cells are computed together, and by how many processes."""
        workers = self.device_workers
        if plan.engine is None or not untrained:
            return [(cell,) for cell in missing], workers
        if self.device != "cpu":
            # One process, and as many heads in each product as the device has room for.
            size = heads_at_once(untrained, plan.identity.features, len(missing))
            return stack_cells(missing, size), 1
        at_once = heads_at_once(untrained, plan.identity.features, workers)
        if at_once < min(workers, len(untrained)):
            self.observer.note(
                f"training {at_once} head{'s' * (at_once != 1)} at a time, not {workers}: there is "
                f"no memory for more"
            )
        return [(cell,) for cell in missing], at_once

    def _grams(self, heads: Sequence[TrainingTask]) -> None:
        """Compute what heads share, before several processes want it at once."""
        blocks: dict[tuple[str, ...], FeatureBlock] = {}
        wanted: dict[GramTask, str] = {}
        for head in heads:
            if head.features not in blocks:
                blocks[head.features] = FeatureBlock(head.features, self.cache)
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
