"""Members of a bundle as a manifest and tables, of the fields and types that a run has."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ccbench.bundles.public import PHOTOGRAPH_COLUMNS
from ccbench.forms import FormError, refuse_other_form
from ccbench.results import RUN_COLUMNS
from ccbench_registry import EXPRESSIONS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Mapping[str, tuple[str, ...]] = {
    **{name: columns for name, columns in RUN_COLUMNS.items() if name != "examples"},
    "photographs": PHOTOGRAPH_COLUMNS,
}
"""What each table of a bundle must have at least."""
SOURCE = "source"
"""Column of ``splits``: the database of a poser of a mixture; without it that of the row."""
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
    SOURCE,
    "sha256",
    "status",
    "cell",
}
_GAPS = {f"logit_{name}" for name in EXPRESSIONS} | {"clipped", "correct_rate", "loss"}
"""Columns that may lack values."""
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_NAME = 500
_DEEPEST = 20
_ROOM = 2**30
_EXPANSION = 200
"""Bytes that a table may have in memory: as many, or this often its bytes in the file."""


class UnreadableError(Exception):
    """A member that is no such table or manifest; the message says why."""


def read_manifest(data: bytes) -> dict[str, Any]:
    """Return the manifest of a bundle.

    Raises:
        UnreadableError: no JSON, or something is missing or of another type.
    """
    try:
        manifest = strict_json(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"it cannot be read ({error})") from None
    _refuse_odd_text(manifest)
    try:
        refuse_other_form(manifest)
    except FormError as error:
        raise UnreadableError(str(error)) from None
    if sorted(manifest["request"]["probes"]) != sorted(e["name"] for e in manifest["probes"]):
        raise UnreadableError("the probes are not those of the request")
    for key in ("contents", "probes"):
        if not all(isinstance(digest, str) for digest in manifest["request"][key].values()):
            raise UnreadableError(f"request.{key} is not of hashes")
    for name in _names(manifest):
        # A spreadsheet runs what begins with "=", "+", "-" or "@".
        odd = name.startswith(("=", "+", "-", "@")) or not name.isprintable()
        if odd or len(name) > _LONGEST_NAME:
            raise UnreadableError(f"{name[:_LONGEST_NAME]!a} is no name")
    found: dict[str, Any] = manifest
    return found


def strict_json(data: bytes) -> Any:
    """Return the value of JSON that has one reading: no name twice, no number that is none.

    Raises:
        ValueError: it is none, or has another reading.
        RecursionError: it is too deep.
    """
    return json.loads(data, object_pairs_hook=_once, parse_constant=_no_number)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"it has {name[:_LONGEST_NAME]!a} twice")
        found[name] = value
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _names(manifest: Mapping[str, Any]) -> list[str]:
    """Return what stands on a leaderboard."""
    request = manifest["request"]
    mixtures = manifest.get("mixtures", ())
    entries = (*manifest["databases"], *mixtures, *manifest["probes"])
    names = [entry["name"] for entry in entries]
    return [*names, request["backbone"], request["weights"], request["protocol"]["name"]]


def _refuse_odd_text(manifest: object) -> None:
    """Refuse what no file name and no card has: signs that command a terminal, halves of signs."""
    level = [manifest]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += [*value, *value.values()]
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str) and _ODD.search(value):
                raise UnreadableError(f"{value[:_LONGEST_NAME]!a} is no text")
        level = inner
    if level:
        raise UnreadableError(f"it has more than {_DEEPEST} levels")


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
        file = pq.ParquetFile(io.BytesIO(data))
        columns = _columns(name, file.schema_arrow)
        _refuse_large(file.metadata, len(columns), len(data))
        # Once each, however often they occur: a short file may repeat a long text at will.
        words = [column for column in columns if column in _WORDS]
        whole = pq.read_table(io.BytesIO(data), columns=columns, read_dictionary=words)
        table: pd.DataFrame = whole.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UnreadableError(f"it cannot be read ({reason})") from None
    for column in words:
        table[column] = table[column].astype(object)
    for column in columns:
        _refuse_odd(table[column], column)
    if not len(table):
        raise UnreadableError("it has no rows")
    if name == "splits" and SOURCE not in table.columns:
        table[SOURCE] = table["database"]
    return table


def _columns(name: str, schema: Any) -> list[str]:
    """Return the columns to read; what else there is, is nobody's.

    Args:
        name: of the table.
        schema: a ``pyarrow.Schema``.

    Raises:
        UnreadableError: one is missing, is there twice, or is of no plain type.
    """
    import pyarrow as pa

    wanted = [*COLUMNS[name], *([SOURCE] if name == "splits" and SOURCE in schema.names else [])]
    missing = [column for column in wanted if column not in schema.names]
    if missing:
        raise UnreadableError(f"it has no column {', '.join(missing)}")
    for column in wanted:
        if schema.names.count(column) > 1:
            raise UnreadableError(f"it has two columns {column}")
        kind = schema.field(column).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        plain = pa.types.is_string if column in _WORDS else pa.types.is_primitive
        if not (plain(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
            raise UnreadableError(f"{column} is not {'text' if column in _WORDS else 'a number'}")
    return wanted


def _refuse_large(metadata: Any, columns: int, size: int) -> None:
    """Refuse a table that would unfold to any size, before it is read."""
    groups = (metadata.row_group(place) for place in range(metadata.num_row_groups))
    unfolded = max(sum(g.total_byte_size for g in groups), 8 * columns * metadata.num_rows)
    if unfolded > max(_ROOM, _EXPANSION * size):
        raise UnreadableError(f"it unfolds to {unfolded:,} bytes, which no table of a run does")


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
    elif not pd.api.types.is_float_dtype(values):
        raise UnreadableError(f"{column} is not a number")
    if column == "expression" and not set(values) <= set(EXPRESSIONS):
        raise UnreadableError("there is an expression that is none")
