"""From an identity and an expression to vertices in front of the camera."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered.action_units import Expression
from ccbench_plugins.rendered.asset import LEFT_EYE, RIGHT_EYE, load_asset
from ccbench_plugins.rendered.clothing import drape
from ccbench_plugins.rendered.hair import hair_mask
from ccbench_plugins.rendered.haircut import CUTS, Locks, lay
from ccbench_plugins.rendered.head import load_head
from ccbench_plugins.rendered.identity import Identity
from ccbench_plugins.rendered.lips import resting, sealed
from ccbench_plugins.rendered.scene import Camera
from ccbench_plugins.rendered.skin import SkinTextures, draw_skin
from ccbench_plugins.rendered.strands import PosedLocks

_GAZE_DEGREES = 30.0
"""Gaze of a face unit at weight 1, about."""
_PRESSED_EARS = {
    f"lo/{side}-ear-{what}": weight
    for side in "lr"
    for what, weight in (("wing-decr", 1.0), ("scale-decr", 0.6))
}
"""Hair that lies over the ears presses them against the head."""


@dataclass(frozen=True)
class Likeness:
    """What an identity is made of, computed once.

    Attributes:
        base: float32 (vertices of the asset, 3), without expression.
        textures: of the skin.
        hair: float32 (n,), where hair grows.
        locks: the hair on the head.
        cloth: float32 (n, 3), how far clothing stands off the skin, decimetres.
        eyes: float32 (3,), the middle between the eyes.
        chin: distance from the eyes down to the chin, decimetres.
        apart: distance between the eyes, decimetres.
    """

    base: NDArray[np.float32]
    textures: SkinTextures
    hair: NDArray[np.float32]
    locks: Locks
    cloth: NDArray[np.float32]
    eyes: NDArray[np.float32]
    chin: float
    apart: float


@lru_cache(maxsize=4)
def likeness(identity: Identity) -> Likeness:
    """Return what an identity is made of; the latest few are kept."""
    head = load_head()
    shape = dict(identity.shape)
    if not CUTS[identity.hair.style].ears:
        for name, weight in _PRESSED_EARS.items():
            shape[name] = shape.get(name, 0.0) + weight
    base = resting(load_asset().displaced(shape))
    refined = head.refine @ base
    left = refined[head.vertex_part == LEFT_EYE].mean(0)
    right = refined[head.vertex_part == RIGHT_EYE].mean(0)
    eyes = ((left + right) / 2).astype(np.float32)
    return Likeness(
        base=base,
        textures=draw_skin(identity),
        hair=hair_mask(identity.hair, head),
        locks=lay(identity.hair, np.asarray(refined, np.float32)),
        cloth=drape(identity.clothing, head, np.asarray(refined, np.float32)),
        eyes=eyes,
        chin=float(eyes[1] - refined[head.chin, 1]),
        apart=float(np.linalg.norm(left - right)),
    )


@dataclass(frozen=True)
class Posed:
    """A head in front of the camera.

    Attributes:
        normals: float32 (n, 3), in the camera's frame.
        xy: float32 (n, 2), pixels.
        depth: float32 (n,), pixels towards the camera, 0 at the eyes.
        scale: pixels per decimetre.
        hair: the hair, which no expression moves.
    """

    normals: NDArray[np.float32]
    xy: NDArray[np.float32]
    depth: NDArray[np.float32]
    scale: float
    hair: PosedLocks


def gaze_targets(gaze: tuple[float, float]) -> dict[str, float]:
    """Return the face units that turn the eyes.

    Args:
        gaze: degrees to the poser's left and up.
    """
    left, up = gaze[0] / _GAZE_DEGREES, gaze[1] / _GAZE_DEGREES
    weights = {
        "eyeLookOutLeft": left,
        "eyeLookInRight": left,
        "eyeLookInLeft": -left,
        "eyeLookOutRight": -left,
        "eyeLookUpLeft": up,
        "eyeLookUpRight": up,
        "eyeLookDownLeft": -up,
        "eyeLookDownRight": -up,
    }
    return {f"fu/{name}": weight for name, weight in weights.items() if weight > 0}


def pose(
    identity: Identity,
    expression: Expression,
    gaze: tuple[float, float],
    camera: Camera,
    width: int,
    height: int,
) -> Posed:
    """Move, refine, turn and project the head.

    Args:
        identity: who.
        expression: what the face does.
        gaze: degrees to the poser's left and up.
        camera: where from.
        width: of the frame, pixels.
        height: of the frame, pixels.
    """
    head, who = load_head(), likeness(identity)
    asset = load_asset()
    moved = asset.displaced({**expression.targets, **gaze_targets(gaze)}, who.base)
    moved = sealed(moved, 1 - expression.parted)
    moved = asset.displaced(expression.parting, moved)
    vertices = np.asarray(head.refine @ moved, np.float32) + who.cloth
    rotation = camera.rotation()
    pivot = who.eyes - np.array([0, 0.2, 0.6], np.float32)
    scale = min(width, height) * camera.framing / who.chin

    def seen(places: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        turned = np.asarray((places - pivot) @ rotation.T + pivot, np.float32)
        toward = turned[:, 2] - who.eyes[2]
        nearness = scale * camera.distance / (camera.distance - toward)
        xy = np.empty((len(places), 2), np.float32)
        xy[:, 0] = (turned[:, 0] - who.eyes[0]) * nearness + width * (0.5 + camera.shift)
        xy[:, 1] = -(turned[:, 1] - who.eyes[1]) * nearness + height * camera.eye_height
        return turned, xy, (toward * scale).astype(np.float32)

    turned, xy, depth = seen(vertices)
    _, hair_xy, hair_depth = seen(who.locks.places)
    hair = PosedLocks(hair_xy, hair_depth, rotation, scale, who.locks)
    return Posed(head.normals(turned), xy, depth, scale, hair)
