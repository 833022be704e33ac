"""How fast this machine is, with as many processes at work as in a run."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from ccbench.augmentation import View, render_view
from ccbench.executors import map_tasks
from ccbench.executors.local import one_thread
from ccbench.features import BackboneIdentity, compute_features, normalise
from ccbench.heads import load_head
from ccbench.plugins import plugin_code
from ccbench.preprocessing import FaceRecipe, standardise
from ccbench.processor import full_precision
from ccbench.runner.work import loaded_extractor
from ccbench.training.timing import Pace, Trial, time_training

_SHARE = 0.005
"""Of the time of all trainings, spent on timing them."""
_LONGEST = 60.0
"""Seconds of it, at most."""
_WORTHWHILE = 60.0
"""Seconds of work from which on it is timed in all workers at once."""
_PATIENCE = 60.0
"""Seconds that workers wait for each other, at most."""
_VIEWS = 32
_SCORED = 512

Argument = TypeVar("Argument")


@dataclass(frozen=True)
class TimingJob(Generic[Argument]):
    """Something to be timed in a worker, when all of them are ready.

    Attributes:
        folder: that answers go to.
        index: of the worker.
        workers: how many there are.
        measure: a module-level function; returns seconds by name.
        argument: of it.
    """

    folder: Path
    index: int
    workers: int
    measure: Callable[[Argument], dict[str, float]]
    argument: Argument


def do_timing(job: TimingJob[Any], report: Callable[[float], None]) -> None:
    """Time what a job says, while the other workers do so."""
    (job.folder / f"{job.index}.ready").touch()
    # A process takes seconds to start: the first ones would be timed alone.
    deadline = time.perf_counter() + _PATIENCE
    while time.perf_counter() < deadline and len(list(job.folder.glob("*.ready"))) < job.workers:
        time.sleep(0.01)
    (job.folder / f"{job.index}.json").write_text(json.dumps(job.measure(job.argument)))
    report(1.0)


def in_all_workers(
    measure: Callable[[Argument], dict[str, float]], argument: Argument, workers: int
) -> dict[str, float]:
    """Measure in every worker at once, as they share memory and caches.

    Args:
        measure: a module-level function; returns seconds by name.
        argument: of it, picklable.
        workers: processes, each on one thread.

    Returns:
        The means over the workers.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = [TimingJob(folder, index, workers, measure, argument) for index in range(workers)]
        map_tasks(do_timing, jobs, workers=workers, progress=lambda _index, _part: None)
        answers = [json.loads((folder / f"{job.index}.json").read_text()) for job in jobs]
    return {name: float(np.mean([answer[name] for answer in answers])) for name in answers[0]}


def settled_seconds(
    measure: Callable[[Argument], dict[str, float]], argument: Argument, workers: int, count: float
) -> float:
    """Return the seconds that a worker takes for one of many things; see :func:`settled`."""
    return settled(measure, argument, workers, count)["seconds"]


def settled(
    measure: Callable[[Argument], dict[str, float]], argument: Argument, workers: int, count: float
) -> dict[str, float]:
    """Measure one of many things; where all would take long, in all workers at once.

    Args:
        measure: a module-level function; returns seconds by name, "seconds" among them.
        argument: of it, picklable.
        workers: processes.
        count: how many there are to do.
    """
    with one_thread():
        alone = measure(argument)
    if workers == 1 or alone["seconds"] * count / workers < _WORTHWHILE:
        return alone
    return in_all_workers(measure, argument, workers)


def in_rounds(total: float, tasks: int, workers: int) -> float:
    """Return the seconds that workers take for tasks of about the same size.

    Args:
        total: seconds of all tasks, one after the other.
        tasks: how many; the last round of them may not occupy all workers.
        workers: processes.
    """
    return total / tasks * math.ceil(tasks / workers) if tasks else 0.0


def settled_pace(trial: Trial, workers: int, whole: Callable[[Pace], float]) -> Pace:
    """Time a training; if there is much to do, for longer.

    Processors that are shared with others are fast for some seconds and slow for others: a
    few blocks fall into either.

    Args:
        trial: the training.
        workers: processes.
        whole: tells the seconds of all trainings, one after the other.

    Returns:
        As :func:`training_pace`.
    """
    pace = training_pace(trial, workers)
    wanted = min(_SHARE * whole(pace), _LONGEST)
    blocks = int(wanted / (trial.engine.block * pace.step)) if pace.step else 0
    # Short of twice as many, nothing is gained.
    if blocks < 2 * trial.blocks:
        return pace
    return training_pace(replace(trial, blocks=blocks), workers)


def training_pace(trial: Trial, workers: int) -> Pace:
    """Time a training in every worker at once.

    Args:
        trial: the training.
        workers: processes.

    Returns:
        The mean over the workers, each on one thread.
    """
    return Pace(**in_all_workers(_pace, trial, workers))


def _pace(trial: Trial) -> dict[str, float]:
    return asdict(time_training(trial))


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Return the seconds an action takes on one thread, after once that is not timed."""
    with one_thread():
        action()
        start = time.perf_counter()
        for _ in range(repeats):
            action()
        return (time.perf_counter() - start) / repeats


@dataclass(frozen=True)
class ViewTrial:
    """Views whose features are timed.

    Attributes:
        backbone: the network.
        device: where it is.
        layers: whether responses of layers are wanted, for which the network is run as it is.
    """

    backbone: BackboneIdentity
    device: str
    layers: bool = False


def time_view(trial: ViewTrial) -> dict[str, float]:
    """Return the seconds that drawing a view and its features take."""
    extractor = loaded_extractor(trial.backbone, trial.device)
    size = extractor.input_size
    moved = View(1.05, (8.0, 8.0))
    image = np.random.default_rng(0).integers(0, 256, (size, size)).astype(np.uint8)

    def batch() -> None:
        images = np.stack([render_view(image, moved, 128.0) for _ in range(_VIEWS)])
        if not trial.layers:
            compute_features(images, extractor, trial.backbone, trial.device).cpu()
            return
        import torch

        with torch.inference_mode(), full_precision():
            extractor.module(normalise(images, extractor, trial.device)).cpu()

    with plugin_code("backbone", trial.backbone.name, "its network"):
        return {"seconds": seconds(batch, 3) / _VIEWS}


@dataclass(frozen=True)
class ScoreTrial:
    """Scoring of a trained head that is timed.

    Attributes:
        folder: of the head.
        features: of a view.
        device: where it is scored.
        rows: views that it is scored on.
    """

    folder: Path
    features: int
    device: str
    rows: float


def time_scores(trial: ScoreTrial) -> dict[str, float]:
    """Return the seconds that reading a head and its responses take."""
    import torch

    features = torch.zeros(_SCORED, trial.features)
    start = time.perf_counter()
    head = load_head(trial.folder).to(trial.device)
    read = time.perf_counter() - start
    scored = seconds(lambda: head.logits(features.to(trial.device)).cpu(), 1)
    return {"seconds": read + scored * trial.rows / _SCORED}


@dataclass(frozen=True)
class FaceTrial:
    """Photographs in which finding the face is timed: their bytes, and the recipe."""

    photographs: Sequence[bytes]
    recipe: FaceRecipe


def time_face(trial: FaceTrial) -> dict[str, float]:
    """Return the seconds that standardising a face takes."""

    def each() -> None:
        for photograph in trial.photographs:
            standardise(photograph, trial.recipe)

    return {"seconds": seconds(each, 1) / len(trial.photographs)}
