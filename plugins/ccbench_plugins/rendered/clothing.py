"""What covers the shoulders: garments as numbers, and their shape on the head's mesh."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered.asset import SKIN
from ccbench_plugins.rendered.errors import RenderError
from ccbench_plugins.rendered.head import Head, load_head

GARMENTS = ("crew", "v_neck", "shirt", "turtleneck", "cape")
_THICKNESS = {"crew": 0.025, "v_neck": 0.025, "shirt": 0.045, "turtleneck": 0.045, "cape": 0.05}
_HEM = 5.67
"""The mesh ends below this height; its rim is drawn down so that no frame shows it."""


@dataclass(frozen=True)
class Clothing:
    """A garment.

    Attributes:
        colour: sRGB, 0 to 1.
        garment: one of :data:`GARMENTS`.
        folds: depth of its folds, about 1.
    """

    colour: tuple[float, float, float] = (0.35, 0.36, 0.38)
    garment: str = "crew"
    folds: float = 1.0

    def __post_init__(self) -> None:
        if self.garment not in GARMENTS:
            raise RenderError(f"no garment {self.garment!r}; there are {', '.join(GARMENTS)}")


_MUTED = (
    (0.20, 0.22, 0.26),
    (0.13, 0.13, 0.14),
    (0.45, 0.46, 0.48),
    (0.72, 0.71, 0.69),
    (0.22, 0.28, 0.38),
    (0.36, 0.24, 0.24),
    (0.28, 0.33, 0.27),
    (0.48, 0.42, 0.36),
    (0.40, 0.47, 0.55),
)


def draw_clothing(rng: np.random.Generator, male: float) -> Clothing:
    """Draw a garment.

    Args:
        rng: source of chance.
        male: 0 or 1.
    """
    shares = np.array(
        [0.42, 0.14, 0.28, 0.10, 0.06] if male > 0.5 else [0.40, 0.26, 0.14, 0.15, 0.05]
    )
    garment = GARMENTS[int(rng.choice(len(GARMENTS), p=shares / shares.sum()))]
    base = np.array(_MUTED[int(rng.integers(len(_MUTED)))])
    r, g, b = np.clip(base * rng.uniform(0.8, 1.2) + rng.normal(0, 0.015, 3), 0.06, 0.8)
    return Clothing((float(r), float(g), float(b)), garment, float(rng.uniform(0.6, 1.3)))


def covered(clothing: Clothing, canonical: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far inside a garment places of the base head are.

    Args:
        clothing: the garment.
        canonical: float32 (k, 3), decimetres.

    Returns:
        float32 (k,), distance from the neckline, decimetres, negative outside.
    """
    x, y, z = np.abs(canonical[:, 0]), canonical[:, 1], canonical[:, 2]
    back = np.clip((0.62 - z) / 0.5, 0, 1)
    if clothing.garment == "v_neck":
        line = 5.52 + np.minimum(0.98 * x + 0.06 * np.clip(x / 0.1, 0, 1), 0.5) + 0.06 * back
    elif clothing.garment == "shirt":
        line = 5.72 + np.minimum(1.15 * x, 0.35) + 0.14 * back
    elif clothing.garment == "turtleneck":
        line = 6.10 + 0.14 * back
    elif clothing.garment == "cape":
        line = 6.00 + 0.10 * back
    else:
        line = 5.90 + 0.13 * back
    inside = line - y
    # The chin is as low as a high collar, but farther in front.
    return np.asarray(np.where(y > 5.9, np.minimum(inside, 0.84 - z), inside), np.float32)


def drape(clothing: Clothing, head: Head, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far cloth stands off the skin, float32 (n, 3), decimetres.

    Args:
        clothing: the garment.
        head: the topology.
        vertices: float32 (n, 3), of the identity.
    """
    inside = covered(clothing, head.canonical)
    amount = (
        _THICKNESS[clothing.garment] * np.clip(inside / 0.08, 0, 1) * (head.vertex_part == SKIN)
    )
    offset = head.normals(vertices) * amount[:, None]
    low = np.clip((_HEM - head.canonical[:, 1]) / 0.02, 0, 1) * (head.vertex_part == SKIN)
    ends = low * _rim()
    offset[:, 1] -= 1.6 * ends
    offset[:, 0] += 0.7 * ends * np.sign(head.canonical[:, 0])
    return np.asarray(offset, np.float32)


@cache
def _rim() -> NDArray[np.float32]:
    """Return 1 at vertices of the head where the mesh ends, 0 elsewhere, float32 (n,)."""
    head = load_head()
    ends = np.sort(np.stack([head.quads, np.roll(head.quads, -1, 1)], -1).reshape(-1, 2), axis=1)
    code, count = np.unique(
        ends[:, 0].astype(np.int64) * len(head.canonical) + ends[:, 1], return_counts=True
    )
    single = code[count == 1]
    rim = np.zeros(len(head.canonical), np.float32)
    rim[single // len(rim)] = 1
    rim[single % len(rim)] = 1
    return rim
