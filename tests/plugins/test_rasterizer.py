"""The rasterizer against a plain loop over pixels in exact fractions, and known answers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from threadpoolctl import threadpool_limits

from ccbench_plugins.rendered.errors import RenderError
from ccbench_plugins.rendered.rasterizer import Fragments, rasterize

WIDTH, HEIGHT = 16, 12
Vertices = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
Triangles = npt.NDArray[np.int32]


def soup(seed: int, count: int, spread: float = 1.0) -> tuple[Vertices, Triangles]:
    """Random triangles of random depths: they overlap and run through each other."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform((0, 0), (WIDTH, HEIGHT), (count, 1, 2))
    xy = centre + rng.normal(0, 4 * spread, (count, 3, 2))
    depth = rng.uniform(-5, 5, 3 * count).astype(np.float32)
    corners = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    return (xy.reshape(-1, 2).astype(np.float32), depth), corners


def at_pixel(
    vertices: Vertices, triangles: Triangles, x: int, y: int
) -> list[tuple[Fraction, int, list[Fraction]]]:
    """Return (depth, triangle, weights) of all triangles at a pixel, farthest first; exact.

    A centre on an edge counts: soups here are drawn so that this does not happen.
    """
    px, py = x + Fraction(1, 2), y + Fraction(1, 2)
    found = []
    for number, triangle in enumerate(triangles):
        (ax, ay), (bx, by), (cx, cy) = (
            [Fraction(float(v)) for v in vertices[0][i]] for i in triangle
        )
        whole = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if whole >= 0:
            continue
        weights = [
            ((bx - px) * (cy - py) - (by - py) * (cx - px)) / whole,
            ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / whole,
            ((ax - px) * (by - py) - (ay - py) * (bx - px)) / whole,
        ]
        if min(weights) >= 0:
            depths = [Fraction(float(vertices[1][i])) for i in triangle]
            depth = sum((w * d for w, d in zip(weights, depths, strict=True)), Fraction(0))
            found.append((depth, number, weights))
    return sorted(found, key=lambda one: one[:2])


def draw(vertices: Vertices, triangles: Triangles) -> Fragments:
    return rasterize(*vertices, triangles, WIDTH, HEIGHT)


def mesh(points: list[tuple[float, float]], triangles: list[tuple[int, int, int]]) -> Fragments:
    xy = np.array(points, np.float32).reshape(-1, 2)
    corners = np.array(triangles, np.int32).reshape(-1, 3)
    return draw((xy, np.zeros(len(xy), np.float32)), corners)


@pytest.mark.parametrize(
    ("spread", "count"), [(0.2, 150), (0.4, 100), (1.0, 60), (10.0, 60), (1000.0, 60)]
)
def test_a_soup_shows_what_a_loop_over_its_pixels_shows(spread: float, count: int) -> None:
    vertices, triangles = soup(7, count, spread)
    found = draw(vertices, triangles)
    assert np.all(np.diff(found.pixels) > 0)
    row = {int(pixel): k for k, pixel in enumerate(found.pixels)}
    layers = 0
    for y in range(HEIGHT):
        for x in range(WIDTH):
            expected = at_pixel(vertices, triangles, x, y)
            k = row.pop(y * WIDTH + x, None)
            assert (k is not None) == bool(expected)
            if k is None:
                continue
            depth, number, weights = expected[-1]
            layers += len(expected)
            assert found.triangle[k] == number
            assert found.depth[k] == pytest.approx(float(depth), abs=1e-4)
            assert found.weights[k] == pytest.approx([float(w) for w in weights], abs=1e-5)
    assert not row
    assert layers > len(found.pixels) > 0  # some pixels were contested


def test_triangles_that_run_through_each_other_meet_where_their_depths_cross() -> None:
    # One rises from 0 to 16 along x, the other falls: they cross at x = 8.
    xy = np.array([(-16, -50), (-16, 50), (32, 0)] * 2, np.float32)
    depth = np.concatenate([xy[:3, 0], 16 - xy[:3, 0]]).astype(np.float32)
    found = draw((xy, depth), np.array([(0, 1, 2), (3, 4, 5)], np.int32))
    assert len(found.pixels) == WIDTH * HEIGHT
    assert np.array_equal(found.triangle, np.where(found.pixels % WIDTH < 8, 1, 0))
    assert found.depth == pytest.approx(8 + np.abs(found.pixels % WIDTH + 0.5 - 8), abs=1e-4)


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5])
def test_a_square_of_two_triangles_covers_each_pixel_once(shift: float) -> None:
    low, high = 2 + shift, 8 + shift
    corners = [(low, low), (low, high), (high, high), (high, low)]
    halves = [mesh(corners, [t]).pixels for t in ((0, 1, 2), (0, 2, 3))]
    # At 0.5 the edges lie on centres: the first row and column count, the last do not.
    expected = [y * WIDTH + x for y in range(2, 8) for x in range(2, 8)]
    assert sorted(np.concatenate(halves)) == expected
    assert mesh(corners, [(0, 1, 2), (0, 2, 3)]).pixels.tolist() == expected


@pytest.mark.parametrize("snap", [None, 0.5])
def test_a_mesh_has_no_cracks_and_no_pixel_twice(snap: float | None) -> None:
    # A jittered grid that reaches beyond the frame; snapped, many corners and edges lie exactly
    # on pixel centres.
    rng = np.random.default_rng(3)
    across, down = 30, 24
    columns, rows = np.meshgrid(np.arange(across), np.arange(down))
    xy = np.stack([columns.ravel(), rows.ravel()], 1) * 0.8 - 2 + rng.uniform(0, 0.3, (720, 2))
    if snap is not None:
        xy = np.round(xy / snap) * snap
    a = (np.arange(down - 1)[:, None] * across + np.arange(across - 1)).ravel()
    triangles = np.concatenate(
        [np.stack([a, a + across, a + across + 1], 1), np.stack([a, a + across + 1, a + 1], 1)]
    ).astype(np.int32)
    vertices = xy.astype(np.float32), np.zeros(720, np.float32)
    assert draw(vertices, triangles).pixels.tolist() == list(range(WIDTH * HEIGHT))
    alone = np.concatenate([draw(vertices, one[None]).pixels for one in triangles])
    assert sorted(alone) == list(range(WIDTH * HEIGHT))


def test_weights_are_in_the_order_of_the_triangle_and_stay_within_it() -> None:
    points = np.array([(3.5, 1.5), (1.5, 9.5), (13.5, 7.5)], np.float32)
    for turn in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        found = draw((points, points[:, 0]), np.array([turn], np.int32))
        centre = np.stack([found.pixels % WIDTH, found.pixels // WIDTH], 1) + 0.5
        assert found.weights @ points[list(turn)] == pytest.approx(centre, abs=1e-5)
        assert found.depth == pytest.approx(centre[:, 0], abs=1e-5)
    # With corners on pixel centres, many other centres lie on edges, where rounding shows.
    (xy, depth), triangles = soup(1, 400, 3.0)
    vertices = (np.floor(xy) + 0.5).astype(np.float32), depth
    weights = np.concatenate([draw(vertices, one[None]).weights for one in triangles])
    assert weights.min() >= 0
    assert weights.sum(1) == pytest.approx(np.ones(len(weights)), abs=1e-6)


def test_triangles_facing_away_are_not_seen() -> None:
    points = [(2.0, 2.0), (2.0, 9.0), (9.0, 9.0)]
    assert len(mesh(points, [(0, 1, 2)]).pixels) == 21
    assert len(mesh(points, [(0, 2, 1)]).pixels) == 0


@pytest.mark.parametrize(
    "points",
    [
        [(2, 2), (2, 2), (2, 2)],  # a point
        [(2, 2), (5, 5), (8, 8)],  # a line through pixel centres
        [(2, 5.5), (5, 5.5), (8, 5.5)],  # a level line on a row of centres
        [(5.5, 2), (5.5, 5), (5.5, 9)],  # an upright line on a column of centres
        [(2.6, 2.6), (2.6, 3.4), (3.4, 3.4)],  # between the centres
    ],
)
def test_degenerate_triangles_are_skipped(points: list[tuple[float, float]]) -> None:
    assert len(mesh(points, [(0, 1, 2), (0, 2, 1)]).pixels) == 0


def test_triangles_outside_the_frame_are_clipped() -> None:
    far = 3e6
    assert mesh([(-far, -far), (-far, far), (far, 0)], [(0, 1, 2)]).pixels.tolist() == list(
        range(WIDTH * HEIGHT)
    )
    for dx, dy in ((-40, 0), (40, 0), (0, -40), (0, 40)):
        away = [(x + dx, y + dy) for x, y in ((2.0, 2.0), (2.0, 9.0), (9.0, 9.0))]
        assert len(mesh(away, [(0, 1, 2)]).pixels) == 0


def test_of_two_at_the_same_depth_the_later_is_seen() -> None:
    points = [(2.0, 2.0), (2.0, 9.0), (9.0, 9.0)]
    assert set(mesh(points, [(0, 1, 2), (1, 2, 0)]).triangle) == {1}


def test_nothing_to_draw_gives_empty_arrays_of_the_same_types() -> None:
    full = mesh([(2.0, 2.0), (2.0, 9.0), (9.0, 9.0)], [(0, 1, 2)])
    for empty in (mesh([], []), mesh([(2.0, 2.0)], [])):
        for name in ("pixels", "triangle", "weights", "depth"):
            one, other = getattr(empty, name), getattr(full, name)
            assert one.dtype == other.dtype
            assert one.shape == (0, *other.shape[1:])


def test_the_same_bytes_again_and_with_any_number_of_threads() -> None:
    vertices, triangles = soup(2, 2000)
    found = []
    for threads in (1, 1, 2):
        with threadpool_limits(threads):
            one = draw(vertices, triangles)
        found.append([a.tobytes() for a in (one.pixels, one.triangle, one.weights, one.depth)])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("which", ["position", "depth"])
def test_a_vertex_without_a_finite_position_is_refused(which: str) -> None:
    vertices, triangles = soup(0, 3)
    vertices[0 if which == "position" else 1].flat[4] = np.nan
    with pytest.raises(RenderError, match="finite"):
        draw(vertices, triangles)
