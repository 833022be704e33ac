"""The photographs of a mimicked database: what is rendered for each file, and its flaws.

Every photograph has random streams of its own, named after the database, the poser and what
the photograph shows, so that more posers, other quirks or another number of processes change
no photograph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench.datasets import write_image
from ccbench.exceptions import DatasetError
from ccbench.interfaces import MimickedPhotograph
from ccbench.seeds import generator
from ccbench_plugins.rendered.identity import Identity, Prior, draw_identity
from ccbench_plugins.rendered.renderer import render
from ccbench_plugins.rendered.scene import Camera

if TYPE_CHECKING:
    from ccbench.executors.local import Report

RECIPES: Final[Mapping[str, Mapping[int, float]]] = {
    "neutral": {},
    "happy": {6: 0.7, 12: 0.8, 25: 0.5},
    "fearful": {1: 0.8, 2: 0.6, 4: 0.6, 5: 0.8, 7: 0.3, 20: 0.7, 26: 0.4},
    "sad": {1: 0.8, 4: 0.6, 15: 0.8, 17: 0.4},
    "angry": {4: 0.9, 5: 0.5, 7: 0.7, 23: 0.7},
    "surprised": {1: 0.9, 2: 0.9, 5: 0.7, 26: 0.9},
    "disgusted": {9: 0.8, 15: 0.4, 16: 0.5},
    "amused": {6: 0.5, 12: 0.7, 25: 0.7, 26: 0.4},
    "ashamed": {1: 0.3, 15: 0.4, 17: 0.5},
    "calm": {},
    "contemptuous": {7: 0.3, 12: 0.2, 24: 0.5},
    "content": {6: 0.2, 12: 0.3},
    "embarrassed": {12: 0.4, 24: 0.6},
    "pained": {4: 0.8, 6: 0.7, 7: 0.8, 9: 0.5},
    "pleased": {6: 0.4, 12: 0.5},
    "proud": {12: 0.4, 17: 0.4, 24: 0.3},
}
"""Expression -> action units: short prototypes in the manner of EMFACS (Friesen & Ekman, 1983).

Those beside the seven are made up, as loaders leave such photographs out.  All only have to
look like the expression; the synthetic databases have recipes to study.
"""
_QUALITY: Final = 94
_BLACK_BLOCK: Final = 8
_FRAMING: Final = 0.46
"""Fills a portrait as the databases' faces do; a profile still fits."""


@dataclass(frozen=True)
class Sitting:
    """Photographs of one poser to make.

    Attributes:
        folder: an existing folder that their paths are below.
        database: name of the dataset.
        seed: of everything that is drawn.
        size_factor: on the sizes of the photographs.
        photographs: what to make; all show the same poser.
    """

    folder: Path
    database: str
    seed: int
    size_factor: float
    photographs: tuple[MimickedPhotograph, ...]

    def size(self, photograph: MimickedPhotograph) -> tuple[int, int]:
        """Return (width, height) in pixels."""
        factor = self.size_factor
        return round(photograph.width * factor), round(photograph.height * factor)


def make_photographs(sitting: Sitting, report: Report) -> None:
    """Write the photographs of a sitting.

    Raises:
        DatasetError: a file cannot be written, for example because the disk is full.
    """
    for index, photograph in enumerate(sitting.photographs):
        path = sitting.folder / photograph.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, sitting, photograph)
        except OSError as error:
            raise DatasetError(f"cannot write {path}: {error.strerror or error}") from None
        report((index + 1) / len(sitting.photographs))


def _write(path: Path, sitting: Sitting, photograph: MimickedPhotograph) -> None:
    if photograph.flaw == "empty":
        path.touch()
        return
    pixels = _black(sitting, photograph) if photograph.flaw == "black" else None
    if pixels is None:
        rendered = _render(sitting, photograph)
        code = cv2.COLOR_RGB2GRAY if photograph.grey else cv2.COLOR_RGB2BGR
        pixels = np.asarray(cv2.cvtColor(rendered, code), np.uint8)
    write_image(path, pixels, quality=_QUALITY)
    if photograph.flaw == "truncated":
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])


def _render(sitting: Sitting, photograph: MimickedPhotograph) -> NDArray[np.uint8]:
    """Render a photograph; uint8 (height, width, 3) RGB."""
    shown = [photograph.poser, photograph.session, photograph.expression, f"{photograph.yaw:g}"]
    if photograph.strength < 1:
        shown.append(f"{photograph.strength:g}")
    rng = generator(sitting.seed, "mimic photograph", "/".join((sitting.database, *shown)))
    strength = rng.uniform(0.8, 1.0)
    action_units = {
        unit: min(1.0, photograph.strength * strength * intensity * rng.uniform(0.85, 1.15))
        for unit, intensity in RECIPES[photograph.expression].items()
    }
    yaw, pitch, roll = rng.normal(0, (1.0, 1.0, 0.7))
    camera = Camera(
        yaw=photograph.yaw + float(yaw),
        pitch=float(pitch),
        roll=float(roll),
        framing=_FRAMING * float(rng.normal(1, 0.01)),
    )
    identity = _identity(sitting.database, sitting.seed, photograph.poser, photograph.sex)
    take = int(rng.integers(2**31))
    return render(identity, action_units, sitting.size(photograph), camera=camera, take=take)


@lru_cache(maxsize=2)
def _identity(database: str, seed: int, poser: str, sex: str) -> Identity:
    rng = generator(seed, "mimic poser", f"{database}/{poser}")
    # Posers of the databases that are mimicked are young.
    prior = Prior(female=float(sex == "female"), age=0.1, age_spread=0.05)
    return draw_identity(int(rng.integers(2**31)), prior)


def _black(sitting: Sitting, photograph: MimickedPhotograph) -> NDArray[np.uint8]:
    """Return a picture of grey levels 0 and 1, as the black files of KDEF have (mean 0.6)."""
    rng = generator(sitting.seed, "mimic black", f"{sitting.database}/{photograph.path}")
    width, height = sitting.size(photograph)
    shape = (-(-height // _BLACK_BLOCK), -(-width // _BLACK_BLOCK))
    # Constant in the blocks of a JPEG, which would smooth finer patterns away.
    blocks = (rng.random(shape) < 0.6).astype(np.uint8)
    levels = np.kron(blocks, np.ones((_BLACK_BLOCK, _BLACK_BLOCK), np.uint8))[:height, :width]
    return levels if photograph.grey else np.repeat(levels[:, :, None], 3, axis=2)
