"""``ccbench verify``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import click

_HEADINGS = {
    "file": "The file",
    "tables": "The tables, against each other",
    "numbers": "The numbers, computed again",
}


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
def verify(bundle: Path) -> None:
    """Compute every number of a BUNDLE again and say line by line whether it agrees.

    Exit code 0: all agree; 1: the bundle is rejected; 2: the file is no bundle.  What this
    can prove and what not is in docs/leaderboards.md.
    """
    from ccbench.bundles import read_bundle, verify_bundle

    verdict = verify_bundle(read_bundle(bundle), str(bundle))
    for section, lines in groupby(verdict.lines, key=lambda line: line.section):
        click.secho(_HEADINGS[section], bold=True)
        for line in lines:
            mark = click.style("ok", fg="green") if line.holds else click.style("NO", fg="red")
            click.echo(f"  {mark}  {line.what}{f': {line.detail}' if line.detail else ''}")
    if verdict.accepted:
        click.secho(f"Accepted: all {len(verdict.lines)} lines hold.", bold=True)
        return
    count = len(verdict.faults)
    click.secho(f"Rejected: {count} of {len(verdict.lines)} lines do not hold.", bold=True)
    raise click.exceptions.Exit(1)
