"""What a run would compute, and about how long it would take here."""

from __future__ import annotations

import itertools
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ccbench.cache import Cache
from ccbench.executors import held_by_workers, kept_workers
from ccbench.executors.local import one_thread
from ccbench.faces import UNSEEN, FaceRecord, read_records
from ccbench.grams import GramTask
from ccbench.probing import read_series
from ccbench.protocol import LogisticHead, PerceptronHead
from ccbench.runner.fits import Fit, fits_seconds, product_seconds
from ccbench.runner.mixtures import TrainingSet, training_sets
from ccbench.runner.observer import Observer
from ccbench.runner.persons import select_all
from ccbench.runner.preparation import Preparation
from ccbench.runner.probes import FeatureWork, PartJob, do_part, plan_features
from ccbench.runner.selection import Selection, refuse_shared_photographs
from ccbench.runner.stages import missing_features
from ccbench.runner.timing import (
    FaceTrial,
    ScoreTrial,
    ViewTrial,
    in_rounds,
    settled_pace,
    settled_seconds,
    time_face,
    time_scores,
    time_view,
)
from ccbench.runner.units import unit_jobs
from ccbench.runner.work import Cell, feature_tasks, keep_extractor, make_cells, stack_cells
from ccbench.training import fits_at_once, heads_at_once
from ccbench.training.timing import Pace, Trial

_PHOTOGRAPHS = 4
"""Of a database, in which finding faces is timed."""


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
        whole: whether all images of the probes are there; what comes after them is not counted
            before.
    """

    plan: Preparation
    selections: list[Selection]
    sets: list[list[TrainingSet]]
    counts: tuple[Count, ...]
    disk: int
    exact: bool
    whole: bool


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
    views_cached = views_anew = jobs_anew = 0
    keys = []
    for selection, faces in zip(selections, plan.faces, strict=True):
        feature = feature_tasks(selection, faces, protocol, plan.identity)
        missing = missing_features(feature, cache)
        total = sum(len(task.rows) * len(task.views) for task in feature)
        new = sum(len(task.rows) * len(task.views) for task in missing)
        views_anew += new
        jobs_anew += len(missing)
        views_cached += total - new
        keys.append(tuple(task.key for task in feature))
    sets = training_sets(selections, plan.mixtures, protocol.runs, seed)
    chosen = [each for run in sets for each in run]
    with kept_workers():
        observer.stage("timing faces and features", 1)
        on_device = workers if plan.request.device == "cpu" else 1
        keep_extractor(plan.request.backbone, plan.request.device, plan.extractor)
        spent = (
            _face_seconds(plan, workers, cache),
            _view_seconds(plan, on_device, views_anew, jobs_anew),
        )
        stimuli, probe_counts = _probe_counts(plan, cache, on_device, workers, observer)
        observer.stage("timing this machine", 1)
        cells = make_cells(
            sets,
            selections,
            keys,
            protocol,
            seed,
            plan.request.device,
            plan.engine,
            stimuli.found if stimuli else (),
        )
        trained, anew = [], []
        for cell, what in zip(cells, chosen, strict=True):
            if cache.find("heads", cell.training.key):
                trained.append(cell)
            else:
                anew.append((cell, what))
        head_seconds, shared_bytes = _heads_seconds(plan, anew, workers, cache)
        scores = _score_count(plan, trained, on_device, cache, unknown=stimuli is None)
    counts = (
        Count("faces", "photographs", faces_cached, faces_anew, spent[0]),
        Count("features", "views", views_cached, views_anew, spent[1]),
        *probe_counts,
        *([scores] if scores.anew else []),
        Count("heads", "heads", len(trained), len(anew), head_seconds),
    )
    disk = views_anew * plan.identity.features * 2 + len(anew) * _head_bytes(plan, cells[0])
    return Estimate(
        plan,
        selections,
        sets,
        counts,
        disk + shared_bytes,
        exact=not faces_anew,
        whole=stimuli is not None,
    )


def _probe_counts(
    plan: Preparation, cache: Cache, on_device: int, workers: int, observer: Observer
) -> tuple[FeatureWork | None, list[Count]]:
    """Count what the probes take: parts to make, and stimuli to crop and compute features of.

    Returns:
        The stimuli, ``None`` while images are missing, and the counts.
    """
    if not plan.probes:
        return FeatureWork(), []
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
        parts_seconds += (time.perf_counter() - start) * (len(missing) - 1)
        made, parts_anew = made + 1, parts_anew + len(missing) - 1
    parts_seconds = in_rounds(parts_seconds, parts_anew, workers)
    counts = [Count("probe images", "parts", made, parts_anew, parts_seconds)]
    if parts_anew:
        # How many images the other parts have is not known before they are made.
        return None, counts
    recipe = plan.protocol.face_recipe(plan.extractor.input_size)
    series = [read_series(probe.name, probe.keys, cache) for probe in plan.probes]
    work = plan_features(series, recipe, plan.identity, cache, plan.request.device)
    images = sum(len(task.rows) for tasks in work.tasks for task in tasks)
    anew = sum(len(job.task.rows) for job in work.features)
    seconds = _view_seconds(plan, on_device, anew, len(work.features))
    counts.append(Count("probe features", "images", images - anew, anew, seconds))
    if plan.layers:
        jobs = [
            job
            for tasks in work.tasks
            for job in unit_jobs(tasks, plan.layers, cache, plan.request.device)
        ]
        passes = sum(len(job.tasks[0].features.rows) for job in jobs)
        seconds = _view_seconds(plan, on_device, passes, len(jobs), layers=True)
        counts.append(Count("layer responses", "images", images - passes, passes, seconds))
    return work, counts


def _face_seconds(plan: Preparation, workers: int, cache: Cache) -> float:
    """Time a few photographs of each database with missing faces, and scale up."""
    total, jobs = 0.0, 0
    for tasks in plan.faces:
        missing = [task for task in tasks if not cache.find("faces", task.key)]
        jobs += len(missing)
        if missing:
            count = sum(len(task.photographs) for task in missing)
            first = missing[0].photographs[:_PHOTOGRAPHS]
            trial = FaceTrial([photo.path.read_bytes() for photo in first], missing[0].recipe)
            total += settled_seconds(time_face, trial, workers, count) * count
    return in_rounds(total, jobs, workers)


def _view_seconds(
    plan: Preparation, workers: int, count: int, jobs: int, *, layers: bool = False
) -> float:
    """Time a few views, and scale up to so many in so many jobs."""
    if not count:
        return 0.0
    trial = ViewTrial(plan.identity, plan.request.device, layers)
    each = settled_seconds(time_view, trial, min(workers, jobs), count)
    return in_rounds(each * count, jobs, workers)


def _score_count(
    plan: Preparation, trained: Sequence[Cell], workers: int, cache: Cache, *, unknown: bool
) -> Count:
    """Count heads of the cache that have to be scored, and time one.

    Args:
        plan: the run.
        trained: cells whose heads are in the cache.
        workers: processes.
        cache: where they are.
        unknown: whether the images of a probe have to be made, which all have to be scored on.
    """
    rows, found = 0, []
    for cell in trained:
        missing = [
            task for task in (*cell.scores, *cell.probes) if not cache.find("scores", task.key)
        ]
        rows += sum(len(task.photographs) * len(task.views) for task in missing)
        if missing or unknown:
            found.append(cell)
    seconds = 0.0
    if found:
        folder = cache.path("heads", found[0].training.key)
        trial = ScoreTrial(folder, plan.identity.features, plan.request.device, rows / len(found))
        each = settled_seconds(time_scores, trial, min(workers, len(found)), len(found))
        seconds = in_rounds(each * len(found), len(found), workers)
    return Count("scores", "trained heads", len(trained) - len(found), len(found), seconds)


def _heads_seconds(
    plan: Preparation,
    heads: Sequence[tuple[Cell, TrainingSet]],
    workers: int,
    cache: Cache,
) -> tuple[float, int]:
    """Return the seconds that heads take, and the bytes of what logistic ones share."""
    if not heads:
        return 0.0, 0
    cells = [cell for cell, _ in heads]
    if plan.engine is None:
        return _regression_seconds(plan, heads, workers, cache)
    tasks, features = [cell.training for cell in cells], plan.identity.features
    if plan.request.device != "cpu":
        stacks = stack_cells(cells, heads_at_once(tasks, features, len(cells)))
        largest = max(stacks, key=len)
        rounds = len(cells) / len(largest)
        return _perceptron_seconds(plan, largest[0], 1, len(largest), rounds, cache), 0
    wanted = min(workers, len(cells))
    at_once = heads_at_once(tasks, features, wanted, held_by_workers())
    # The last round may not be full.
    rounds = math.ceil(len(cells) / at_once)
    return _perceptron_seconds(plan, cells[0], at_once, 1, rounds, cache), 0


def _regression_seconds(
    plan: Preparation,
    heads: Sequence[tuple[Cell, TrainingSet]],
    workers: int,
    cache: Cache,
) -> tuple[float, int]:
    """Time one fit of each size and what they share, and scale up."""
    head = plan.protocol.head
    assert isinstance(head, LogisticHead)
    sizes: Counter[Fit] = Counter()
    shared: dict[GramTask, Fit] = {}
    tasks = []
    for cell, chosen in heads:
        task = cell.training
        photographs = sum(len(source.selection.chosen) for source in chosen.sources)
        fit = Fit(
            rows=len(task.train) * len(task.views),
            all_rows=photographs * len(task.views),
            features=plan.identity.features,
            classes=len(task.expressions),
            ridge=head.ridge,
        )
        sizes[fit] += 1
        tasks.append((task, fit.shared))
        if fit.shared:
            shared[GramTask(task.features, task.views)] = fit
    at_once = fits_at_once(tasks, plan.identity.features, workers, held_by_workers())
    at_once = min(at_once, len(heads))
    total = in_rounds(fits_seconds(sizes, at_once), len(heads), at_once)
    missing = [fit for task, fit in shared.items() if not cache.find("grams", task.key)]
    products = {fit.all_rows: product_seconds(fit.all_rows, fit.features) for fit in set(missing)}
    total += sum(products[fit.all_rows] for fit in missing) / min(workers, max(1, len(missing)))
    return total, sum(8 * fit.all_rows**2 for fit in missing)


def _perceptron_seconds(
    plan: Preparation, cell: Cell, workers: int, stacked: int, rounds: float, cache: Cache
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
        store=cache.root,
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
