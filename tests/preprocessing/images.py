"""Image files made in memory."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ccbench.preprocessing import FaceRecipe

Grey = NDArray[np.uint8]
RECIPE = FaceRecipe()


def saved(image: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def off(one: Grey, other: Grey) -> int:
    """Return the largest difference of two images, grey levels."""
    assert one.shape == other.shape
    assert one.dtype == other.dtype == np.uint8
    return int(np.abs(one.astype(int) - other.astype(int)).max())
