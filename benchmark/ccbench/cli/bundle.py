"""``ccbench bundle``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File to write. Default: NAME.ccb in the run directory.",
)
def bundle(run: Path, out: Path | None) -> None:
    """Pack a finished RUN into one file, to send to others and to merge leaderboards.

    It holds the tables, the manifest and the numbers measured on them: no photograph, no
    name of a poser (unless you chose posers by an option of -d), and names of photographs
    only where the database may be passed on.
    """
    from ccbench.bundles import write_bundle
    from ccbench.results import open_run

    click.echo(write_bundle(open_run(run), out))
