"""A face is cut out, and its grey levels are equalised inside the oval."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.preprocessing.images import RECIPE, Grey, saved

from ccbench.preprocessing import (
    FaceRecipe,
    crop_square,
    decode_grey,
    equalise,
    face_crop,
    find_face,
    oval,
    standardise,
    standardise_in_box,
)


@pytest.mark.parametrize("side", [300, 97, 60, 20])
def test_a_crop_has_the_place_and_size_of_its_box(side: int) -> None:
    # On a slope the grey level says where a pixel came from, to a fraction of a pixel.
    across = np.tile(np.arange(240, dtype=np.uint8), (240, 1))
    for image, axis in ((across, 1), (across.T.copy(), 0)):
        crop = crop_square(image, (120.0, 120.0, float(side)), 40)
        assert crop.shape == (40, 40)
        profile = crop.mean(axis=1 - axis)
        expected = 120 - side / 2 + (np.arange(40) + 0.5) * side / 40 - 0.5
        within = (expected > 5) & (expected < 234)
        # Shrinking by area rounds to whole grey levels.  Half a pixel of the crop would be 1.2
        # levels at 97 and 3.8 at 300.
        bound = 0.05 if side < 80 else 0.75
        assert np.abs(profile - expected)[within].max() < bound


def test_a_crop_beyond_the_border_repeats_it(grey: Grey) -> None:
    crop = crop_square(grey, (0.0, 128.0, 200.0), 100)
    assert np.ptp(crop[:, :49], axis=1).max() < 1e-3
    assert np.ptp(crop[:, 51:], axis=1).min() > 2


def test_a_crop_of_a_large_photograph_does_not_alias() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (2000, 1000))
    crop = crop_square(stripes, (1000.0, 1000.0, 1990.0), 200)
    assert np.abs(crop - 127.5).max() < 15


def unblended(pixels: Grey, mask: NDArray[np.float32], mean: float) -> NDArray[np.float64]:
    """Return the grey levels inside the oval before its smooth edge mixed them with the mean."""
    inside = mask > 0.5
    values = mean + (pixels[inside].astype(np.float64) - mean) / mask[inside]
    return np.asarray(values, dtype=np.float64)


def test_a_face_is_equally_sharp_whatever_the_resolution_of_its_photograph() -> None:
    # Texture with a 1/f spectrum looks alike at every scale.
    count, rng = 1000, np.random.default_rng(0)
    frequency = np.fft.fftfreq(count)
    radius = np.hypot(frequency[:, None], frequency[None])
    radius[0, 0] = 1
    texture = np.real(np.fft.ifft2(np.fft.fft2(rng.normal(size=(count, count))) / radius))
    image = np.clip((texture - texture.mean()) / texture.std() * 35 + 128, 0, 255).astype(np.uint8)
    sharpness = []
    for side in (280.0, 330.0, 440.0, 449.0, 600.0, 900.0):
        face, _ = equalise(crop_square(image, (500.3, 500.7, side), 224), 128, 32)
        edges = cv2.Laplacian(face.astype(np.float32), cv2.CV_32F)
        sharpness.append(float(edges[60:160, 60:160].var()))
    assert max(sharpness) < 1.2 * min(sharpness)


@pytest.mark.parametrize(("mean", "sd"), [(128.0, 32.0), (110.0, 20.0)])
def test_mean_and_sd_are_set_inside_the_oval(mean: float, sd: float, grey: Grey) -> None:
    flat = 100 + (grey.astype(np.float32) - 128) / 8  # low contrast, so nothing is clipped
    rng = np.random.default_rng(0)
    rough = np.clip(flat + rng.uniform(-60, 60, flat.shape), 0, 255).astype(np.float32)
    pixels, clipped = equalise(rough, mean, sd)
    assert clipped == 0
    mask = oval(256)
    face = unblended(pixels, mask, mean)
    assert face.mean() == pytest.approx(mean, abs=0.05)
    assert face.std() == pytest.approx(sd, abs=0.05)
    assert (pixels[mask < 0.002] == mean).all()


def test_a_standardised_photograph(photo: Image.Image) -> None:
    face = standardise(saved(photo), RECIPE)
    assert (face.status, face.detail) == ("ok", "")
    assert face.pixels is not None
    assert face.pixels.shape == (224, 224)
    assert face.pixels.dtype == np.uint8
    assert face.clipped < 0.02
    mask = oval(224)
    values = unblended(face.pixels, mask, 128)
    assert values.mean() == pytest.approx(128, abs=0.5)  # a few pixels are clipped
    assert values.std() == pytest.approx(32, abs=0.5)
    assert (face.pixels[mask < 0.002] == 128).all()
    assert face.box is not None
    found = find_face(np.asarray(photo.convert("L")))
    assert found is not None
    assert face.box[2] == pytest.approx(1.1 * found[0][2])


def test_clipped_pixels_are_counted() -> None:
    spots = np.full((224, 224), 100, np.float32)
    spots += np.random.default_rng(0).uniform(-1, 1, spots.shape).astype(np.float32)
    inside = np.flatnonzero(oval(224).ravel() > 0.5)
    spots.ravel()[inside[::100]] = 255
    pixels, clipped = equalise(spots, 128.0, 32.0)
    assert clipped == pytest.approx(0.01, abs=0.0005)
    assert pixels.max() == 255


def test_the_oval_is_smooth_upright_and_symmetric() -> None:
    mask = oval(224)
    assert np.allclose(mask, mask[::-1], atol=1e-6)
    assert np.allclose(mask, mask[:, ::-1], atol=1e-6)
    assert mask[112, 112] == pytest.approx(1)
    assert mask[[0, 0, -1, -1], [0, -1, 0, -1]].max() < 1e-5
    wide, high = (mask[112] > 0.5).sum(), (mask[:, 112] > 0.5).sum()
    assert (wide, high) == (pytest.approx(0.80 * 224, abs=2), pytest.approx(0.98 * 224, abs=2))
    assert np.abs(np.diff(mask[112])).max() < 0.1


def test_light_and_contrast_of_the_photograph_do_not_matter(photo: Image.Image) -> None:
    dim = photo.point([round(30 + 0.6 * level) for level in range(256)] * 3)
    one, other = standardise(saved(photo), RECIPE), standardise(saved(dim), RECIPE)
    assert one.pixels is not None
    assert other.pixels is not None
    difference = np.abs(one.pixels.astype(int) - other.pixels.astype(int))
    assert np.median(difference) <= 1


def test_the_same_bytes_give_the_same_face(photo: Image.Image) -> None:
    data = saved(photo, "JPEG")
    usual = cv2.getNumThreads()
    faces = []
    try:
        for threads in (1, 2, 4):
            cv2.setNumThreads(threads)
            faces.append(standardise(data, RECIPE))
    finally:
        cv2.setNumThreads(usual)
    first = faces[0]
    assert first.pixels is not None
    for face in faces[1:]:
        assert face.pixels is not None
        assert np.array_equal(face.pixels, first.pixels)
        assert (face.status, face.box, face.clipped) == (first.status, first.box, first.clipped)


def test_the_recipe_sets_size_and_grey_levels(photo: Image.Image) -> None:
    face = standardise(saved(photo), FaceRecipe(size=100, mean=90.0, sd=10.0, crop=1.5))
    assert face.pixels is not None
    assert face.pixels.shape == (100, 100)
    assert face.pixels[0, 0] == 90
    assert face.pixels[oval(100) > 0.999].std() == pytest.approx(10, abs=1.5)


def test_a_given_box_is_cropped_as_a_found_one(drawn_folders: dict[str, Path]) -> None:
    data = (drawn_folders["drawn-a"] / "p01_happy.png").read_bytes()
    recipe = FaceRecipe()
    whole = standardise(data, recipe)
    grey = decode_grey(data)
    assert face_crop(grey, recipe) == whole.box
    assert whole.box is not None
    pixels, clipped = standardise_in_box(grey, whole.box, recipe)
    assert np.array_equal(pixels, whole.pixels)  # type: ignore[arg-type]
    assert clipped == whole.clipped
    x, y, side = whole.box
    moved, _ = standardise_in_box(grey, (x + 20, y, side), recipe)
    assert not np.array_equal(moved, pixels)
