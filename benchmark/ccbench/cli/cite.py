"""``ccbench cite``."""

from __future__ import annotations

from pathlib import Path

import click

from ccbench.cli.options import format_option, run_argument


@click.command()
@run_argument
@format_option(["bibtex", "text"], "bibtex for reference managers; text: a list in APA style.")
def cite(run: Path, kind: str) -> None:
    """Print what to cite for a finished RUN.

    The study whose method it is, the databases, the backbone, the probes, and ccbench.
    """
    from ccbench.reporting.citations import bibtex, reference_list
    from ccbench.results import open_run

    opened = open_run(run)
    if kind == "bibtex":
        click.echo(bibtex(opened), nl=False)
    else:
        click.echo("\n".join(reference_list(opened)))
