"""``ccbench plugins``."""

from __future__ import annotations

from collections.abc import Sequence

import click

_MOST = 6


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
        provides = "\n".join(_in_lines(plugin.provides)) or "–"
        if plugin.problem:
            provides = f"[red]not loaded:[/] {escape(plugin.problem)}"
        table.add_row(plugin.name, plugin.package, provides)
    console.print(table)


def _in_lines(provides: Sequence[str]) -> list[str]:
    """Return a line an item; where a plugin has many of one kind, one line for all of them."""
    kinds: dict[str, list[str]] = {}
    for item in provides:
        kind, _, name = item.partition(" ")
        kinds.setdefault(kind, []).append(name)
    lines = []
    for kind, names in kinds.items():
        if len(names) > _MOST:
            lines.append(f"{len(names)} {kind}s: {', '.join(names)}")
        else:
            lines += [f"{kind} {name}".strip() for name in names]
    return lines
