"""``ccbench leaderboard``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccbench.cli.options import format_option, out_option

if TYPE_CHECKING:
    from typing import Literal

    from ccbench.reporting.leaderboard import Format


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option(
    ["table", "csv", "latex", "json"],
    "table: for the terminal; the others go to standard output, to be kept in a file.",
)
@out_option("Folder to write: a site of static pages with all tables, and where each run is from.")
@click.option(
    "--strict",
    is_flag=True,
    help="Refuse runs of different protocols instead of ranking each protocol by itself.",
)
def leaderboard(
    runs: tuple[Path, ...], kind: Format | Literal["table"], out: Path | None, strict: bool
) -> None:
    """Rank runs: backbones by databases, with ranks that allow for other posers.

    A RUN is a run directory or a bundle (ccbench bundle); bundles are verified first.  Runs
    of several labs become one site with --out.
    """
    from rich.console import Console

    from ccbench.analysis.leaderboard import make_board
    from ccbench.bundles import open_measured
    from ccbench.exceptions import RunError
    from ccbench.reporting.leaderboard import board_text, print_board, write_site

    console, errors = Console(), Console(stderr=True)
    with errors.status("measuring runs"):
        board = make_board(open_measured(runs))
    if strict and len(board.groups) > 1:
        raise RunError(
            f"the runs are of {len(board.groups)} protocols ("
            f"{'; '.join(group.heading for group in board.groups)}); give runs of one, or leave "
            f"out --strict"
        )
    pages = write_site(board, out) if out else None
    if kind == "table":
        print_board(board, console)
    else:
        click.echo(board_text(board, kind), nl=False)
        for note in board.notes:
            click.echo(f"ccbench: {note}", err=True)
    if pages:
        click.echo(f"Site: {pages}", err=kind != "table")
