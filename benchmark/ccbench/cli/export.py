"""``ccbench export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccbench.cli.options import format_option, out_option, run_argument

if TYPE_CHECKING:
    from ccbench.reporting.exports import Format


@click.command()
@run_argument
@format_option(
    ["csv", "parquet", "latex"],
    "csv for R, JASP and SPSS; parquet for R and Python; latex: the summaries, to print.",
)
@out_option("Folder to write. Default: export-FORMAT in the run directory.")
def export(run: Path, kind: Format, out: Path | None) -> None:
    """Write the tables of a finished RUN for other software.

    Long tables (one answer a row) for R, wide ones (one poser or network a row) for JASP and
    SPSS, summaries; README.txt says what each column is, analysis.R fits a mixed model.  An
    earlier export is replaced, unless you changed something in it.
    """
    from ccbench.reporting.exports import write_export
    from ccbench.results import open_run

    files = write_export(open_run(run), kind, out)
    for file in files:
        click.echo(file)
