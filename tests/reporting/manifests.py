"""Manifests made by hand, as those of finished runs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from ccbench.protocol import load_protocol
from ccbench.results import Run
from ccbench.runner.tables import PAPER
from ccbench_plugins.alexnet import CARD as ALEXNET
from ccbench_registry import EXPRESSIONS, Citation, DatasetCard, Terms, load_card

RENDERED = DatasetCard(
    name="rendered",
    title="Rendered faces",
    terms=Terms(licence="CC0-1.0"),
    recipe={"seed": 303, "posers": 60},
)
PROBE: dict[str, Any] = {
    "name": "series",
    "card": {
        "name": "series",
        "title": "Three units",
        "citations": [],
        "action_units": [4, 6, 12],
        "intensities": [0.0, 0.5, 1.0],
    },
    "options": {},
    "identities": 4,
    "stimuli": 28,
}


def card_of(name: str) -> DatasetCard:
    """Return the card of a licensed database, or one of rendered faces."""
    base = name.partition("[")[0]
    if base in {"kdef", "krc"}:
        return load_card(files(f"ccbench_plugins.{base}") / "card.toml", DatasetCard)
    return RENDERED.model_copy(update={"name": base})


def make_manifest(
    databases: Sequence[str] = ("kdef", "krc"),
    protocol: str = "inagaki2022",
    overrides: Sequence[str] = (),
    *,
    posers: Sequence[int] = (),
    photographs: Sequence[int] = (),
    expressions: Sequence[Sequence[str]] = (),
    probes: Sequence[dict[str, Any]] = (),
    citations: Sequence[Citation] = (),
) -> dict[str, Any]:
    """Return the manifest of a run: 60 posers, 420 photographs, seven expressions each."""
    cards = [card_of(name) for name in databases]
    works = [PAPER, *ALEXNET.citations, *(c for card in cards for c in card.citations), *citations]
    return {
        "ccbench": "0.1.0",
        "request": {
            "databases": list(databases),
            "backbone": "alexnet",
            "protocol": load_protocol(protocol, overrides).model_dump(mode="json"),
            "seed": 7,
            "device": "cpu",
        },
        "databases": [
            {
                "name": name,
                "card": card.model_dump(mode="json"),
                "expressions": list(expressions[i] if expressions else EXPRESSIONS),
                "posers": posers[i] if posers else 60,
                "photographs_used": photographs[i] if photographs else 420,
            }
            for i, (name, card) in enumerate(zip(databases, cards, strict=True))
        ],
        "probes": list(probes),
        "backbone": {
            "card": ALEXNET.model_dump(mode="json"),
            "weights_digest": "03d5632d845eade8a7686101649cab70",
            "input_size": 224,
        },
        "versions": {"python": "3.11.7", "torch": "2.6.0", "numpy": "unknown", "timm": "1.0.9"},
        "citations": list(dict.fromkeys(str(citation) for citation in works)),
    }


def run_of(manifest: dict[str, Any], folder: Path = Path("somewhere")) -> Run:
    """Return a run that has a manifest only."""
    return Run(folder, manifest)
