"""``ccbench report``."""

from __future__ import annotations

from pathlib import Path

import click

from ccbench.cli.options import run_argument, workers_option


@click.command()
@run_argument
@click.option(
    "--against",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="Another run, e.g. with all posers: how alike are the tunings of both?",
)
@workers_option
def report(run: Path, against: Path | None, workers: int) -> None:
    """Print a finished RUN again and write its report.html, figures and tables.

    All comes from the run's tables alone.
    """
    from rich.console import Console

    from ccbench.analysis.remembered import remembered
    from ccbench.reporting import print_run, write_report
    from ccbench.results import open_run

    console = Console()
    opened = open_run(run)
    other = open_run(against) if against else None
    with remembered():
        with console.status("drawing figures"):
            page = write_report(opened, other, workers=workers)
        print_run(opened, console)
    console.print(f"Report: {page}", style="bold", markup=False, highlight=False, soft_wrap=True)
