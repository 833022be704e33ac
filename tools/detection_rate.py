"""Count the images of folders in which OpenCV's Haar cascades find exactly one face.

The settings are those of ``detectMultiScale`` out of the box, on the grey image as it is::

    ccbench datasets generate synthetic-a faces/a
    ccbench probes render rendered-au faces/au
    python tools/detection_rate.py faces/a faces/au
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

CASCADES = ("default", "alt2")
SUFFIXES = {".jpg", ".png"}


def grey(path: Path) -> NDArray[np.uint8]:
    """Read an image; (height, width)."""
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)


def main() -> None:
    """Print a line for each folder and cascade, and the images with no face or several."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="+", type=Path)
    folders: list[Path] = parser.parse_args().folder
    for folder in folders:
        images = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
        images = [path for path in images if "sheet" not in path.stem]
        for name in CASCADES:
            file = Path(cv2.__file__).parent / "data" / f"haarcascade_frontalface_{name}.xml"
            cascade = cv2.CascadeClassifier(str(file))
            faces = [len(cascade.detectMultiScale(grey(path))) for path in images]
            single = faces.count(1)
            print(f"{folder}, {name}: one face in {single} of {len(images)}")
            for path, count in zip(images, faces, strict=True):
                if count != 1:
                    print(f"  {count} in {path.relative_to(folder)}")


if __name__ == "__main__":
    main()
