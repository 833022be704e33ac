"""Datasets on the terminal: one line each, or everything that a card says."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ccbench.datasets import ListedDataset
from ccbench.exceptions import DatasetError
from ccbench.interfaces import Dataset, Family, GeneratedDataset
from ccbench_registry import DatasetCard, canonical_expression, suggestion
from ccbench_registry.vocabulary import expression_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ccbench_registry import Catalog

_PIPED_WIDTH = 140
_SHORTEST_TITLE = 10
_FEW = 2
_PERMITTED = {True: "yes", False: "no"}
_NAMING = {
    "verified": "tried on lists of real names",
    "seen": "seen in code or documentation, not tried on a list",
    "unknown": "not known to ccbench",
}


@dataclass(frozen=True)
class Filter:
    """Which databases are listed; an empty text does not restrict.

    Attributes:
        country: ISO code, of the database or of one of its groups.
        licence: part of the text of the licence, case ignored.
        expression: that it has to have, in any usual word.
    """

    country: str = ""
    licence: str = ""
    expression: str = ""

    def __bool__(self) -> bool:
        return bool(self.country or self.licence or self.expression)

    def chosen(self, cards: Iterable[DatasetCard]) -> set[str]:
        """Return the names of the databases that pass.

        Raises:
            DatasetError: nothing passes, or the expression is not known; the nearest is given.
        """
        cards = list(cards)
        expression = canonical_expression(self.expression)
        if self.expression and expression is None:
            raise DatasetError(
                f"--expression {self.expression}: no such expression; "
                f"{suggestion(self.expression, expression_words())}"
            )
        code = self.country.upper()
        countries = sorted({code for card in cards for code in card.countries})
        if code and code not in countries:
            raise DatasetError(
                f"--country {self.country}: no database; give one of the codes "
                f"{', '.join(countries)}"
            )
        found = {
            card.name
            for card in cards
            if (not code or code in card.countries)
            and self.licence.lower() in card.terms.licence.lower()
            and (expression is None or expression in card.expressions)
        }
        if not found:
            raise DatasetError(
                "no database passes; drop one of --country, --licence and --expression, or give "
                "a shorter text"
            )
        return found


def reading(item: Dataset) -> str:
    """Return how a dataset comes to its photographs, in one word."""
    if isinstance(item, GeneratedDataset):
        return "generated"
    if isinstance(item, ListedDataset):
        return "manifest"
    return "pattern" if item.card.files else "plugin"


def print_list(
    console: Console, datasets: Catalog[Dataset | Family[Dataset]], restrict: Filter
) -> None:
    """Print a line for every dataset that passes, and what the columns mean."""
    items = {name: datasets.get(name) for name in datasets}
    cards = [item.card for item in items.values() if not isinstance(item, Family)]
    chosen = restrict.chosen(cards)
    rows = []
    for name, item in items.items():
        if not isinstance(item, Family) and item.card.name in chosen:
            rows.append(_row(name, item))
        elif isinstance(item, Family) and not restrict:
            rows.append((f"{name}:…", "", "", "generated", "", "yes", item.summary))
    if not console.is_terminal and "COLUMNS" not in os.environ:
        # Into a file or another program: titles need not be cut.
        console.width = _PIPED_WIDTH
    console.print(_list_table(rows, console.width))
    countries = {code for card in cards if card.name in chosen for code in card.countries}
    console.print(
        f"{_count(chosen, 'database', 'databases')} of "
        f"{_count(countries, 'country', 'countries')}. read by: pattern = file names, "
        "-d NAME=FOLDER; manifest = naming not known, -d NAME=list.csv; generated = needs no "
        "folder. share: may the photographs be passed on. More: ccbench datasets show NAME. Your "
        "own database: ccbench datasets new FOLDER, or a CSV manifest (path,poser,expression).",
        style="dim",
        highlight=False,
    )


def _count(things: Collection[str], one: str, many: str) -> str:
    return f"{len(things)} {one if len(things) == 1 else many}"


def _row(name: str, item: Dataset) -> tuple[str, ...]:
    card = item.card
    return (
        name,
        ",".join(card.countries) or "–",
        str(card.posers or "–"),
        reading(item),
        lacking(card),
        _PERMITTED[card.terms.redistribution],
        card.title,
    )


def _list_table(rows: Sequence[tuple[str, ...]], room: int) -> Table:
    """Return a table with a line each, as wide as ``room``: titles are cut to fit."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    *headings, last = ("name", "from", "posers", "read by", "lacks", "share", "title")
    for index, heading in enumerate(headings):
        width = max(len(heading), *(len(row[index]) for row in rows))
        justify: Literal["left", "right"] = "right" if heading == "posers" else "left"
        table.add_column(heading, width=width, no_wrap=True, justify=justify)
        room -= width + 2
    room = max(room, _SHORTEST_TITLE)
    table.add_column(last, width=room, no_wrap=True)
    for *cells, title in rows:
        cut = title if len(title) <= room else title[: room - 1].rstrip() + "…"
        table.add_row(*map(escape, cells), escape(cut))
    return table


def lacking(card: DatasetCard) -> str:
    """Return which of the seven expressions a database lacks, in a word or two."""
    if not card.expressions:
        return "?"
    missing = card.missing
    return f"{len(missing)} of 7" if len(missing) >= _FEW else "".join(missing) or "–"


def print_card(console: Console, card: DatasetCard, read_by: str = "") -> None:
    """Print everything that a card says, and what in it nobody has checked.

    Args:
        console: where to.
        card: what to print.
        read_by: what :func:`reading` says of the dataset; without it that line is missing.
    """
    from rich.markup import escape
    from rich.table import Table

    console.print(f"[bold]{escape(card.title)}[/] ({card.name})", highlight=False)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="cyan")
    grid.add_column()
    for label, key, text in facts(card, read_by):
        unsure = "" if key not in card.from_memory else " [yellow](from memory)[/]"
        if text:
            grid.add_row(label, f"{escape(text)}{unsure}")
    console.print(grid, highlight=False)


def facts(card: DatasetCard, read_by: str) -> list[tuple[str, str, str]]:
    """Return (label, key of the card, text) in the order they are printed."""
    return [
        ("Country", "country", card.country or "– (drawn or rendered, or from everywhere)"),
        ("Posers", "posers", str(card.posers or "not known")),
        ("Photographs", "photographs", str(card.photographs or "")),
        ("Expressions", "expressions", ", ".join(card.expressions) or "not known"),
        ("Lacks", "expressions", ", ".join(card.missing)),
        *_items("Groups", "groups", _groups(card)),
        ("Read by", "naming", _reading_sentence(card, read_by) if read_by else ""),
        *_terms(card),
        *_items("Human norms", "norms", _norms(card)),
        *_items("Notes", "notes", card.notes),
        *_items("Cite", "citations", [str(citation) for citation in card.citations]),
    ]


def _items(label: str, key: str, texts: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return a line a text; only the first has the label, and one of several a bullet."""
    bullet = "• " if len(texts) > 1 else ""
    return [(label * (n == 0), key, bullet + text) for n, text in enumerate(texts)]


def _reading_sentence(card: DatasetCard, kind: str) -> str:
    if kind == "manifest":
        return f"manifest: -d {card.name}=list.csv; its file naming is {_NAMING[card.naming]}"
    if kind == "generated":
        return f"generated: -d {card.name}, no folder needed"
    return f"{kind}: -d {card.name}=FOLDER; file naming {card.naming} ({_NAMING[card.naming]})"


def _groups(card: DatasetCard) -> list[str]:
    lines = []
    for group in card.groups:
        count = f", {group.posers} posers" if group.posers else ""
        country = f" ({group.country})" if group.country else ""
        choice = f": -d '{card.name}[{group.option}]=FOLDER'" if group.option else ""
        lines.append(f"{group.name}{country}{count}{choice}")
    return lines


def _terms(card: DatasetCard) -> list[tuple[str, str, str]]:
    terms = card.terms
    posers = terms.publishable_ids
    printed = posers if isinstance(posers, str) else f"only the posers {', '.join(posers)}"
    printed = {"all": "yes", "none": "no"}.get(printed, printed)
    return [
        ("Terms", "terms.licence", terms.licence),
        ("  pass on", "terms.redistribution", _PERMITTED[terms.redistribution]),
        ("  modify", "terms.may_modify", terms.may_modify),
        ("  print", "terms.publishable_ids", printed),
        ("  share networks", "terms.may_share_weights", terms.may_share_weights),
        ("To get it", "terms.request", terms.request),
    ]


def _norms(card: DatasetCard) -> list[str]:
    from ccbench_registry.norms import all_norms

    known = {norms.name: norms for norms in all_norms().values()}
    lines = []
    for norms in card.norms:
        text = f"{known[norms.key].title} ({norms.key}, on board)" if norms.key else norms.source
        lines.append(f"{text}: {norms.result}" if norms.result else text)
    return lines


def print_recipe(console: Console, recipe: Mapping[str, object], indent: str = "  ") -> None:
    """Print a mapping as indented lines; one that holds only numbers and words in one line."""
    for key, value in recipe.items():
        if isinstance(value, Mapping) and any(
            isinstance(inner, Mapping | list) for inner in value.values()
        ):
            console.print(f"{indent}{key}:", markup=False, highlight=False)
            print_recipe(console, value, indent + "  ")
            continue
        if isinstance(value, Mapping):
            value = ", ".join(f"{name} = {_in_words(inner)}" for name, inner in value.items())
        console.print(f"{indent}{key}: {_in_words(value)}", markup=False, highlight=False)


def _in_words(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_in_words, value)) or "–"
    return "–" if value is None or value == "" else str(value)
