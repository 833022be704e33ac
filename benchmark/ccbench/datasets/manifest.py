"""A database listed in a CSV file: ``path,poser,expression`` and any free columns."""

from __future__ import annotations

import csv
import difflib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ccbench.datasets.labels import LabelReader
from ccbench.exceptions import DatasetError
from ccbench.samples import Sample, SampleTable, folded
from ccbench_registry import DatasetCard, Terms

REQUIRED = ("path", "poser", "expression")


class ManifestDataset:
    """A dataset from a CSV manifest.

    Args:
        manifest: the CSV file; ``path`` is relative to its folder unless a root is given.
        card: what the database is; without one, a card that says it is not described.
        name: name of the dataset; the file's stem by default.  Blanks and other signs that
            names cannot have become hyphens.

    Raises:
        DatasetError: a name without a letter or digit.
    """

    def __init__(
        self, manifest: Path, card: DatasetCard | None = None, name: str | None = None
    ) -> None:
        self.manifest = manifest
        self.card = card or DatasetCard(
            name=_card_name(name or manifest.stem, manifest),
            title=f"Photographs listed in {manifest.name}",
            terms=Terms(licence="not stated (a CSV manifest has no card)"),
        )

    @property
    def options(self) -> Mapping[str, str]:
        """A manifest takes no options."""
        return {}

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        """Read the manifest; ``root`` is the folder its paths are relative to."""
        return read_manifest(self.manifest, root)


class ListedDataset:
    """A known database whose file names nobody has verified: its photographs have to be listed.

    Args:
        card: what the database is.
    """

    def __init__(self, card: DatasetCard) -> None:
        self.card = card

    @property
    def options(self) -> Mapping[str, str]:
        """A manifest takes no options."""
        return {}

    @property
    def remedy(self) -> str:
        """How to use the database, in one sentence."""
        return (
            f"the file naming of '{self.card.name}' is not known to ccbench; list its photographs "
            f"in a CSV file with the columns {', '.join(REQUIRED)} and give "
            f"-d {self.card.name}=list.csv"
        )

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        """Refuse a folder.

        Raises:
            DatasetError: always, with what to do.
        """
        raise DatasetError(f"cannot read {root}: {self.remedy}")


def _card_name(text: str, manifest: Path) -> str:
    name = re.sub(r"[^\w.-]+", "-", text).strip("-.")
    if not name:
        raise DatasetError(f"'{text}' cannot name a database; write -d NAME={manifest}")
    return name


def read_manifest(manifest: Path, root: Path | None = None) -> SampleTable:
    """Read a CSV manifest with the columns ``path``, ``poser``, ``expression``.

    The delimiter may be a comma, a semicolon or a tab; the encoding is UTF-8.  Further
    columns become free columns.  Expressions are read as words ("joy", "afraid").

    Args:
        manifest: the file.
        root: folder that relative paths start from; the manifest's own by default.

    Raises:
        DatasetError: not readable, a column missing, an empty field, a file that does not
            exist, a file listed twice, or a label nobody knows.
    """
    root = manifest.parent if root is None else root
    if not root.is_dir():
        raise DatasetError(f"no such folder: {root} (given for the manifest {manifest})")
    rows = _rows(manifest)
    label = LabelReader({})
    samples = []
    missing: list[Path] = []
    for line, row in rows:
        for column in REQUIRED:
            if not (row[column] or "").strip():
                raise DatasetError(f"{manifest}, line {line}: the column '{column}' is empty")
        expression = label(row["expression"].strip())
        path = root / row["path"].strip()
        if not path.is_file():
            missing.append(path)
        if expression is not None:
            extra = {k: (v or "").strip() for k, v in row.items() if k and k not in REQUIRED}
            # Two programs may write one accent in two ways.
            poser = unicodedata.normalize("NFC", row["poser"].strip())
            samples.append(Sample(path, poser, expression, extra))
    if missing:
        shown = ", ".join(str(path) for path in missing[:3])
        raise DatasetError(
            f"{manifest} lists {_count_missing(len(missing))}, for example {shown}; paths are "
            f"relative to {root} (give another folder with -d {manifest}=FOLDER)"
        )
    label.refuse_unknown(str(manifest), "use one of the seven expressions or a synonym")
    spelling: dict[str, str] = {}
    for sample in samples:
        other = spelling.setdefault(folded(sample.poser), sample.poser)
        if other != sample.poser:
            raise DatasetError(
                f"{manifest} has the posers '{other}' and '{sample.poser}': if they are one "
                f"person write the name in one way, if they are two give them different names"
            )
    if not samples:
        found = ", ".join(f"{reason} ({count})" for reason, count in sorted(label.left_out.items()))
        raise DatasetError(
            f"{manifest} lists no photograph of one of the seven expressions "
            f"({'left out: ' + found if found else 'it has no rows'})"
        )
    return SampleTable(root, tuple(samples), left_out=dict(label.left_out))


def _count_missing(count: int) -> str:
    return "1 file that does not exist" if count == 1 else f"{count} files that do not exist"


def _rows(manifest: Path) -> list[tuple[int, dict[str, str]]]:
    """Return (line number, row) of each line that is not blank, the header checked."""
    try:
        text = manifest.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DatasetError(f"no such file: {manifest}") from None
    except UnicodeDecodeError:
        raise DatasetError(f"{manifest} is not UTF-8 text; save it as CSV UTF-8") from None
    except OSError as error:
        raise DatasetError(f"cannot read {manifest}: {error.strerror}") from None
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip() for name in reader.fieldnames or []]
        for column in REQUIRED:
            if column not in columns:
                raise DatasetError(
                    f"{manifest} has no column '{column}' (its columns: "
                    f"{', '.join(columns) or 'none'}); the first line must name "
                    f"{', '.join(REQUIRED)}" + _near_column(column, columns)
                )
        for column, count in Counter(filter(None, columns)).items():
            if count > 1:
                raise DatasetError(
                    f"{manifest} has {count} columns '{column}'; rename or remove all but one"
                )
        reader.fieldnames = columns
        rows = []
        for row in reader:
            if None in row or any(row[column] is None for column in REQUIRED):
                raise DatasetError(
                    f"{manifest}, line {reader.line_num}: the number of fields differs from "
                    f"the header's"
                )
            rows.append((reader.line_num, row))
    except csv.Error as error:
        # The line of the reader inside: DictReader's own is that of the last good row.
        raise DatasetError(
            f"{manifest}, line {reader.reader.line_num}: {error}; check the quotation marks"
        ) from None
    return rows


def _near_column(column: str, columns: list[str]) -> str:
    synonyms = {
        "expression": ["emotion", "label", "class", "expr"],
        "poser": ["subject", "person", "identity", "id", "model", "actor"],
        "path": ["file", "filename", "image", "photo"],
    }
    for name in columns:
        if name.lower() in (*synonyms[column], column):
            return f"; rename '{name}' to '{column}'"
    near = difflib.get_close_matches(column, columns, n=1)
    return f"; rename '{near[0]}' to '{column}'" if near else ""
