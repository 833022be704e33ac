"""``render``: an identity with an expression, in front of a camera, as an image."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered.action_units import combine
from ccbench_plugins.rendered.errors import RenderError
from ccbench_plugins.rendered.geometry import Posed, likeness, pose
from ccbench_plugins.rendered.head import load_head, unit
from ccbench_plugins.rendered.identity import Identity
from ccbench_plugins.rendered.materials import surface
from ccbench_plugins.rendered.occlusion import occlusion_maps
from ccbench_plugins.rendered.rasterizer import Fragments, rasterize
from ccbench_plugins.rendered.scene import Background, Camera, Light, linear, srgb
from ccbench_plugins.rendered.shading import direction, shade
from ccbench_plugins.rendered.strands import Strands, strand_light, visible_strands

SMALLEST, LARGEST = 32, 2048
_SUPERSAMPLING = 2
_FAR = -400.0
_LASH = np.float32(0.01)
_LASH_SPACING = 0.0105
"""Between two lashes, decimetres."""


def render(
    identity: Identity,
    action_units: Mapping[int, float] | None = None,
    size: int | tuple[int, int] = 512,
    *,
    camera: Camera | None = None,
    light: Light | None = None,
    background: Background | None = None,
    gaze: tuple[float, float] = (0.0, 0.0),
    take: int = 0,
) -> NDArray[np.uint8]:
    """Render a face.

    Equal arguments give equal bytes, in any process.

    Args:
        identity: who is shown: ``average_identity()``, ``draw_identity(seed)``.
        action_units: FACS number -> intensity, 0 to 1; see ``MOVEMENTS`` for those there are.
        size: side of a square image, or (width, height), pixels.
        camera: pose and framing; frontal by default.
        light: by default one key light from the upper left.
        background: by default a grey wall.
        gaze: degrees to the poser's left and up.
        take: number of the photograph; decides the sensor's noise.

    Returns:
        uint8 (height, width, 3), RGB.

    Raises:
        RenderError: an action unit that does not exist, an intensity outside 0 to 1, or a
            size that cannot be rendered.
    """
    width, height = (size, size) if isinstance(size, int) else size
    if not (min(width, height) >= SMALLEST and max(width, height) <= LARGEST):
        raise RenderError(
            f"the size {size} cannot be rendered; give {SMALLEST} to {LARGEST} pixels"
        )
    camera, light = camera or Camera(), light or Light()
    background = background or Background()
    expression = combine(action_units or {}, identity.ethnicity)
    head, who = load_head(), likeness(identity)
    wide, high = width * _SUPERSAMPLING, height * _SUPERSAMPLING
    posed = pose(identity, expression, gaze, camera, wide, high)
    hit = rasterize(posed.xy, posed.depth, head.triangles, wide, high)
    depth = np.full(wide * high, _FAR * _SUPERSAMPLING, np.float32)
    depth[hit.pixels] = hit.depth
    strands = visible_strands(identity.hair, posed.hair, depth, wide, high)
    depth[strands.pixels[strands.casts]] = strands.depth[strands.casts]
    hit = _uncovered(hit, strands, wide * high)

    attributes = np.concatenate(
        [
            posed.normals,
            head.canonical,
            np.stack([head.lips, head.cavity, who.hair], 1),
        ],
        axis=1,
    ).astype(np.float32)
    values = hit.interpolate(attributes, head.triangles)
    found = surface(
        identity,
        who,
        head,
        dict(expression.wrinkles),
        unit(values[:, :3]),
        np.ascontiguousarray(values[:, 3:6]),
        np.ascontiguousarray(values[:, 6:].T),
        head.triangle_part.take(hit.triangle),
    )
    small = cv2.resize(depth.reshape(high, wide), (width, height), interpolation=cv2.INTER_AREA)
    maps = occlusion_maps(np.asarray(small / _SUPERSAMPLING, np.float32), direction(light))
    spread = cv2.resize(np.dstack(maps), (wide, high), interpolation=cv2.INTER_LINEAR)
    visible = np.asarray(spread, np.float32).reshape(-1, 2)
    open_sky, lit = np.ascontiguousarray(visible.take(hit.pixels, axis=0).T)
    leaving = shade(found, light, open_sky, lit)

    image = _wall(background, wide, high)
    image.reshape(-1, 3)[hit.pixels] = leaving
    _draw_hair(image, identity, strands, light, visible)
    _draw_lashes(image, posed, depth)
    photograph = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    if camera.blur:
        photograph = cv2.GaussianBlur(photograph, (0, 0), camera.blur * width)
    rng = np.random.default_rng([identity.seed, take, 9])
    grain = rng.standard_normal((height, width), dtype=np.float32) * np.float32(camera.noise * 255)
    exposed = np.asarray(photograph, np.float32) * np.float32(light.exposure)
    return np.asarray(np.clip(np.rint(srgb(exposed) + grain[..., None]), 0, 255), np.uint8)


def _wall(background: Background, width: int, height: int) -> NDArray[np.float32]:
    fall = np.linspace(1 + background.gradient * 0.3, 1 - background.gradient * 0.7, height)
    shades = np.clip(np.array(background.colour) * fall[:, None], 0, 1).astype(np.float32)
    rows = linear(shades)[:, None, :]
    wall = cv2.resize(rows, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(wall, np.float32)


def _uncovered(hit: Fragments, strands: Strands, count: int) -> Fragments:
    """Leave out the pixels of the head that opaque hair hides."""
    hidden = np.zeros(count, bool)
    hidden[strands.pixels[strands.opacity >= 1]] = True
    return hit.at(np.flatnonzero(~hidden.take(hit.pixels)))


def _draw_hair(
    image: NDArray[np.float32],
    identity: Identity,
    strands: Strands,
    light: Light,
    visible: NDArray[np.float32],
) -> None:
    """Blend the hair over the image."""
    open_sky, lit = np.ascontiguousarray(visible.take(strands.pixels, axis=0).T)
    leaving = strand_light(identity.hair, strands, light, direction(light), open_sky, lit)
    flat, opacity = image.reshape(-1, 3), strands.opacity[:, None]
    under = flat.take(strands.pixels, axis=0)
    under += (leaving - under) * opacity
    flat[strands.pixels] = under


def _draw_lashes(image: NDArray[np.float32], posed: Posed, depth: NDArray[np.float32]) -> None:
    """Blend the lashes over the image, thinner towards their tips."""
    head = load_head()
    height, width, _ = image.shape
    nearer = posed.depth + np.float32(0.004 * posed.scale)
    hit = rasterize(posed.xy, nearer, head.lashes, width, height)
    hit = hit.at(np.flatnonzero(hit.depth > depth.take(hit.pixels)))
    pixels, corners, weights = hit.pixels, head.lashes[hit.triangle], hit.weights
    tip = np.einsum("kc,kc->k", head.lash_tip[corners], weights)
    root = np.einsum("kcd,kc->kd", head.canonical[corners][..., :2], weights)
    aside = np.abs(np.abs(root[:, 0]) - head.eyes[0, 0])
    upper = root[:, 1] > head.eyes[0, 1] - 0.01
    # The strip becomes hairs, which lean outwards and stand apart at their tips.
    along = root[:, 0] + 0.02 * np.sign(root[:, 0]) * tip
    uneven = 1.1 * np.sin(along * 131) + 0.8 * np.sin(along * 311)
    hair = np.cos(along * (2 * np.pi / _LASH_SPACING) + uneven)
    apart = np.clip(0.62 + 0.75 * hair - (1.0 + 0.4 * np.sin(along * 523)) * tip, 0, 1)
    strength = np.where(upper, 0.85, 0.22) * np.clip((0.165 - aside) / 0.05, 0, 1)
    opacity = (strength * apart * np.clip(1 - tip, 0, 1) ** 0.8)[:, None].astype(np.float32)
    flat = image.reshape(-1, 3)
    flat[pixels] = flat[pixels] * (1 - opacity) + opacity * _LASH
