"""Files that are no photograph: said what they are, whatever is in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.preprocessing.images import RECIPE, saved

from ccbench.exceptions import ImageError
from ccbench.preprocessing import decode_grey, standardise
from ccbench.testing.drawn import draw_face, draw_identity


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
