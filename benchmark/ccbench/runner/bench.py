"""What this machine makes of the presets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2

from ccbench.features import BackboneIdentity
from ccbench.plugins import Plugins, plugin_code
from ccbench.preprocessing import standardise
from ccbench.protocol import PerceptronHead, Protocol, load_protocol, preset_names
from ccbench.runner.observer import Observer
from ccbench.runner.preparation import choose_device
from ccbench.runner.timing import regression_seconds, seconds, settled_pace, view_seconds
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
) -> Bench:
    """Time each stage for some seconds and project the presets.

    Raises:
        CcbenchError: no such backbone, engine or device.
    """
    device = choose_device(device)
    chosen = choose_engine(engine, device)
    network = plugins.backbone(backbone)
    with plugin_code("backbone", backbone, "load()"):
        extractor = network.load(device)
    identity = BackboneIdentity.of(backbone, extractor, device)
    features = identity.features
    protocols = [load_protocol(name) for name in preset_names()]
    paper = next(p for p in protocols if p.name == "inagaki2022")
    processes = workers if device == "cpu" else 1
    at_once = _heads_that_fit(paper, chosen, features, device, processes)
    observer.stage("timing this machine", 4)
    recipe = protocols[0].face_recipe(extractor.input_size)
    photograph = cv2.imencode(".png", _photograph())[1].tobytes()
    face = seconds(lambda: standardise(photograph, recipe), 3) / workers
    observer.advance(1, "features")
    view = view_seconds(extractor, identity, device) / processes
    observer.advance(1, "plain training")
    assert isinstance(paper.head, PerceptronHead)
    assert paper.training is not None
    # It steps one by one: a few mini-batches at a time are enough.
    reference = Engine("reference", 4)
    trial = Trial(paper.head, paper.training, reference, features, EXPRESSIONS, device)
    plain = time_training(trial).step
    observer.advance(1, "training")
    presets, step = {}, 0.0
    for protocol in protocols:
        heads = _heads_that_fit(protocol, chosen, features, device, processes)
        head = _head_seconds(protocol, chosen, features, device, heads)
        photographs = DATABASES * (protocol.photographs.posers or POSERS) * EXPRESSIONS
        views = photographs * len(protocol.computed_views)
        presets[protocol.name] = (
            photographs * face + views * view + DATABASES * protocol.runs * head.seconds / heads
        )
        step = head.step / heads if protocol is paper else step
    observer.advance(1, "")
    ordered = dict(sorted(presets.items(), key=lambda item: item[1]))
    return Bench(chosen, device, at_once, step, plain, view, ordered)


def _photograph() -> Image:
    return draw_photograph(DRAWN_DATABASES["drawn-a"], 1, "neutral")


@dataclass(frozen=True)
class _HeadTime:
    seconds: float
    step: float


def _head_seconds(
    protocol: Protocol, engine: Engine, features: int, device: str, at_once: int
) -> _HeadTime:
    """Return the seconds that one head takes when as many are trained at once."""
    posers = protocol.photographs.posers or POSERS
    whole = protocol.split.train + protocol.split.validation + protocol.split.test
    views = len(protocol.training_views) * EXPRESSIONS
    trained = round(posers * protocol.split.train / whole) * views
    watched = round(posers * protocol.split.validation / whole) * views
    if not isinstance(protocol.head, PerceptronHead):
        ridge = protocol.head.ridge
        return _HeadTime(regression_seconds(trained, features, EXPRESSIONS, ridge), 0.0)
    assert protocol.training is not None
    stacked = 1 if device == "cpu" else at_once
    trial = Trial(protocol.head, protocol.training, engine, features, EXPRESSIONS, device, stacked)
    schedule, rounds = protocol.training, DATABASES * protocol.runs / at_once
    pace = settled_pace(
        trial, at_once // stacked, lambda pace: rounds * pace.whole(schedule, trained, watched)
    )
    return _HeadTime(pace.whole(schedule, trained, watched), pace.step)


def _heads_that_fit(
    protocol: Protocol, engine: Engine, features: int, device: str, processes: int
) -> int:
    """Return how many heads of a protocol are trained at once."""
    if not isinstance(protocol.head, PerceptronHead):
        return processes
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
        return heads_at_once([task], features, processes)
    # Equal stacks, and views of every database.
    heads = DATABASES * protocol.runs
    tasks = [replace(task, features=(f"{number}",)) for number in range(DATABASES)]
    return math.ceil(heads / math.ceil(heads / heads_at_once(tasks, features, heads)))
