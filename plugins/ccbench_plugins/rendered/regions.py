"""How far the face units reach.

The units come with weak tails: lowering the brows also slides the skin up to the crown,
squinting also the cheeks down to the jaw.  A tail of a hundredth of a decimetre shifts every
pore it meets, and a network sees that; so each unit is confined to where the FACS manual
(Ekman, Friesen & Hager, 2002) says that its action unit acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ramp = tuple[float, float]
"""Where a region begins to fade, and where it has faded out, decimetres."""


@dataclass(frozen=True)
class Region:
    """A rectangle with soft edges on the base head seen from the front.

    Attributes:
        side: fades with the distance from the face's middle.
        top: fades upwards.
        bottom: fades downwards.
    """

    side: Ramp = (9.0, 10.0)
    top: Ramp = (9.0, 10.0)
    bottom: Ramp = (-9.0, -10.0)

    def share(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return 1 inside to 0 outside, float32 (n,), of points (n, 3)."""
        inside = _fade(np.abs(points[:, 0]), self.side) * _fade(points[:, 1], self.top)
        return np.asarray(inside * _fade(-points[:, 1], (-self.bottom[0], -self.bottom[1])))


def _fade(value: NDArray[np.float32], ramp: Ramp) -> NDArray[np.float32]:
    along = np.clip((value - ramp[0]) / (ramp[1] - ramp[0]), 0, 1)
    return np.asarray(1 - along * along * (3 - 2 * along), np.float32)


_BROW = Region(side=(0.60, 0.72), top=(7.62, 7.82), bottom=(7.33, 7.20))
REGIONS: Mapping[str, tuple[Region, ...]] = {
    "browDown": (_BROW,),
    "browInnerUp": (_BROW,),
    "browOuterUp": (_BROW,),
    "eyeBlink": (Region(side=(0.52, 0.60), bottom=(7.20, 7.13)),),
    "eyeSquint": (Region(side=(0.47, 0.59), top=(7.38, 7.46), bottom=(7.14, 7.01)),),
    "eyeWide": (Region(side=(0.52, 0.62), top=(7.40, 7.50), bottom=(7.20, 7.12)),),
    "cheekSquint": (Region(side=(0.66, 0.80), top=(7.32, 7.44), bottom=(6.90, 6.64)),),
    # Of the brows, only the inner ends move with the nose.
    "noseSneer": (
        Region(side=(0.16, 0.36), top=(7.58, 7.72), bottom=(7.34, 7.26)),
        Region(side=(0.32, 0.48), top=(7.26, 7.34)),
    ),
    **{
        unit: (Region(side=(0.62, 0.72), top=(6.96, 7.12)),)
        for unit in (
            "jawOpen",
            "mouthFrown",
            "mouthFunnel",
            "mouthPucker",
            "mouthRollUpper",
            "mouthShrugUpper",
            "mouthStretch",
            "mouthUpperUp",
        )
    },
    # A smile lifts the cheeks up to the lower lids.
    "mouthSmile": (Region(side=(0.62, 0.72), top=(7.02, 7.16)),),
}
"""Face unit, without side -> regions that together hold it (the larger share counts)."""


def confined(
    displacements: NDArray[np.int16],
    targets: Mapping[str, int],
    vertices: NDArray[np.float32],
) -> NDArray[np.int16]:
    """Return the displacements with the face units of :data:`REGIONS` confined.

    Args:
        displacements: int16 (targets, n, 3).
        targets: name -> row of ``displacements``.
        vertices: float32 (n, 3), of the base mesh.
    """
    found = displacements.copy()
    for unit, regions in REGIONS.items():
        share = np.max([region.share(vertices) for region in regions], axis=0)
        for name in (unit, f"{unit}Left", f"{unit}Right"):
            row = targets.get(f"fu/{name}")
            if row is not None:
                found[row] = np.rint(displacements[row] * share[:, None]).astype(np.int16)
    return found
