"""What the posers of the drawn databases do for each expression.

Kept apart from the drawing, so that listing datasets imports no image library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

DRAWING: Final = "drawn-1"
"""Version of the drawing code; raise it when a change alters pixels, to draw them anew."""


@dataclass(frozen=True)
class DrawnDatabase:
    """A drawn database: what its posers do for each expression, and how unlike their pictures are.

    ``recipes`` maps each of the seven expressions to action units and their full intensities.
    A picture multiplies them by one gain from the range ``gain``, and each by a factor from
    1 - ``unit_jitter`` to 1 + ``unit_jitter``; an action unit of the recipe stays away with
    probability ``miss``.  Up to ``stray_units`` others join in at up to ``stray_intensity``.
    ``nuisance`` scales all other variation (0: none).
    """

    name: str
    title: str
    recipes: Mapping[str, Mapping[int, float]]
    posers: int = 60
    seed: int = 0
    gain: tuple[float, float] = (0.45, 1.1)
    unit_jitter: float = 0.4
    miss: float = 0.12
    stray_units: int = 4
    stray_intensity: float = 0.5
    nuisance: float = 1.0
    backdrop: tuple[float, float, float] = (190.0, 188.0, 184.0)


_SHARED: Final[Mapping[str, Mapping[int, float]]] = {
    "neutral": {},
    "happy": {6: 0.8, 12: 0.9, 25: 0.5},
    "surprised": {1: 0.8, 2: 0.9, 5: 0.7, 26: 0.9},
}

_A: Final[Mapping[str, Mapping[int, float]]] = {
    **_SHARED,
    "fearful": {1: 0.9, 2: 0.5, 4: 0.6, 5: 0.9, 20: 0.9, 25: 0.6},
    "sad": {1: 0.9, 4: 0.6, 15: 0.9},
    "angry": {4: 1.0, 7: 0.8, 22: 0.8},
    "disgusted": {4: 0.5, 9: 0.9, 10: 0.9},
}
_B: Final[Mapping[str, Mapping[int, float]]] = {
    **_SHARED,
    "fearful": {1: 0.8, 5: 0.9, 26: 0.5},
    "sad": {4: 0.8, 7: 0.6, 17: 0.9},
    "angry": {4: 1.0, 5: 0.7, 20: 0.7, 25: 0.6},
    "disgusted": {7: 0.7, 10: 0.8, 15: 0.8},
}

DRAWN_DATABASES: Final[Mapping[str, DrawnDatabase]] = MappingProxyType({
    "drawn-a": DrawnDatabase("drawn-a", "Drawn faces A", _A, backdrop=(196.0, 190.0, 184.0)),
    "drawn-b": DrawnDatabase("drawn-b", "Drawn faces B", _B, backdrop=(186.0, 190.0, 196.0)),
})  # fmt: skip
"""The two databases that ship, by name."""
