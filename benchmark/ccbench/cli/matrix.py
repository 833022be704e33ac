"""``ccbench matrix``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ccbench.cli.options import device_option, out_option, workers_option

if TYPE_CHECKING:
    from rich.console import Console

    from ccbench.runner.estimate import Estimate

DEFAULT_DATABASES = ("synthetic-a", "synthetic-b", "synthetic-c")
DEFAULT_PROBES: tuple[str, ...] = ("rendered-au",)
"""Used without -d; with -p, the probes given."""


@click.command()
@click.option(
    "-d",
    "--dataset",
    "databases",
    multiple=True,
    metavar="NAME[=ROOT]",
    help="Database; repeat for more. NAME as in 'ccbench datasets list', or a TOML card or CSV "
    "manifest; options in brackets: 'kdef[session=B]=/photos/KDEF'. Default: three rendered ones.",
)
@click.option(
    "--train",
    multiple=True,
    metavar="NAME+NAME",
    help="Train on a mixture of databases too, in equal shares (kdef+krc) or others "
    "(kdef:0.75+krc:0.25); repeat for more.",
)
@click.option(
    "--leave-one-out", is_flag=True, help="For every database, train on the mixture of all others."
)
@click.option(
    "--accept-licence",
    "accepted",
    multiple=True,
    metavar="NAME",
    help="Say that you have this database under the terms that 'ccbench datasets show NAME' "
    "prints; asked once.",
)
@click.option(
    "-p",
    "--probe",
    "probes",
    multiple=True,
    metavar="NAME[=ROOT]",
    help="Series of action units to measure the output units' tuning with; repeat for more. NAME "
    "as in 'ccbench probes list'; options in brackets as with -d. Default: none, without -d "
    "rendered-au.",
)
@click.option(
    "--probe-layer",
    "probe_layers",
    multiple=True,
    metavar="NAME",
    help="Layer of the backbone, e.g. conv5, whose units' responses to the probes are measured "
    "too; repeat for more.",
)
@click.option(
    "-b",
    "--backbone",
    default="alexnet",
    show_default=True,
    metavar="NAME",
    help="Pretrained network as in 'ccbench backbones list', e.g. alexnet, torchvision:vgg16, with "
    "a file of weights or a layer after @: timm:resnet18@weights.pth, timm:resnet18@layer3, "
    "'timm:resnet18[layer=layer3,pool=flat]'.",
)
@click.option(
    "--protocol",
    default="quick",
    show_default=True,
    metavar="NAME|FILE",
    help="quick, standard, inagaki2022, or a TOML file.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set one value of the protocol, e.g. --set photographs.posers=50.",
)
@click.option(
    "--runs", type=click.IntRange(min=1), help="Random splits; the protocol's by default."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Base of every random choice.",
)
@click.option(
    "--on-missing-face",
    type=click.Choice(["skip", "error", "center"]),
    help="What to do with a photograph in which no face is found.",
)
@out_option("Run directory. Default: below runs/.")
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="Arithmetic of features and of the paper's head: bfloat16, float32 or reference "
    "(autograd), the same steps at different speed. auto: bfloat16 where the processor has it, "
    "else float32.",
)
@device_option
@workers_option
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say what would be computed, what is cached, and about how long it takes. Photographs "
    "that a database makes itself are made for it.",
)
def matrix(
    databases: tuple[str, ...],
    train: tuple[str, ...],
    leave_one_out: bool,
    accepted: tuple[str, ...],
    probes: tuple[str, ...],
    probe_layers: tuple[str, ...],
    backbone: str,
    protocol: str,
    overrides: tuple[str, ...],
    runs: int | None,
    seed: int,
    on_missing_face: str | None,
    out: Path | None,
    engine: str,
    device: str,
    workers: int,
    dry_run: bool,
) -> None:
    """Train on every database, test on every database.

    Prints the matrix of correct rates, the confusion matrices and, with a probe, the action
    units that each output unit is tuned to; writes tables and report.html into a run
    directory.  What was computed before is taken from the cache;
    an interrupted run goes on where it was.
    """
    from rich.console import Console

    from ccbench.cli.terms import settle_terms
    from ccbench.protocol import load_protocol
    from ccbench.runner.ahead import load_for_workers

    console = Console()
    settings = list(overrides)
    if runs is not None:
        settings.append(f"runs={runs}")
    if on_missing_face is not None:
        settings.append(f"face.on_missing_face={on_missing_face}")
    spec = load_protocol(protocol, settings)
    if not databases:
        databases, probes = DEFAULT_DATABASES, probes or DEFAULT_PROBES
        console.print(
            f"No -d given: running on the rendered databases {', '.join(databases)} "
            "(see 'ccbench datasets list').",
            style="dim",
            highlight=False,
        )
    settle_terms(console, databases, accepted)
    # Before the imports that take this process as long.
    load_for_workers(workers)
    options: dict[str, Any] = {
        "backbone": backbone,
        "protocol": spec,
        "seed": seed,
        "device": device,
        "engine": engine,
        "workers": workers,
        "probes": probes,
        "probe_layers": probe_layers,
        "train": train,
        "leave_one_out": leave_one_out,
    }
    if dry_run:
        _dry_run(console, databases, options)
        return
    _run(console, databases, out, options)


def _run(
    console: Console, databases: tuple[str, ...], out: Path | None, options: dict[str, Any]
) -> None:
    from ccbench.executors import uncollected

    with uncollected():
        from ccbench.analysis.remembered import remembered
        from ccbench.cli.progress import Bars
        from ccbench.reporting import print_run, write_report
        from ccbench.runner import run_matrix

    try:
        with Bars(console) as bars:
            run = run_matrix(databases, out=out, observer=bars, **options)
        with remembered():
            with console.status("drawing figures and writing the report"):
                report = write_report(run, workers=options["workers"])
            print_run(run, console)
    except KeyboardInterrupt:
        console.print(
            "\nInterrupted. What is finished is kept: the same command goes on from here."
        )
        raise click.exceptions.Exit(130) from None
    console.print(f"Report: {report}", style="bold", markup=False, highlight=False, soft_wrap=True)


def _dry_run(console: Console, databases: tuple[str, ...], options: dict[str, Any]) -> None:
    from ccbench.cache import Cache
    from ccbench.cli.progress import Bars
    from ccbench.plugins import load_plugins
    from ccbench.runner.estimate import estimate
    from ccbench.runner.preparation import limit_workers, prepare

    cache = Cache()
    with Bars(console) as bars:
        workers = limit_workers(options["workers"], bars)
        options = {**options, "workers": workers}
        plan = prepare(databases, plugins=load_plugins(), cache=cache, observer=bars, **options)
        found = estimate(plan, workers=workers, cache=cache, observer=bars)
    _print_estimate(console, found, workers)


def _print_estimate(console: Console, found: Estimate, workers: int) -> None:
    from rich.table import Table

    table = Table(title="What this run computes", title_justify="left", title_style="bold")
    table.add_column("")
    for name in ("from cache", "anew", "estimated time"):
        table.add_column(name, justify="right")
    for count in found.counts:
        table.add_row(
            f"{count.stage} ({count.unit})" if count.stage != count.unit else count.stage,
            str(count.cached),
            str(count.anew),
            duration(count.seconds) if count.anew else "–",
        )
    console.print(table)
    for selection in found.selections:
        split = selection.splits[0]
        console.print(
            f"{selection.database.name}: {len(selection.chosen)} photographs; "
            f"{len(split.train)} posers to train, {len(split.validation)} to validate, "
            f"{len(split.test)} to test in each of {len(selection.splits)} "
            f"run{'s' * (len(selection.splits) != 1)}",
            markup=False,
            highlight=False,
        )
    _print_mixtures(console, found)
    total = sum(count.seconds for count in found.counts)
    console.print(
        f"About [bold]{duration(total)}[/] with {workers} worker{'s' * (workers != 1)} on "
        f"{found.plan.request.device}; {found.disk / 2**20:,.0f} MB more in the cache.",
        highlight=False,
    )
    made = [database.name for database in found.plan.databases if database.made]
    if made:
        console.print(
            f"The photographs of {' and '.join(made)} had to be made for this estimate; they "
            f"are in the cache now.",
            style="dim",
            markup=False,
            highlight=False,
        )
    if not found.whole:
        console.print(
            "What comes after the images of a probe is not counted before they are made.",
            style="dim",
        )
    if not found.exact:
        console.print(
            "Faces have not been looked for yet; photographs without one will be left out.",
            style="dim",
        )


def _print_mixtures(console: Console, found: Estimate) -> None:
    for chosen in (chosen for chosen in found.sets[0] if len(chosen.sources) > 1):
        parts = ", ".join(
            f"{len(source.train)} of {source.selection.database.name}" for source in chosen.sources
        )
        console.print(f"{chosen.name}: {parts} to train", markup=False, highlight=False)


def duration(seconds: float) -> str:
    """Format a time: "8 s", "3.3 min", "25 min", "2.5 h".

    >>> duration(8), duration(200), duration(1500), duration(9000)
    ('8 s', '3.3 min', '25 min', '2.5 h')
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 9.95 * 60:
        return f"{seconds / 60:.1f} min"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
