"""From the bytes of a photograph to a standardised face, whatever the file is."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ccbench.exceptions import ImageError
from ccbench.preprocessing import (
    FaceRecipe,
    crop_square,
    decode_grey,
    equalise,
    face_crop,
    find_face,
    grey_from_bgr,
    oval,
    standardise,
    standardise_in_box,
)
from ccbench.testing.drawn import DRAWN_DATABASES, Nuisance, draw_face, draw_identity

Grey = NDArray[np.uint8]
RECIPE = FaceRecipe()


def saved(image: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Return a drawn face of 256 x 256 pixels with a little noise, in colour."""
    face = draw_face(draw_identity("drawn-a", 3), {12: 0.8}, nuisance=Nuisance(noise=3))
    return Image.fromarray(np.ascontiguousarray(face[..., ::-1]))


@pytest.fixture(scope="module")
def grey(photo: Image.Image) -> Grey:
    return np.asarray(photo.convert("L"))


def off(one: Grey, other: Grey) -> int:
    """Return the largest difference of two images, grey levels."""
    assert one.shape == other.shape
    assert one.dtype == other.dtype == np.uint8
    return int(np.abs(one.astype(int) - other.astype(int)).max())


# Files that decode


def test_grey_is_the_itu_601_luma(photo: Image.Image) -> None:
    expected = np.asarray(photo, np.float64) @ (0.299, 0.587, 0.114)
    assert off(decode_grey(saved(photo)), np.round(expected).astype(np.uint8)) <= 1


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_grey_files_come_back_as_they_are(kind: str, grey: Grey) -> None:
    assert off(decode_grey(saved(Image.fromarray(grey), kind)), grey) == 0


@pytest.mark.parametrize(("kind", "how"), [("JPEG", {"quality": 95}), ("WEBP", {"lossless": True})])
def test_compressed_files_come_close(
    kind: str, how: dict[str, object], photo: Image.Image, grey: Grey
) -> None:
    decoded = decode_grey(saved(photo, kind, **how))
    assert np.abs(decoded.astype(int) - grey).mean() < 1.5


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_scaled_to_8(kind: str, grey: Grey) -> None:
    low = np.random.default_rng(0).integers(-128, 128, grey.shape)
    deep = np.clip(grey.astype(np.int64) * 257 + low, 0, 65535).astype(np.uint16)
    data = saved(Image.fromarray(deep), kind)
    assert len(data) > grey.size  # not reduced on the way into the file
    assert off(decode_grey(data), grey) <= 1


@pytest.mark.parametrize("deep", [-1.0, 70000.0, float("nan")])
def test_grey_levels_that_are_no_16_bit_are_refused(deep: float) -> None:
    values = np.full((8, 8), 1000, np.float32)
    values[0, 0] = deep
    with pytest.raises(ImageError, match=r"outside 0\.\.65535; save it as 8 or 16 bit"):
        decode_grey(saved(Image.fromarray(values), "TIFF"))


@pytest.mark.parametrize("highest", [1023, 4095])
def test_16_bit_files_that_hold_fewer_bits_are_refused(highest: int) -> None:
    deep = np.linspace(0, highest, 64 * 64).reshape(64, 64).astype(np.uint16)
    found, data = cv2.imencode(".png", deep)
    assert found
    with pytest.raises(ImageError, match=f"only up to {highest}; stretch them"):
        decode_grey(data.tobytes())


def test_cmyk_jpegs(photo: Image.Image, grey: Grey) -> None:
    data = saved(photo.convert("CMYK"), "JPEG", quality=95)
    assert Image.open(io.BytesIO(data)).mode == "CMYK"
    assert np.abs(decode_grey(data).astype(int) - grey).mean() < 2


def test_transparency_is_laid_over_mid_grey(photo: Image.Image, grey: Grey) -> None:
    alpha = np.full((256, 256), 255, np.uint8)
    alpha[:64] = 0
    alpha[64:128] = 128
    clear = photo.copy()
    clear.putalpha(Image.fromarray(alpha))
    decoded = decode_grey(saved(clear))
    assert (decoded[:64] == 128).all()
    half = np.round((grey[64:128].astype(float) + 128) / 2).astype(np.uint8)
    assert off(decoded[64:128], half) <= 2
    assert off(decoded[128:], grey[128:]) <= 1


def test_a_transparent_grey_level_and_palette_entry() -> None:
    levels = np.tile(np.array([10, 200], np.uint8), (8, 4))
    expected = np.where(levels == 10, 128, 200).astype(np.uint8)
    assert off(decode_grey(saved(Image.fromarray(levels), transparency=10)), expected) == 0
    palette = Image.fromarray((levels == 200).astype(np.uint8)).convert("P")
    palette.putpalette([10, 10, 10, 200, 200, 200])
    assert off(decode_grey(saved(palette, transparency=0)), expected) == 0
    assert off(decode_grey(saved(palette)), levels) == 0
    assert off(decode_grey(saved(palette, "GIF")), levels) == 0


@pytest.mark.parametrize("mode", ["1", "LA", "P", "RGBA", "CMYK", "YCbCr", "LAB"])
def test_every_colour_mode_is_read(mode: str) -> None:
    # Light above, dark below: what is common to all of them.
    if mode == "LAB":
        image = Image.merge(
            "LAB", [Image.new("L", (16, 8), level) for level in (220, 128, 128)]
        ).resize((16, 16))
        image.paste((30, 128, 128), (0, 8, 16, 16))
    else:
        image = Image.new("RGB", (16, 16), (220, 220, 220))
        image.paste((30, 30, 30), (0, 8, 16, 16))
        image = image.convert("L").convert(mode) if mode == "LA" else image.convert(mode)
    decoded = decode_grey(saved(image, "TIFF"))
    assert decoded.shape == (16, 16)
    assert decoded[:8].mean() > decoded[8:].mean() + 100


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda a: a),
        (2, np.fliplr),
        (3, lambda a: np.rot90(a, 2)),
        (4, np.flipud),
        (5, np.transpose),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: np.rot90(a, 2).T),
        (8, np.rot90),
    ],
)
def test_exif_orientation_is_applied(
    orientation: int, turn: Callable[[Grey], Grey], grey: Grey
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = grey[:, :200]
    decoded = decode_grey(saved(Image.fromarray(stored), exif=exif))
    assert off(decoded, np.ascontiguousarray(turn(stored))) == 0


def test_a_camera_file_with_a_preview_behind_it_is_its_photograph(
    photo: Image.Image, grey: Grey
) -> None:
    preview = photo.resize((64, 64))
    data = saved(photo, "MPO", save_all=True, append_images=[preview], quality=95)
    opened = Image.open(io.BytesIO(data))
    assert (opened.format, getattr(opened, "n_frames", 1)) == ("MPO", 2)
    assert np.abs(decode_grey(data).astype(int) - grey).mean() < 1.5


# Files that do not


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_animations_are_refused_with_their_number_of_frames(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), (value, 90, 90)) for value in (0, 120, 240)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match="an animation of 3 frames; save the wanted frame alone"):
        decode_grey(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_truncated_files(kind: str, share: float, photo: Image.Image) -> None:
    data = saved(photo, kind)
    face = standardise(data[: round(share * len(data))], RECIPE)
    assert face.status == "unreadable"
    assert face.pixels is None
    assert "truncated" in face.detail or "not an image" in face.detail


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"\0" * 5000, "not an image that can be read"),
        (b"Subject: photographs\nThese are not here yet.\n", "not an image that can be read"),
        (b"<!doctype html><title>404</title>", "not an image that can be read"),
        (b"\xff\xd8\xff", "not an image that can be read"),
    ],
    ids=["empty", "zeros", "text", "html", "jpeg header"],
)
def test_files_that_are_no_images(data: bytes, detail: str) -> None:
    face = standardise(data, RECIPE)
    assert (face.pixels, face.status, face.detail) == (None, "unreadable", detail)


def test_images_too_large_to_decode(monkeypatch: pytest.MonkeyPatch, photo: Image.Image) -> None:
    data = saved(photo)
    for limit in (photo.width * photo.height - 1, 1000):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        assert "too large" in standardise(data, RECIPE).detail


@pytest.mark.parametrize("size", [(4000, 20), (1, 3000)])
def test_strips_are_refused_before_they_are_enlarged(size: tuple[int, int]) -> None:
    data = saved(Image.new("L", size, 100))
    face = standardise(data, replace(RECIPE, center_missing=True))
    assert face.status == "unreadable"
    assert f"a strip of {size[0]} x {size[1]} pixels" in face.detail


def test_standardise_never_raises() -> None:
    # Small, so that a few hundred attempts take no time; the face is still found.
    picture = draw_face(draw_identity("drawn-a", 3), {12: 0.8}, size=64)
    image = Image.fromarray(np.ascontiguousarray(picture[..., ::-1]))
    rng = np.random.default_rng(11)
    seen = set()
    for kind in ("JPEG", "PNG", "TIFF", "GIF"):
        data = saved(image, kind)
        assert standardise(data, RECIPE).pixels is not None
        for attempt in range(100):
            broken = bytearray(data)
            if attempt % 2:
                broken = broken[: rng.integers(len(broken))]
            else:
                reach = len(broken) if attempt % 4 else 200  # all over, or in the header
                for position in rng.integers(0, min(reach, len(broken)), rng.integers(1, 20)):
                    broken[position] = rng.integers(256)
            face = standardise(bytes(broken), RECIPE)
            seen.add(face.status)
            assert (face.pixels is None) == (face.status in {"unreadable", "black", "no face"})
            assert face.detail or face.status == "ok"
    assert {"ok", "unreadable"} <= seen


def test_random_bytes_are_no_image() -> None:
    rng = np.random.default_rng(5)
    for start in (b"", b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM"):
        for length in (1, 30, 300, 3000):
            assert standardise(start + rng.bytes(length), RECIPE).pixels is None


# Finding the face


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


# Cutting out and equalising


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


def test_the_grey_of_pixels_is_the_grey_of_their_file() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    _, file = cv2.imencode(".png", colours)
    assert np.array_equal(grey_from_bgr(colours), decode_grey(file.tobytes()))
    assert np.array_equal(grey_from_bgr(colours[..., 0]), colours[..., 0])
