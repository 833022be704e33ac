"""How ``ccbench datasets new`` shows what it has found in the names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ccbench_registry import EXPRESSIONS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ccbench.datasets.infer import Proposal
    from ccbench.samples import SampleTable

_MOST_KINDS = 12
_MOST_LINES = 6
_EXAMPLES = 3
_STYLES = {"expression": "bold green", "poser": "bold cyan"}
_OTHER = "magenta"


def print_proposal(console: Console, root: Path, proposal: Proposal) -> None:
    """Print the pattern, what its parts are, some names it reads and all kinds it does not."""
    from rich.table import Table
    from rich.text import Text

    count = len(proposal.matched) + len(proposal.unmatched)
    console.print()
    console.print(
        Text.assemble((str(root), "bold"), f": {_files(count)}"), highlight=False, soft_wrap=True
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    # Of the columns only the last gives way on a narrow terminal.
    table.add_column("part", no_wrap=True, min_width=max(map(len, proposal.columns)))
    table.add_column("is", no_wrap=True, min_width=len("what is shown"))
    table.add_column("values", justify="right", no_wrap=True, min_width=len("values"))
    table.add_column("", overflow="ellipsis", no_wrap=True)
    for part, values in proposal.columns.items():
        shown = Text(few(sorted(values, key=_natural)))
        table.add_row(
            Text(part, style=_style(part, proposal)), _role(part, proposal), str(len(values)), shown
        )
    console.print(table)
    console.print(Text(f"\nIt reads {len(proposal.matched)} of {count} names, for example"))
    for name in _spread(proposal.matched):
        console.print(Text.assemble("  ", _coloured(name, proposal)), soft_wrap=True)
    console.print(Text("by the pattern"))
    console.print(Text(f"  {proposal.pattern}", style="dim"), soft_wrap=True)


def print_unmatched(console: Console, proposal: Proposal) -> None:
    """Print every kind of name that the pattern does not read."""
    from rich.text import Text

    from ccbench.datasets.infer import kinds

    found = kinds(proposal.unmatched)
    if not found:
        return
    one = len(proposal.unmatched) == 1
    of = "" if one else " of one kind" if len(found) == 1 else f" of {len(found)} kinds"
    console.print(
        Text(
            f"\n{_files(len(proposal.unmatched))}{of} {'does' if one else 'do'} not match, and "
            f"{'is' if one else 'are'} left out"
        )
    )
    for name, count in found[:_MOST_KINDS]:
        more = f"  and {count - 1} like it" if count > 1 else ""
        console.print(Text.assemble(f"  {name}", (more, "dim")), soft_wrap=True)
    if len(found) > _MOST_KINDS:
        console.print(Text(f"  … and {len(found) - _MOST_KINDS} more kinds", style="dim"))


def print_codes(console: Console, proposal: Proposal) -> None:
    """Print what the codes in the names are taken for; a question mark where that is open."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("code", no_wrap=True)
    table.add_column("files", justify="right")
    table.add_column("expression")
    for code, guess in proposal.labels.items():
        if guess.sure:
            word = Text(guess.expression or "left out")
            if guess.expression not in EXPRESSIONS:
                word.append(" (left out: none of the seven)" if guess.expression else "", "dim")
        else:
            word = Text(f"{guess.expression}?", style="yellow")
        table.add_row(Text(code), str(proposal.columns["expression"][code]), word)
    console.print()
    console.print(table)


def print_table(console: Console, table: SampleTable) -> None:
    """Print how the posers cross with the expressions: gaps, and more than one photograph."""
    from rich.text import Text

    cells = Counter((sample.poser, sample.expression) for sample in table)
    console.print(
        Text(
            f"\n{len(table)} photographs: {len(table.posers)} posers × "
            f"{len(table.expressions)} expressions",
            style="bold",
        )
    )
    several = [count for count in cells.values() if count > 1]
    if several:
        console.print(
            Text(
                f"  {len(several)} times a poser shows an expression in several photographs (up "
                f"to {max(several)}): fine"
            )
        )
    gaps = {
        poser: [name for name in table.expressions if not cells[poser, name]]
        for poser in table.posers
    }
    gaps = {poser: names for poser, names in gaps.items() if names}
    for poser, names in list(gaps.items())[:_MOST_LINES]:
        console.print(Text(f"  {poser} has no {', '.join(names)}"))
    if len(gaps) > _MOST_LINES:
        console.print(Text(f"  and {len(gaps) - _MOST_LINES} more posers lack some"))


def values_of(proposal: Proposal, parts: Sequence[str]) -> str:
    """Return how many values some parts have together, and a few: ``8: 01, 02, 03, …``."""
    found = set()
    for name in proposal.matched:
        groups = proposal.read(name) or {}
        found.add("".join(groups[part] for part in parts))
    return f"{len(found)}: {few(sorted(found, key=_natural), 3)}"


def few(values: Sequence[str], most: int = 8) -> str:
    """Return the first values for a person: ``P01, P02, …``."""
    return ", ".join(value or "–" for value in values[:most]) + ", …" * (len(values) > most)


def _natural(value: str) -> tuple[int, str]:
    """Order numbers by their size, whatever they are padded with."""
    return (int(value), "") if value.isdecimal() else (-1, value.lower())


def _files(count: int) -> str:
    return f"{count} image file{'s' * (count != 1)}"


def _spread(names: Sequence[str]) -> list[str]:
    """Return a few names from the beginning, the middle and the end."""
    places = {0, len(names) // 2, len(names) - 1}
    return [names[place] for place in sorted(places)][:_EXAMPLES]


def _role(part: str, proposal: Proposal) -> str:
    if part == "expression":
        return "what is shown"
    return "who is shown" if part in proposal.poser else "a column"


def _style(part: str, proposal: Proposal) -> str:
    return _STYLES.get("poser" if part in proposal.poser else part, _OTHER)


def _coloured(name: str, proposal: Proposal) -> Text:
    """Return a name with its parts in the colours of the table."""
    import re

    from rich.text import Text

    text = Text(name)
    start = len(name) - len(proposal.text(name))
    match = re.compile(proposal.pattern, re.IGNORECASE).fullmatch(name[start:])
    for part in match.re.groupindex if match else ():
        begin, end = match.span(part) if match else (-1, -1)
        if begin >= 0:
            text.stylize(_style(part, proposal), start + begin, start + end)
    return text
