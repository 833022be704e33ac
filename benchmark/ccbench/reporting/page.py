"""Everything that a report shows, computed from the tables of a run."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ccbench import atomic
from ccbench.analysis import confusion, profiles
from ccbench.analysis.similarity import confusion_relation, split_half
from ccbench.analysis.statistics import poser_findings, published_findings
from ccbench.exceptions import RunError
from ccbench.reporting.answer import Answer, answer
from ccbench.reporting.citations import bibtex, reference_list
from ccbench.reporting.comparisons import Family, families
from ccbench.reporting.methods import methods_paragraphs
from ccbench.reporting.mixtures import mixture_tables, of_databases
from ccbench.reporting.run_tables import (
    findings_tables,
    literature_tables,
    published_table,
    rate_tables,
    stability_table,
    tuning_tables,
    unit_tables,
)
from ccbench.reporting.summary import Summary, summarise
from ccbench.reporting.tables import ReportTable
from ccbench.reporting.tuning import Tuning, summarise_tuning
from ccbench.results import Run, write_json

FIGURES, TABLES = "figures", "tables"
"""Folders of the run directory that a report fills."""
_WRITTEN = f"{TABLES}/.report.json"
"""What it wrote there."""


@dataclass(frozen=True)
class Picture:
    """A figure on the page.

    Attributes:
        name: of its files.
        title: a sentence.
        caption: below it.
        alt: in place of it.
        source: data URI of the SVG.
    """

    name: str
    title: str
    caption: str
    alt: str
    source: str


@dataclass(frozen=True)
class Section:
    """Tables of one kind."""

    anchor: str
    title: str
    tables: tuple[ReportTable, ...]


@dataclass(frozen=True)
class Page:
    """What a report shows, in its order."""

    answer: Answer
    summary: Summary
    pictures: tuple[Picture, ...]
    families: tuple[Family, ...]
    tunings: tuple[Tuning, ...]
    sections: tuple[Section, ...]
    files: tuple[ReportTable, ...]
    methods: tuple[str, ...]
    references: tuple[str, ...]
    bibtex: str


def make_page(run: Run, against: Run | None = None, workers: int = 1) -> Page:
    """Compute what a report shows, and write ``figures/`` and ``tables/``.

    Args:
        run: a finished run.
        against: another run whose tunings are compared with this one's, e.g. with all posers.
        workers: processes that draw figures.

    Raises:
        RunError: a table is missing or damaged, a folder cannot be written, or ``against``
            shares no unit with the run.
    """
    # What is refused is refused before anything is written.
    _read_tables(run)
    controls = _controls(run, against)
    made: list[Page] = []
    pictures, drawn = _pictures(run, workers, lambda: made.append(_without_pictures(run, controls)))
    page = replace(made[0], pictures=tuple(pictures))
    _remove_others(run.path, [*drawn, *_write_tables(run.path / TABLES, page.files)])
    return page


def _read_tables(run: Run) -> None:
    for name in ("predictions", "curves", "photographs", "responses", "examples", "units"):
        getattr(run, name)


def _without_pictures(run: Run, controls: Sequence[ReportTable]) -> Page:
    # Tunings are compared between databases; those of mixtures are shown, and in the tables.
    responses = of_databases(run, run.responses, "database")
    found = profiles(responses)
    predictions = run.predictions
    cells = confusion_relation(found, confusion(predictions))
    findings = [
        *published_findings(predictions, run.curves, found, cells),
        *poser_findings(
            predictions,
            found,
            cells,
            seed=run.manifest["request"]["seed"],
            test_to_train=_test_to_train(run),
        ),
    ]
    summary, tunings = summarise(run), summarise_tuning(run)
    sections = _sections(run, profiles(run.responses), controls)
    files = [table for section in sections for table in section.tables]
    files += findings_tables(findings)
    return Page(
        answer=answer(run, summary, tunings, findings, split_half(responses)),
        summary=summary,
        pictures=(),
        families=families(findings),
        tunings=tuple(tunings),
        sections=tuple(section for section in sections if section.tables),
        files=tuple(files),
        methods=methods_paragraphs(run),
        references=reference_list(run),
        bibtex=bibtex(run),
    )


def _test_to_train(run: Run) -> float:
    """Return how many posers are tested per poser trained on."""
    heads = of_databases(run, run.table("runs"), "database")
    return float(heads["test_posers"].sum() / heads["train_posers"].sum())


def _controls(run: Run, against: Run | None) -> tuple[ReportTable, ...]:
    """Compare the tunings with those of another run.

    Raises:
        RunError: the runs have none in common.
    """
    if against is None:
        return ()
    table = stability_table(profiles(run.responses), against)
    if table.frame.empty:
        raise RunError(
            f"{against.path} and {run.path} share no probe and database, so their tunings "
            f"cannot be compared; give two runs with the same probe"
        )
    return (table,)


def _sections(run: Run, found: pd.DataFrame, controls: Sequence[ReportTable]) -> list[Section]:
    paper = published_table(run)
    return [
        Section("published", "Beside the paper", () if paper is None else (paper,)),
        Section("literature", "People and prototypes", tuple(literature_tables(run, found))),
        Section("mixed", "Mixtures", tuple(mixture_tables(run))),
        Section("controls", "Another run", tuple(controls)),
        Section("layers", "Inside the backbone", tuple(unit_tables(run))),
        Section("tables", "Tables", (*rate_tables(run), *tuning_tables(run, found))),
    ]


def _pictures(
    run: Run, workers: int, meanwhile: Callable[[], None]
) -> tuple[list[Picture], list[Path]]:
    """Draw the figures; return them as they are shown, and their files."""
    from ccbench.reporting.figures.files import write_figures

    pictures: list[Picture] = []
    files: list[Path] = []
    for name, words, paths in write_figures(run, run.path / FIGURES, workers, meanwhile):
        files += paths
        svg = next(path for path in paths if path.suffix == ".svg").read_bytes()
        source = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
        pictures.append(Picture(name, words.title, words.caption, words.alt, source))
    return pictures, files


def _remove_others(folder: Path, written: Iterable[Path]) -> None:
    """Remove what an earlier report of a run wrote and this one did not; nothing else.

    Args:
        folder: of the run.
        written: files of this report.

    Raises:
        RunError: the folder cannot be written.
    """
    now = sorted(path.relative_to(folder).as_posix() for path in written)
    try:
        earlier = set(json.loads((folder / _WRITTEN).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        earlier = set()
    for name in earlier - set(now):
        kind, _, file = str(name).partition("/")
        if kind in {FIGURES, TABLES} and Path(file).name == file:
            with contextlib.suppress(OSError):
                (folder / kind / file).unlink(missing_ok=True)
    write_json(folder / _WRITTEN, {"files": now})


def _write_tables(folder: Path, tables: Sequence[ReportTable]) -> list[Path]:
    paths = []
    for table in tables:
        path = folder / f"{table.name}.csv"
        try:
            atomic.write_bytes(path, table.csv())
        except OSError as error:
            raise RunError(f"cannot write {path}: {error.strerror or error}") from None
        paths.append(path)
    return paths
