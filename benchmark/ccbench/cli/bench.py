"""``ccbench bench``."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import click

from ccbench.cli.options import device_option, workers_option

if TYPE_CHECKING:
    from ccbench.runner.bench import Bench


@click.command()
@click.option(
    "-b", "--backbone", default="alexnet", show_default=True, metavar="NAME", help="Network."
)
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="bfloat16, float32 or reference, as of 'ccbench matrix'.",
)
@device_option
@workers_option
def bench(backbone: str, engine: str, device: str, workers: int) -> None:
    """Time this machine for a few minutes and say how long each protocol would take.

    Two lines: the speed of training and of features, and the projected time of each preset on
    two databases of 60 posers. For your own databases: ccbench matrix --dry-run.
    """
    from rich.console import Console

    from ccbench.cache import Cache
    from ccbench.cli.matrix import duration
    from ccbench.cli.progress import Bars
    from ccbench.plugins import load_plugins
    from ccbench.runner.ahead import load_for_workers

    # Before the imports that take this process as long.
    load_for_workers(workers)
    from ccbench.runner.bench import DATABASES, POSERS
    from ccbench.runner.bench import bench as measure

    console = Console()
    with Bars(console) as bars:
        found = measure(
            backbone=backbone,
            engine=engine,
            device=device,
            workers=workers,
            plugins=load_plugins(),
            observer=bars,
            store=Cache().root,
        )
    console.print(
        f"The paper's head: {_speed(found)}; {1e3 * found.view:.2f} ms a view for the "
        f"features of {backbone}.",
        highlight=False,
        soft_wrap=True,
    )
    shown = ", ".join(
        f"{name} {duration(time) if isfinite(time) else '(not enough memory)'}"
        for name, time in found.presets.items()
    )
    count = {2: "Two"}.get(DATABASES, str(DATABASES))
    console.print(
        f"{count} databases of {POSERS} posers, nothing cached: {shown}.",
        highlight=False,
        soft_wrap=True,
    )


def _speed(found: Bench) -> str:
    """Say how fast the paper's head is trained, or why it cannot be."""
    head = found.head
    if isinstance(head, str):
        return head
    many = "s" * (head.at_once != 1)
    together = (
        f"{head.at_once} worker{many}"
        if found.device == "cpu"
        else f"{head.at_once} head{many} at once on {found.device}"
    )
    step = 1e3 * head.step
    return (
        f"{step:.{1 if step >= 1 else 3}f} ms a step by {found.engine.name} with {together}, "
        f"{head.plain / head.step:.1f} times as fast as plain PyTorch on cached features"
    )
