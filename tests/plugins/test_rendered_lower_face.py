"""The lower face: where its action units act, how they grow, and the mouth at rest."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from ccbench_plugins.rendered import Camera, Identity, average_identity, draw_identity, render
from ccbench_plugins.rendered.action_units import JAW_LIMIT, combine
from ccbench_plugins.rendered.asset import LOWER_TEETH, TONGUE, UPPER_TEETH, load_asset
from ccbench_plugins.rendered.geometry import likeness, pose
from ccbench_plugins.rendered.head import load_head
from ccbench_plugins.rendered.lips import load_lips, resting, sealed
from ccbench_plugins.rendered.rasterizer import rasterize

SIZE = 160
CAMERA = Camera(noise=0)
NECK = 1.6
"""What is below the chin counts as inside: its shadow moves with the jaw."""


@dataclass(frozen=True)
class Region:
    """A rectangle around the face's middle, in distances from the eyes to the chin."""

    side: float
    top: float
    bottom: float = NECK


REGIONS = {
    10: Region(0.66, 0.12, 1.12),
    11: Region(0.66, 0.08, 1.05),
    12: Region(0.74, 0.05),
    15: Region(0.68, 0.14),
    16: Region(0.45, 0.55),
    17: Region(0.64, 0.14),
    20: Region(0.68, 0.12),
    22: Region(0.68, 0.12),
    23: Region(0.68, 0.14),
    24: Region(0.60, 0.14),
    25: Region(0.68, 0.12),
    26: Region(0.72, 0.12),
    27: Region(0.76, 0.10),
}
"""Action unit -> where it may change pixels; the eyes are at 0 and the chin is at 1."""
MEAN_OUTSIDE, MOST_OUTSIDE = 0.02, 3
"""Grey levels of 255."""


def shown(identity: Identity, action_units: dict[int, float]) -> NDArray[np.float64]:
    return render(identity, action_units, SIZE, camera=CAMERA).astype(np.float64)


def inside(region: Region) -> NDArray[np.bool_]:
    down, across = np.mgrid[:SIZE, :SIZE] + 0.5
    unit = CAMERA.framing * SIZE
    x, y = (across - SIZE / 2) / unit, (down - CAMERA.eye_height * SIZE) / unit
    own = (np.abs(x) < region.side) & (y > region.top) & (y < region.bottom)
    return np.asarray(own, np.bool_)


@pytest.mark.parametrize("unit", REGIONS)
@pytest.mark.parametrize("seed", [None, 4])
def test_an_action_unit_changes_only_its_own_region(unit: int, seed: int | None) -> None:
    identity = average_identity() if seed is None else draw_identity(seed)
    change = np.abs(shown(identity, {unit: 1.0}) - shown(identity, {})).max(2)
    own = inside(REGIONS[unit])
    assert change[~own].mean() < MEAN_OUTSIDE
    assert change[~own].max() <= MOST_OUTSIDE
    assert change[own].mean() > 20 * MEAN_OUTSIDE


@pytest.mark.parametrize("unit", REGIONS)
def test_the_change_grows_with_the_intensity(unit: int) -> None:
    identity = average_identity()
    null = shown(identity, {})
    grown = [np.abs(shown(identity, {unit: step / 10}) - null).mean() for step in range(11)]
    assert (np.diff(grown) > 0).all(), grown


def mouth_pixels(identity: Identity, action_units: dict[int, float]) -> int:
    """Count the pixels that show the inside of the mouth, on a geometry of 448 pixels."""
    head, side = load_head(), 448
    expression = combine(action_units, identity.ethnicity)
    posed = pose(identity, expression, (0.0, 0.0), CAMERA, side, side)
    hit = rasterize(posed.xy, posed.depth, head.triangles, side, side)
    part = head.triangle_part[hit.triangle]
    cavity = np.einsum("kc,kc->k", head.cavity[head.triangles[hit.triangle]], hit.weights)
    inner = np.isin(part, (UPPER_TEETH, LOWER_TEETH, TONGUE)) | (cavity > 0.75)
    return int(inner.sum())


@pytest.mark.parametrize("seed", [None, *range(20)])
def test_the_mouth_is_closed_at_rest(seed: int | None) -> None:
    identity = average_identity() if seed is None else draw_identity(seed)
    assert mouth_pixels(identity, {}) == 0
    assert mouth_pixels(identity, {25: 0.5}) > 20


@pytest.mark.parametrize("unit", [11, 12, 15, 17, 20, 23, 24])
def test_action_units_that_do_not_part_the_lips_keep_them_closed(unit: int) -> None:
    for seed in range(3):
        assert mouth_pixels(draw_identity(seed), {unit: 1.0}) == 0


def test_parting_the_jaw_dropping_it_and_stretching_the_mouth_differ() -> None:
    counts = [mouth_pixels(average_identity(), {unit: 1.0}) for unit in (25, 26, 27)]
    assert counts[1] > 1.4 * counts[0]
    assert counts[2] > 1.6 * counts[1]


def corner_rise(unit: int) -> float:
    """Return how far an action unit lifts the mouth's corners, decimetres."""
    identity = average_identity()
    corners = load_lips().upper[[0, -1]]
    base = likeness(identity).base
    expression = combine({unit: 1.0}, identity.ethnicity)
    moved = sealed(load_asset().displaced(expression.targets, base))
    return float((moved - base)[corners, 1].mean())


def test_only_the_smile_lifts_the_corners_of_the_mouth() -> None:
    assert corner_rise(12) > 0.05
    assert corner_rise(15) < -0.03
    assert max(corner_rise(23), corner_rise(24)) < 0.005


def test_sealed_lips_meet_whatever_pulled_them_apart() -> None:
    asset, lips = load_asset(), load_lips()
    apart = asset.displaced({"fu/mouthUpperUpLeft": 0.6, "fu/mouthUpperUpRight": 0.6})
    for vertices, closed in ((apart, False), (resting(apart), True)):
        upper, lower = vertices[lips.upper], vertices[lips.lower]
        order = np.argsort(lower[:, 0])
        gap = upper[:, 1] - np.interp(upper[:, 0], lower[order, 0], lower[order, 1])
        assert bool(gap[1:-1].max() < 0.003) is closed
    still = np.setdiff1d(np.arange(len(asset.vertices)), lips.near)
    assert (sealed(apart)[still] == apart[still]).all()


def test_the_jaw_opens_no_further_than_its_limit(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = combine({25: 1.0, 26: 1.0, 27: 1.0}, (0.0, 0.0, 1.0))
    assert found.parting["fu/jawOpen"] == JAW_LIMIT
    assert "jawOpen" in caplog.text
