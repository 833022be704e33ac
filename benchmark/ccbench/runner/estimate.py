"""What a run would compute, and about how long it would take here."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ccbench.cache import Cache
from ccbench.executors.local import one_thread
from ccbench.faces import UNSEEN, FaceRecord, read_records
from ccbench.preprocessing import standardise
from ccbench.probing import read_series, stimulus_faces, stimulus_features
from ccbench.protocol import PerceptronHead
from ccbench.runner.mixtures import TrainingSet, training_sets
from ccbench.runner.observer import Observer
from ccbench.runner.persons import select_all
from ccbench.runner.preparation import Preparation
from ccbench.runner.probes import PartJob, do_part
from ccbench.runner.selection import Selection, refuse_shared_photographs
from ccbench.runner.stages import missing_features
from ccbench.runner.timing import regression_seconds, seconds, settled_pace, view_seconds
from ccbench.runner.units import unit_jobs
from ccbench.runner.work import Cell, feature_tasks, make_cells, stack_cells
from ccbench.training import heads_at_once
from ccbench.training.timing import Pace, Trial


@dataclass(frozen=True)
class Count:
    """Units of one stage.

    Attributes:
        stage: "probe images", "faces", "features", "probe features", "layer responses" or
            "heads".
        unit: what is counted.
        cached: already there.
        anew: to be computed.
        seconds: estimated time for those, all workers together.
    """

    stage: str
    unit: str
    cached: int
    anew: int
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """The answer to ``--dry-run``.

    Attributes:
        plan: the opened databases and backbone.
        selections: photographs and splits; faces not looked for yet count as found.
        sets: what heads are trained on, per run.
        counts: per stage.
        disk: bytes that new features and heads will take.
        exact: whether all faces have been looked for.
    """

    plan: Preparation
    selections: list[Selection]
    sets: list[list[TrainingSet]]
    counts: tuple[Count, ...]
    disk: int
    exact: bool


def estimate(plan: Preparation, *, workers: int, cache: Cache, observer: Observer) -> Estimate:
    """List what ``run_matrix`` would compute for a plan; time one unit of each stage.

    Nothing is trained and no run is written.  Of each probe that makes its own images one
    part is made and kept.
    """
    protocol, seed = plan.protocol, plan.request.seed
    everything: list[list[FaceRecord]] = []
    faces_cached, faces_anew = 0, 0
    for tasks in plan.faces:
        records: list[FaceRecord] = []
        for task in tasks:
            if cache.find("faces", task.key):
                records += read_records(task, cache)
                faces_cached += len(task.photographs)
            else:
                records += [FaceRecord(UNSEEN, "", None, 0.0)] * len(task.photographs)
                faces_anew += len(task.photographs)
        everything.append(records)
    selections = select_all(plan.databases, everything, protocol, seed)
    refuse_shared_photographs(selections)
    views_cached = views_anew = 0
    keys = []
    for selection, faces in zip(selections, plan.faces, strict=True):
        feature = feature_tasks(selection, faces, protocol, plan.identity)
        missing = missing_features(feature, cache)
        total = sum(len(task.rows) * len(task.views) for task in feature)
        new = sum(len(task.rows) * len(task.views) for task in missing)
        views_anew += new
        views_cached += total - new
        keys.append(tuple(task.key for task in feature))
    sets = training_sets(selections, plan.mixtures, protocol.runs, seed)
    cells = make_cells(sets, selections, keys, protocol, seed, plan.request.device, plan.engine)
    new_cells = [cell for cell in cells if cell.missing(cache)]
    heads_anew = [cell for cell in new_cells if not cache.find("heads", cell.training.key)]

    observer.stage("timing this machine", 1)
    on_device = workers if plan.request.device == "cpu" else 1
    spent = (
        faces_anew * _face_seconds(plan) / workers if faces_anew else 0.0,
        views_anew * _view_seconds(plan) / on_device if views_anew else 0.0,
        _heads_seconds(plan, heads_anew, on_device),
    )
    counts: tuple[Count, ...] = (
        Count("faces", "photographs", faces_cached, faces_anew, spent[0]),
        Count("features", "views", views_cached, views_anew, spent[1]),
        Count("heads", "heads", len(cells) - len(heads_anew), len(heads_anew), spent[2]),
    )
    counts = (*counts[:2], *_probe_counts(plan, cache, on_device, workers, observer), counts[2])
    disk = views_anew * plan.identity.features * 2 + len(heads_anew) * _head_bytes(plan, cells[0])
    return Estimate(plan, selections, sets, counts, disk, exact=not faces_anew)


def _probe_counts(
    plan: Preparation, cache: Cache, on_device: int, workers: int, observer: Observer
) -> list[Count]:
    """Count what the probes take: parts to make, and stimuli to crop and compute features of."""
    if not plan.probes:
        return []
    made = sum(len(probe.keys) - len(probe.missing(cache)) for probe in plan.probes)
    parts_anew, parts_seconds = 0, 0.0
    for probe in plan.probes:
        missing = probe.missing(cache)
        if not missing:
            continue
        observer.stage(f"timing {probe.name}", 1)
        start = time.perf_counter()
        with one_thread():
            do_part(PartJob(cache.root, missing[0]), lambda _: None)
        parts_seconds += (time.perf_counter() - start) * (len(missing) - 1) / workers
        made, parts_anew = made + 1, parts_anew + len(missing) - 1
    counts = [Count("probe images", "parts", made, parts_anew, parts_seconds)]
    if parts_anew:
        # How many images the other parts have is not known before they are made.
        return counts
    recipe = plan.protocol.face_recipe(plan.extractor.input_size)
    cached = anew = passes = images = 0
    for probe in plan.probes:
        faces = stimulus_faces(read_series(probe.name, probe.keys, cache), recipe)
        tasks = stimulus_features(faces, plan.identity)
        for task in tasks:
            if cache.find("features", task.key):
                cached += len(task.rows)
            else:
                anew += len(task.rows)
        jobs = unit_jobs(tasks, plan.layers, cache, plan.request.device)
        passes += sum(len(job.tasks[0].features.rows) for job in jobs)
        images += sum(len(task.rows) for task in tasks)
    each = _view_seconds(plan) / on_device if anew or passes else 0.0
    counts.append(Count("probe features", "images", cached, anew, anew * each))
    if plan.layers:
        counts.append(Count("layer responses", "images", images - passes, passes, passes * each))
    return counts


def _face_seconds(plan: Preparation) -> float:
    task = plan.faces[0][0]
    data = [photograph.path.read_bytes() for photograph in task.photographs[:4]]
    return seconds(lambda: [standardise(item, task.recipe) for item in data], 1) / len(data)


def _view_seconds(plan: Preparation) -> float:
    return view_seconds(plan.extractor, plan.identity, plan.request.device)


def _heads_seconds(plan: Preparation, heads: Sequence[Cell], workers: int) -> float:
    if not heads:
        return 0.0
    at_once = min(workers, len(heads))
    if plan.engine is not None:
        tasks = [cell.training for cell in heads]
        features = plan.identity.features
        if plan.request.device != "cpu":
            stacks = stack_cells(heads, heads_at_once(tasks, features, len(heads)))
            largest = max(stacks, key=len)
            rounds = len(heads) / len(largest)
            return _perceptron_seconds(plan, largest[0], 1, len(largest), rounds)
        at_once = heads_at_once(tasks, features, at_once)
    # The last round may not be full.
    rounds, head = math.ceil(len(heads) / at_once), plan.protocol.head
    if isinstance(head, PerceptronHead):
        return _perceptron_seconds(plan, heads[0], at_once, 1, rounds)
    task = heads[0].training
    rows, classes = len(task.train) * len(task.views), len(task.expressions)
    return rounds * regression_seconds(rows, plan.identity.features, classes, head.ridge)


def _perceptron_seconds(
    plan: Preparation, cell: Cell, workers: int, stacked: int, rounds: float
) -> float:
    """Time a few steps of some heads in every worker at once, and scale up to all rounds."""
    head, schedule, task = plan.protocol.head, plan.protocol.training, cell.training
    assert isinstance(head, PerceptronHead)
    assert schedule is not None
    assert plan.engine is not None
    trial = Trial(
        head,
        schedule,
        plan.engine,
        plan.identity.features,
        len(task.expressions),
        plan.request.device,
        stacked,
    )
    trained, watched = (len(part) * len(task.views) for part in (task.train, task.validation))

    def whole(pace: Pace) -> float:
        return rounds * pace.whole(schedule, trained, watched)

    return whole(settled_pace(trial, workers, whole))


def _head_bytes(plan: Preparation, cell: Cell) -> int:
    head = plan.protocol.head
    hidden = head.hidden if isinstance(head, PerceptronHead) else ()
    sizes = (plan.identity.features, *hidden, len(cell.training.expressions))
    return sum(4 * (a + 1) * b for a, b in itertools.pairwise(sizes))
