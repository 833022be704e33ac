"""Time rendering on one core: a 224 px face, a new identity, a synthetic database's photograph.

With ``--prototype FOLDER`` (a folder with the prototype's ``render.py``), both renderers take
turns in one process and the ratio is printed.

    python tools/bench_render.py [--repeats 20] [--prototype FOLDER]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

EXPRESSION = {12: 0.8, 6: 0.5}
SIZE = 224


def milliseconds(action: Callable[[], object]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def prototype(folder: Path) -> Callable[[], object]:
    """Return a call that renders the same face with the prototype."""
    sys.path.insert(0, str(folder))
    here = Path.cwd()
    # The prototype finds its data relative to its own folder.
    os.chdir(folder)
    import render as other  # type: ignore[import-not-found]

    os.chdir(here)
    identity = other.probe_identity()
    return lambda: other.render(identity, EXPRESSION, SIZE, 2)


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--prototype", type=Path)
    arguments = parser.parse_args()
    import cv2

    cv2.setNumThreads(1)
    from ccbench_plugins.rendered import average_identity, draw_identity, render
    from ccbench_plugins.rendered.synthetic import bundled

    identity = average_identity()
    calls: dict[str, Callable[[], object]] = {
        "product": lambda: render(identity, EXPRESSION, SIZE),
    }
    if arguments.prototype:
        calls["prototype"] = prototype(arguments.prototype.resolve())
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(arguments.repeats):
        for name, call in calls.items():
            times[name].append(milliseconds(call))
    for name, values in times.items():
        print(f"{name}: a {SIZE} px face {statistics.median(values):.1f} ms (median)")
    if "prototype" in times:
        ratios = [b / a for a, b in zip(times["product"], times["prototype"], strict=True)]
        print(f"prototype / product: {statistics.median(ratios):.2f}")
    first = [
        milliseconds(lambda seed=seed: render(draw_identity(seed), {}, SIZE))  # type: ignore[misc]
        for seed in range(100, 106)
    ]
    print(f"first face of an identity: {statistics.median(first):.1f} ms")
    database = bundled("synthetic-a")
    with tempfile.TemporaryDirectory() as folder:
        parts = [
            milliseconds(lambda part=part: database.generate(part, Path(folder))) / 7  # type: ignore[misc]
            for part in range(4)
        ]
    size = f"{database.source.taking.width} x {database.source.taking.height}"
    print(
        f"a photograph of synthetic-a ({size} px, all included): {statistics.median(parts):.1f} ms"
    )


if __name__ == "__main__":
    main()
