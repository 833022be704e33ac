"""A folder of exported tables."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from ccbench.reporting.exports.printed import print_tables
from ccbench.reporting.exports.tables import export_tables
from ccbench.reporting.exports.texts import analysis_script, describe_export
from ccbench.reporting.folders import Kind, write_folder
from ccbench.results import Run, write_table

Format = Literal["csv", "parquet", "latex"]
FORMATS: tuple[Format, ...] = get_args(Format)
MARKER = "export.json"
"""Says that a folder is an export, and what was in its files."""
_KIND = Kind("export", MARKER)


def write_export(run: Run, kind: Format = "csv", out: Path | None = None) -> list[Path]:
    """Write the tables of a run for other software, with a README and a script for R.

    An earlier export in the folder is replaced, unless a file was changed or added since.
    Equal runs give equal bytes.

    Args:
        run: whose tables.
        kind: "csv" and "parquet" have all tables in full precision, "latex" the summaries,
            rounded.
        out: the folder; ``export-<kind>`` in the run directory by default.

    Returns:
        The files, sorted.

    Raises:
        RunError: a table is damaged, the folder holds something else or cannot be written.
    """
    shown = out if out is not None else run.path / f"export-{kind}"
    return write_folder(shown, _KIND, lambda folder: _fill(folder, run, kind), {"format": kind})


def _fill(folder: Path, run: Run, kind: Format) -> None:
    tables = export_tables(run)
    texts = {"README.txt": describe_export(run, tables, kind)}
    if kind == "latex":
        texts |= {f"{name}.tex": text for name, text in print_tables(tables).items()}
    else:
        texts["analysis.R"] = analysis_script(run, kind)
    for table in tables:
        if kind == "parquet":
            write_table(folder, table.name, table.frame)
        elif kind == "csv":
            texts[f"{table.name}.csv"] = table.frame.to_csv(index=False, lineterminator="\n")
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
