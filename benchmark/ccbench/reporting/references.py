"""What a formatted reference says: authors, year, title, and where it appeared.

Cards give works as text, in the style of the American Psychological Association (APA):
"Lundqvist, D., Flykt, A., & Öhman, A. (1998). Title. Journal, 22, 1094–1118."
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_HEAD = re.compile(
    r"(?P<authors>.+?) \((?P<year>\d{4}|n\.d\.|in press)(?P<letter>[a-z]?)(?:, [^)]+)?\)\.\s+"
    r"(?P<rest>.+)",
    re.S,
)
_AUTHOR = re.compile(
    r"(?P<family>[^,&\d]+), (?P<given>(?:[^\W\d_]{1,3}\.[- ]?)+?)(?:,? & |, |$)", re.S
)
# A title ends with its first sentence; initials and "vs." end none.
_TITLE_END = re.compile(r"(?<!\bvs\.)(?<!\b[A-Z]\.)(?<=[.?!])\s+(?=[^a-z\s])")
_ARTICLE = re.compile(
    r"(?P<journal>.+?), (?P<volume>\d+)(?:\s?\((?P<number>[^)]+)\))?"
    r"(?:, (?P<pages>[A-Za-z]*\d\w*(?:\s?[–-]\s?\w+)?))?",
    re.S,
)
_ISBN = re.compile(r"\bISBN[: ]+(?P<isbn>[\dX][\dX -]*[\dX])\.?\s*")
_DOI = re.compile(r"\s*(?:doi: ?|(?:https?://)?(?:dx\.)?doi\.org/)(?P<doi>10\.\S+?)\.?\s*$", re.I)

_LETTERS = {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe"}


@dataclass(frozen=True)
class Author:
    """A person, or a group (``given`` is empty)."""

    family: str
    given: str = ""


@dataclass(frozen=True)
class Reference:
    """A work that is cited.

    Attributes:
        text: the whole reference as formatted text, without the DOI.
        doi: such as "10.3389/fpsyg.2022.988302", or "".
        authors: in order; empty when the text could not be read.
        year: "2022", "n.d." or "in press"; "" when the text could not be read.
        title: without the period at its end.
        journal: or the proceedings; "" for what is neither.
        volume: of the journal.
        number: issue of the volume.
        pages: with an en dash, or the number of the article.
        published: where what is in no journal was published.
        isbn: of a book or disc.
        version: of software.
    """

    text: str
    doi: str = ""
    authors: tuple[Author, ...] = ()
    year: str = ""
    title: str = ""
    journal: str = ""
    volume: str = ""
    number: str = ""
    pages: str = ""
    published: str = ""
    isbn: str = ""
    version: str = ""

    @property
    def short_authors(self) -> str:
        """The authors as in the text: "Ueda et al."; the first words of an unread text."""
        names = [author.family for author in self.authors]
        if not names:
            words = self.text.split()
            return "“" + " ".join(words[:4]).rstrip(".,;:") + ("…”" if len(words) > 4 else "”")
        if len(names) > 2:
            return f"{names[0]} et al."
        return " & ".join(names)

    @property
    def sorting(self) -> tuple[str, str, str]:
        """Place in a reference list: by authors, year, title; case and accents ignored."""
        # APA sorts groups by their first significant word.
        start = plain(self.text).lower().removeprefix("the ")
        return start.partition(" (")[0], self.year, start


def parse_reference(text: str, doi: str = "") -> Reference:
    """Read a formatted reference.

    Args:
        text: in APA style; a DOI at its end is taken off.
        doi: if it is known apart from the text.

    Returns:
        The reference; without authors, year and title when the text is of another style.

    >>> found = parse_reference("Ng, A., & Öz, B.-C. (2010). Faces. Mind, 3(2), 1–9. doi:10.1/x")
    >>> found.authors[1], found.title, found.journal, found.pages, found.doi
    (Author(family='Öz', given='B.-C.'), 'Faces', 'Mind', '1–9', '10.1/x')
    """
    text = " ".join(text.split())
    ending = _DOI.search(text)
    if ending:
        text, doi = text[: ending.start()].rstrip(), doi or ending["doi"]
    head = _HEAD.fullmatch(text)
    authors = _authors(head["authors"]) if head else ()
    if head is None or not authors:
        return Reference(text, doi)
    title, *more = _TITLE_END.split(head["rest"], maxsplit=1)
    where = more[0] if more else ""
    isbn = _ISBN.search(where)
    if isbn:
        where = (where[: isbn.start()] + where[isbn.end() :]).strip()
    where = where.removesuffix(".")
    article = _ARTICLE.fullmatch(where)
    # "Publisher, 2010" is no volume.
    is_article = article is not None and bool(article["number"] or article["pages"])
    found = article.groupdict("") if article is not None and is_article else {}
    return Reference(
        text=text,
        doi=doi,
        authors=authors,
        year=head["year"],
        title=title.removesuffix("."),
        published="" if is_article else where,
        isbn=isbn["isbn"] if isbn else "",
        **found,
    )


def _authors(text: str) -> tuple[Author, ...]:
    """Read "Ito, T., & De Raedt, R." or a group, "The ccbench developers."; else nothing."""
    if "," not in text and "&" not in text:
        return (Author(text.removesuffix(".")),)
    found, position = [], 0
    while position < len(text):
        match = _AUTHOR.match(text, position)
        if match is None:
            return ()
        found.append(Author(match["family"].strip(), match["given"].strip()))
        position = match.end()
    return tuple(found)


def plain(text: str) -> str:
    """Return text without accents, for sorting and keys.

    >>> plain("Öhman, Sørensen")
    'Ohman, Sorensen'
    """
    text = "".join(_LETTERS.get(letter, letter) for letter in text)
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
