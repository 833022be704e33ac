"""The public functions of the rendered faces: arguments, determinism, geometry."""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ccbench_plugins.rendered import (
    MOVEMENTS,
    Background,
    Camera,
    Light,
    RenderError,
    average_identity,
    draw_identity,
    render,
)
from ccbench_plugins.rendered.action_units import Expression, combine
from ccbench_plugins.rendered.asset import load_asset
from ccbench_plugins.rendered.subdivision import catmull_clark
from ccbench_registry import ACTION_UNITS

SMALL = 96


def grey(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = image.astype(np.float64).mean(2)
    return mean


def test_every_action_unit_of_the_paper_can_be_rendered() -> None:
    assert set(MOVEMENTS) == {unit.number for unit in ACTION_UNITS}


def test_an_image_has_the_size_asked_for_and_three_channels() -> None:
    image = render(average_identity(), {12: 0.8, 6: 0.5}, size=(80, 112))
    assert image.shape == (112, 80, 3)
    assert image.dtype == np.uint8
    assert render(average_identity(), size=SMALL).shape == (SMALL, SMALL, 3)


def test_skin_is_redder_than_blue_so_the_channels_are_red_green_blue() -> None:
    image = render(average_identity(), size=SMALL, background=Background((0.5, 0.5, 0.5)))
    forehead = image[int(0.33 * SMALL) : int(0.38 * SMALL), 40:56].reshape(-1, 3).mean(0)
    assert forehead[0] > forehead[1] > forehead[2]


@pytest.mark.parametrize(
    ("action_units", "sentence"),
    [
        ({3: 0.5}, "there is no action unit 3 to render; choose from 1, 2, 4, "),
        ({12: 1.2}, "AU12 has the intensity 1.2; give a number from 0 to 1"),
        ({12: -0.1}, "AU12 has the intensity -0.1; give a number from 0 to 1"),
        ({12: float("nan")}, "AU12 has the intensity nan; give a number from 0 to 1"),
    ],
)
def test_wrong_action_units_are_refused(action_units: dict[int, float], sentence: str) -> None:
    with pytest.raises(RenderError) as caught:
        render(average_identity(), action_units, size=SMALL)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("size", [8, (96, 10_000), 0])
def test_sizes_that_cannot_be_rendered_are_refused(size: int | tuple[int, int]) -> None:
    with pytest.raises(RenderError, match="cannot be rendered; give 32 to 2048"):
        render(average_identity(), size=size)


def test_an_intensity_of_zero_is_the_null_image() -> None:
    null = render(average_identity(), size=SMALL)
    assert np.array_equal(render(average_identity(), {12: 0.0, 4: 0.0}, size=SMALL), null)


def test_the_jaw_is_clamped_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        combine({27: 1.0}, (0, 0, 1))
        assert not caplog.records
        both = combine({25: 1.0, 26: 1.0, 27: 1.0}, (0, 0, 1))
    assert "AU25 1 + AU26 1 + AU27 1: jawOpen of" in caplog.text
    alone = [_jaw(combine({unit: 1.0}, (0, 0, 1))) for unit in (25, 26, 27)]
    assert max(alone) < _jaw(both) < sum(alone)


def _jaw(expression: Expression) -> float:
    return {**expression.targets, **expression.parting}.get("fu/jawOpen", 0.0)


def test_expressions_add_up_whatever_the_order() -> None:
    one = combine({6: 0.5, 12: 0.8}, (0.2, 0.3, 0.5))
    other = combine({12: 0.8, 6: 0.5}, (0.2, 0.3, 0.5))
    assert one == other


def test_equal_arguments_give_equal_bytes_in_another_process() -> None:
    code = (
        "import hashlib\n"
        "from ccbench_plugins.rendered import draw_identity, render\n"
        "for seed in (5, 6):\n"
        "    image = render(draw_identity(seed), {4: 0.7, 22: 0.6}, size=96, take=2)\n"
        "    print(hashlib.sha256(image.tobytes()).hexdigest())\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = [
        # In the other order: what was rendered before must not matter.
        hashlib.sha256(
            render(draw_identity(seed), {4: 0.7, 22: 0.6}, size=96, take=2).tobytes()
        ).hexdigest()
        for seed in (6, 5)
    ]
    assert run.stdout.split() == here[::-1]


def test_identities_differ_and_cannot_be_changed_by_accident() -> None:
    one, other = draw_identity(1), draw_identity(2)
    assert one == draw_identity(1)
    assert one != other
    with pytest.raises(FrozenInstanceError):
        one.seed = 3  # type: ignore[misc]
    difference = grey(render(one, size=SMALL)) - grey(render(other, size=SMALL))
    assert np.abs(difference).mean() > 3


def test_takes_differ_by_noise_alone() -> None:
    images = [grey(render(average_identity(), size=SMALL, take=take)) for take in (0, 1)]
    difference = images[1] - images[0]
    assert 1 < difference.std() < 5
    quiet = Camera(noise=0.0)
    still = [render(average_identity(), size=SMALL, camera=quiet, take=take) for take in (0, 1)]
    assert np.array_equal(still[0], still[1])


def test_the_head_turns_to_its_left_and_the_light_comes_from_where_it_should() -> None:
    quiet = Camera(noise=0.0)
    lit = [
        grey(render(average_identity(), size=SMALL, camera=quiet, light=Light((x, 0.3, 0.7))))
        for x in (-0.8, 0.8)
    ]
    left, right = slice(28, 46), slice(50, 68)
    assert lit[0][40:70, left].mean() > lit[0][40:70, right].mean() + 10
    assert lit[1][40:70, right].mean() > lit[1][40:70, left].mean() + 10


def test_a_larger_framing_gives_a_larger_face() -> None:
    wall = Background((0.0, 0.0, 1.0), gradient=0.0)
    covered = []
    for framing in (0.25, 0.40):
        image = render(
            average_identity(), size=SMALL, camera=Camera(framing=framing), background=wall
        )
        covered.append(int((image[..., 0] > 20).sum()))
    assert covered[1] > 1.3 * covered[0]


def test_a_shape_that_does_not_exist_is_an_error() -> None:
    identity = replace(average_identity(), shape=(("lo/no-such-shape", 1.0),))
    with pytest.raises(KeyError):
        render(identity, size=SMALL)


def test_displacements_add_linearly() -> None:
    asset = load_asset()
    both = asset.displaced({"fu/jawOpen": 0.5, "fu/mouthPucker": 0.25})
    alone = [
        asset.displacements[asset.targets[name]].astype(np.float64) / 2000
        for name in ("fu/jawOpen", "fu/mouthPucker")
    ]
    expected = asset.vertices + 0.5 * alone[0] + 0.25 * alone[1]
    np.testing.assert_allclose(both, expected, atol=1e-5)


def test_subdividing_a_cube_gives_the_known_points() -> None:
    corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
    quads = np.array(
        [
            (0, 1, 3, 2),
            (4, 6, 7, 5),
            (0, 4, 5, 1),
            (2, 3, 7, 6),
            (0, 2, 6, 4),
            (1, 5, 7, 3),
        ],
        np.int32,
    )
    matrix, refined = catmull_clark(quads, 8)
    points = matrix @ corners
    assert points.shape == (8 + 12 + 6, 3)
    assert refined.shape == (24, 4)
    # Catmull & Clark's rules by hand: corners 5/9, edge points 3/4, face points 1.
    np.testing.assert_allclose(np.abs(points[:8]), 5 / 9, atol=1e-6)
    assert np.allclose(np.sort(np.abs(points[8:20]), axis=1), (0, 0.75, 0.75), atol=1e-6)
    assert np.allclose(np.sort(np.abs(points[20:]), axis=1), (0, 0, 1), atol=1e-6)


def test_subdividing_a_flat_sheet_keeps_its_outline_straight() -> None:
    sheet = np.array([(x, y, 0) for y in range(3) for x in range(3)], np.float32)
    quads = np.array(
        [(i, i + 1, i + 4, i + 3) for i in (0, 1, 3, 4)],
        np.int32,
    )
    matrix, _ = catmull_clark(quads, 9)
    points = matrix @ sheet
    # Each row of the matrix is a weighted mean, so points stay on the sheet.
    np.testing.assert_allclose(np.asarray(matrix.sum(1)).ravel(), 1, atol=1e-6)
    assert np.allclose(points[:, 2], 0)
    assert points[:, :2].min() >= 0
    assert points[:, :2].max() <= 2
