"""Figures as files: SVG, PDF and PNG, the same bytes for the same figure."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from ccbench import atomic
from ccbench.exceptions import RunError
from ccbench.reporting.figures.illustration import Illustration
from ccbench.reporting.figures.style import journal_style

FORMATS: Final = ("svg", "pdf", "png")
_DOTS: Final = (300, 220, 160, 110)
"""Dots per inch of a PNG; fewer are tried where it gets too large."""
_MOST_BYTES: Final = 1_500_000


def save(illustration: Illustration, folder: Path) -> list[Path]:
    """Write an illustration as SVG, PDF and PNG (300 dpi, below 1.5 MB), each atomically.

    No file holds a date.  A PNG that would be larger gets fewer dots per inch.

    Args:
        illustration: its name is that of the files.
        folder: made if it does not exist.

    Returns:
        The paths.

    Raises:
        RunError: the folder cannot be written.
    """
    written = []
    for kind in FORMATS:
        path = folder / f"{illustration.name}.{kind}"
        data = _png(illustration.figure) if kind == "png" else _vector(illustration, kind)
        try:
            atomic.write_bytes(path, data)
        except OSError as error:
            raise RunError(f"cannot write {path}: {error.strerror or error}") from None
        written.append(path)
    return written


def _vector(illustration: Illustration, kind: str) -> bytes:
    metadata: dict[str, Any] = {"Title": illustration.title, "Creator": "ccbench"}
    if kind == "svg":
        metadata |= {"Date": None, "Description": illustration.alt}
    else:
        metadata |= {"CreationDate": None, "Subject": illustration.alt}
    return _draw(illustration.figure, kind, _DOTS[0], metadata)


def _draw(figure: Figure, kind: str, dots: int, metadata: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with journal_style():
        # The dots are those of the images in a vector file.
        figure.savefig(buffer, format=kind, dpi=dots, metadata=metadata)
    return buffer.getvalue()


def _png(figure: Figure) -> bytes:
    data = b""
    for dots in _DOTS:
        data = _draw(figure, "png", dots, {"Software": None})
        if len(data) > _MOST_BYTES:
            data = _squeezed(data, dots)
        if len(data) <= _MOST_BYTES:
            break
    return data


def _squeezed(data: bytes, dots: int) -> bytes:
    """Return the same picture without its opacity, which is full, compressed for longer."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.convert("RGB").save(buffer, "png", dpi=(dots, dots), optimize=True)
    return buffer.getvalue()
