"""``ccbench report``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
def report(run: Path) -> None:
    """Print a finished RUN again and write its report.html, from its tables alone."""
    from rich.console import Console

    from ccbench.reporting import print_run, write_report
    from ccbench.results import open_run

    console = Console()
    opened = open_run(run)
    page = write_report(opened)
    print_run(opened, console)
    console.print(f"Report: {page}", style="bold", markup=False, highlight=False, soft_wrap=True)
