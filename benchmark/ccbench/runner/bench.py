"""What this machine makes of the presets."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from ccbench.exceptions import CcbenchError
from ccbench.executors import held_by_workers, kept_workers
from ccbench.faces import SHARD
from ccbench.features import BackboneIdentity
from ccbench.plugins import Plugins, plugin_code
from ccbench.protocol import LogisticHead, PerceptronHead, Protocol, load_protocol, preset_names
from ccbench.runner.ahead import load_for_workers
from ccbench.runner.fits import Fit, fits_seconds, product_seconds
from ccbench.runner.observer import Observer
from ccbench.runner.preparation import choose_device, limit_workers
from ccbench.runner.timing import (
    FaceTrial,
    ViewTrial,
    in_rounds,
    settled_pace,
    settled_seconds,
    time_face,
    time_view,
)
from ccbench.runner.work import keep_extractor
from ccbench.testing.drawn import DRAWN_DATABASES, Image, draw_photograph
from ccbench.training import Engine, TrainingTask, choose_engine, heads_at_once
from ccbench.training.timing import Pace, Trial, time_training

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
        head: how fast it does so; why it cannot, in a sentence, where it does not fit into memory.
        view: seconds of a view's features, all workers together.
        presets: projected seconds of each preset on two databases, nothing cached; infinite for
            one whose heads do not fit into memory.
    """

    engine: Engine
    device: str
    head: HeadSpeed | str
    view: float
    presets: Mapping[str, float]


@dataclass(frozen=True)
class HeadSpeed:
    """How fast the paper's head is trained.

    Attributes:
        at_once: heads that are trained at the same time: on the CPU in as many processes.
        step: seconds between weight updates, all at once together.
        plain: likewise of autograd and ``torch.optim.SGD`` one by one, features cached, on as
            many threads.
    """

    at_once: int
    step: float
    plain: float


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
    workers = limit_workers(workers, observer)
    load_for_workers(workers)
    device = choose_device(device, observer)
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
    photographs = {
        p.name: DATABASES * (p.photographs.posers or POSERS) * EXPRESSIONS for p in protocols
    }
    views = {p.name: photographs[p.name] * len(p.computed_views) for p in protocols}

    @functools.cache
    def pace(name: str, at_once: int) -> Pace:
        """Time a perceptron when as many are trained at once."""
        timed = next(p for p in protocols if p.name == name)
        return _pace(timed, chosen, features, device, at_once, store)

    with kept_workers():
        observer.stage("timing this machine", 4)
        recipe = protocols[0].face_recipe(extractor.input_size)
        trial = FaceTrial([cv2.imencode(".png", _photograph())[1].tobytes()] * 3, recipe)
        face = settled_seconds(time_face, trial, workers, max(photographs.values()))
        observer.advance(1, "features")
        seen = ViewTrial(identity, device)
        view = settled_seconds(time_view, seen, processes, max(views.values()))
        observer.advance(1, "plain training")
        head: HeadSpeed | str
        try:
            at_once = _heads_that_fit(paper, chosen, features, device, processes)
        except CcbenchError as error:
            head = str(error)
            observer.advance(1, "training")
        else:
            plain = _plain_step(paper, features, device, processes)
            observer.advance(1, "training")
            head = HeadSpeed(at_once, pace("inagaki2022", at_once).step / at_once, plain)
        presets = {}
        for protocol in protocols:
            if isinstance(protocol.head, LogisticHead):
                fitted = _fitted_seconds(protocol, features, workers)
            else:
                try:
                    fitting = _heads_that_fit(protocol, chosen, features, device, processes)
                except CcbenchError:
                    presets[protocol.name] = math.inf
                    continue
                fitted = _trained_seconds(protocol, device, fitting, pace)
            shards = DATABASES * math.ceil(photographs[protocol.name] / DATABASES / SHARD)
            presets[protocol.name] = (
                in_rounds(photographs[protocol.name] * face, shards, workers)
                + in_rounds(views[protocol.name] * view, shards, processes)
                + fitted
            )
        observer.advance(1, "")
    ordered = dict(sorted(presets.items(), key=lambda item: item[1]))
    return Bench(chosen, device, head, view / processes, ordered)


def _plain_step(protocol: Protocol, features: int, device: str, threads: int) -> float:
    """Return the seconds of a step by autograd, on as many threads as there are processes."""
    import torch

    assert isinstance(protocol.head, PerceptronHead)
    assert protocol.training is not None
    # It steps one by one: a few mini-batches at a time are enough.
    engine = Engine("reference", 4)
    trial = Trial(protocol.head, protocol.training, engine, features, EXPRESSIONS, device)
    before = torch.get_num_threads()
    try:
        if device == "cpu":
            torch.set_num_threads(threads)
        return time_training(trial).step
    finally:
        torch.set_num_threads(before)


def _photograph() -> Image:
    return draw_photograph(DRAWN_DATABASES["drawn-a"], 1, "neutral")


def _trained_seconds(
    protocol: Protocol, device: str, fitting: int, pace: Callable[[str, int], Pace]
) -> float:
    """Return the seconds that all perceptrons of a protocol take."""
    assert protocol.training is not None
    heads = DATABASES * protocol.runs
    at_once = min(fitting, heads)
    trained, watched, _ = _parts(protocol)
    each = pace(protocol.name, at_once).whole(protocol.training, trained, watched)
    # On the CPU the last round may not be full; elsewhere stacks are equal.
    return each * (math.ceil(heads / at_once) if device == "cpu" else heads / at_once)


def _pace(
    protocol: Protocol, engine: Engine, features: int, device: str, at_once: int, store: Path
) -> Pace:
    """Time some steps, for longer where all heads take long."""
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
    return settled_pace(
        trial, at_once // stacked, lambda pace: rounds * pace.whole(schedule, trained, watched)
    )


def _fitted_seconds(protocol: Protocol, features: int, workers: int) -> float:
    """Return the seconds that all logistic heads of a protocol take."""
    assert isinstance(protocol.head, LogisticHead)
    trained, _, all_rows = _parts(protocol)
    fit = Fit(trained, all_rows, features, EXPRESSIONS, protocol.head.ridge)
    heads = DATABASES * protocol.runs
    at_once = min(workers, heads)
    fits = in_rounds(fits_seconds({fit: heads}, at_once), heads, at_once)
    if not fit.shared:
        return fits
    return fits + in_rounds(product_seconds(all_rows, features) * DATABASES, DATABASES, workers)


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
    trained, watched, _ = _parts(protocol)
    photographs = (trained + watched) // len(protocol.training_views)
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
        return heads_at_once([task], features, processes, held_by_workers())
    # Equal stacks, and views of every database.
    heads = DATABASES * protocol.runs
    tasks = [replace(task, features=(f"{number}",)) for number in range(DATABASES)]
    return math.ceil(heads / math.ceil(heads / heads_at_once(tasks, features, heads)))
