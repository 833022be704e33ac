"""Action units of the upper face act where FACS says, and the more the higher the intensity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ccbench_plugins.rendered import Camera, Identity, average_identity, draw_identity, render
from ccbench_plugins.rendered.asset import load_asset
from ccbench_plugins.rendered.regions import REGIONS, Region
from ccbench_plugins.rendered.upper_folds import fold, upper_planes

SIZE = 256
CAMERA = Camera(noise=0)
IDENTITIES: dict[str, Identity] = {
    "average": average_identity(),
    "african man": average_identity(1.0, 0.3, (1.0, 0.0, 0.0)),
    "asian woman": average_identity(0.0, 0.2, (0.0, 1.0, 0.0)),
    "drawn": draw_identity(7),
}


@dataclass(frozen=True)
class Area:
    """Where an action unit may change the picture, in eye-chin distances from the eyes' middle.

    ``sides`` is the distance from the face's vertical middle, ``heights`` is upwards.
    """

    sides: tuple[float, float]
    heights: tuple[float, float]

    def mask(self) -> NDArray[np.bool_]:
        distance = SIZE * CAMERA.framing
        rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
        side = np.abs(columns / SIZE - 0.5) * SIZE / distance
        height = (CAMERA.eye_height - rows / SIZE) * SIZE / distance
        inside = (side >= self.sides[0]) & (side <= self.sides[1])
        inside &= (height >= self.heights[0]) & (height <= self.heights[1])
        return np.asarray(inside, np.bool_)


FOREHEAD = Area((0.0, 0.72), (-0.14, 0.72))
LIDS = Area((0.06, 0.62), (-0.30, 0.24))
AREAS = {
    1: FOREHEAD,
    2: FOREHEAD,
    4: FOREHEAD,
    5: LIDS,
    6: Area((0.06, 0.80), (-0.72, 0.24)),
    7: LIDS,
    9: Area((0.0, 0.62), (-0.80, 0.56)),
}
MEAN_OUTSIDE = 0.02
MAX_OUTSIDE = 6.0
"""Grey levels, of 255."""


@cache
def picture(who: str, unit: int, intensity: float) -> NDArray[np.float64]:
    units = {unit: intensity} if intensity else {}
    image = render(IDENTITIES[who], units, SIZE, camera=CAMERA)
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)


def change(who: str, unit: int, intensity: float) -> NDArray[np.float64]:
    return np.abs(picture(who, unit, intensity) - picture(who, 1, 0.0))


@pytest.mark.parametrize("who", IDENTITIES)
@pytest.mark.parametrize("unit", AREAS)
def test_changes_nothing_outside_its_area(unit: int, who: str) -> None:
    changed = change(who, unit, 1.0)
    area = AREAS[unit].mask()
    assert changed[~area].mean() <= MEAN_OUTSIDE
    assert changed[~area].max() <= MAX_OUTSIDE
    assert changed[area].mean() > 20 * MEAN_OUTSIDE


@pytest.mark.parametrize("unit", AREAS)
def test_change_grows_with_every_step_of_intensity(unit: int) -> None:
    amounts = [change("average", unit, step / 10).mean() for step in range(11)]
    assert amounts[0] == 0
    assert np.all(np.diff(amounts) > 0), amounts


def test_cheek_raiser_moves_cheeks_and_lid_tightener_does_not() -> None:
    cheeks = Area((0.2, 0.6), (-0.55, -0.30)).mask()
    assert change("average", 6, 1.0)[cheeks].mean() > 10 * change("average", 7, 1.0)[cheeks].mean()


def lid_opening(unit: int) -> float:
    """Distance between the middles of the left upper and lower lid, decimetres."""
    from ccbench_plugins.rendered.action_units import combine

    asset = load_asset()
    moved = asset.displaced(combine({unit: 1.0}, (0.0, 0.0, 1.0)).targets)
    lids = (asset.masks["eyelids"] > 0.5) & (np.abs(asset.vertices[:, 0] - 0.308) < 0.06)
    base = asset.vertices[:, 1]
    upper, lower = lids & (base > 7.31), lids & (base < 7.26)
    return float(moved[upper, 1].mean() - moved[lower, 1].mean())


def test_upper_lid_raiser_opens_and_lid_tightener_narrows_the_eye() -> None:
    neutral = lid_opening(1)
    assert lid_opening(5) > neutral + 0.02
    assert lid_opening(7) < neutral - 0.02


def test_regions_hold_their_units() -> None:
    asset = load_asset()
    for name in REGIONS:
        row = asset.targets.get(f"fu/{name}Left", asset.targets.get(f"fu/{name}"))
        assert row is not None, name
    row = asset.targets["fu/browDownLeft"]
    crown = asset.vertices[:, 1] > 7.83
    assert not asset.displacements[row][crown].any()
    assert asset.displacements[row].any()


def test_region_fades_between_its_ramps() -> None:
    region = Region(side=(0.2, 0.4), top=(7.5, 7.7), bottom=(7.2, 7.0))
    points = np.array(
        [[0, 7.4, 1], [-0.3, 7.4, 1], [0.4, 7.4, 1], [0, 7.6, 1], [0, 7.1, 1], [0, 7.8, 1]],
        np.float32,
    )
    np.testing.assert_allclose(region.share(points), [1, 0.5, 0, 0.5, 0.5, 0], atol=1e-4)


def test_fold_has_a_groove_and_a_ridge_on_its_left() -> None:
    rng = np.random.default_rng(1)
    plane = fold(rng, [(-0.2, 7.5), (0.0, 7.5), (0.2, 7.5)], 0.02, wobble=0)
    profile = plane[:, plane.shape[1] // 2]
    groove, ridge = int(profile.argmax()), int(profile.argmin())
    assert profile[groove] > 0.6
    assert profile[ridge] < -0.1
    assert ridge < groove  # Walking to the poser's left, the left hand points up the picture.


def test_folds_are_not_quite_symmetric() -> None:
    for name, plane in upper_planes().items():
        assert not np.allclose(plane, plane[:, ::-1], atol=0.05), name
        assert 0.3 < plane.max() < 2.2, name
