"""Views of a standardised face: sizes x positions x reflections (paper, "Training")."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

RECIPE = "views-1"
"""Version of :func:`render_view`; part of every cache key."""


@dataclass(frozen=True)
class View:
    """One view of a face.

    Attributes:
        size: scale about the centre; 1 leaves the size.
        shift: (right, down), pixels.
        reflected: mirrored left to right.
    """

    size: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    reflected: bool = False


PLAIN = View()
"""The untouched view, used at test and probe time."""


def list_views(
    sizes: tuple[float, ...], shifts: tuple[tuple[float, float], ...], reflections: bool
) -> tuple[View, ...]:
    """Return every combination, sizes slowest, reflections fastest.

    >>> corners = ((0, 0), (8, 8), (8, -8), (-8, 8), (-8, -8))
    >>> len(list_views((0.9, 0.95, 1, 1.05, 1.1), corners, reflections=True))
    50
    """
    mirrored = (False, True) if reflections else (False,)
    return tuple(
        View(float(size), (float(shift[0]), float(shift[1])), flag)
        for size in sizes
        for shift in shifts
        for flag in mirrored
    )


def render_view(face: NDArray[np.uint8], view: View, background: float) -> NDArray[np.uint8]:
    """Draw one view of a standardised face.

    Args:
        face: uint8 (size, size).
        view: how to move it.
        background: grey level outside the face, so that no edge appears.

    Returns:
        uint8 (size, size); the plain view is a copy of the face.
    """
    size = face.shape[0]
    if view.size == 1.0 and view.shift == (0.0, 0.0):
        moved = face
    else:
        centre = (size - 1) / 2
        matrix = np.array(
            [
                [view.size, 0, centre * (1 - view.size) + view.shift[0]],
                [0, view.size, centre * (1 - view.size) + view.shift[1]],
            ]
        )
        moved = np.asarray(
            cv2.warpAffine(
                face,
                matrix,
                (size, size),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=background,
            ),
            dtype=np.uint8,
        )
    if view.reflected:
        return np.ascontiguousarray(moved[:, ::-1])
    return moved.copy() if moved is face else moved
