"""The photograph that most tests of preprocessing use."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from tests.preprocessing.images import Grey

from ccbench.testing.drawn import Nuisance, draw_face, draw_identity


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Return a drawn face of 256 x 256 pixels with a little noise, in colour."""
    face = draw_face(draw_identity("drawn-a", 3), {12: 0.8}, nuisance=Nuisance(noise=3))
    return Image.fromarray(np.ascontiguousarray(face[..., ::-1]))


@pytest.fixture(scope="module")
def grey(photo: Image.Image) -> Grey:
    return np.asarray(photo.convert("L"))
