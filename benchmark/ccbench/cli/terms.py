"""Terms of licensed databases, shown and accepted on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ccbench.cli.options import at_terminal

if TYPE_CHECKING:
    from rich.console import Console

    from ccbench_registry import DatasetCard


def settle_terms(console: Console, databases: Sequence[str], accepted: Sequence[str]) -> None:
    """Show the terms that were not accepted yet, and ask where somebody can answer.

    Args:
        console: where they are shown.
        databases: as after ``-d``.
        accepted: names after ``--accept-licence``.

    Raises:
        CcbenchError: terms that are not accepted, or a name that is no database of the run.
    """
    from ccbench.plugins import load_plugins
    from ccbench.runner.terms import accept, licensed, refuse_unaccepted, unaccepted

    # What is wrong with a plugin the run itself says.
    cards = licensed(databases, load_plugins(quiet=True))
    _refuse_unknown(accepted, databases)
    for card in unaccepted(cards):
        print_terms(console, card)
        if card.name in accepted or _agrees(card):
            accept(card)
            console.print(
                f"Accepted; ccbench will not ask about {card.name} again.",
                style="dim",
                markup=False,
            )
    refuse_unaccepted(cards)


def print_terms(console: Console, card: DatasetCard) -> None:
    """Print under which terms a database may be used, and how to cite it."""
    from rich.markup import escape
    from rich.padding import Padding
    from rich.text import Text

    terms = card.terms
    console.print()
    console.print(f"[bold]Terms of {escape(card.title)}[/] ({escape(card.name)})", highlight=False)
    lines = [terms.licence]
    for key, value in terms.model_dump(exclude={"licence", "request"}).items():
        shown = ("no", "yes")[value] if isinstance(value, bool) else value
        lines.append(f"{key.replace('_', ' ')}: {'not said' if shown is None else shown}")
    lines += [terms.request] if terms.request else []
    lines += [f"Cite: {citation}" for citation in card.citations]
    for line in lines:
        console.print(Padding(Text(line), (0, 0, 0, 2)))


def _agrees(card: DatasetCard) -> bool:
    if not at_terminal():
        return False
    return click.confirm(f"Do you have {card.name} under these terms, and accept them?")


def _refuse_unknown(accepted: Sequence[str], databases: Sequence[str]) -> None:
    from ccbench.datasets import parse_dataset_spec
    from ccbench.exceptions import UnknownNameError
    from ccbench_registry import suggestion

    names = [parse_dataset_spec(text).name for text in databases]
    for name in accepted:
        if name not in names:
            raise UnknownNameError(
                f"--accept-licence {name}: no such database is given with -d; "
                f"{suggestion(name, names)}",
                name=name,
                known=names,
            )
