"""A run directory: a manifest and tidy Parquet tables, from which everything is reported."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccbench import atomic
from ccbench.exceptions import RunError
from ccbench.forms import FormError, refuse_other_form
from ccbench_registry import EXPRESSIONS

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.json"
REQUEST = "request.json"
TABLES: Mapping[str, str] = {
    "predictions": "one row per head and test photograph: logits, expression, predicted, poser",
    "curves": "correct rate and loss of each head against iteration; of the mlp head, training is "
    "measured during the epoch, with dropout",
    "runs": "one row per head: what it was trained on, and the key of its cell; a mixture has no "
    "test posers of its own",
    "splits": "one row per database, run and poser: the part the poser is in; of a mixture, the "
    "posers it is trained on and their database (source)",
    "photographs": "one row per photograph: label, hash, and what became of its face",
}
"""The tables of a run and what a row of each is."""
OPTIONAL_TABLES: Mapping[str, str] = {
    "responses": "one row per head, stimulus of a probe and output unit: the response before "
    "softmax (logit), and minus that to the null image of the same identity (response)",
    "units": "one row per stimulus of a probe and unit (channel) of a layer of the backbone: the "
    "mean over positions (activation), and minus that to the null image of the same identity "
    "(response)",
    "examples": "one row per standardised face (png) of one poser of each database whose terms "
    "allow passing it on",
}
"""The tables that only some runs have: with a probe, with a layer to measure, with a database
that may be shown."""
PREDICTION_COLUMNS = (
    "train_database",
    "test_database",
    "run",
    "photograph",
    "poser",
    "expression",
    "predicted",
)
"""Columns of ``predictions``, before one ``logit_<expression>`` for each expression."""
RESPONSE_COLUMNS = (
    "database",
    "run",
    "probe",
    "identity",
    "action_unit",
    "second_unit",
    "intensity",
    "expression",
    "response",
    "logit",
)
"""Columns of ``responses``; database is the one trained on, expression names the unit."""
UNIT_COLUMNS = (
    "probe",
    "layer",
    "unit",
    "identity",
    "action_unit",
    "second_unit",
    "intensity",
    "activation",
    "response",
)
"""Columns of ``units``; unit is the number of the channel, from 0."""
RUN_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "predictions": (*PREDICTION_COLUMNS, *(f"logit_{name}" for name in EXPRESSIONS)),
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
    "photographs": ("database", "photograph", "poser", "expression", "status", "used"),
    "responses": RESPONSE_COLUMNS,
    "units": UNIT_COLUMNS,
    "examples": ("database", "poser", "expression", "png"),
}
"""What each table has at least."""


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        path: the run directory.
        manifest: versions, hashes, hardware, seeds, protocol, cards and citations.
    """

    path: Path
    manifest: Mapping[str, Any]

    def table(self, name: str) -> pd.DataFrame:
        """Return one of the tables (:data:`TABLES`, :data:`OPTIONAL_TABLES`).

        Raises:
            RunError: the table is missing, cut short, not Parquet or of another form.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path / f"{name}.parquet"
        try:
            frame: pd.DataFrame = pq.read_table(path).to_pandas()
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(path, error) from None
        _refuse_other_table(path, name, frame)
        return frame

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """One row per head and test photograph."""
        return self.table("predictions")

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Learning curves."""
        return self.table("curves")

    @cached_property
    def photographs(self) -> pd.DataFrame:
        """What became of each photograph."""
        return self.table("photographs")

    @cached_property
    def responses(self) -> pd.DataFrame:
        """Responses to the stimuli of the probes; without rows in a run without a probe."""
        import pandas as pd

        if not self.manifest.get("probes"):
            return pd.DataFrame(columns=list(RESPONSE_COLUMNS))
        return self.table("responses")

    @cached_property
    def examples(self) -> pd.DataFrame:
        """Example faces: database, poser, expression, pixels (uint8, S x S).

        Without rows when no database may be shown.
        """
        import numpy as np
        import pandas as pd
        from PIL import Image

        if not (self.path / "examples.parquet").is_file():
            return pd.DataFrame(columns=["database", "poser", "expression", "pixels"])
        table = self.table("examples")
        try:
            faces = [np.asarray(Image.open(io.BytesIO(data))) for data in table["png"].tolist()]
        except (OSError, TypeError, ValueError, SyntaxError) as error:
            raise _unreadable(self.path / "examples.parquet", error) from None
        return table.drop(columns="png").assign(pixels=pd.Series(faces, dtype=object))

    @cached_property
    def units(self) -> pd.DataFrame:
        """Responses of layers of the backbone; without rows in a run without such a layer."""
        import pandas as pd

        if not self.manifest["request"].get("probe_layers"):
            return pd.DataFrame(columns=list(UNIT_COLUMNS))
        return self.table("units")

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases, in the order they were given."""
        return tuple(entry["name"] for entry in self.manifest["databases"])

    @property
    def mixtures(self) -> tuple[str, ...]:
        """The mixtures of databases that heads were trained on too; none have test posers."""
        return tuple(entry["name"] for entry in self.manifest.get("mixtures", ()))

    def query(self, sql: str) -> pd.DataFrame:
        """Run SQL over the tables, each a view of its name, with DuckDB.

        Example: ``run.query("select avg(loss) from curves where part = 'validation'")``.

        Raises:
            RunError: a table is missing, cut short or not Parquet.
        """
        import duckdb
        import pyarrow as pa
        import pyarrow.dataset as ds

        with duckdb.connect() as connection:
            for name in (*TABLES, *self._optional()):
                path = self.path / f"{name}.parquet"
                # DuckDB's own reader would take "[", "*" and "x=1" in the path for more than
                # a name.
                try:
                    table = ds.dataset(path, format="parquet", partitioning=None)
                except (OSError, pa.ArrowException) as error:
                    raise _unreadable(path, error) from None
                connection.register(name, table)
            return connection.execute(sql).df()

    def _optional(self) -> list[str]:
        """Return the optional tables that belong to the run."""
        wanted = {
            "responses": self.manifest.get("probes"),
            "units": self.manifest["request"].get("probe_layers"),
            "examples": (self.path / "examples.parquet").is_file(),
        }
        return [name for name in OPTIONAL_TABLES if wanted[name]]


def open_run(path: str | Path) -> Run:
    """Open a finished run.

    Raises:
        RunError: no such folder, or no finished run in it.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise RunError(f"no such run directory: {folder}")
    manifest = read_json(folder / MANIFEST)
    if manifest is None:
        if (folder / REQUEST).is_file():
            raise RunError(f"the run in {folder} is not finished; start it again, it resumes")
        raise RunError(f"{folder} holds no run ({MANIFEST} is missing)")
    try:
        refuse_other_form(manifest, earlier=True)
    except FormError as error:
        raise RunError(
            f"{folder / MANIFEST} is not the manifest of a run: {error}; delete it and start the "
            f"run again, it resumes"
        ) from None
    return Run(folder, manifest)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return a JSON object, or ``None`` when the file does not exist.

    Raises:
        RunError: the file is cut short or not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(
            f"{path} is damaged ({error}); delete it and start the run again, it resumes"
        ) from None
    if not isinstance(value, dict):
        raise RunError(f"{path} is damaged; delete it and start the run again, it resumes")
    return value


def _refuse_other_table(path: Path, name: str, frame: pd.DataFrame) -> None:
    """Refuse a table that somebody changed or made otherwise."""
    lacking = [column for column in RUN_COLUMNS.get(name, ()) if column not in frame.columns]
    fault = ""
    if lacking:
        fault = f"the column {lacking[0]} is missing"
    elif not len(frame):
        fault = "it has no rows"
    elif "expression" in frame.columns:
        odd = sorted(set(map(str, frame["expression"].unique())) - set(EXPRESSIONS))
        fault = f"'{odd[0]}' is no expression" if odd else ""
    if fault:
        raise RunError(
            f"{path} is of another form: {fault}; delete it and start the run again, it resumes"
        )


def _unreadable(path: Path, error: Exception) -> RunError:
    if isinstance(error, FileNotFoundError):
        return RunError(f"{path} is missing; start the run again, it resumes")
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return RunError(f"{path} is damaged ({reason}); delete it and start the run again, it resumes")


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file atomically."""
    _write(path, json_bytes(value))


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """Return an object as JSON to be read by people too."""
    text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False)
    return f"{text}\n".encode()


def write_table(folder: Path, name: str, frame: pd.DataFrame) -> None:
    """Write a table as Parquet, atomically; equal frames give equal bytes."""
    _write(folder / f"{name}.parquet", table_bytes(frame))


def table_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as Parquet; equal frames give equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    try:
        atomic.write_bytes(path, data)
    except OSError as error:
        raise cannot_write(path, error) from None


def cannot_write(path: Path, error: OSError) -> RunError:
    """Return the refusal of a place in a run directory."""
    return RunError(
        f"cannot write {path}: {error.strerror or error}; give a folder you can write with --out"
    )
