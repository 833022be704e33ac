"""``ccbench plugins``."""

from __future__ import annotations

import click


@click.group()
def plugins() -> None:
    """See which plugins are installed and what they provide."""


@plugins.command("list")
def list_plugins() -> None:
    """List the installed plugins, and why any of them was not loaded."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ccbench.plugins import load_plugins

    console = Console()
    table = Table()
    for column in ("plugin", "package", "provides"):
        table.add_column(column)
    for plugin in load_plugins(quiet=True).found:
        provides = "\n".join(plugin.provides) or "–"
        if plugin.problem:
            provides = f"[red]not loaded:[/] {escape(plugin.problem)}"
        table.add_row(plugin.name, plugin.package, provides)
    console.print(table)
