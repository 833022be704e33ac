"""How fast this machine is, with as many processes at work as in a run."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ccbench.augmentation import View, render_view
from ccbench.executors import map_tasks
from ccbench.executors.local import one_thread
from ccbench.features import BackboneIdentity, compute_features
from ccbench.interfaces import FeatureExtractor
from ccbench.training.timing import Pace, Trial, time_training

_SHARE = 0.005
"""Of the time of all trainings, spent on timing them."""
_LONGEST = 60.0
"""Seconds of it, at most."""
_VIEWS = 32
_ROWS = 1500
"""Of a logistic fit that is timed."""


@dataclass(frozen=True)
class TimingJob:
    """A training to be timed, and the file that the answer goes to."""

    answer: Path
    trial: Trial


def do_timing(job: TimingJob, report: Callable[[float], None]) -> None:
    """Time the training of a job."""
    job.answer.write_text(json.dumps(asdict(time_training(job.trial))))
    report(1.0)


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
    """Time a training in every worker at once, as they share memory and caches.

    Args:
        trial: the training.
        workers: processes.

    Returns:
        The mean over the workers, each on one thread.
    """
    with tempfile.TemporaryDirectory() as folder:
        jobs = [TimingJob(Path(folder) / f"{index}.json", trial) for index in range(workers)]
        map_tasks(do_timing, jobs, workers=workers, progress=lambda _index, _part: None)
        answers = [json.loads(job.answer.read_text()) for job in jobs]
    return Pace(**{name: float(np.mean([a[name] for a in answers])) for name in answers[0]})


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Return the seconds an action takes on one thread, after once that is not timed."""
    with one_thread():
        action()
        start = time.perf_counter()
        for _ in range(repeats):
            action()
        return (time.perf_counter() - start) / repeats


def view_seconds(extractor: FeatureExtractor, identity: BackboneIdentity, device: str) -> float:
    """Return the seconds that the features of one view take."""
    size = extractor.input_size
    moved = View(1.05, (8.0, 8.0))
    image = np.random.default_rng(0).integers(0, 256, (size, size)).astype(np.uint8)

    def batch() -> None:
        images = np.stack([render_view(image, moved, 128.0) for _ in range(_VIEWS)])
        compute_features(images, extractor, identity, device)

    return seconds(batch, 3) / _VIEWS


def regression_seconds(rows: int, features: int, classes: int, ridge: float) -> float:
    """Return the seconds that a logistic fit takes, from one on data without structure.

    Args:
        rows: views it is fitted to.
        features: of each.
        classes: output units.
        ridge: weight of the penalty.
    """
    import torch

    from ccbench.logistic import fit_gram, fit_logistic

    tried = min(_ROWS, rows)
    data = torch.rand(tried, features, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(tried) % classes
    if rows > features:
        return seconds(lambda: fit_logistic(data, labels, classes, ridge), 1) * rows / tried
    points = data.to(torch.float64).numpy() - 0.5
    gram = points @ points.T

    def fit() -> None:
        fit_gram(gram, labels.numpy(), classes, ridge)[0] @ points

    # Each product is with the square of the rows; the inner products are made once.
    return seconds(fit, 1) * (rows / tried) ** 2
