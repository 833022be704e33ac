"""Make the contact sheets of docs/rendered.md.

python tools/rendered_pictures.py [FOLDER]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered import MOVEMENTS, Camera, average_identity, draw_identity, render
from ccbench_plugins.rendered.synthetic import bundled, draw_poser, photographs
from ccbench_registry import ACTION_UNITS, EXPRESSIONS

Image = NDArray[np.uint8]
LEVELS = (0.3, 0.6, 1.0)


def grid(images: Sequence[Image], columns: int) -> Image:
    """Put images of one size in rows."""
    rows = [np.hstack(images[i : i + columns]) for i in range(0, len(images), columns)]
    return np.asarray(np.vstack(rows), np.uint8)


def labelled(image: Image, text: str) -> Image:
    """Write a line above an image."""
    strip = np.full((18, image.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, text, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (40, 40, 40), 1, cv2.LINE_AA)
    return np.asarray(np.vstack([strip, image]), np.uint8)


def identities() -> Image:
    """Sixty posers of a mixed population."""
    camera = Camera(framing=0.33, eye_height=0.45)
    faces = [render(draw_identity(seed), size=(112, 128), camera=camera) for seed in range(60)]
    return grid(faces, 12)


def action_units() -> Image:
    """Every action unit at three intensities, on the averaged face."""
    camera = Camera(framing=0.44, eye_height=0.42)
    names = {unit.number: unit.name for unit in ACTION_UNITS}
    cells = []
    for unit in MOVEMENTS:
        faces = [
            render(average_identity(), {unit: level}, (150, 160), camera=camera) for level in LEVELS
        ]
        cells.append(labelled(grid(faces, len(faces)), f"AU{unit} {names[unit]}"))
    return grid(cells, 3) if len(cells) % 3 == 0 else grid(cells, 2)


def synthetic() -> Image:
    """Two posers of synthetic-a and two of synthetic-b, seven expressions each."""
    rows = []
    for name in ("synthetic-a", "synthetic-b"):
        source = bundled(name).source
        for poser in (1, 2):
            identity = draw_poser(source, poser)
            for take, shown in enumerate(photographs(source, poser)):
                image = render(
                    identity,
                    shown.action_units,
                    (144, 180),
                    camera=shown.camera,
                    light=shown.light,
                    background=shown.background,
                    gaze=shown.gaze,
                    take=take,
                )
                rows.append(labelled(image, f"{name[-1]}: {shown.expression}"))
    return grid(rows, len(EXPRESSIONS))


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/images"))
    folder: Path = parser.parse_args().folder
    for make in (identities, action_units, synthetic):
        path = folder / f"{make.__name__}.png"
        cv2.imwrite(str(path), make()[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
        print(path)


if __name__ == "__main__":
    main()
