"""``ccbench cache``."""

from __future__ import annotations

import click

from ccbench.cache import KINDS


@click.group()
def cache() -> None:
    """Look at, or empty, what runs have computed."""


@cache.command()
def info() -> None:
    """Show where the cache is and what it takes."""
    from rich.console import Console
    from rich.table import Table

    from ccbench.cache import Cache

    console = Console()
    store = Cache()
    table = Table()
    table.add_column("kind")
    table.add_column("entries", justify="right")
    table.add_column("MB", justify="right")
    usage = store.usage()
    for kind, found in usage.items():
        table.add_row(kind, str(found.entries), f"{found.size / 2**20:,.1f}")
    table.add_section()
    entries = sum(found.entries for found in usage.values())
    size = sum(found.size for found in usage.values())
    table.add_row("all", str(entries), f"{size / 2**20:,.1f}")
    console.print(f"{store.root}", markup=False, highlight=False, soft_wrap=True)
    console.print(table)


@cache.command()
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    help="Only this kind of entry; repeat for more.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def clear(kinds: tuple[str, ...], yes: bool) -> None:
    """Remove cached entries; runs recompute what they need."""
    from ccbench.cache import clear as clear_cache
    from ccbench.cache import default_root

    root = default_root()
    chosen = kinds or KINDS
    if not yes:
        click.confirm(f"Remove {', '.join(chosen)} from {root}?", abort=True)
    freed = clear_cache(root, chosen)
    click.echo(f"{freed / 2**20:,.1f} MB freed in {root}")
