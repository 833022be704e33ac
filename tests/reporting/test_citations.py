"""What to cite: BibTeX read by a parser of its own, reference lists, citations in text."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from tests.reporting.manifests import PROBE, make_manifest, run_of

from ccbench.reporting.citations import bibliography, bibtex, reference_list
from ccbench.reporting.latex import latex_text
from ccbench.reporting.references import Author, parse_reference
from ccbench_registry import Citation

Entry = tuple[str, dict[str, str]]
_COMMANDS = {
    "textbackslash": "\\",
    "textbraceleft": "⟨",
    "textbraceright": "⟩",
    "textasciitilde": "~",
    "textasciicircum": "^",
}


def parse_bibtex(text: str) -> dict[str, Entry]:
    """Read BibTeX with values in braces: key -> (kind, fields); braces are counted."""
    entries: dict[str, Entry] = {}
    position = 0
    while text[position:].strip():
        head = re.compile(r"\s*@(\w+)\{([^,\s{}\"#%~\\]+),").match(text, position)
        assert head, text[position : position + 80]
        position = head.end()
        fields: dict[str, str] = {}
        while not (end := re.compile(r"\s*\}").match(text, position)):
            name = re.compile(r"\s*(\w+)\s*=\s*\{").match(text, position)
            assert name, text[position : position + 80]
            start = position = name.end()
            depth = 1
            while depth:
                depth += {"{": 1, "}": -1}.get(text[position], 0)
                position += 1
            assert name[1] not in fields
            fields[name[1]] = text[start : position - 1]
            comma = re.compile(r"\s*,").match(text, position)
            position = comma.end() if comma else position
        position = end.end()
        assert head[2] not in entries
        entries[head[2]] = (head[1], fields)
    return entries


def as_text(value: str) -> str:
    """Undo LaTeX, in a way of its own: what a reader would see."""
    marks = {'"': "\u0308", "'": "\u0301", "c": "\u0327", "v": "\u030c", "r": "\u030a"}
    value = re.sub(
        r"\{\\([\"'cvr])\{(\w)\}\}",
        lambda m: unicodedata.normalize("NFC", m[2] + marks[m[1]]),
        value,
    )
    for command, letter in _COMMANDS.items():
        value = value.replace(f"\\{command}{{}}", letter)
    value = re.sub(r"\\([&%$#_])", r"\1", value).replace("--", "–")
    return value.replace("{", "").replace("}", "")


def test_the_works_of_a_run() -> None:
    found = parse_bibtex(bibtex(run_of(make_manifest())))
    assert list(found) == [
        "ccbench",
        "goeleven2008karolinska",
        "inagaki2022convolutional",
        "krizhevsky2012imagenet",
        "lundqvist1998karolinska",
        "ueda2019development",
    ]
    kind, paper = found["inagaki2022convolutional"]
    assert kind == "article"
    assert paper == {
        "author": "Inagaki, M. and Ito, T. and Shinozaki, T. and Fujita, I.",
        "title": "Convolutional neural networks reveal differences in action units of facial "
        "expressions between face image databases developed in different countries",
        "year": "2022",
        "journal": "Frontiers in Psychology",
        "volume": "13",
        "pages": "988302",
        "doi": "10.3389/fpsyg.2022.988302",
    }
    kind, kdef = found["lundqvist1998karolinska"]
    assert kind == "misc"
    assert kdef["author"] == r"Lundqvist, D. and Flykt, A. and {\"{O}}hman, A."
    assert as_text(kdef["title"]) == "The Karolinska Directed Emotional Faces – KDEF (CD-ROM)"
    # Styles lower what is not in braces.
    assert "({CD-ROM})" in kdef["title"]
    assert kdef["isbn"] == "91-630-7164-9"
    assert kdef["howpublished"].endswith("Karolinska Institutet")
    kind, validation = found["goeleven2008karolinska"]
    assert validation["author"].split(" and ")[1] == "De Raedt, R."
    assert validation["pages"] == "1094--1118"
    kind, alexnet = found["krizhevsky2012imagenet"]
    assert (kind, alexnet["title"].split()[0]) == ("inproceedings", "{ImageNet}")
    assert found["ueda2019development"][1]["doi"] == "10.2117/psysoc.2019-A009"


def test_ccbench_is_cited_as_its_citation_file_says() -> None:
    source = (Path(__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8")
    own = source.partition("references:")[0]
    manifest = make_manifest()
    manifest["ccbench"] = "3.2.1"
    _, entry = parse_bibtex(bibtex(run_of(manifest)))["ccbench"]
    title, author = re.search(r'title: "(.+)"', own), re.search(r'name: "(.+)"', own)
    assert title
    assert author
    assert entry["title"] == title[1]
    assert entry["author"] == f"{{{author[1]}}}"
    # The version that made the run, not the one that is installed now.
    assert entry["note"] == "Version 3.2.1"
    assert "year" not in entry
    assert "date-released" not in own, "now there is a year to cite"
    (listed,) = [e for e in reference_list(run_of(manifest)) if "ccbench" in e]
    assert listed == (f"{author[1]}. (n.d.). {title[1]} (Version 3.2.1) [Computer software].")


def test_the_reference_list_is_in_order_and_complete() -> None:
    entries = reference_list(run_of(make_manifest()))
    assert [entry.split()[0] for entry in entries] == [
        "The",  # ccbench developers
        "Goeleven,",
        "Inagaki,",
        "Krizhevsky,",
        "Lundqvist,",
        "Ueda,",
    ]
    assert entries[2].endswith("13, 988302. https://doi.org/10.3389/fpsyg.2022.988302")
    assert "doi:" not in "".join(entries)


def test_in_the_text() -> None:
    manifest = make_manifest()
    works = bibliography(run_of(manifest))
    assert works.cite_paper() == "Inagaki et al., 2022"
    assert works.cite_ccbench() == "The ccbench developers, n.d."
    kdef = manifest["databases"][0]["card"]["citations"]
    assert works.cite(kdef) == "Goeleven et al., 2008; Lundqvist et al., 1998"
    assert works.cite([]) == ""


@pytest.mark.parametrize(
    ("text", "authors", "year", "title", "rest"),
    [
        (
            "Wightman, R. (2019). PyTorch Image Models. GitHub repository.",
            [Author("Wightman", "R.")],
            "2019",
            "PyTorch Image Models",
            {"published": "GitHub repository", "journal": ""},
        ),
        (
            "van der Schalk, J., & Chen, L.-F. (2011b). Moving faces: What vs. how? "
            "Emotion, Space and Society, 11(4), 907-920. https://doi.org/10.1037/a0023853",
            [Author("van der Schalk", "J."), Author("Chen", "L.-F.")],
            "2011",
            "Moving faces: What vs. how?",
            {
                "journal": "Emotion, Space and Society",
                "volume": "11",
                "number": "4",
                "pages": "907-920",
                "doi": "10.1037/a0023853",
            },
        ),
        (
            "World Health Organization. (2001, May). A report. Publisher, 2010.",
            [Author("World Health Organization")],
            "2001",
            "A report",
            {"published": "Publisher, 2010", "journal": ""},
        ),
        (
            "Sato, W. (in press). Faces. PLoS ONE, 15(4), e0231304.",
            [Author("Sato", "W.")],
            "in press",
            "Faces",
            {"pages": "e0231304"},
        ),
    ],
)
def test_references_are_read(
    text: str, authors: list[Author], year: str, title: str, rest: dict[str, str]
) -> None:
    found = parse_reference(text)
    assert list(found.authors) == authors
    assert (found.year, found.title) == (year, title)
    assert {name: getattr(found, name) for name in rest} == rest


@pytest.mark.parametrize(
    "text",
    [
        "Handbook of faces, 2nd edition, 1999",
        "Doe J, Roe R: A paper in another style. Journal 2003;4:5-6.",
        "(2004).",
        "A {half open brace, 50% & $ # _ ~ ^ \\ of 2004",
        "表情データベース（2019）",
        "Smith, J., and others, and more (2010). Not APA. Journal, 1, 2.",
    ],
)
def test_what_cannot_be_read_is_a_note(text: str) -> None:
    manifest = make_manifest(citations=[Citation(text=text, doi="10.1/x")])
    found = parse_bibtex(bibtex(run_of(manifest)))
    assert len(found) == 7
    ((kind, entry),) = [e for e in found.values() if "author" not in e[1]]
    assert (kind, set(entry), entry["doi"]) == ("misc", {"note", "doi"}, "10.1/x")
    assert as_text(entry["note"]) == text.replace("{", "⟨")
    assert f"{text} https://doi.org/10.1/x" in reference_list(run_of(manifest))


def test_special_characters_survive() -> None:
    text = "Çelik, Š., & Åberg, B. (2001). 100% of R&D_costs: #1 in {sets}. J & K, 1, 2–3."
    found = parse_bibtex(bibtex(run_of(make_manifest(citations=[Citation(text=text)]))))
    _, entry = found["celik2001100"]
    assert as_text(entry["author"]) == "Çelik, Š. and Åberg, B."
    assert as_text(entry["title"]) == "100% of R&D_costs: #1 in ⟨sets⟩"
    assert as_text(entry["journal"]) == "J & K"
    assert latex_text("a\\b") == r"a\textbackslash{}b"


def test_works_cited_alike_are_told_apart() -> None:
    works = [
        Citation(text="Ng, A. (2010). Second view. Mind, 3, 1–2."),
        Citation(text="Ng, A. (2010). First view. Mind, 4, 1–2."),
        Citation(text="Ng, A. (2010). First faces. Mind, 5, 1–2."),
    ]
    run = run_of(make_manifest(citations=works))
    keys = list(parse_bibtex(bibtex(run)))
    assert [key for key in keys if key.startswith("ng")] == [
        "ng2010firsta",
        "ng2010firstb",
        "ng2010second",
    ]
    entries = [entry for entry in reference_list(run) if entry.startswith("Ng")]
    assert [entry[:24] for entry in entries] == [
        "Ng, A. (2010a). First fa",
        "Ng, A. (2010b). First vi",
        "Ng, A. (2010c). Second v",
    ]
    assert bibliography(run).cite([works[0].model_dump()]) == "Ng, 2010c"


def test_a_work_is_listed_once() -> None:
    # The probe cites the paper too, and an older manifest only in its list.
    probe = {
        **PROBE,
        "card": {"citations": [Citation(text="A, B. (2000). C. D, 1, 2.").model_dump()]},
    }
    manifest = make_manifest(probes=[probe])
    manifest["citations"] *= 2
    run = run_of(manifest)
    assert len(reference_list(run)) == len(set(reference_list(run))) == 7
    assert len(parse_bibtex(bibtex(run))) == 7
    assert bibtex(run) == bibtex(run)
