"""Hair and clothing of rendered faces, as seen in the pictures."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from ccbench_plugins.rendered import (
    Background,
    Camera,
    Identity,
    RenderError,
    average_identity,
    draw_identity,
    render,
)
from ccbench_plugins.rendered.clothing import GARMENTS, Clothing
from ccbench_plugins.rendered.hair import STYLES, Hair

SIZE = 96
GREEN = Background((0.0, 0.9, 0.0), gradient=0.0)
CAMERA = Camera(framing=0.34, noise=0.0)
Image = npt.NDArray[np.uint8]


def picture(who: Identity, units: dict[int, float] | None = None, yaw: float = 0.0) -> Image:
    return render(who, units, SIZE, camera=replace(CAMERA, yaw=yaw), background=GREEN)


def silhouette(image: Image) -> npt.NDArray[np.bool_]:
    red, green, blue = np.moveaxis(image.astype(int), -1, 0)
    wall = (green > 150) & (red < 90) & (blue < 90)
    return np.asarray(~wall, np.bool_)


def wearing(style: str) -> Identity:
    return replace(average_identity(), hair=Hair(style=style, seed=3))


@pytest.fixture(scope="module")
def styles() -> dict[str, Image]:
    return {style: picture(wearing(style)) for style in STYLES}


def test_equal_identities_have_equal_bytes() -> None:
    assert np.array_equal(picture(draw_identity(5)), picture(draw_identity(5)))


def test_every_style_looks_different(styles: dict[str, Image]) -> None:
    for one, other in combinations(STYLES, 2):
        difference = np.abs(styles[one].astype(int) - styles[other]).max(-1) > 25
        assert difference.mean() > 0.01, (one, other)


def test_voluminous_styles_differ_in_silhouette(styles: dict[str, Image]) -> None:
    shown = ("bald", "short", "bun", "bob", "long", "fringe", "curly", "afro")
    for one, other in combinations(shown, 2):
        assert (silhouette(styles[one]) ^ silhouette(styles[other])).mean() > 0.004, (one, other)


def test_the_face_stays_visible_under_every_style(styles: dict[str, Image]) -> None:
    # From below the brows to the chin, between the outer corners of the eyes.
    top, bottom, left, right = (round(SIZE * part) for part in (0.42, 0.78, 0.40, 0.60))
    bare = styles["bald"][top:bottom, left:right].astype(int)
    for style, image in styles.items():
        change = np.abs(image[top:bottom, left:right] - bare).max(-1)
        assert (change > 60).mean() < 0.02, style


@pytest.mark.parametrize("style", ["long", "fringe", "afro"])
def test_the_mouth_does_not_move_hair(style: str) -> None:
    still, moved = picture(wearing(style)), picture(wearing(style), {27: 1.0, 12: 1.0})
    change = np.abs(still.astype(int) - moved).max(-1)
    above_brows = round(SIZE * 0.36)
    assert change[:above_brows].max() <= 2
    assert change[above_brows:].max() > 60
    outside = np.r_[0 : round(SIZE * 0.2), round(SIZE * 0.8) : SIZE]
    assert change[: round(SIZE * 0.8), outside].max() <= 2


@pytest.mark.parametrize("yaw", [-90.0, -45.0, 45.0, 90.0])
@pytest.mark.parametrize("style", ["short", "long"])
def test_hair_covers_the_head_from_the_side(style: str, yaw: float) -> None:
    dark = replace(average_identity(), hair=Hair(style=style, lightness=0.0))
    fair = replace(dark, hair=replace(dark.hair, lightness=0.7))
    change = np.abs(picture(dark, yaw=yaw).astype(int) - picture(fair, yaw=yaw)).max(-1) > 25
    assert 0.06 < change.mean() < 0.45


@pytest.mark.parametrize("garment", GARMENTS)
def test_clothing_covers_the_shoulders(garment: str) -> None:
    blue = Clothing((0.1, 0.1, 0.7), garment)
    image = picture(replace(average_identity(1.0), clothing=blue))[-2:, 4:-4]
    red, green, sky = np.moveaxis(image.astype(int), -1, 0)
    assert (sky > red).mean() > (0.8 if garment in ("v_neck", "shirt") else 0.999)
    edges = np.r_[0 : SIZE // 5, SIZE - SIZE // 4 : SIZE - 8]
    assert (sky > red)[:, edges].all()
    assert (sky > green)[:, edges].all()


def test_a_population_wears_many_styles_and_garments() -> None:
    drawn = [draw_identity(seed) for seed in range(80)]
    assert len({who.hair.style for who in drawn}) >= 8
    assert {who.clothing.garment for who in drawn} == set(GARMENTS)


def test_unknown_styles_are_named() -> None:
    with pytest.raises(RenderError, match=r"no haircut 'mohawk'; there are bald"):
        Hair(style="mohawk")
    with pytest.raises(RenderError, match=r"no garment 'toga'; there are crew"):
        Clothing(garment="toga")
    with pytest.raises(RenderError, match=r"length 3.*give 0 to 1.9 decimetres"):
        Hair(length=3)
