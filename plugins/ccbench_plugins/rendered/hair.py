"""Hair on the head as numbers: haircut, hairline, colour; how a population wears it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ccbench_plugins.rendered.action_units import Ethnicity
from ccbench_plugins.rendered.errors import RenderError
from ccbench_plugins.rendered.head import Head

STYLES = (
    "bald",
    "buzz",
    "short",
    "parted",
    "receding",
    "swept_back",
    "bun",
    "bob",
    "long",
    "fringe",
    "curly",
    "afro",
)
LONGEST = 1.9
_DARK = np.array([0.016, 0.011, 0.008])
_FAIR = np.array([0.42, 0.28, 0.14])
_RED = np.array([0.30, 0.085, 0.028])
_GREY = np.array([0.30, 0.295, 0.28])


@dataclass(frozen=True)
class Hair:
    """A haircut; lengths in decimetres.

    Attributes:
        style: one of :data:`STYLES`.
        lightness: 0 black to 1 fair.
        redness: 0 to 1.
        grey: share of grey hairs, 0 to 1.
        hairline: height of the hairline's middle, from the base mesh's origin.
        recession: how far the hairline has gone back at the temples.
        volume: how far the hair stands off the scalp, 1 being usual for its style.
        parting: where the parting is, -1 the poser's right to 1 their left; 0 the middle.
        length: of what hangs below the level of the eyes, for the styles that hang.
        contrast: how much single strands differ, about 1.
        curl: 0 straight to 1 curly.
        seed: of the single strands.
    """

    style: str = "short"
    lightness: float = 0.12
    redness: float = 0.1
    grey: float = 0.0
    hairline: float = 7.98
    recession: float = 0.0
    volume: float = 1.0
    parting: float = 0.4
    length: float = 1.2
    contrast: float = 1.0
    curl: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise RenderError(f"no haircut {self.style!r}; there are {', '.join(STYLES)}")
        if not 0 <= self.length <= LONGEST:
            raise RenderError(f"hair of length {self.length}: give 0 to {LONGEST} decimetres")

    @classmethod
    def usual(cls, sex: float, fair: float) -> Hair:
        """Return plain hair off the face: tied back for a woman, short for a man."""
        style = "short" if sex > 0.5 else "swept_back"
        return cls(style=style, lightness=0.02 + 0.1 * fair, redness=0.12 * fair)

    def colour(self) -> NDArray[np.float32]:
        """Return the hair's mean colour, linear RGB."""
        pigment = _DARK * (1 - self.lightness) + _FAIR * self.lightness
        pigment = pigment + self.redness * (0.25 + self.lightness) * (_RED - pigment)
        return (pigment * (1 - self.grey) + _GREY * self.grey).astype(np.float32)


# Shares of the haircuts of women and men; how many of them hang, tie or crop their hair is a
# guess that aims at variety, not at any country's customs.
_WOMEN = {
    "long": 0.27,
    "bob": 0.16,
    "swept_back": 0.14,
    "bun": 0.11,
    "fringe": 0.14,
    "curly": 0.08,
    "short": 0.05,
    "parted": 0.05,
}
_MEN = {
    "short": 0.30,
    "parted": 0.25,
    "buzz": 0.14,
    "receding": 0.09,
    "swept_back": 0.08,
    "curly": 0.07,
    "fringe": 0.04,
    "bald": 0.02,
    "long": 0.01,
}


def draw_hair(rng: np.random.Generator, male: float, age: float, ethnicity: Ethnicity) -> Hair:
    """Draw a haircut.

    Args:
        rng: source of chance.
        male: 0 or 1.
        age: 0 (18 years) to 1 (80 years).
        ethnicity: African, Asian and Caucasian shares.
    """
    african, asian, caucasian = ethnicity
    shares = dict(_MEN if male > 0.5 else _WOMEN)
    if male > 0.5:
        shares["receding"] += 0.5 * max(0.0, age - 0.3)
        shares["bald"] += 0.7 * max(0.0, age - 0.35)
        shares["buzz"] += 0.4 * african
    shares["afro"] = (0.25 if male < 0.5 else 0.12) * max(0.0, african - 0.4) / 0.6
    shares["curly"] = shares["curly"] * (1 - asian) + 0.25 * african
    if african > 0.6:
        for straight in ("long", "bob", "fringe", "parted"):
            shares[straight] = 0.3 * shares.get(straight, 0.0)
    names = list(shares)
    weights = np.array([shares[name] for name in names])
    style = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    tone = rng.beta(1.1, 2.6) * (1 - 0.85 * asian) * (1 - 0.92 * african) * caucasian**0.4
    turns_grey = float(rng.normal(0.62, 0.14))
    long = style == "long"
    return Hair(
        style=style,
        lightness=float(np.clip(tone, 0.0, 0.75)),
        redness=float(np.clip(rng.beta(0.7, 3.0) * caucasian, 0, 0.9)),
        grey=float(np.clip((age - turns_grey) / 0.25, 0, 0.9)),
        hairline=float(np.clip(rng.normal(7.97, 0.045), 7.86, 8.08)),
        recession=float(np.clip(rng.normal(0.02 + 0.14 * age * male, 0.03), 0, 0.2)),
        volume=float(np.clip(rng.normal(1.0, 0.2), 0.6, 1.5)),
        parting=float(rng.choice([-1, 1]) * rng.uniform(0.25, 0.6) * (rng.random() > 0.3 * long)),
        length=float(rng.uniform(1.35, 1.85) if long else rng.uniform(0.85, 1.15)),
        contrast=float(rng.uniform(0.7, 1.2)),
        curl=float(np.clip(rng.beta(1, 3) * (1 - 0.8 * asian) + 0.5 * african, 0, 1)),
        seed=int(rng.integers(1 << 30)),
    )


def hairline_height(
    hair: Hair, x: NDArray[np.float32], z: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the height above which hair grows, decimetres, at places of the base head."""
    side = np.abs(x)
    edge = hair.hairline - 0.55 * np.clip((side - 0.30) / 0.6, 0, 1) ** 2
    edge -= np.clip((1.02 - z) / 1.0, 0, 2) * 0.78
    recession = hair.recession + (0.22 if hair.style == "receding" else 0.0)
    edge += recession * np.exp(-(((side - 0.40) / 0.17) ** 2)) * np.clip((z - 0.6) / 0.4, 0, 1)
    if hair.style == "receding":
        edge += 0.10 * np.clip((z - 0.8) / 0.4, 0, 1)
    return np.asarray(edge, np.float32)


def hair_mask(hair: Hair, head: Head) -> NDArray[np.float32]:
    """Return where the scalp is dark with hair roots, float32 (n,), 0 to 1."""
    x, y, z = head.canonical.T
    inside = (y - hairline_height(hair, x, z) - 0.05) / 0.14
    mask = np.clip(inside, 0, 1) * (head.vertex_part == 0) * (y > 6.75)
    if hair.style == "bald":
        mask *= np.clip((7.72 - y) / 0.15, 0, 1) * np.clip((0.62 - z) / 0.2, 0, 1)
    strength = {"buzz": 0.72, "bald": 0.5, "receding": 0.7}.get(hair.style, 0.9)
    return np.asarray(strength * mask * (1 - np.clip(head.ears * 3, 0, 1)), np.float32)
