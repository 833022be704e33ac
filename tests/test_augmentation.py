"""Views of a face: their number, and each movement against an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from ccbench.augmentation import PLAIN, View, list_views, render_view
from ccbench.preprocessing import FaceRecipe, standardise
from ccbench.testing.drawn import DRAWN_DATABASES, write_database

Grey = NDArray[np.uint8]
SIZES = (0.9, 0.95, 1.0, 1.05, 1.1)
SHIFTS = ((0.0, 0.0), (8.0, 8.0), (8.0, -8.0), (-8.0, 8.0), (-8.0, -8.0))


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Grey:
    """Return a standardised drawn face."""
    folder = tmp_path_factory.mktemp("face")
    write_database(DRAWN_DATABASES["drawn-a"], folder, posers=1)
    pixels = standardise((folder / "p01_happy.png").read_bytes(), FaceRecipe()).pixels
    assert pixels is not None
    return pixels


def reference(face: Grey, view: View, background: float) -> NDArray[np.float64]:
    """Move a face with SciPy: (row, column) of the result -> (row, column) of the face."""
    centre = (face.shape[0] - 1) / 2
    right, down = view.shift
    start = [centre - (centre + down) / view.size, centre - (centre + right) / view.size]
    moved = ndimage.affine_transform(
        face.astype(np.float64),
        np.eye(2) / view.size,
        offset=start,
        order=1,
        mode="grid-constant",
        cval=background,
    )
    return np.asarray(moved[:, ::-1] if view.reflected else moved, dtype=np.float64)


def test_the_papers_fifty_views() -> None:
    views = list_views(SIZES, SHIFTS, reflections=True)
    assert len(views) == len(set(views)) == 50
    assert PLAIN in views
    assert views[:4] == (
        View(0.9, (0.0, 0.0), False),
        View(0.9, (0.0, 0.0), True),
        View(0.9, (8.0, 8.0), False),
        View(0.9, (8.0, 8.0), True),
    )
    assert sum(view.reflected for view in views) == 25
    assert list_views((1,), ((0, 0),), reflections=False) == (PLAIN,)


def test_the_plain_view_is_the_face_in_memory_of_its_own(face: Grey) -> None:
    before = face.copy()
    plain = render_view(face, PLAIN, 128.0)
    assert np.array_equal(plain, face)
    plain[...] = 0
    assert np.array_equal(face, before)


def test_a_reflection_swaps_left_and_right(face: Grey) -> None:
    mirrored = render_view(face, View(reflected=True), 128.0)
    assert np.array_equal(mirrored, np.fliplr(face))
    assert mirrored.flags.c_contiguous
    assert not np.array_equal(mirrored, face)
    assert np.array_equal(render_view(mirrored, View(reflected=True), 128.0), face)


@pytest.mark.parametrize("right", [8, -8, 0])
@pytest.mark.parametrize("down", [8, -8])
def test_a_shift_moves_every_pixel_right_and_down(right: int, down: int) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (64, 64), dtype=np.uint8)
    moved = render_view(noise, View(shift=(float(right), float(down))), 77.0)
    expected = np.full_like(noise, 77)
    for y in range(64):
        for x in range(64):
            if 0 <= y - down < 64 and 0 <= x - right < 64:
                expected[y, x] = noise[y - down, x - right]
    assert np.array_equal(moved, expected)


def test_a_single_bright_pixel_goes_where_the_view_says() -> None:
    face = np.zeros((101, 101), np.uint8)
    face[60, 70] = 255  # 10 below and 20 right of the centre, pixel (50, 50)
    moved = render_view(face, View(1.5, (4.0, -3.0)), 0.0)
    y, x = np.unravel_index(int(moved.argmax()), moved.shape)
    assert (int(x), int(y)) == (50 + 30 + 4, 50 + 15 - 3)
    mirrored = render_view(face, View(1.5, (4.0, -3.0), True), 0.0)
    assert np.array_equal(mirrored, moved[:, ::-1])


@pytest.mark.parametrize("view", list_views(SIZES, SHIFTS, reflections=True)[::7])
def test_views_agree_with_scipy(view: View, face: Grey) -> None:
    ours = render_view(face, view, 128.0).astype(np.float64)
    difference = np.abs(ours - reference(face, view, 128.0))
    # OpenCV places pixels to 1/32, which shows where grey levels change most from one to the next.
    assert difference.mean() < 0.5
    assert difference.max() < 8
    # The comparison can fail: a shift one pixel further is another picture.
    further = View(view.size, (view.shift[0] + 1, view.shift[1]), view.reflected)
    assert np.abs(ours - reference(face, further, 128.0)).mean() > 1.5


@pytest.mark.parametrize("view", [View(0.9, (8.0, -8.0)), View(1.1, (-8.0, 8.0), True)])
def test_no_edge_appears_around_the_moved_face(view: View, face: Grey) -> None:
    moved = render_view(face, view, 128.0)
    assert moved.shape == face.shape
    assert moved.dtype == np.uint8
    # The face's own outside is mid grey, so the corners stay so wherever the oval goes.
    corners = np.ones_like(moved, dtype=bool)
    corners[12:-12] = False
    corners[:, 12:-12] = False
    assert (moved[corners] == 128).all()
