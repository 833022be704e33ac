"""``ccbench probes``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccbench.cli.groups import OpenGroup
from ccbench.cli.options import workers_option

if TYPE_CHECKING:
    from rich.console import Console

    from ccbench.runner.probe_images import ProbeCheck

_MOST = 10


@click.group(cls=OpenGroup)
def probes() -> None:
    """See which series of action units ccbench can show a network, check and write them."""


@probes.command("list")
def list_probes() -> None:
    """List the probes."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ccbench.interfaces import Family, GeneratedProbe
    from ccbench.plugins import load_plugins

    catalog = load_plugins().probes
    console = Console()
    if not list(catalog):
        console.print("No probe is installed; docs/plugins.md says how to write one.")
        return
    table = Table()
    table.add_column("name", no_wrap=True)
    table.add_column("title")
    table.add_column("AUs", justify="right")
    table.add_column("levels", justify="right")
    table.add_column("images")
    helps = []
    for name in catalog:
        item = catalog.get(name)
        if isinstance(item, Family):
            table.add_row(f"{name}:…", escape(item.summary), "", "", "")
            continue
        table.add_row(
            name,
            escape(item.card.title),
            str(len(item.card.action_units)),
            str(len(item.card.intensities)),
            "made when used" if isinstance(item, GeneratedProbe) else "read",
        )
        helps += [f"{name}[{option}=…]: {text}" for option, text in item.options.items()]
    console.print(table)
    for line in helps:
        console.print(line, markup=False, highlight=False)


@probes.command()
@click.argument("probe", metavar="NAME[=ROOT]")
@workers_option
@click.pass_context
def check(ctx: click.Context, probe: str, workers: int) -> None:
    """Look at every image of a probe before running it.

    Are all action units and intensities there, does the picture change more with each
    intensity, is there a face in every image?  Exit code 2 when something does not hold.
    """
    from rich.console import Console

    from ccbench.cache import Cache
    from ccbench.cli.progress import Bars
    from ccbench.plugins import load_plugins
    from ccbench.runner.probe_images import check_series, make_series

    console = Console()
    with Bars(console) as bars:
        opened, series = make_series(probe, load_plugins(), Cache(), bars, workers)
        found = check_series(opened, series, bars)
    _print_check(console, found)
    if found.problems:
        ctx.exit(2)


@probes.command()
@click.argument("probe", metavar="NAME")
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@workers_option
def render(probe: str, out: Path, workers: int) -> None:
    """Write the images of the probe NAME into the folder OUT, to use them elsewhere.

    OUT/IDENTITY/AU12_0.8.png and null.png, manifest.csv (identity, texture, au, level, path)
    and contact_sheet.png.  Options in brackets: 'rendered-au[identities=4]'.
    """
    from rich.console import Console

    from ccbench.atomic import refuse_taken
    from ccbench.cache import Cache
    from ccbench.cli.progress import Bars
    from ccbench.datasets import parse_probe_spec
    from ccbench.exceptions import ProbeError
    from ccbench.plugins import load_plugins
    from ccbench.runner.probe_images import make_series, write_series

    refuse_taken(out, ProbeError)
    plugins = load_plugins()
    spec = parse_probe_spec(probe)
    if spec.root is not None:
        raise ProbeError(
            f"'{probe}' names a folder, whose images are there already; give a probe that makes "
            f"its own"
        )
    console = Console()
    with Bars(console) as bars:
        _, series = make_series(probe, plugins, Cache(), bars, workers)
        write_series(series, out, bars)
    console.print(
        f"{len(series.stimuli)} images of {len(series.identities)} "
        f"identit{'y' if len(series.identities) == 1 else 'ies'} in {out}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _print_check(console: Console, found: ProbeCheck) -> None:
    from rich.markup import escape
    from rich.table import Table

    from ccbench.runner.probe_images import unit_name, unit_title

    card, series = found.probe.card, found.series
    console.print()
    console.print(f"[bold]{escape(card.title)}[/] ({escape(found.probe.name)})", highlight=False)
    console.print(f"Terms: {card.terms.licence}", highlight=False, markup=False)
    for citation in card.citations:
        console.print(f"Cite: {citation}", highlight=False, markup=False)
    table = Table(
        title=f"{len(series.stimuli)} images of {len(series.identities)} "
        f"identit{'y' if len(series.identities) == 1 else 'ies'}",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("action unit", no_wrap=True)
    for name in ("levels", "lowest", "highest"):
        table.add_column(name, justify="right")
    table.add_column("grows")
    for unit in found.units:
        table.add_row(
            f"{unit_name(unit.unit)} {unit_title(unit.unit)}".strip(),
            str(len(unit.levels)),
            f"{unit.distances[0]:.2f}",
            f"{unit.distances[-1]:.2f}",
            "yes" if unit.grows else "[red]no[/]",
        )
    console.print(table)
    console.print(
        "Mean change from the null image in grey levels (of 255) over all pixels, at the lowest "
        "and the highest level, and whether it grows with each level.",
        style="dim",
        highlight=False,
    )
    if found.looser:
        console.print(
            f"{found.looser} faces were found with looser settings only; the crop comes from "
            f"the null image, so this changes nothing.",
            style="dim",
            highlight=False,
        )
    for sentence in found.problems[:_MOST]:
        console.print(f"[red]•[/] {escape(sentence)}", highlight=False)
    if len(found.problems) > _MOST:
        console.print(f"  … and {len(found.problems) - _MOST} more", style="dim")
    if not found.problems:
        console.print(
            "[green]Ready to run:[/] all action units and levels are there, every image shows a "
            "face, and the change grows with each level."
        )
