"""Time AlexNet's CONV5 features against torchvision, interleaved in one process.

All are given the same 60 grey faces, as bytes, and give the features of CONV5 after pooling;
``input ready`` leaves out what turns the faces into torchvision's normalised input.  The
stage also renders the views and stores half precision.  ``workers`` is the product as it runs:
a process on each of the threads' cores, all at work; other rows use the threads in one process.

    python tests/benchmarks/bench_features.py [--threads 1 2] [--repeats 9]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

# Before torch is loaded, as ccbench does.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from ccbench.features import BackboneIdentity
    from ccbench.interfaces import FeatureExtractor

FACES = 60
WORKERS = "workers,"
BASELINE = "torchvision float32, input ready"
STAGE_BASELINE = "stage: torchvision float32"


def compare(threads: int = 1, repeats: int = 9) -> dict[str, float]:
    """Return milliseconds an image, the least over repeats: what else runs here only adds.

    Args:
        threads: of torch.
        repeats: turns, each of every way.
    """
    import torch

    from ccbench_plugins.alexnet import AlexNet

    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
            extractor = AlexNet().load("cpu")
            calls = {**_networks(extractor), **_stages(extractor, Path(folder))}
            with contextlib.ExitStack() as stack:
                if threads > 1:
                    calls |= _workers(threads, stack)
                found = _least(calls, repeats)
    finally:
        torch.set_num_threads(usual)
    # All workers together have made so many times as many.
    return {
        name: value / threads if name.startswith(WORKERS) else value
        for name, value in found.items()
    }


def _workers(count: int, stack: contextlib.ExitStack) -> dict[str, Callable[[], object]]:
    """Return a call that has every worker compute the features of all faces at once."""
    context = multiprocessing.get_context("spawn")
    pipes = []
    for _ in range(count):
        here, there = context.Pipe()
        context.Process(target=_work, args=(there,), daemon=True).start()
        there.close()  # or a worker that was killed would be waited for without end
        pipes.append(stack.enter_context(here))

    def together() -> None:
        for pipe in pipes:
            pipe.send(True)
        for pipe in pipes:
            pipe.recv()

    return {f"{WORKERS} as chosen": together}


def _work(pipe: Connection) -> None:
    import torch

    from ccbench.features import BackboneIdentity
    from ccbench_plugins.alexnet import AlexNet

    torch.set_num_threads(1)
    extractor, images = AlexNet().load("cpu"), _faces()
    identity = BackboneIdentity.of("alexnet", extractor, "cpu")
    with contextlib.suppress(EOFError):  # the other end is closed at last
        while pipe.recv():
            _product(images, extractor, identity)
            pipe.send(True)


def _faces() -> NDArray[np.uint8]:
    """Return smooth noise that looks to a network about as busy as a face."""
    import cv2
    import numpy as np

    noise = np.random.default_rng(0).normal(size=(FACES, 224, 224))
    smooth = np.stack([cv2.GaussianBlur(image, (0, 0), 4) for image in noise])
    found: NDArray[np.uint8] = np.clip(128 + 32 * smooth / smooth.std(), 0, 255).astype(np.uint8)
    return found


def _torchvision(extractor: FeatureExtractor) -> torch.nn.Sequential:
    """Return torchvision's own layers, in its own memory format, with the same weights."""
    import torch
    import torchvision

    layers: torch.nn.Sequential = torchvision.models.alexnet(weights=None).features
    layers.load_state_dict(extractor.module.state_dict())
    return layers.eval().to(memory_format=torch.contiguous_format)


def _input(images: NDArray[np.uint8], extractor: FeatureExtractor) -> torch.Tensor:
    """Normalise as a script would, float32 (n, 3, 224, 224)."""
    import torch
    from torchvision.transforms.v2.functional import normalize

    three = torch.from_numpy(images)[:, None].repeat(1, 3, 1, 1).to(torch.float32).div_(255)
    found: torch.Tensor = normalize(three, list(extractor.mean), list(extractor.std), inplace=True)
    return found


def _product(
    images: NDArray[np.uint8], extractor: FeatureExtractor, identity: BackboneIdentity
) -> torch.Tensor:
    import torch

    from ccbench.features import BATCH, compute_features

    parts = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    return torch.cat([compute_features(part, extractor, identity, "cpu") for part in parts])


def _networks(extractor: FeatureExtractor) -> dict[str, Callable[[], object]]:
    import torch

    from ccbench.features import BackboneIdentity

    images = _faces()
    plain = _torchvision(extractor)
    last = _torchvision(extractor).to(memory_format=torch.channels_last)
    ready = _input(images, extractor)
    chosen = BackboneIdentity.of("alexnet", extractor, "cpu")
    single = replace(chosen, precision="float32")
    return {
        BASELINE: lambda: plain(ready),
        "torchvision float32": lambda: plain(_input(images, extractor)),
        "torchvision float32, channels_last": lambda: last(
            _input(images, extractor).contiguous(memory_format=torch.channels_last)
        ),
        f"product, as chosen ({chosen.precision})": lambda: _product(images, extractor, chosen),
        "product, float32": lambda: _product(images, extractor, single),
    }


def _stages(extractor: FeatureExtractor, folder: Path) -> dict[str, Callable[[], object]]:
    """Return the stage from standardised faces to stored features, as a script and here."""
    import numpy as np

    from ccbench.augmentation import View, render_view
    from ccbench.cache import Cache
    from ccbench.faces import FaceTask, Photograph
    from ccbench.features import BackboneIdentity, FeatureTask, make_features
    from ccbench.preprocessing import FaceRecipe

    views = tuple(
        View(size, (shift, -shift), mirrored)
        for size, shift in ((1.0, 0.0), (0.95, 8.0), (1.05, -8.0))
        for mirrored in (False, True)
    )
    images = _faces()[: FACES // len(views)]
    cache = Cache(folder / "cache")
    task = FaceTask(
        tuple(Photograph(Path(f"{row}.png"), str(row)) for row in range(len(images))), FaceRecipe()
    )
    with cache.create("faces", task.key) as entry:
        np.save(entry / "faces.npy", images)
        (entry / "faces.json").write_text(json.dumps([]))
    rows = tuple((0, row) for row in range(len(images)))
    backbone = BackboneIdentity.of("alexnet", extractor, "cpu")
    features = FeatureTask((task,), rows, views, backbone)
    plain = _torchvision(extractor)

    def script() -> None:
        drawn = np.stack([render_view(face, view, 128.0) for face in images for view in views])
        found = plain(_input(drawn, extractor)).flatten(1).half().numpy()
        np.save(folder / "features.npy", found)

    def product() -> None:
        cache.clear(("features",))
        make_features(features, cache, extractor, "cpu")

    return {STAGE_BASELINE: script, f"stage: product ({backbone.precision})": product}


def _least(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn:  # the first one warms up
                times[name].append((time.perf_counter() - start) * 1e3 / FACES)
    return {name: min(found) for name, found in times.items()}


def main() -> None:
    """Print a table for each number of threads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    import torch

    from ccbench.processor import bfloat16_instructions

    print(f"{_processor()}, {os.cpu_count()} cores, torch {torch.__version__}")
    print(f"fast at: {', '.join(sorted(bfloat16_instructions())) or 'float32 only'}")
    for threads in arguments.threads:
        found = compare(threads, arguments.repeats)
        print(f"\n{threads} thread{'s' * (threads > 1)}{'':30}  ms an image   ratio")
        for name, value in found.items():
            base = found[STAGE_BASELINE if name.startswith("stage") else BASELINE]
            print(f"{name:<40}  {value:9.2f}  {base / value:7.2f}")


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
