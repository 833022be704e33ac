"""Arguments and options that several commands have."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

run_argument = click.argument("run", type=click.Path(path_type=Path))
"""The directory of a finished run."""
device_option = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ..."
)


def at_terminal() -> bool:
    """Whether there is somebody to ask; standard input may be closed."""
    return sys.stdin is not None and sys.stdin.isatty()


def _cores(_context: click.Context, _option: click.Parameter, value: int | None) -> int:
    from ccbench.executors import available_cores
    from ccbench.processor import MOST_PROCESSES

    if value and value > MOST_PROCESSES:
        raise click.BadParameter(f"{value}: this system allows at most {MOST_PROCESSES}")
    return value or available_cores()


workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    callback=_cores,
    help="Processes. Default: all cores.",
)
"""The command is given a number, whether the user gave one or not."""


def format_option(kinds: Sequence[str], text: str) -> Callable[[Function], Function]:
    """Return the option ``--format``, whose value the command calls ``kind``.

    Args:
        kinds: what can be chosen, the default first.
        text: of the help.
    """
    return click.option(
        "--format",
        "kind",
        type=click.Choice(kinds),
        default=kinds[0],
        show_default=True,
        help=text,
    )


def out_option(text: str) -> Callable[[Function], Function]:
    """Return the option ``--out``, a file or folder to write.

    Args:
        text: of the help.
    """
    return click.option("--out", type=click.Path(path_type=Path), help=text)
