"""Sentences on the probes: what was shown to measure the tuning to action units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccbench.reporting.methods.facts import Facts
from ccbench.reporting.words import counted, listed, number, proportion


def describe_probes(facts: Facts) -> tuple[str, ...]:
    """Say what was shown and what a response is; an empty tuple without a probe."""
    probes = facts.manifest.get("probes", ())
    if not probes:
        return ()
    sentences = [
        "To find out which facial action units (AUs) the output units were tuned to, the trained "
        "networks were shown faces in which AUs were varied one at a time.",
        *(_series(facts, probe) for probe in probes),
        "Every picture was standardised like a photograph, but the whole series of an identity "
        "was cut out where the face was found in its null image.",
        "The response of an output unit was its output before softmax minus its output for the "
        "null image of the same identity. Responses were averaged over identities and runs; the "
        "responses of a unit to all AUs at all intensities are called its profile.",
    ]
    if facts.several:
        sentences.append(
            "The profiles of the same expression were compared between databases by Spearman's "
            "rank correlation over all AUs and intensities, without the null image."
        )
    return (" ".join(sentences),)


def _series(facts: Facts, probe: Mapping[str, Any]) -> str:
    card = probe.get("card", {})
    cited = facts.bibliography.cite(card.get("citations", ()))
    title = "; ".join(part for part in (card.get("title", ""), cited) if part)
    name = f"{probe['name']} ({title})" if title else str(probe["name"])
    units, levels = card.get("action_units", ()), [x for x in card.get("intensities", ()) if x]
    if not units or not levels:
        return f"The series was {name}."
    shown = f"{'AU' if len(units) == 1 else 'AUs'} {listed([str(unit) for unit in units])}"
    at = counted(len(levels), "intensity", "intensities")
    span = proportion(levels[0])
    if len(levels) > 1:
        span = f"{proportion(min(levels))} to {proportion(max(levels))}"
    faces = counted(probe["identities"], "identity", "identities") if "identities" in probe else ""
    total = f" ({counted(probe['stimuli'], 'picture')} in all)" if "stimuli" in probe else ""
    return (
        f"The series {name} had {number(len(units))} AUs ({shown}) at {at} ({span}), and a null "
        f"image without any{f', on {faces}' if faces else ''}{total}."
    )
