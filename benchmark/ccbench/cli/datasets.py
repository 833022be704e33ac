"""``ccbench datasets``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccbench.cli.datasets_new import new
from ccbench.cli.groups import OpenGroup
from ccbench.cli.options import workers_option

if TYPE_CHECKING:
    from rich.console import Console

    from ccbench.runner.check import Check

_MOST = 10


@click.group(cls=OpenGroup)
def datasets() -> None:
    """See which databases ccbench can read, check yours, and describe a new one."""


datasets.add_command(new)


@datasets.command("list")
@click.option("--country", default="", help="Only databases from there: a code such as JP.")
@click.option("--licence", default="", help="Only databases whose licence has this text.")
@click.option("--expression", default="", help="Only databases that have this expression.")
def list_datasets(country: str, licence: str, expression: str) -> None:
    """List the datasets: where from, how many posers, how read, what they lack."""
    from rich.console import Console

    from ccbench.cli.cards import Filter, print_list
    from ccbench.plugins import load_plugins

    restrict = Filter(country.strip(), licence.strip(), expression.strip())
    print_list(Console(), load_plugins().datasets, restrict)


@datasets.command()
@click.argument("name")
def show(name: str) -> None:
    """Show the card of the dataset NAME: what it is, its terms, how to get and cite it."""
    from rich.console import Console

    from ccbench.cli.cards import print_card, print_recipe, reading
    from ccbench.datasets import parse_dataset_spec
    from ccbench.plugins import load_plugins

    dataset, _ = load_plugins().open_dataset(parse_dataset_spec(name))
    console = Console()
    print_card(console, dataset.card, reading(dataset))
    if dataset.card.recipe:
        console.print("\n[bold]Recipe[/]")
        print_recipe(console, dataset.card.recipe)
    if dataset.options:
        console.print("\n[bold]Options[/]")
        for option, text in dataset.options.items():
            console.print(f"  {option}: {text}", markup=False, highlight=False)


@datasets.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def accept(names: tuple[str, ...]) -> None:
    """Say that you have the datasets NAME... under their terms, which are shown.

    A run asks for this once; it is kept in the user's settings, or the folder that
    CCBENCH_CONFIG names.
    """
    from rich.console import Console

    from ccbench.cli.terms import print_terms
    from ccbench.plugins import load_plugins
    from ccbench.runner.terms import accept as remember
    from ccbench.runner.terms import licensed

    console, plugins = Console(), load_plugins()
    for name in names:
        cards = licensed([name], plugins)
        for card in cards:
            print_terms(console, card)
            remember(card)
        said = "accepted." if cards else "nothing to accept."
        console.print(f"{name}: {said}", markup=False, highlight=False)


@datasets.command()
@click.argument("name")
@click.argument("out", type=click.Path(path_type=Path))
@workers_option
def generate(name: str, out: Path, workers: int) -> None:
    """Write the photographs of the dataset NAME, one that makes its own, into the folder OUT.

    A run needs no such folder; this is for looking at them and for other programs.  OUT must
    be new or empty.
    """
    import shlex

    from rich.console import Console

    from ccbench.atomic import refuse_taken
    from ccbench.cache import Cache
    from ccbench.cli.progress import Bars
    from ccbench.exceptions import DatasetError
    from ccbench.plugins import load_plugins
    from ccbench.runner.export import copy_photographs
    from ccbench.runner.generate import generated_photographs

    refuse_taken(out, DatasetError)
    console = Console()
    cache = Cache()
    cache.remove_abandoned()
    with Bars(console) as bars:
        source = generated_photographs(name, load_plugins(), cache, bars, workers)
        count = copy_photographs(source, out)
        for sentence in dict.fromkeys(cache.damaged):
            bars.note(sentence)
    console.print(f"{count} files in {out}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"To use them as they are: -d {shlex.quote(f'{name}={out}')}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


@datasets.command()
@click.argument("dataset", metavar="NAME[=ROOT]")
@workers_option
@click.pass_context
def check(ctx: click.Context, dataset: str, workers: int) -> None:
    """Look at a database before running on it.

    Prints posers and expressions, incomplete posers, files that do not match, duplicates,
    unreadable and faceless files, the licence and the citation.  Exit code 1 when a run
    would refuse the database.
    """
    from rich.console import Console

    from ccbench.cache import Cache
    from ccbench.cli.progress import Bars
    from ccbench.plugins import load_plugins
    from ccbench.runner.check import check_database

    console = Console()
    with Bars(console) as bars:
        found = check_database(dataset, load_plugins(), Cache(), bars, workers)
    _print_check(console, found)
    if found.refused:
        ctx.exit(1)


def _print_check(console: Console, found: Check) -> None:
    from rich.markup import escape
    from rich.table import Table

    from ccbench.cli.cards import print_card

    table, counts = found.database.table, found.counts()
    console.print()
    print_card(console, found.database.card)
    console.print()
    grid = Table(
        title=f"{len(table)} photographs of {len(table.posers)} posers",
        title_justify="left",
        title_style="bold",
    )
    grid.add_column("expression")
    for heading in ("photographs", "usable", "posers"):
        grid.add_column(heading, justify="right")
    for name in table.expressions:
        shown = sum(sample.expression == name for sample in table)
        usable = sum(count[name] for count in counts.values())
        posers = sum(bool(count[name]) for count in counts.values())
        grid.add_row(name, str(shown), str(usable), str(posers))
    console.print(grid)
    incomplete = found.incomplete()
    complete = len(table.posers) - len(incomplete)
    console.print(
        f"{complete} of {len(table.posers)} posers are complete (usable photographs of all "
        f"{len(table.expressions)} expressions).",
        highlight=False,
    )
    _list(console, "Incomplete posers", [f"{p}: no {', '.join(n)}" for p, n in incomplete.items()])
    _list(console, "Files that do not match", [table.relative(path) for path in table.unmatched])
    _list(
        console,
        "Left out",
        [f"{reason}: {n} file{'s' * (n != 1)}" for reason, n in table.left_out.items()],
    )
    _list(console, "Handled", list(table.warnings))
    _list(console, "Same bytes", [" = ".join(group) for group in found.duplicates])
    unreadable = found.with_status("unreadable", "black")
    _list(console, "Unreadable or black", [f"{path}: {detail}" for path, detail in unreadable])
    _list(console, "No face found", [path for path, _ in found.with_status("no face")])
    _list(console, "Face found with looser settings", [p for p, _ in found.with_status("retried")])
    if found.refused:
        console.print(f"[red]A run would refuse it:[/] {escape(found.refused)}", highlight=False)
    else:
        console.print("[green]Ready to run.[/]")


def _list(console: Console, title: str, lines: list[str]) -> None:
    if not lines:
        return
    console.print(f"[bold]{title}[/] ({len(lines)})", highlight=False)
    for line in lines[:_MOST]:
        console.print(f"  {line}", markup=False, highlight=False)
    if len(lines) > _MOST:
        console.print(f"  … and {len(lines) - _MOST} more", style="dim")
