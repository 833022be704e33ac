"""Where the face is in a photograph."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.preprocessing.images import RECIPE, Grey, saved

from ccbench.preprocessing import find_face, standardise
from ccbench.testing.drawn import DRAWN_DATABASES, Nuisance, draw_face, draw_identity


@pytest.mark.parametrize("database", list(DRAWN_DATABASES))
@pytest.mark.parametrize("size", [120, 256, 700])
def test_the_box_lies_on_the_face(database: str, size: int) -> None:
    for poser in (1, 2, 3):
        moved = Nuisance(shift_x=0.04 * (poser - 2), shift_y=0.03, backdrop=(150.0, 150.0, 150.0))
        picture = draw_face(draw_identity(database, poser), {}, size=size, nuisance=moved)
        found = find_face(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8))
        assert found is not None
        x, y, side = (value / size for value in found[0])
        # Between the eyes is at (128, 118) / 256 in an upright, centred picture.
        assert abs(x - (0.5 + moved.shift_x)) < 0.03
        assert 0.0 < y - (118 / 256 + moved.shift_y) < 0.15
        assert 0.45 < side < 0.75


def test_a_face_that_touches_the_border_is_found(grey: Grey) -> None:
    tight = np.ascontiguousarray(grey[70:190, 75:180])
    found = find_face(tight)
    assert found is not None
    (x, y, side), attempt = found
    assert attempt == 0
    assert abs(x - 53) < 5
    assert abs(y - 62) < 8
    assert side > 105  # wider than the picture


def test_a_face_beside_wide_walls_is_found_where_it_is(grey: Grey) -> None:
    wide = np.full((256, 900), 180, np.uint8)
    wide[:, 500:756] = grey
    found = find_face(wide)
    assert found is not None
    assert abs(found[0][0] - (500 + 128)) < 10


@pytest.fixture(scope="module")
def noise() -> bytes:
    pixels = np.random.default_rng(1).integers(0, 256, (300, 200), dtype=np.uint8)
    return saved(Image.fromarray(pixels))


def test_noise_has_no_face(noise: bytes) -> None:
    face = standardise(noise, RECIPE)
    assert (face.pixels, face.status, face.box) == (None, "no face", None)
    assert face.detail == "no frontal face found"


def test_the_central_square_can_stand_in_for_a_face(noise: bytes) -> None:
    face = standardise(noise, replace(RECIPE, center_missing=True))
    assert face.status == "centered"
    assert face.box == (100.0, 150.0, 200.0)
    assert "the central square was taken" in face.detail
    assert face.pixels is not None
    assert face.pixels.shape == (224, 224)


@pytest.mark.parametrize(("level", "status"), [(9, "black"), (11, "no face"), (255, "no face")])
def test_black_photographs_are_told_apart(level: int, status: str) -> None:
    data = saved(Image.new("L", (300, 300), level))
    assert standardise(data, RECIPE).status == status


def test_a_single_grey_level_cannot_be_standardised() -> None:
    data = saved(Image.new("L", (300, 300), 90))
    face = standardise(data, replace(RECIPE, center_missing=True))
    assert (face.pixels, face.status) == (None, "unreadable")
    assert "single grey level" in face.detail
