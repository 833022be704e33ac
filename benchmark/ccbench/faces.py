"""Standardised faces of many photographs, through the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import PIL
from numpy.typing import NDArray

from ccbench.cache import Cache, content_key, file_digest
from ccbench.exceptions import DatasetError
from ccbench.preprocessing import RECIPE, Box, FaceRecipe, standardise

SHARD = 32
"""Photographs in one unit of work."""


UNSEEN = "not looked at"
"""Status of a photograph that a dry run has not opened."""


@dataclass(frozen=True)
class Photograph:
    """A file and the hash of its bytes."""

    path: Path
    digest: str


@dataclass(frozen=True)
class FaceRecord:
    """What became of one photograph (see ``preprocessing.StandardFace``)."""

    status: str
    detail: str
    box: Box | None
    clipped: float

    @property
    def usable(self) -> bool:
        """Whether there is a face to train on, or may be one."""
        return self.status in {"ok", "retried", "centered"} or not self.seen

    @property
    def seen(self) -> bool:
        """Whether a face has been looked for."""
        return self.status != UNSEEN


@dataclass(frozen=True)
class FaceTask:
    """Up to :data:`SHARD` photographs to standardise."""

    photographs: tuple[Photograph, ...]
    recipe: FaceRecipe

    @property
    def key(self) -> str:
        """The cache key: bytes of the photographs and recipe, never paths."""
        return content_key(
            "faces",
            code=[RECIPE, cv2.__version__, PIL.__version__, np.__version__],
            recipe=self.recipe,
            photographs=[photograph.digest for photograph in self.photographs],
        )


def hash_photographs(paths: Sequence[Path]) -> list[Photograph]:
    """Hash the bytes of the files.

    Raises:
        DatasetError: a file cannot be read.
    """
    found = []
    for path in paths:
        try:
            found.append(Photograph(path, file_digest(path)))
        except OSError as error:
            raise DatasetError(f"cannot read {path}: {error.strerror or error}") from None
    return found


def face_tasks(photographs: Sequence[Photograph], recipe: FaceRecipe) -> list[FaceTask]:
    """Cut a list of photographs into units of work."""
    return [
        FaceTask(tuple(photographs[start : start + SHARD]), recipe)
        for start in range(0, len(photographs), SHARD)
    ]


def make_faces(task: FaceTask, cache: Cache) -> None:
    """Standardise the photographs of a task and store them, unless they are there.

    Raises:
        DatasetError: a file changed after it was hashed, or is gone.
    """
    if cache.find("faces", task.key):
        return
    size = task.recipe.size
    pixels = np.zeros((len(task.photographs), size, size), np.uint8)
    records = []
    for index, photograph in enumerate(task.photographs):
        try:
            data = photograph.path.read_bytes()
        except OSError as error:
            reason = error.strerror or error
            raise DatasetError(f"cannot read {photograph.path}: {reason}") from None
        if hashlib.sha256(data).hexdigest() != photograph.digest:
            raise DatasetError(f"{photograph.path} changed during the run; start the run again")
        face = standardise(data, task.recipe)
        if face.pixels is not None:
            pixels[index] = face.pixels
        records.append(
            {
                "status": face.status,
                "detail": face.detail,
                "box": face.box,
                "clipped": face.clipped,
            }
        )
    with cache.create("faces", task.key) as folder:
        np.save(folder / "faces.npy", pixels)
        (folder / "faces.json").write_text(json.dumps(records))


def read_records(task: FaceTask, cache: Cache) -> list[FaceRecord]:
    """Return what became of each photograph of a finished task."""
    records = json.loads((cache.path("faces", task.key) / "faces.json").read_text())
    return [
        FaceRecord(
            entry["status"],
            entry["detail"],
            tuple(entry["box"]) if entry["box"] else None,
            entry["clipped"],
        )
        for entry in records
    ]


def read_faces(task: FaceTask, cache: Cache) -> NDArray[np.uint8]:
    """Return the faces of a finished task, uint8 (photographs, size, size)."""
    array: NDArray[np.uint8] = np.load(cache.path("faces", task.key) / "faces.npy", mmap_mode="r")
    return array
