"""Writing the pictures of generated datasets."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ccbench.datasets import write_image

RAMP = np.arange(32 * 32 * 3, dtype=np.uint32).reshape(32, 32, 3).astype(np.uint8)


def test_png_keeps_every_pixel_and_the_order_of_colours(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", RAMP)
    found = np.asarray(Image.open(tmp_path / "a.png"))
    assert np.array_equal(found, RAMP[..., ::-1])
    write_image(tmp_path / "grey.png", RAMP[..., 0])
    assert np.array_equal(np.asarray(Image.open(tmp_path / "grey.png")), RAMP[..., 0])
    # A view, such as RGB turned to BGR.
    write_image(tmp_path / "view.png", RAMP[..., ::-1])
    assert np.array_equal(np.asarray(Image.open(tmp_path / "view.png")), RAMP)


def test_jpeg_has_the_quality_asked_for(tmp_path: Path) -> None:
    smooth = cv2.resize(RAMP[:4, :4], (128, 128), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    errors = {}
    for quality in (30, 95):
        path = tmp_path / f"{quality}.JPG"
        write_image(path, smooth, quality=quality)
        with Image.open(path) as picture:
            assert picture.format == "JPEG"
            found = np.asarray(picture).astype(int)
        errors[quality] = np.abs(found[..., ::-1] - smooth).mean()
    assert errors[95] < errors[30] < 20


def test_what_cannot_be_written_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match=r"a\.xyz could not be encoded as a picture"):
        write_image(tmp_path / "a.xyz", RAMP)
    with pytest.raises(OSError, match="no/a"):
        write_image(tmp_path / "no" / "a.png", RAMP)
    monkeypatch.setattr(cv2, "imencode", lambda *_: (False, None))
    with pytest.raises(OSError, match=r"a\.png could not be encoded as a picture"):
        write_image(tmp_path / "a.png", RAMP)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_raises() -> None:
    full = Path("/dev/full")

    class Full(type(full)):  # type: ignore[misc]
        suffix = ".png"

    with pytest.raises(OSError, match="No space left on device"):
        write_image(Full(full), RAMP)
