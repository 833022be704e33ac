"""``ccbench bundle``."""

from __future__ import annotations

from pathlib import Path

import click

from ccbench.cli.options import out_option, run_argument


@click.command()
@run_argument
@out_option("File to write. Default: NAME.ccb in the run directory.")
def bundle(run: Path, out: Path | None) -> None:
    """Pack a finished RUN into one file, to send to others and to merge leaderboards.

    It holds the tables, the manifest and the numbers measured on them: no photograph, no
    name of a poser (unless you chose posers by an option of -d), and names of photographs
    only where the database may be passed on.
    """
    from ccbench.bundles import write_bundle
    from ccbench.results import open_run

    click.echo(write_bundle(open_run(run), out))
