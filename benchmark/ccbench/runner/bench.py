"""What this machine makes of the presets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from ccbench.executors import kept_workers, running_workers
from ccbench.features import BackboneIdentity
from ccbench.plugins import Plugins, plugin_code
from ccbench.protocol import LogisticHead, PerceptronHead, Protocol, load_protocol, preset_names
from ccbench.runner.fits import Fit, fits_seconds, product_seconds
from ccbench.runner.observer import Observer
from ccbench.runner.preparation import choose_device
from ccbench.runner.timing import (
    FaceTrial,
    ViewTrial,
    settled_pace,
    settled_seconds,
    time_face,
    time_view,
)
from ccbench.runner.work import keep_extractor
from ccbench.testing.drawn import DRAWN_DATABASES, Image, draw_photograph
from ccbench.training import Engine, TrainingTask, choose_engine, heads_at_once
from ccbench.training.timing import Trial, time_training

DATABASES = 2
POSERS = 60
"""Where a preset takes all posers."""
EXPRESSIONS = 7


@dataclass(frozen=True)
class Bench:
    """Times on this machine.

    Attributes:
        engine: that trains the paper's head.
        device: "cpu", "cuda", ...
        at_once: heads that are trained at the same time: on the CPU in as many processes.
        step: seconds between weight updates of that head, all at once together.
        plain: likewise of autograd and ``torch.optim.SGD`` one by one, features cached.
        view: seconds of a view's features, all workers together.
        presets: projected seconds of each preset on two databases, nothing cached.
    """

    engine: Engine
    device: str
    at_once: int
    step: float
    plain: float
    view: float
    presets: Mapping[str, float]


def bench(
    *,
    backbone: str,
    engine: str,
    device: str,
    workers: int,
    plugins: Plugins,
    observer: Observer,
    store: Path,
) -> Bench:
    """Time each stage for some seconds and project the presets.

    Args:
        backbone: network.
        engine: that trains perceptrons, or "auto".
        device: where networks and heads are.
        workers: processes.
        plugins: loaded plugins.
        observer: told how far it is.
        store: folder on the disk that heads would be stored on, the cache's.

    Raises:
        CcbenchError: no such backbone, engine or device.
    """
    device = choose_device(device)
    chosen = choose_engine(engine, device)
    network = plugins.backbone(backbone)
    with plugin_code("backbone", backbone, "load()"):
        extractor = network.load(device)
    keep_extractor(backbone, device, extractor)
    identity = BackboneIdentity.of(backbone, extractor, device)
    features = identity.features
    protocols = [load_protocol(name) for name in preset_names()]
    paper = next(p for p in protocols if p.name == "inagaki2022")
    processes = workers if device == "cpu" else 1
    at_once = _heads_that_fit(paper, chosen, features, device, processes)
    photographs = {
        p.name: DATABASES * (p.photographs.posers or POSERS) * EXPRESSIONS for p in protocols
    }
    views = {p.name: photographs[p.name] * len(p.computed_views) for p in protocols}
    with kept_workers():
        observer.stage("timing this machine", 4)
        recipe = protocols[0].face_recipe(extractor.input_size)
        trial = FaceTrial([cv2.imencode(".png", _photograph())[1].tobytes()] * 3, recipe)
        most = max(photographs.values())
        face = settled_seconds(time_face, trial, workers, most) / workers
        observer.advance(1, "features")
        seen = ViewTrial(identity, device)
        view = settled_seconds(time_view, seen, processes, max(views.values())) / processes
        observer.advance(1, "plain training")
        assert isinstance(paper.head, PerceptronHead)
        assert paper.training is not None
        # It steps one by one: a few mini-batches at a time are enough.
        reference = Engine("reference", 4)
        plain = time_training(
            Trial(paper.head, paper.training, reference, features, EXPRESSIONS, device)
        ).step
        observer.advance(1, "training")
        presets, step = {}, 0.0
        for protocol in protocols:
            if isinstance(protocol.head, PerceptronHead):
                heads = _heads_that_fit(protocol, chosen, features, device, processes)
                head = _head_time(protocol, chosen, features, device, heads, store)
                fitted = DATABASES * protocol.runs * head.seconds / heads
                step = head.step / heads if protocol is paper else step
            else:
                fitted = _fitted_seconds(protocol, features, workers)
            presets[protocol.name] = (
                photographs[protocol.name] * face + views[protocol.name] * view + fitted
            )
        observer.advance(1, "")
    ordered = dict(sorted(presets.items(), key=lambda item: item[1]))
    return Bench(chosen, device, at_once, step, plain, view, ordered)


def _photograph() -> Image:
    return draw_photograph(DRAWN_DATABASES["drawn-a"], 1, "neutral")


@dataclass(frozen=True)
class _HeadTime:
    seconds: float
    step: float


def _head_time(
    protocol: Protocol, engine: Engine, features: int, device: str, at_once: int, store: Path
) -> _HeadTime:
    """Return the seconds that one perceptron takes when as many are trained at once."""
    assert isinstance(protocol.head, PerceptronHead)
    assert protocol.training is not None
    trained, watched, _ = _parts(protocol)
    stacked = 1 if device == "cpu" else at_once
    trial = Trial(
        protocol.head,
        protocol.training,
        engine,
        features,
        EXPRESSIONS,
        device,
        stacked,
        store=store,
    )
    schedule, rounds = protocol.training, DATABASES * protocol.runs / at_once
    pace = settled_pace(
        trial, at_once // stacked, lambda pace: rounds * pace.whole(schedule, trained, watched)
    )
    return _HeadTime(pace.whole(schedule, trained, watched), pace.step)


def _fitted_seconds(protocol: Protocol, features: int, workers: int) -> float:
    """Return the seconds that all logistic heads of a protocol take."""
    assert isinstance(protocol.head, LogisticHead)
    trained, _, all_rows = _parts(protocol)
    fit = Fit(trained, all_rows, features, EXPRESSIONS, protocol.head.ridge)
    heads = DATABASES * protocol.runs
    at_once = min(workers, heads)
    fits = math.ceil(heads / at_once) * fits_seconds({fit: heads}, at_once) / heads
    if not fit.shared:
        return fits
    return fits + product_seconds(all_rows, features) * DATABASES / min(workers, DATABASES)


def _parts(protocol: Protocol) -> tuple[int, int, int]:
    """Return how many views a head is trained on, watched with, and a database has."""
    posers = protocol.photographs.posers or POSERS
    whole = protocol.split.train + protocol.split.validation + protocol.split.test
    views = len(protocol.training_views) * EXPRESSIONS
    trained = round(posers * protocol.split.train / whole) * views
    watched = round(posers * protocol.split.validation / whole) * views
    return trained, watched, posers * views


def _heads_that_fit(
    protocol: Protocol, engine: Engine, features: int, device: str, processes: int
) -> int:
    """Return how many perceptrons of a protocol are trained at once."""
    photographs = EXPRESSIONS * (protocol.photographs.posers or POSERS)
    task = TrainingTask(
        database="",
        run=0,
        seed=0,
        expressions=("",) * EXPRESSIONS,
        features=(),
        train=tuple((index, 0) for index in range(photographs)),
        validation=(),
        views=tuple(range(len(protocol.training_views))),
        head=protocol.head,
        schedule=protocol.training,
        device=device,
        engine=engine,
    )
    if device == "cpu":
        return heads_at_once([task], features, processes, running_workers())
    # Equal stacks, and views of every database.
    heads = DATABASES * protocol.runs
    tasks = [replace(task, features=(f"{number}",)) for number in range(DATABASES)]
    return math.ceil(heads / math.ceil(heads / heads_at_once(tasks, features, heads)))
