"""A folder of exported tables, whole or not at all, and never in place of somebody's work."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import ccbench
from ccbench import atomic
from ccbench.exceptions import RunError
from ccbench.reporting.exports.printed import print_tables
from ccbench.reporting.exports.tables import export_tables
from ccbench.reporting.exports.texts import analysis_script, describe_export
from ccbench.results import Run, write_json, write_table

Format = Literal["csv", "parquet", "latex"]
FORMATS: tuple[Format, ...] = get_args(Format)
MARKER = "export.json"
"""Says that a folder is an export, and what was in its files."""


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
    target = shown.resolve()
    try:
        _refuse_work(shown, target)
        with atomic.new_directory(target) as scratch:
            _fill(scratch, run, kind)
            if target.is_dir():
                shutil.rmtree(target)
        return sorted(shown / path.name for path in target.iterdir() if path.name != MARKER)
    except OSError as error:
        raise RunError(
            f"cannot write {shown}: {error.strerror or error}; give a folder you can write with "
            f"--out"
        ) from None


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
    files = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    marker = {"ccbench": ccbench.__version__, "format": kind, "files": files}
    write_json(folder / MARKER, marker)


def _refuse_work(shown: Path, target: Path) -> None:
    """Refuse a folder with anything in it that an export would not make again.

    Raises:
        RunError: naming the folder, or the file in it.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise RunError(f"{shown} is a file; give a folder with --out")
    if target == Path.cwd():
        # It is replaced as a whole, under the feet of the user's shell.
        raise RunError(f"{shown} is the current folder; give another folder with --out")
    found = sorted(path for path in target.iterdir() if not atomic.is_scratch(path))
    if not found:
        return
    files = _recorded(target)
    if files is None:
        raise RunError(f"{shown} is not empty and holds no export; give another folder with --out")
    for path in found:
        if path.name == MARKER:
            continue
        if not path.is_file() or files.get(path.name) != _digest(path):
            raise RunError(
                f"{shown / path.name} was changed or added after the export; move it away, or "
                f"give another folder with --out"
            )


def _recorded(folder: Path) -> Mapping[str, str] | None:
    """Return name -> digest of the files of an earlier export; ``None`` if there was none."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        return dict(marker["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
