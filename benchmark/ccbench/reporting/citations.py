"""What to cite for a run: a BibTeX file, a reference list, citations in the text.

Everything comes from the manifest: the study whose method it is, the backbone, the
databases and the probes, as their cards say; and ccbench itself, in the version of the run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ccbench.reporting.latex import latex_text
from ccbench.reporting.references import Author, Reference, parse_reference, plain
from ccbench.results import Run

PAPER_DOI = "10.3389/fpsyg.2022.988302"
"""Of the study whose method ccbench generalises."""

# As in CITATION.cff, which is not installed with the package.
_AUTHORS = "The ccbench developers"
_TITLE = "ccbench: a cross-cultural benchmark of facial-expression databases"
_SMALL_WORDS = frozenset({"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "the"})


@dataclass(frozen=True)
class Bibliography:
    """The references of a run.

    Attributes:
        references: as the manifest has them, ccbench last; each once.
        letters: for references with the same authors and year, such as "a", "b"; by text.
    """

    references: tuple[Reference, ...]
    letters: Mapping[str, str]

    def cite(self, citations: Iterable[Mapping[str, Any]]) -> str:
        """Return the inside of a citation, "Goeleven et al., 2008; Lundqvist et al., 1998".

        Args:
            citations: as cards have them, with ``text`` and ``doi``.
        """
        found = {_of_card(entry).text for entry in citations}
        return self._inside(ref for ref in self.references if ref.text in found)

    def cite_paper(self) -> str:
        """Return the citation of the study whose method ccbench generalises."""
        return self._inside(ref for ref in self.references if ref.doi == PAPER_DOI)

    def cite_ccbench(self) -> str:
        """Return the citation of ccbench."""
        return self._inside(self.references[-1:])

    def listed(self) -> tuple[str, ...]:
        """Return the reference list, in alphabetical order."""
        ordered = sorted(self.references, key=lambda reference: reference.sorting)
        return tuple(self._entry(reference) for reference in ordered)

    def _inside(self, references: Iterable[Reference]) -> str:
        ordered = sorted(references, key=lambda reference: reference.sorting)
        return "; ".join(self._short(reference) for reference in ordered)

    def _short(self, reference: Reference) -> str:
        if not reference.year:
            return reference.short_authors
        return f"{reference.short_authors}, {self._year(reference)}"

    def _year(self, reference: Reference) -> str:
        letter = self.letters.get(reference.text, "")
        dash = "-" if letter and not reference.year.isdecimal() else ""
        return f"{reference.year}{dash}{letter}"

    def _entry(self, reference: Reference) -> str:
        text = reference.text
        if reference.text in self.letters:
            text = re.sub(
                rf"\({re.escape(reference.year)}[a-z]?", f"({self._year(reference)}", text, count=1
            )
        return f"{text} https://doi.org/{reference.doi}" if reference.doi else text


def bibliography(run: Run) -> Bibliography:
    """Collect the references of a run."""
    manifest = run.manifest
    found: dict[str, Reference] = {}
    for text in manifest.get("citations", ()):
        _add(found, parse_reference(str(text)))
    for card in _cards(manifest):
        for entry in card.get("citations", ()):
            _add(found, _of_card(entry))
    references = (*found.values(), _ccbench(str(manifest.get("ccbench", ""))))
    return Bibliography(references, _letters(references))


def reference_list(run: Run) -> tuple[str, ...]:
    """Return the works to cite for a run, one string each, in APA style and order."""
    return bibliography(run).listed()


def bibtex(run: Run) -> str:
    """Return a BibTeX file with the works to cite for a run, sorted by key.

    Keys are made of first author, year and first word of the title
    (``inagaki2022convolutional``); ccbench's is ``ccbench``.  A reference whose text cannot
    be read becomes ``@misc`` with the text as ``note``.
    """
    references = bibliography(run).references
    wanted = [_key(reference) for reference in references]
    shared = {key for key, times in Counter(wanted).items() if times > 1}
    entries = {}
    used: Counter[str] = Counter()
    for key, reference in zip(wanted, references, strict=True):
        if key in shared:
            used[key] += 1
            key += _letter(used[key] - 1)
        entries[key] = _bibtex_entry(key, reference)
    return "\n".join(entry for _, entry in sorted(entries.items()))


def _add(found: dict[str, Reference], reference: Reference) -> None:
    known = found.get(reference.text)
    if known is None or not known.doi:
        found[reference.text] = reference


def _of_card(entry: Mapping[str, Any]) -> Reference:
    return parse_reference(str(entry["text"]), str(entry.get("doi", "")))


def _cards(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in (
        manifest.get("backbone", {}),
        *manifest["databases"],
        *manifest.get("probes", ()),
    ):
        yield entry.get("card", {})


def _ccbench(version: str) -> Reference:
    released = f" (Version {version})" if version else ""
    return Reference(
        text=f"{_AUTHORS}. (n.d.). {_TITLE}{released} [Computer software].",
        authors=(Author(_AUTHORS),),
        year="n.d.",
        title=_TITLE,
        published="Computer software",
        version=version,
    )


def _letters(references: Iterable[Reference]) -> dict[str, str]:
    """Tell apart what would be cited alike, in the order of the titles."""
    groups: dict[tuple[str, str], list[Reference]] = {}
    for reference in references:
        groups.setdefault((reference.short_authors, reference.year), []).append(reference)
    return {
        reference.text: _letter(place)
        for (_, year), group in groups.items()
        if year and len(group) > 1
        for place, reference in enumerate(sorted(group, key=lambda one: plain(one.title).lower()))
    }


def _letter(place: int) -> str:
    return chr(ord("a") + place)


def _key(reference: Reference) -> str:
    if reference.authors == (Author(_AUTHORS),):
        return "ccbench"
    words = [word for word in _words(reference.title) if word not in _SMALL_WORDS]
    if not reference.authors:
        year = re.search(r"\b(?:19|20)\d\d\b", reference.text)
        first = next(iter(_words(reference.text)), "reference")
        return first + (year[0] if year else "")
    family = "".join(_words(reference.authors[0].family)) or "reference"
    year_part = reference.year if reference.year.isdecimal() else ""
    return family + year_part + next(iter(words), "")


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", plain(text).lower())


def _bibtex_entry(key: str, reference: Reference) -> str:
    if not reference.authors:
        kind, fields = "misc", {"note": latex_text(reference.text)}
    else:
        kind, fields = _bibtex_fields(reference)
    # A DOI is an address, which styles print as it is: nothing is escaped.
    fields["doi"] = re.sub(r"[{}\\]", "", reference.doi)
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"]) + "\n"


def _bibtex_fields(reference: Reference) -> tuple[str, dict[str, str]]:
    fields = {
        "author": " and ".join(_bibtex_author(author) for author in reference.authors),
        "title": _bibtex_title(reference.title),
        "year": reference.year if reference.year != "n.d." else "",
    }
    if not reference.journal:
        fields["howpublished"] = latex_text(reference.published)
        fields["isbn"] = reference.isbn
        fields["note"] = f"Version {latex_text(reference.version)}" if reference.version else ""
        return "misc", fields
    proceedings = reference.journal.startswith(("Advances in ", "Proceedings "))
    fields["booktitle" if proceedings else "journal"] = latex_text(reference.journal)
    for name in ("volume", "number", "pages"):
        fields[name] = re.sub(r"(?<=\w) ?- ?(?=\w)", "--", latex_text(getattr(reference, name)))
    return ("inproceedings" if proceedings else "article"), fields


def _bibtex_author(author: Author) -> str:
    if not author.given:
        return f"{{{latex_text(author.family)}}}"
    return f"{latex_text(author.family)}, {latex_text(author.given)}"


def _bibtex_title(title: str) -> str:
    """Keep capitals that styles would lower: those of names, not of the first word."""
    first, *others = title.split(" ")
    words = [_keep(first) if first[1:] != first[1:].lower() else latex_text(first)]
    words += [_keep(word) if word != word.lower() else latex_text(word) for word in others]
    return " ".join(words)


def _keep(word: str) -> str:
    start = word[: len(word) - len(word.lstrip("([“‘"))]
    end = word[len(word.rstrip(")]”’.,:;?!")) :]
    name = word[len(start) : len(word) - len(end)]
    return f"{latex_text(start)}{{{latex_text(name)}}}{latex_text(end)}"
