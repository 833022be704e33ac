"""What the manifest of a run must say at least, wherever a run is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_Kind = type | tuple[type, ...]
_NUMBER = (int, float)
_FIELDS: Mapping[str, _Kind] = {
    "ccbench": str,
    "finished": str,
    "request.databases": list,
    "request.backbone": str,
    "request.weights": str,
    "request.seed": int,
    "request.device": str,
    "request.contents": dict,
    "request.probes": dict,
    "request.protocol.name": str,
    "request.protocol.runs": int,
    "request.protocol.split.train": _NUMBER,
    "request.protocol.split.validation": _NUMBER,
    "request.protocol.split.test": _NUMBER,
    "databases": list,
    "probes": list,
    "backbone.card.title": str,
    "backbone.card.layer": str,
    "machine.system": str,
    "machine.processor": str,
    "versions": dict,
    "citations": list,
}
_DATABASE: Mapping[str, _Kind] = {
    "name": str,
    "card.title": str,
    "card.terms.licence": str,
    "expressions": list,
    "posers": int,
    "photographs_used": int,
}
_MIXTURE: Mapping[str, _Kind] = {"name": str, "shares": dict, "expressions": list}
_CITATION: Mapping[str, _Kind] = {"text": str}
_LATER = {"probes", "request.probes"}
"""What runs from before there were probes do not say."""


class FormError(Exception):
    """A manifest of another form; the message says what is missing or of another type."""


def refuse_other_form(manifest: Mapping[str, Any], *, earlier: bool = False) -> None:
    """Refuse a manifest that lacks what everything else relies on.

    Args:
        manifest: of a run.
        earlier: whether one of an earlier version will do.

    Raises:
        FormError: something is missing or of another type.
    """
    fields = {
        path: kind
        for path, kind in _FIELDS.items()
        if not (earlier and path in _LATER and not _says(manifest, path))
    }
    _refuse_lacking(manifest, fields, "")
    for entry in manifest["databases"]:
        _refuse_lacking(entry, _DATABASE, "databases.")
        citations = entry["card"].get("citations", [])
        if not isinstance(citations, list):
            raise FormError("databases.card.citations is of another type")
        for citation in citations:
            _refuse_lacking(citation, _CITATION, "databases.card.citations.")
    for entry in manifest.get("probes", ()):
        _refuse_lacking(entry, {"name": str}, "probes.")
    mixtures = manifest.get("mixtures", [])
    if not isinstance(mixtures, list):
        raise FormError("mixtures is of another type")
    for entry in mixtures:
        _refuse_lacking(entry, _MIXTURE, "mixtures.")


def _says(manifest: Mapping[str, Any], path: str) -> bool:
    *outer, last = path.split(".")
    part: Any = manifest
    for key in outer:
        part = part.get(key) if isinstance(part, dict) else None
    return isinstance(part, dict) and last in part


def _refuse_lacking(value: Any, fields: Mapping[str, _Kind], where: str) -> None:
    for path, kind in fields.items():
        part = value
        for key in path.split("."):
            if not isinstance(part, dict) or key not in part:
                raise FormError(f"{where}{path} is missing")
            part = part[key]
        if not isinstance(part, kind) or isinstance(part, bool):
            raise FormError(f"{where}{path} is of another type")
