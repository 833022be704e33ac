"""Listing the image files of a folder, and writing them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ccbench.exceptions import DatasetError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

IMAGE_SUFFIXES = frozenset(
    {
        ".bmp",
        ".gif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pgm",
        ".png",
        ".ppm",
        ".tif",
        ".tiff",
        ".webp",
    }
)
"""Endings (lower case) of the files that count as photographs."""


def list_images(root: Path, glob: str = "**/*", *, dataset: str) -> list[Path]:
    """Return the image files below ``root``, sorted; hidden files do not count.

    Args:
        root: an existing folder.
        glob: which files, relative to ``root``.
        dataset: name for the error messages.

    Raises:
        DatasetError: no such folder, or it holds no image file.
    """
    if not root.exists():
        raise DatasetError(f"no such folder: {root} (given for the dataset '{dataset}')")
    if not root.is_dir():
        raise DatasetError(f"{root} is a file; the dataset '{dataset}' needs a folder")
    try:
        files = sorted(
            path
            for path in root.glob(glob)
            if path.suffix.lower() in IMAGE_SUFFIXES
            and path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(root).parts)
        )
    except OSError as error:
        raise DatasetError(f"cannot list {root}: {error}") from None
    except (ValueError, NotImplementedError):
        raise DatasetError(
            f"the dataset '{dataset}' cannot use the glob '{glob}'; write it relative to the "
            f"folder, for example '**/*.jpg'"
        ) from None
    if not files:
        raise DatasetError(
            f"{root} holds no image file (given for the dataset '{dataset}'; looked for {glob} "
            f"with the endings {', '.join(sorted(IMAGE_SUFFIXES))})"
        )
    return files


def write_image(path: Path, pixels: NDArray[np.uint8], *, quality: int = 95) -> None:
    """Write a picture of a generated dataset, as JPEG, PNG, BMP or TIFF by the ending of ``path``.

    ``cv2.imwrite`` only returns False, or nothing at all, when the disk is full; this raises.

    Args:
        path: the file; its folder exists.
        pixels: uint8 (height, width) or (height, width, 3) BGR.
        quality: of a JPEG, 0 to 100.

    Raises:
        OSError: the picture could not be encoded, or the file not be written.
    """
    import cv2

    # Given, so that a build's default cannot change the bytes.
    jpeg, png = [cv2.IMWRITE_JPEG_QUALITY, quality], [cv2.IMWRITE_PNG_COMPRESSION, 6]
    settings = {".jpg": jpeg, ".jpeg": jpeg, ".png": png}
    try:
        fine, data = cv2.imencode(path.suffix, pixels, settings.get(path.suffix.lower(), []))
    except cv2.error as error:
        raise OSError(f"{path} could not be encoded as a picture: {error.err}") from None
    if not fine:
        raise OSError(f"{path} could not be encoded as a picture")
    path.write_bytes(data.tobytes())


def some_names(paths: list[Path], root: Path, count: int = 3) -> str:
    """Return the first few names, for a message: ``a.jpg, b.jpg, c.jpg and 17 more``."""
    names = [path.relative_to(root).as_posix() for path in paths[:count]]
    rest = len(paths) - len(names)
    return ", ".join(names) + (f" and {rest} more" if rest else "")
