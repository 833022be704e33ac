"""``ccbench bench``."""

from __future__ import annotations

import click

from ccbench.cli.options import device_option, workers_option


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
    """Time this machine for a minute or two and say how long each protocol would take.

    Two lines: the speed of training and of features, and the projected time of each preset on
    two databases of 60 posers. For your own databases: ccbench matrix --dry-run.
    """
    from rich.console import Console

    from ccbench.cache import Cache
    from ccbench.cli.matrix import duration
    from ccbench.cli.progress import Bars
    from ccbench.plugins import load_plugins
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
    many = "s" * (found.at_once != 1)
    together = (
        f"{found.at_once} worker{many}"
        if found.device == "cpu"
        else f"{found.at_once} head{many} at once on {found.device}"
    )
    step = 1e3 * found.step
    console.print(
        f"The paper's head: {step:.{1 if step >= 1 else 3}f} ms a step by {found.engine.name} with "
        f"{together}, {found.plain / found.step:.1f} times "
        f"as fast as plain PyTorch on cached features; {1e3 * found.view:.2f} ms a view for the "
        f"features of {backbone}.",
        highlight=False,
        soft_wrap=True,
    )
    shown = ", ".join(f"{name} {duration(time)}" for name, time in found.presets.items())
    count = {2: "Two"}.get(DATABASES, str(DATABASES))
    console.print(
        f"{count} databases of {POSERS} posers, nothing cached: {shown}.",
        highlight=False,
        soft_wrap=True,
    )
