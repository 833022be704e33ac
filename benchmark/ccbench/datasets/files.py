"""Listing the image files of a folder."""

from __future__ import annotations

from pathlib import Path

from ccbench.exceptions import DatasetError

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


def some_names(paths: list[Path], root: Path, count: int = 3) -> str:
    """Return the first few names, for a message: ``a.jpg, b.jpg, c.jpg and 17 more``."""
    names = [path.relative_to(root).as_posix() for path in paths[:count]]
    rest = len(paths) - len(names)
    return ", ".join(names) + (f" and {rest} more" if rest else "")
