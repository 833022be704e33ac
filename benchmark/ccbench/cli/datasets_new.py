"""``ccbench datasets new``: from a folder of photographs to a card, by looking and asking."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccbench.cli import new_questions as ask
from ccbench.cli.options import at_terminal, out_option, workers_option
from ccbench.exceptions import DatasetError
from ccbench.samples import is_text

if TYPE_CHECKING:
    from rich.console import Console

    from ccbench.datasets.infer import Proposal
    from ccbench_registry import DatasetCard


# A card needs these before anybody is asked for them.
_UNNAMED = {"name": "new", "title": "", "country": "", "licence": "", "citation": ""}


@click.command("new")
@click.argument("root", type=click.Path(path_type=Path))
@click.option("--name", help="Name in tables and after -d. Proposed: the folder's.")
@click.option("--title", help="What the database is called in headings.")
@click.option("--country", metavar="XX", help='Where the posers live, as SE or JP; "" for nobody.')
@click.option("--licence", help="Licence or terms of use, in a few words.")
@click.option("--citation", help='The work to cite; "" for none.')
@click.option("--pattern", metavar="REGEX", help="How names are read, instead of the proposal.")
@click.option("--poser", metavar="PART[+PART]", help="Which parts of the names are the poser.")
@click.option("--expression", metavar="PART", help="Which part of the names is the expression.")
@click.option(
    "--label",
    "labels",
    metavar="CODE=EXPRESSION",
    multiple=True,
    help="What a code means; CODE= leaves it out. May be given many times.",
)
@out_option("The card. Default: NAME.toml here.")
@click.option("--force", is_flag=True, help="Overwrite the card.")
@click.option("--yes", is_flag=True, help="Take what is proposed without asking.")
@workers_option
@click.pass_context
def new(
    ctx: click.Context,
    /,
    root: Path,
    pattern: str | None,
    poser: str | None,
    expression: str | None,
    labels: tuple[str, ...],
    out: Path | None,
    force: bool,
    yes: bool,
    workers: int,
    **facts: str | None,
) -> None:
    """Make the folder ROOT of photographs a database: look at its names, write a card.

    Finds out which part of the names (and folders) is the expression and which the poser, asks
    what it cannot know, writes a TOML card, and checks it as `ccbench datasets check` does.
    Nothing in ROOT is changed.  Where there is no terminal nothing is asked: every answer is an
    option.
    """
    from rich.console import Console
    from rich.markup import escape

    from ccbench.cli.proposal_view import print_table
    from ccbench.datasets import PatternDataset
    from ccbench.datasets.card_text import card_text

    facts = ask.given_facts(facts)
    if out is not None or facts["name"] is not None:
        _refuse_taken(out or Path(f"{facts['name']}.toml"), force=force)
    names = _image_names(root, facts["name"])
    known = ask.KnownNames(
        pattern or "",
        expression or "",
        ask.parts_of(poser or ""),
        ask.given_labels(labels),
    )
    console = Console()
    proposal = _agreed(console, root, names, known, accept=yes)
    unnamed = {**_UNNAMED, "name": facts["name"] or "new"}
    table = PatternDataset(_card(proposal, unnamed)).samples(root, {})
    print_table(console, table)
    said = ask.ask_facts(
        facts,
        root,
        accept=yes,
        usable_name=lambda name: _refuse_taken(out or Path(f"{name}.toml"), force=force),
    )
    card = _card(proposal, said)
    card = card.model_copy(
        update={"posers": len(table.posers), "expressions": tuple(table.expressions)}
    )
    target = out or Path(f"{card.name}.toml")
    _refuse_taken(target, force=force)
    _write(target, card_text(card, proposal.columns["expression"], "`ccbench datasets new`"))
    console.print(f"\n[green]✓[/] wrote [bold]{escape(str(target))}[/]", soft_wrap=True)
    _check(ctx, console, _spec(target, root), workers)


def _agreed(
    console: Console, root: Path, names: list[str], known: ask.KnownNames, *, accept: bool
) -> Proposal:
    """Show how the names are read until that is right, and ask what the codes mean.

    Raises:
        DatasetError: there is no terminal, and something is left open.
    """
    from ccbench.cli.proposal_view import print_codes, print_proposal, print_unmatched

    proposal = ask.propose(names, known, root)
    while True:
        print_proposal(console, root, proposal)
        print_unmatched(console, proposal)
        print_codes(console, proposal)
        if accept or not at_terminal():
            break
        console.print()
        if click.confirm("Are the names read rightly?", default=True):
            break
        known, proposal = ask.corrected(names, known, proposal, root)
    if not (accept or known.pattern or at_terminal()):
        raise DatasetError(
            f"there is no terminal to ask at: give --yes to read the names by the pattern "
            f"{proposal.pattern} (poser {proposal.template}), or another with --pattern"
        )
    return ask.with_labels(proposal, known, accept=accept)


def _image_names(root: Path, database: str | None) -> list[str]:
    from ccbench.datasets.files import list_images

    images = list_images(root, dataset=database or root.resolve().name)
    names = [path.relative_to(root).as_posix() for path in images]
    for name in names:
        if not is_text(name):
            raise DatasetError(f"{root}: the file name {name!a} is not UTF-8; rename the file")
    if len(names) < 2:
        raise DatasetError(
            f"{root} holds one image file, {names[0]}; a database needs several posers with "
            f"several expressions"
        )
    return names


def _card(proposal: Proposal, facts: Mapping[str, str]) -> DatasetCard:
    from ccbench_registry import Citation, DatasetCard, Terms

    doi = re.search(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)(10\.\S+?)[.,;]?$", facts["citation"])
    text = facts["citation"][: doi.start()].strip() if doi else facts["citation"]
    citations = (Citation(text=text, doi=doi[1] if doi else ""),) if text else ()
    return DatasetCard(
        name=facts["name"],
        title=facts["title"],
        country=facts["country"],
        naming="verified",
        terms=Terms(licence=facts["licence"]),
        citations=citations,
        files=proposal.files(),
    )


def _refuse_taken(path: Path, *, force: bool) -> None:
    """Refuse a card that is there or cannot be written, before anything is asked."""
    if path.suffix.lower() != ".toml":
        raise DatasetError(f"--out {path}: the name of a card ends in .toml")
    if path.is_dir():
        raise DatasetError(f"--out {path}: that is a folder; give the name of a file in it")
    if path.exists() and not force:
        raise DatasetError(f"{path} exists; give another --out, or --force to overwrite it")
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise DatasetError(f"{path} cannot be written; give another place with --out")


def _write(path: Path, text: str) -> None:
    from ccbench.atomic import write_bytes

    try:
        write_bytes(path, text.encode())
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be written ({error.strerror}); give another place with --out"
        ) from None


def _spec(path: Path, root: Path) -> str:
    """Return what to write after -d for a card and a folder."""
    # A path with these signs needs a slash before them.
    card = f"./{path}" if re.search(r"[\[\]=]", str(path)) and "/" not in str(path) else str(path)
    return f"{card}={root}"


def _check(ctx: click.Context, console: Console, spec: str, workers: int) -> None:
    """Check the new card as ``ccbench datasets check`` does, and say what comes next."""
    from ccbench.cli.datasets import check

    quoted, heading = shlex.quote(spec), "When that is corrected:"
    command = f"ccbench datasets check {quoted}"
    try:
        ctx.invoke(check, dataset=spec, workers=workers)
        heading, command = "Next:", f"ccbench matrix -d {quoted} -d synthetic-a"
    finally:
        console.print(f"\n[bold]{heading}[/]")
        console.print(f"  {command}", markup=False, highlight=False, soft_wrap=True)
