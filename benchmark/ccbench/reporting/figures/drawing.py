"""All figures that the tables of a run allow, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ccbench.analysis.components import principal_components
from ccbench.analysis.layouts import safe_names
from ccbench.analysis.matrix import confusion
from ccbench.analysis.similarity import confusion_relation, sums_and_differences
from ccbench.analysis.tuning import profiles
from ccbench.reporting.figures import captions, tuning_captions
from ccbench.reporting.figures.faces import figure1
from ccbench.reporting.figures.illustration import Illustration
from ccbench.reporting.figures.mixtures import caption_mixtures, figure_mixtures
from ccbench.reporting.figures.profiles import figure7, figure8
from ccbench.reporting.figures.rates import databases_of, figure3, figure4
from ccbench.reporting.figures.relations import figure9
from ccbench.reporting.figures.space import figure10
from ccbench.reporting.figures.training import figure2
from ccbench.reporting.figures.tuning import TELLING, telling_units, unit_figure
from ccbench.reporting.mixtures import of_databases, read_mixtures
from ccbench.results import Run
from ccbench_registry import EXPRESSIONS

WITHHELD = "not shown: the database's terms do not allow passing photographs on"
MISSING = "no photograph at hand"


def illustrations(
    run: Run, examples: pd.DataFrame | None = None, stem: str | None = None
) -> Iterator[Illustration]:
    """Draw the paper's figures for a run, each when it is asked for.

    Without a probe there are Figures 1 to 4; with one database none of a swapped test.  With
    several probes Figures 5 to 10 come for each, named e.g. "figure5-rendered-au".

    Args:
        run: a finished run.
        examples: faces for Figure 1: database, expression, pixels ((S, S) uint8).  Those of a
            database whose terms do not allow passing photographs on are not drawn.
        stem: put before each name, with a hyphen.

    Raises:
        RunError: a table is missing or damaged.
    """
    for name, words, figure in _drawn(run, examples):
        full = f"{stem}-{name}" if stem else name
        yield Illustration(full, words.title, figure, words.caption, words.alt)


_Drawn = tuple[str, captions.Words, Figure]


def _drawn(run: Run, examples: pd.DataFrame | None) -> Iterator[_Drawn]:
    # As in the paper, these compare databases; of mixtures there is a figure of its own.
    predictions = of_databases(run, run.predictions, "train_database")
    responses = of_databases(run, run.responses, "database")
    yield _faces(run.manifest, examples)
    if len(run.curves):
        yield "figure2", captions.caption2(run.curves), figure2(run.curves)
    yield "figure3", captions.caption3(predictions), figure3(predictions)
    if len(databases_of(predictions)) > 1:
        yield "figure4", captions.caption4(predictions), figure4(predictions)
    if mixed := read_mixtures(run):
        whole = run.predictions
        yield "mixtures", caption_mixtures(whole, mixed), figure_mixtures(whole, mixed)
    probes = [str(name) for name in responses["probe"].unique()]
    for probe, safe in zip(probes, safe_names(probes), strict=True):
        # Options may have signs that no file can have.
        suffix = f"-{safe.replace('_', '-')}" if len(probes) > 1 else ""
        for name, words, figure in _tunings(responses[responses["probe"] == probe], predictions):
            yield name + suffix, words, figure


def head_title(head: Mapping[str, Any], units: Iterable[int] = (len(EXPRESSIONS),)) -> str:
    """Return what a protocol's head is: "fully connected, 4096–4096–7".

    Args:
        head: of the protocol.
        units: numbers of output units that there are.
    """
    if head["kind"] == "logistic":
        return "multinomial logistic regression"
    last = " or ".join(map(str, sorted(set(units))))
    return "fully connected, " + "–".join((*map(str, head.get("hidden", ())), last))


def _faces(manifest: Mapping[str, Any], examples: pd.DataFrame | None) -> _Drawn:
    """Draw Figure 1; without examples the network alone."""
    protocol = manifest["request"]["protocol"]
    card, head = manifest["backbone"]["card"], protocol["head"]
    known = [entry["expressions"] for entry in manifest["databases"]]
    titles = str(card["title"]), head_title(head, map(len, known))
    notes = {} if examples is None else _notes(manifest)
    columns = ["database", "expression", "pixels"]
    shown = pd.DataFrame(columns=columns) if examples is None else examples
    shown = shown[shown["database"].map(notes) == MISSING]
    units = [name for name in EXPRESSIONS if any(name in each for each in known)]
    hidden = len(head.get("hidden") or ())
    figure = figure1(shown, *titles, hidden=hidden, notes=notes, units=units)
    named = [name for name in notes if (shown["database"] == name).any()]
    return "figure1", captions.caption1(named, notes, protocol["face"], titles), figure


def _notes(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Say of each database why it may have no faces in Figure 1."""
    return {
        str(entry["name"]): MISSING if entry["card"]["terms"]["redistribution"] else WITHHELD
        for entry in manifest["databases"]
    }


def _tunings(responses: pd.DataFrame, predictions: pd.DataFrame) -> Iterator[_Drawn]:
    """Draw Figures 5 to 10 of one probe."""
    for number, expression in enumerate(TELLING, start=5):
        if (responses["expression"] == expression).any():
            units = telling_units(responses, expression)
            words = tuning_captions.caption_unit(responses, expression, units)
            yield f"figure{number}", words, unit_figure(responses, expression, units)
    found = profiles(responses)
    if found.empty:
        return
    yield "figure7", tuning_captions.caption7(responses, found), figure7(found)
    if len(sums_and_differences(found)):
        yield "figure8", tuning_captions.caption8(responses), figure8(found)
    if len(confusion_relation(found, confusion(predictions))):
        yield (
            "figure9",
            tuning_captions.caption9(responses, predictions),
            figure9(found, predictions),
        )
    explained = principal_components(found).explained
    if len(explained) > 1:
        yield "figure10", tuning_captions.caption10(responses, explained), figure10(found)
