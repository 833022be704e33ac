"""``ccbench plugins``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ccbench.cli.options import out_option

_KINDS = ("dataset", "backbone", "probe")


@click.group()
def plugins() -> None:
    """See which plugins are installed; write, check and repair your own."""


@plugins.command("list")
@click.option("--hooks", is_flag=True, help="For every hook the plugins that implement it.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def list_plugins(hooks: bool, as_json: bool) -> None:
    """List the installed plugins, and why any of them was not loaded."""
    from rich.console import Console

    from ccbench.cli.plugin_tables import hook_table, plugin_table
    from ccbench.plugins import HOOKS, load_plugins

    found = load_plugins(quiet=True).found
    if not as_json:
        Console().print(hook_table(found) if hooks else plugin_table(found))
        return
    if hooks:
        told: object = {hook: [p.name for p in found if hook in p.hooks] for hook in HOOKS}
    else:
        names = ("name", "package", "module", "provides", "hooks", "problem")
        told = [{name: getattr(plugin, name) for name in names} for plugin in found]
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))


@plugins.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(_KINDS), required=True, help="What it is to provide.")
@out_option("Folder to write it into; new or empty. Default: ccbench-NAME.")
@click.option(
    "--model", metavar="MODEL", help="Of a backbone: timm's name of its network. Default: resnet18."
)
def new(name: str, kind: str, out: Path | None, model: str | None) -> None:
    """Write a package with a plugin called NAME, to make yours from.

    It is complete: code, card, tests that pass, README and a workflow for GitHub; a dataset
    read by a card and a loader, a backbone of the timm library, or a probe of drawn faces.
    """
    from ccbench.cli.plugin_tables import print_written
    from ccbench.plugins import load_plugins
    from ccbench.scaffold import names_of, refuse_taken, write_package

    names = names_of(name)
    refuse_taken(names, kind, load_plugins(quiet=True))
    folder = out or Path(names.distribution)
    print_written(names, kind, write_package(names, kind, folder, model=model))


@plugins.command()
@click.argument("name")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    help="Folder of photographs, for a dataset or probe that reads some.",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="File of weights, for a backbone such as timm:resnet18.",
)
@click.pass_context
def check(ctx: click.Context, name: str, root: Path | None, weights: Path | None) -> None:
    """Check that a plugin keeps to the contract, rule by rule.

    NAME is a plugin (all it provides), or one dataset, backbone or probe, such as kdef,
    timm:resnet18 or, with an option, 'mylab[session=B]'.

    Exit code 1 when a rule is not kept.
    """
    import tempfile

    from ccbench.cli.plugin_tables import print_examination
    from ccbench.diagnosis import Material, choose_items
    from ccbench.plugins import load_plugins

    with tempfile.TemporaryDirectory() as scratch:
        material = Material(Path(scratch), root, weights)
        if not print_examination(choose_items(name, load_plugins(), material)):
            ctx.exit(1)


@plugins.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Say why a plugin was not loaded, and what to do.

    Looks at every installed plugin: can it be imported, are its hooks called as they should
    be, what fails in them, does another plugin have the name, are its requirements met, is
    the installation older than its source?  Exit code 1 when something is wrong.
    """
    from ccbench.cli import Collector, cli
    from ccbench.cli.plugin_tables import print_diagnosis
    from ccbench.diagnosis import diagnose

    found = diagnose(Collector(cli.commands), Path.cwd())
    print_diagnosis(found)
    if found.problems:
        ctx.exit(1)
