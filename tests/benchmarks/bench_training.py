"""Training speed: a script as a user would write it, a cached loop, and ccbench's engines.

All take turns in one process, so that the ratios hold whatever else the machine does::

    python tests/benchmarks/bench_training.py            # two threads, the paper's head
    python tests/benchmarks/bench_training.py --threads 1 --rounds 5

``naive`` decodes, augments, runs the frozen convolutions and trains in every step, with
torchvision, a DataLoader, autograd and ``torch.optim.SGD``.  ``cached`` is the same loop on
features that were computed before.  ``reference``, ``float32`` and ``bfloat16`` are ccbench's
engines, mini-batches and masks included.  ``2 x float32`` and ``2 x bfloat16`` are ccbench as
it runs: as many workers as threads, each on one thread with a head of its own; a step counts
when any has taken one.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import cv2
import torch
import torchvision
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import functional as TF

from ccbench.protocol import PerceptronHead, Schedule, load_protocol
from ccbench.testing.drawn import DRAWN_DATABASES, draw_photograph
from ccbench.training import choose_engine
from ccbench.training.delayed import DelayedHeads
from ccbench.training.engines import has_bfloat16
from ccbench.training.perceptron import initial_weights
from ccbench.training.reference import AutogradHeads
from ccbench.training.steps import Trainee
from ccbench.training.stream import Pupil, blocks
from ccbench.training.timing import RandomFeatures, Trial, trial_task
from ccbench.training.views import Views

FEATURES, EXPRESSIONS, BATCH = 9216, 7, 32
SIZES, SHIFTS = (0.9, 0.95, 1.0, 1.05, 1.1), ((0, 0), (-8, -8), (8, -8), (-8, 8), (8, 8))


def head() -> nn.Sequential:
    """The paper's head out of torch's own layers."""
    network = nn.Sequential(
        nn.Dropout(0.1),
        nn.Linear(FEATURES, 4096),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Linear(4096, EXPRESSIONS),
    )
    for layer in network:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return network


class Photographs(Dataset[tuple[torch.Tensor, int]]):
    """Fifty views of each photograph, made when asked for."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return 50 * len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        photograph, view = divmod(index, 50)
        image = torchvision.io.read_image(
            str(self.paths[photograph]), torchvision.io.ImageReadMode.GRAY
        ).expand(3, -1, -1)
        image = TF.resize(image, [224, 224], antialias=True)
        image = TF.affine(
            image, 0, list(SHIFTS[view // 2 % 5]), SIZES[view // 10], [0.0, 0.0], fill=[128.0]
        )
        if view % 2:
            image = TF.hflip(image)
        values = TF.normalize(image / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        return values, photograph % EXPRESSIONS


def naive_steps(folder: Path) -> Iterator[None]:
    """Yield after every step of the script that does all in every step."""
    paths = []
    for poser in range(1, 5):
        for expression in ("neutral", "happy", "angry", "sad"):
            paths.append(folder / f"{poser}{expression}.png")
            cv2.imwrite(
                str(paths[-1]), draw_photograph(DRAWN_DATABASES["drawn-a"], poser, expression)
            )
    network = torchvision.models.alexnet(weights=None)
    network.classifier = head()
    network.features.requires_grad_(False)
    yield from _steps(
        lambda batch: network.classifier(network.avgpool(network.features(batch)).flatten(1)),
        network.classifier,
        DataLoader(Photographs(paths), BATCH, shuffle=True),
    )


def cached_steps() -> Iterator[None]:
    """Yield after every step of the plain loop on cached features."""
    network = head()
    features = torch.rand(2048, FEATURES)
    labels = torch.arange(2048) % EXPRESSIONS

    def batches() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        while True:
            for part in torch.split(torch.randperm(len(features)), BATCH):
                yield features[part], labels[part]

    yield from _steps(network, network, batches())


def _steps(
    forward: Callable[[torch.Tensor], torch.Tensor],
    trained: nn.Module,
    data: Iterable[Any],
) -> Iterator[None]:
    optimiser = torch.optim.SGD(trained.parameters(), lr=1e-5)
    trained.train()
    while True:
        for batch, labels in data:
            optimiser.zero_grad()
            nn.functional.cross_entropy(forward(batch), labels).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            yield


def engine_steps(name: str) -> Iterator[int]:
    """Yield the number of steps after every block of one of ccbench's engines."""
    protocol = load_protocol("inagaki2022")
    spec, schedule = protocol.head, protocol.training
    assert isinstance(spec, PerceptronHead)
    assert isinstance(schedule, Schedule)
    engine = choose_engine(name, "cpu")
    trial = Trial(spec, schedule, engine, FEATURES, EXPRESSIONS, "cpu")
    task = trial_task(trial, steps=1_000_000_000, epoch=64)
    assert task.schedule is not None
    short = engine.name == "bfloat16"
    views = Views(RandomFeatures(FEATURES), [task], torch.bfloat16 if short else torch.float16)
    pupil = Pupil(task, views, spec)
    weights = [initial_weights(task, FEATURES)]
    precision = torch.bfloat16 if short else torch.float32
    trainee: Trainee
    if engine.name == "reference":
        trainee = AutogradHeads(weights, task.schedule, pupil.masks.kept)
    else:
        trainee = DelayedHeads(weights, task.schedule, pupil.masks.kept, precision)
    del weights
    for block, _ in blocks([pupil], task.schedule, engine.block, precision):
        trainee.train(block)
        yield len(block.sizes)


def _work(name: str, pipe: Connection) -> None:
    """Take two blocks of steps whenever told to, in a process of its own."""
    torch.set_num_threads(1)
    steps = engine_steps(name)
    with contextlib.suppress(EOFError):  # the other end is closed at last
        while pipe.recv():
            start = time.perf_counter()
            done = next(steps) + next(steps)
            pipe.send(done / (time.perf_counter() - start))


def worker_steps(name: str, workers: int) -> Iterator[float]:
    """Yield the number of steps that all workers take in the time that each takes its own."""
    context = multiprocessing.get_context("spawn")
    pipes = []
    for _ in range(workers):
        here, there = context.Pipe()
        context.Process(target=_work, args=(name, there), daemon=True).start()
        there.close()  # or a worker that was killed would be waited for without end
        pipes.append(here)
    while True:
        start = time.perf_counter()
        for pipe in pipes:
            pipe.send(True)
        # In a run no worker waits for another.
        rates = [pipe.recv() for pipe in pipes]
        yield sum(rates) * (time.perf_counter() - start)


def compare(rounds: int, threads: int) -> dict[str, float]:
    """Return milliseconds a step of every way, medians over rounds in which all take turns."""
    torch.set_num_threads(threads)
    engines = ["reference", "float32", *(["bfloat16"] if has_bfloat16("cpu") else [])]
    spent: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        ways: dict[str, Iterator[float | None]] = {
            "naive": naive_steps(Path(folder)),
            "cached": cached_steps(),
            **{name: engine_steps(name) for name in engines},
            **{f"{threads} x {name}": worker_steps(name, threads) for name in engines[1:]},
        }
        for steps in ways.values():
            next(steps)
        for _ in range(rounds):
            for name, steps in ways.items():
                start = time.perf_counter()
                done = 0.0
                while done < 4:
                    done += next(steps) or 1
                spent.setdefault(name, []).append((time.perf_counter() - start) / done * 1e3)
    return {name: statistics.median(times) for name, times in spent.items()}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    found = compare(options.rounds, options.threads)
    print(f"{options.threads} threads, torch {torch.__version__}, medians of {options.rounds}")
    print(f"{'':14}{'ms a step':>10}{'to naive':>10}{'to cached':>10}")
    for name, value in found.items():
        naive, cached = found["naive"] / value, found["cached"] / value
        print(f"{name:14}{value:10.1f}{naive:10.1f}{cached:10.1f}")


if __name__ == "__main__":
    main()
