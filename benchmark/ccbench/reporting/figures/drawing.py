"""All figures that the tables of a run allow, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
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
    for sketch in sketches(run, examples):
        yield sketch.illustration(f"{stem}-{sketch.name}" if stem else sketch.name)


@dataclass(frozen=True)
class Sketch:
    """A figure that is still to be drawn.

    Attributes:
        name: of its files, e.g. "figure3".
        words: computes what goes with it.
        draw: draws it.
    """

    name: str
    words: Callable[[], captions.Words]
    draw: Callable[[], Figure]

    def illustration(self, name: str) -> Illustration:
        """Draw it, under a name."""
        words = self.words()
        return Illustration(name, words.title, self.draw(), words.caption, words.alt)


def sketches(run: Run, examples: pd.DataFrame | None) -> Iterator[Sketch]:
    """Say which figures there are, and how each is drawn; see :func:`illustrations`."""
    # As in the paper, these compare databases; of mixtures there is a figure of its own.
    predictions = of_databases(run, run.predictions, "train_database")
    responses = of_databases(run, run.responses, "database")
    yield _faces(run.manifest, examples)
    if len(run.curves):
        curves = run.curves
        yield Sketch("figure2", partial(captions.caption2, curves), partial(figure2, curves))
    yield Sketch("figure3", partial(captions.caption3, predictions), partial(figure3, predictions))
    if len(databases_of(predictions)) > 1:
        words, draw = partial(captions.caption4, predictions), partial(figure4, predictions)
        yield Sketch("figure4", words, draw)
    if mixed := read_mixtures(run):
        both = (run.predictions, mixed)
        yield Sketch("mixtures", partial(caption_mixtures, *both), partial(figure_mixtures, *both))
    probes = [str(name) for name in responses["probe"].unique()]
    for probe, safe in zip(probes, safe_names(probes), strict=True):
        # Options may have signs that no file can have.
        suffix = f"-{safe.replace('_', '-')}" if len(probes) > 1 else ""
        for sketch in _tunings(responses[responses["probe"] == probe], predictions):
            yield replace(sketch, name=sketch.name + suffix)


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


def _faces(manifest: Mapping[str, Any], examples: pd.DataFrame | None) -> Sketch:
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
    named = [name for name in notes if (shown["database"] == name).any()]
    return Sketch(
        "figure1",
        partial(captions.caption1, named, notes, protocol["face"], titles),
        partial(figure1, shown, *titles, hidden=hidden, notes=notes, units=units),
    )


def _notes(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Say of each database why it may have no faces in Figure 1."""
    return {
        str(entry["name"]): MISSING if entry["card"]["terms"]["redistribution"] else WITHHELD
        for entry in manifest["databases"]
    }


def _tunings(responses: pd.DataFrame, predictions: pd.DataFrame) -> Iterator[Sketch]:
    """Sketch Figures 5 to 10 of one probe."""
    for number, expression in enumerate(TELLING, start=5):
        if (responses["expression"] == expression).any():
            chosen = (responses, expression, telling_units(responses, expression))
            words = partial(tuning_captions.caption_unit, *chosen)
            yield Sketch(f"figure{number}", words, partial(unit_figure, *chosen))
    found = profiles(responses)
    if found.empty:
        return
    seventh = partial(tuning_captions.caption7, responses, found)
    yield Sketch("figure7", seventh, partial(figure7, found))
    if len(sums_and_differences(found)):
        eighth = partial(tuning_captions.caption8, responses)
        yield Sketch("figure8", eighth, partial(figure8, found))
    if len(confusion_relation(found, confusion(predictions))):
        ninth = partial(tuning_captions.caption9, responses, predictions)
        yield Sketch("figure9", ninth, partial(figure9, found, predictions))
    explained = principal_components(found).explained
    if len(explained) > 1:
        tenth = partial(tuning_captions.caption10, responses, explained)
        yield Sketch("figure10", tenth, partial(figure10, found))
