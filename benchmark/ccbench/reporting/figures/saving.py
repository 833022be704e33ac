"""Figures as files: SVG, PDF and PNG, the same bytes for the same figure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from ccbench import atomic
from ccbench.exceptions import RunError
from ccbench.reporting.figures.illustration import Illustration
from ccbench.reporting.figures.style import journal_style

FORMATS: Final = ("svg", "pdf", "png")
_DOTS: Final = 300
"""Dots per inch of a PNG, and of the images in vector files."""
_MOST_BYTES: Final = 1_500_000


def saved_as(name: str, folder: Path, formats: Sequence[str]) -> list[Path]:
    """Return the files of a figure."""
    return [folder / f"{name}.{kind}" for kind in formats]


def save(
    illustration: Illustration, folder: Path, formats: Sequence[str] | None = None
) -> list[Path]:
    """Write an illustration as SVG, PDF and PNG (300 dpi, below 1.5 MB), each atomically.

    No file holds a date.  A PNG that would be larger gets fewer dots per inch.

    Args:
        illustration: its name is that of the files.
        folder: made if it does not exist.
        formats: of the files; by default all.

    Returns:
        The paths.

    Raises:
        RunError: the folder cannot be written.
    """
    written = saved_as(illustration.name, folder, FORMATS if formats is None else formats)
    for path in written:
        kind = path.suffix.removeprefix(".")
        data = _png(illustration.figure) if kind == "png" else _vector(illustration, kind)
        try:
            atomic.write_bytes(path, data)
        except OSError as error:
            raise RunError(f"cannot write {path}: {error.strerror or error}") from None
    return written


def _vector(illustration: Illustration, kind: str) -> bytes:
    metadata: dict[str, Any] = {"Title": illustration.title, "Creator": "ccbench"}
    if kind == "svg":
        metadata |= {"Date": None, "Description": illustration.alt}
    else:
        metadata |= {"CreationDate": None, "Subject": illustration.alt}
    return _draw(illustration.figure, kind, _DOTS, metadata)


def _draw(figure: Figure, kind: str, dots: int, metadata: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with journal_style():
        figure.savefig(buffer, format=kind, dpi=dots, metadata=metadata)
    return buffer.getvalue()


def _png(figure: Figure) -> bytes:
    dots = _DOTS
    while True:
        data = _draw(figure, "png", dots, {"Software": None})
        if len(data) <= _MOST_BYTES:
            return data
        # Letters and edges, which take the room, grow with the dots; photographs faster still.
        dots = int(dots * 0.97 * _MOST_BYTES / len(data))
