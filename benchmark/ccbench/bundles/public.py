"""What of a run may leave the laboratory: numbers, and no names of people or files.

Posers become P001, P002, ... in the order of their names, database by database, so that two
labs with the same photographs give a poser the same name.  Who holds the database can undo
that; who does not learns nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

from ccbench.backbones import parse_backbone_spec, weights_path
from ccbench.exceptions import BackboneError, BundleError
from ccbench.results import TABLES, Run

if TYPE_CHECKING:
    import pandas as pd

LEFT_OUT = (
    "examples.parquet, report.html, figures and tables: they may show photographs",
    "names of posers: P001, P002, ... in the order of the names",
    "names and hashes of photographs, where the terms of the database do not allow passing it on: "
    "0001, 0002, ... in the order of the table",
    "names of files in the manifest, and patterns of names, likewise",
    "where faces lie in the photographs",
    "folders of weights",
)
"""What a bundle does not hold, and what stands in its place."""
_FOLDERS = re.compile(r"(@)[^@]*[/\\]|(?:(?<=:)|^)(?:[A-Za-z]:)?(?:/(?!/)|[~\\])[^@]*[/\\]")
PHOTOGRAPH_COLUMNS = (
    "database",
    "photograph",
    "sha256",
    "poser",
    "expression",
    "status",
    "clipped",
    "used",
)
"""Columns of ``photographs`` in a bundle; sha256 is empty where the name is replaced."""


def public_tables(run: Run) -> dict[str, pd.DataFrame]:
    """Return the tables of a run without names of people and of files that are not free.

    Raises:
        RunError: a table is missing or damaged.
        BundleError: a photograph or poser of one table is not in the table of photographs.
    """
    import numpy as np

    tables = {name: run.table(name) for name in expected_tables(run.manifest)}
    photographs, predictions = tables["photographs"], tables["predictions"]
    posers: dict[tuple[str, str], str] = {}
    files: dict[tuple[str, str], str] = {}
    for database, part in photographs.groupby("database", sort=False):
        real = sorted(set(part["poser"]))
        posers |= _named(str(database), real, pseudonyms(len(real)))
        names = list(part["photograph"])
        files |= _named(
            str(database), names, names if free(run, str(database)) else _numbers(names)
        )
    tables["predictions"] = predictions.assign(
        photograph=_renamed(predictions, "test_database", "photograph", files),
        poser=_renamed(predictions, "test_database", "poser", posers),
    )
    splits = tables["splits"]
    if "source" not in splits.columns:
        splits = splits.assign(source=splits["database"])
    tables["splits"] = splits.assign(poser=_renamed(splits, "source", "poser", posers))
    kept = np.array([free(run, str(database)) for database in photographs["database"]])
    tables["photographs"] = photographs.assign(
        photograph=_renamed(photographs, "database", "photograph", files),
        poser=_renamed(photographs, "database", "poser", posers),
        sha256=photographs["sha256"].where(kept, ""),
    )[list(PHOTOGRAPH_COLUMNS)]
    return tables


def expected_tables(manifest: Mapping[str, Any]) -> list[str]:
    """Return the names of the tables that a bundle of a run holds."""
    wanted = {
        "responses": manifest.get("probes"),
        "units": manifest["request"].get("probe_layers"),
    }
    return [*TABLES, *(name for name, there in wanted.items() if there)]


def pseudonyms(count: int) -> list[str]:
    """Return names for so many posers, which sort in their order.

    >>> pseudonyms(2), pseudonyms(1000)[-1]
    (['P001', 'P002'], 'P1000')
    >>> pseudonyms(1000)[0]
    'P0001'
    """
    width = max(3, len(str(count)))
    return [f"P{number:0{width}}" for number in range(1, count + 1)]


def free(run: Run, database: str) -> bool:
    """Whether the terms of a database allow passing it on."""
    card = next(e["card"] for e in run.manifest["databases"] if e["name"] == database)
    return bool(card["terms"]["redistribution"])


def _named(database: str, real: Sequence[str], public: Sequence[str]) -> dict[tuple[str, str], str]:
    return {(database, name): other for name, other in zip(real, public, strict=True)}


def _numbers(names: Sequence[str]) -> list[str]:
    width = max(4, len(str(len(names))))
    return [f"{place:0{width}}" for place in range(1, len(names) + 1)]


def _renamed(
    table: pd.DataFrame, database: str, column: str, names: Mapping[tuple[str, str], str]
) -> list[str]:
    try:
        return [
            names[str(where), str(name)]
            for where, name in zip(table[database], table[column], strict=True)
        ]
    except KeyError as error:
        where, name = error.args[0]
        raise BundleError(
            f"the run names the {column} {name} of '{where}', which is not in its table of "
            f"photographs; start the run again, it resumes"
        ) from None


def public_manifest(run: Run) -> dict[str, Any]:
    """Return the manifest of a run without file names and folders."""
    manifest: dict[str, Any] = json.loads(json.dumps(run.manifest))
    for entry in manifest["databases"]:
        concealed = (entry["card"].get("files") or {}).get("conceal")
        if concealed or not free(run, entry["name"]):
            entry.pop("unmatched", None)
            entry.pop("warnings", None)
            # Reasons are pieces of file names, and so are lists of files in a card.
            entry["left_out"] = {"files": sum(entry.get("left_out", {}).values())}
            entry["card"].pop("files", None)
    backbone = manifest["request"]["backbone"]
    manifest["request"]["backbone"] = without_folders(backbone)
    card = manifest["backbone"]["card"]
    for key, value in card.items():
        if isinstance(value, str):
            card[key] = without_folders(value, weights_of(backbone))
    return manifest


def weights_of(backbone: str) -> str:
    """Return the file of weights in the name of a backbone, or ""."""
    try:
        return parse_backbone_spec(backbone).weights
    except BackboneError:
        return ""


def _resolved(file: str) -> str:
    try:
        return str(weights_path(file)) if file else ""
    except BackboneError:
        return file


def without_folders(text: str, weights: str = "") -> str:
    """Leave the folders of a weights file out of the name of a backbone.

    Args:
        text: the name of a backbone, or what its card says.
        weights: the file, where it is known; otherwise what is in the name.

    >>> without_folders("timm:resnet18@/home/me/w.safetensors"), without_folders("~/my nets/w.pt")
    ('timm:resnet18@w.safetensors', 'w.pt')
    >>> without_folders("timm:resnet18[weights=/home/me@lab/w.pt,pool=avg]")
    'timm:resnet18[weights=w.pt,pool=avg]'
    >>> without_folders("https://timm.fast.ai/resnet"), without_folders("timm:hf/resnet18")
    ('https://timm.fast.ai/resnet', 'timm:hf/resnet18')
    """
    file = weights or weights_of(text)
    # A card may name the file as it was resolved.
    for way in sorted({file, _resolved(file)} - {""}, key=len, reverse=True):
        text = text.replace(way, PureWindowsPath(way).name)
    return _FOLDERS.sub(r"\1", text)
