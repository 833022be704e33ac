"""Image files of every kind, as grey levels."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.preprocessing.images import Grey, off, saved

from ccbench.exceptions import ImageError
from ccbench.preprocessing import decode_grey, grey_from_bgr


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


def test_the_grey_of_pixels_is_the_grey_of_their_file() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    _, file = cv2.imencode(".png", colours)
    assert np.array_equal(grey_from_bgr(colours), decode_grey(file.tobytes()))
    assert np.array_equal(grey_from_bgr(colours[..., 0]), colours[..., 0])
