"""Members of a bundle as a manifest and tables, of the fields and types that a run has."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ccbench.bundles.public import PHOTOGRAPH_COLUMNS
from ccbench.results import RESPONSE_COLUMNS, UNIT_COLUMNS
from ccbench_registry import EXPRESSIONS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "predictions": (
        "train_database",
        "test_database",
        "run",
        "photograph",
        "poser",
        "expression",
        "predicted",
        *(f"logit_{name}" for name in EXPRESSIONS),
    ),
    "curves": ("database", "run", "iteration", "part", "correct_rate", "loss"),
    "runs": (
        "database",
        "run",
        "train_posers",
        "validation_posers",
        "test_posers",
        "train_photographs",
        "cell",
    ),
    "splits": ("database", "run", "poser", "part"),
    "photographs": PHOTOGRAPH_COLUMNS,
    "responses": RESPONSE_COLUMNS,
    "units": UNIT_COLUMNS,
}
"""What each table must have at least."""
_WHOLE = {"run", "iteration", "action_unit", "second_unit", "unit"}
_WORDS = {
    "train_database",
    "test_database",
    "database",
    "photograph",
    "poser",
    "expression",
    "predicted",
    "part",
    "probe",
    "identity",
    "layer",
}
_GAPS = {f"logit_{name}" for name in EXPRESSIONS} | {"clipped", "correct_rate", "loss"}
"""Columns that may lack values."""
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
"""What a manifest, and each database in it, must say at least."""


class UnreadableError(Exception):
    """A member that is no such table or manifest; the message says why."""


def read_manifest(data: bytes) -> dict[str, Any]:
    """Return the manifest of a bundle.

    Raises:
        UnreadableError: no JSON, or something is missing or of another type.
    """
    try:
        manifest = json.loads(data)
    except ValueError as error:
        raise UnreadableError(f"it cannot be read ({error})") from None
    _refuse_lacking(manifest, _FIELDS, "")
    for entry in manifest["databases"]:
        _refuse_lacking(entry, _DATABASE, "databases.")
    for entry in manifest["probes"]:
        _refuse_lacking(entry, {"name": str}, "probes.")
    if sorted(manifest["request"]["probes"]) != sorted(e["name"] for e in manifest["probes"]):
        raise UnreadableError("the probes are not those of the request")
    for key in ("contents", "probes"):
        if not all(isinstance(digest, str) for digest in manifest["request"][key].values()):
            raise UnreadableError(f"request.{key} is not of hashes")
    found: dict[str, Any] = manifest
    return found


def _refuse_lacking(value: Any, fields: Mapping[str, _Kind], where: str) -> None:
    for path, kind in fields.items():
        part = value
        for key in path.split("."):
            if not isinstance(part, dict) or key not in part:
                raise UnreadableError(f"{where}{path} is missing")
            part = part[key]
        if not isinstance(part, kind) or isinstance(part, bool):
            raise UnreadableError(f"{where}{path} is of another type")


def read_member(name: str, data: bytes) -> pd.DataFrame:
    """Return a table of a bundle.

    Args:
        name: of the table.
        data: the member.

    Raises:
        UnreadableError: no Parquet, or columns are missing or of another type.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table: pd.DataFrame = pq.read_table(io.BytesIO(data)).to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UnreadableError(f"it cannot be read ({reason})") from None
    missing = [column for column in COLUMNS[name] if column not in table.columns]
    if missing:
        raise UnreadableError(f"it has no column {', '.join(missing)}")
    for column in COLUMNS[name]:
        _refuse_odd(table[column], column)
    if not len(table):
        raise UnreadableError("it has no rows")
    return table


def _refuse_odd(values: pd.Series[Any], column: str) -> None:
    import pandas as pd

    if column not in _GAPS and values.isna().any():
        raise UnreadableError(f"values of {column} are missing")
    if column in _WORDS:
        if not all(isinstance(value, str) for value in values.unique()):
            raise UnreadableError(f"{column} is not text")
    elif column in _WHOLE or column.endswith("_posers") or column == "train_photographs":
        if not pd.api.types.is_integer_dtype(values) or (values < 0).any():
            raise UnreadableError(f"{column} is not a whole number")
    elif column == "used":
        if not pd.api.types.is_bool_dtype(values):
            raise UnreadableError(f"{column} is not true or false")
    elif column not in {"sha256", "status", "cell"} and not pd.api.types.is_float_dtype(values):
        raise UnreadableError(f"{column} is not a number")
    if column == "expression" and not set(values) <= set(EXPRESSIONS):
        raise UnreadableError("there is an expression that is none")
