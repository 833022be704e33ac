"""Identities: who is shown, as numbers that a seed draws or a user writes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ccbench_plugins.rendered.action_units import ETHNICITIES, Ethnicity
from ccbench_plugins.rendered.asset import load_asset
from ccbench_plugins.rendered.clothing import Clothing, draw_clothing
from ccbench_plugins.rendered.hair import Hair, draw_hair


@dataclass(frozen=True)
class Prior:
    """What a population of identities looks like.

    Attributes:
        female: share of women.
        age: mean age, 0 (18 years) to 1 (80 years).
        age_spread: SD of the age.
        ethnicity: Dirichlet parameters of the African, Asian and Caucasian shares.
        variety: SD of the local shapes; above .2 faces become grotesque.
        weight: mean weight, 0 to 1.
    """

    female: float = 0.5
    age: float = 0.25
    age_spread: float = 0.15
    ethnicity: Ethnicity = (0.5, 0.5, 0.5)
    variety: float = 0.17
    weight: float = 0.5


@dataclass(frozen=True)
class Skin:
    """Colour and detail of the skin.

    Attributes:
        melanin: 0 (none) to 1.
        detail: strength of blotches and pores, about 1.
        freckles: number of them.
        stubble: 0 to 1.
        lips: how much redder the lips are than the skin, 0 to 1.
        wrinkles: depth of the wrinkles of age, 0 to 1.
    """

    melanin: float = 0.1
    detail: float = 0.6
    freckles: int = 12
    stubble: float = 0.0
    lips: float = 0.55
    wrinkles: float = 0.0


@dataclass(frozen=True)
class Brows:
    """Eyebrows; lengths in decimetres.

    Attributes:
        darkness: 0 to 1.
        thickness: from lower to upper edge, about .036.
        height: above the usual place.
        arch: rise of the middle.
        length: of where the tail ends, from the face's middle.
    """

    darkness: float = 0.75
    thickness: float = 0.034
    height: float = 0.0
    arch: float = 0.05
    length: float = 0.58


@dataclass(frozen=True)
class Identity:
    """A poser.

    Attributes:
        seed: of the details (pores, single hairs) that no other field decides.
        shape: target -> weight, as sorted pairs.
        ethnicity: African, Asian and Caucasian shares; they also shape expressions.
        skin: colour and detail.
        brows: eyebrows.
        iris: lightness of the irises, 0 (dark brown) to 1 (pale blue).
        hair: on the head.
        clothing: what covers the shoulders.
    """

    seed: int
    shape: tuple[tuple[str, float], ...]
    ethnicity: Ethnicity = (0.0, 0.0, 1.0)
    skin: Skin = field(default_factory=Skin)
    brows: Brows = field(default_factory=Brows)
    iris: float = 0.2
    hair: Hair = field(default_factory=Hair)
    clothing: Clothing = field(default_factory=Clothing)


def macro_shape(
    sex: float, age: float, ethnicity: Ethnicity, muscle: float = 0.5, weight: float = 0.5
) -> dict[str, float]:
    """Return target -> weight of a phenotype (MakeHuman's macro shapes).

    Args:
        sex: 0 female to 1 male.
        age: 0 young to 1 old.
        ethnicity: African, Asian and Caucasian shares, summing to 1.
        muscle: 0 to 1.
        weight: 0 to 1.
    """
    shape: dict[str, float] = {}
    known = load_asset().targets

    def levels(value: float, noun: str) -> dict[str, float]:
        return {
            f"min{noun}": max(0.0, 1 - 2 * value),
            f"average{noun}": 1 - abs(2 * value - 1),
            f"max{noun}": max(0.0, 2 * value - 1),
        }

    for sex_name, sex_share in (("female", 1 - sex), ("male", sex)):
        for age_name, age_share in (("young", 1 - age), ("old", age)):
            share = sex_share * age_share
            for pole, part in zip(ETHNICITIES, ethnicity, strict=True):
                shape[f"ma/{pole}-{sex_name}-{age_name}"] = share * part
            for muscle_name, muscle_share in levels(muscle, "muscle").items():
                for weight_name, weight_share in levels(weight, "weight").items():
                    name = f"ma/universal-{sex_name}-{age_name}-{muscle_name}-{weight_name}"
                    if name in known:
                        shape[name] = share * muscle_share * weight_share
    return {name: value for name, value in shape.items() if value}


def average_identity(
    sex: float = 0.0, age: float = 0.1, ethnicity: Ethnicity = (0.0, 0.0, 1.0)
) -> Identity:
    """Return an average face, by default a young Caucasian woman as in the paper's FaceGen.

    Args:
        sex: 0 female to 1 male.
        age: 0 young to 1 old.
        ethnicity: African, Asian and Caucasian shares, summing to 1.
    """
    melanin = 0.62 * ethnicity[0] + 0.2 * ethnicity[1] + 0.1 * ethnicity[2]
    fair = ethnicity[2]
    return Identity(
        seed=1,
        shape=tuple(sorted(macro_shape(sex, age, ethnicity).items())),
        ethnicity=ethnicity,
        skin=Skin(melanin=melanin, detail=0.5, freckles=0, lips=0.6 - 0.25 * sex),
        brows=Brows(thickness=0.032 + 0.01 * sex),
        iris=0.02 + 0.25 * fair,
        hair=Hair.usual(sex, fair),
        clothing=Clothing(),
    )


_OPPOSITES = (
    ("decr", "incr"),
    ("down", "up"),
    ("in", "out"),
    ("backward", "forward"),
    ("concave", "convex"),
    ("compress", "uncompress"),
)
# Shapes that are not of the face, or that tear it or pose it.
_LEFT_OUT = (
    "neck",
    "head-trans",
    "head-scale-depth",
    "head-back",
    "mouth-trans-in",
    "nose-trans-in",
    "nose-trans-out",
    "head-angle",
    "head-age",
    "head-fat",
    "ear-",
    "mouth-angles",
    "mouth-dimples",
    "mouth-laugh",
    "eye-bag",
    "eyebrows-angle",
    "-trans-backward",
    "push",
    "cheek-trans",
    "epicanthus",
)
_OUTLINES = (
    "round",
    "oval",
    "square",
    "rectangular",
    "triangular",
    "invertedtriangular",
    "diamond",
)
_ASYMMETRIES = ("brown-1", "eye-1", "mouth-1", "nose-1", "jaw-1", "cheek-1")


def _opposed_shapes() -> list[tuple[str, str]]:
    """Return (one way, the other way) of local shapes; of paired ones without side."""
    names = {name.removeprefix("lo/") for name in load_asset().targets if name.startswith("lo/")}
    found = []
    for one, other in _OPPOSITES:
        for name in sorted(names):
            stem = name.removesuffix(f"-{one}")
            if stem == name or f"{stem}-{other}" not in names or name.startswith("r-"):
                continue
            if not any(word in name for word in _LEFT_OUT):
                found.append((name, f"{stem}-{other}"))
    return found


def draw_identity(seed: int, prior: Prior | None = None) -> Identity:
    """Draw an identity from a population.

    Args:
        seed: equal seeds give equal identities.
        prior: the population; by default a mixed one.
    """
    prior = prior or Prior()
    rng = np.random.default_rng([seed, 20_220])
    male = float(rng.random() >= prior.female)
    sex = float(np.clip(male + rng.normal(0, 0.08), 0, 1))
    age = float(np.clip(rng.normal(prior.age, prior.age_spread), 0, 1))
    shares = rng.dirichlet(np.array(prior.ethnicity) + 1e-3)
    ethnicity = (float(shares[0]), float(shares[1]), float(shares[2]))
    weight = float(np.clip(rng.normal(prior.weight, 0.16), 0, 1))
    muscle = float(np.clip(rng.normal(0.5, 0.12), 0, 1))
    shape = macro_shape(sex, 0.8 * age, ethnicity, muscle, weight)
    for one, other in _opposed_shapes():
        value = float(np.clip(rng.normal(0, prior.variety), -0.5, 0.5))
        for side in ("l-", "r-") if one.startswith("l-") else ("",):
            here = value + (float(rng.normal(0, 0.04)) if side else 0.0)
            name = (other if here > 0 else one).removeprefix("l-")
            shape[f"lo/{side}{name}"] = abs(here)
    for outline in _OUTLINES:
        shape[f"lo/head-{outline}"] = float(np.clip(rng.normal(-0.15, 0.3), 0, 0.5))
    for asymmetry in _ASYMMETRIES:
        value = float(rng.normal(0, 0.25))
        shape[f"lo/asym-{asymmetry}-{'l' if value > 0 else 'r'}"] = abs(value)
    african, asian, caucasian = ethnicity
    melanin = 0.62 * african + 0.20 * asian + 0.10 * caucasian
    return Identity(
        seed=seed,
        shape=tuple(sorted((name, value) for name, value in shape.items() if value)),
        ethnicity=ethnicity,
        skin=Skin(
            melanin=float(np.clip(melanin + rng.normal(0, 0.05), 0.02, 0.85)),
            detail=float(rng.uniform(0.5, 1.1) * (1 + 0.5 * age)),
            freckles=int(rng.integers(2, 40)),
            stubble=float(np.clip(rng.normal(0.25, 0.2), 0, 0.8) * male),
            lips=float(np.clip(rng.uniform(0.25, 0.8) * (0.7 if male else 1.15), 0, 1)),
            wrinkles=float(age**1.3 * 0.6),
        ),
        brows=Brows(
            darkness=float(rng.uniform(0.5, 0.9)),
            thickness=float(rng.uniform(0.026, 0.044) * (1.15 if male else 0.85)),
            height=float(rng.normal(0, 0.012)),
            arch=float(rng.normal(0.045 if male else 0.06, 0.015)),
            length=float(rng.uniform(0.54, 0.61)),
        ),
        iris=float(np.clip(rng.beta(1.2, 2) * (0.1 + 0.9 * caucasian), 0.02, 0.7)),
        hair=draw_hair(rng, male, age, ethnicity),
        clothing=draw_clothing(rng, male),
    )
