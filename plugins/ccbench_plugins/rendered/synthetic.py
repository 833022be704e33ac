"""Synthetic databases: rendered posers whose action units are known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccbench.cache import content_key
from ccbench.datasets import PatternDataset
from ccbench.interfaces import Family
from ccbench.samples import SampleTable
from ccbench_plugins.rendered.recipe import Formula, Recipe, load_recipe, read_recipe
from ccbench_plugins.rendered.versions import IDENTITIES, RENDERER
from ccbench_registry import EXPRESSIONS, DatasetCard, FilePattern, Terms

if TYPE_CHECKING:
    import numpy as np

    from ccbench_plugins.rendered.identity import Identity
    from ccbench_plugins.rendered.scene import Background, Camera, Light

BUNDLED = ("synthetic-a", "synthetic-b", "synthetic-c")
CODE = "synthetic-1"
"""Version of everything in this module that changes a photograph."""
QUALITY = 95
"""Of the JPEG files."""


@dataclass(frozen=True)
class Photograph:
    """What a photograph of a synthetic database shows, known without measuring.

    Attributes:
        poser: number, from 1.
        expression: the label.
        action_units: FACS number -> intensity.
        camera: where from.
        light: how lit.
        background: before what.
        gaze: degrees to the poser's left and up.
    """

    poser: int
    expression: str
    action_units: Formula
    camera: Camera
    light: Light
    background: Background
    gaze: tuple[float, float]

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"p{self.poser:02d}_{self.expression}.jpg"


def pose_expression(formula: Formula, recipe: Recipe, rng: np.random.Generator) -> Formula:
    """Draw the intensities of one photograph from an expression's formula."""
    import numpy as np

    from ccbench_plugins.rendered.action_units import MOVEMENTS

    jitter = recipe.jitter
    strength = rng.uniform(*jitter.strength)
    shown: Formula = {}
    for unit, intensity in formula.items():
        factor = strength * rng.normal(1, jitter.spread)
        omitted = rng.random() < jitter.omission
        shown[unit] = 0.0 if omitted else float(np.clip(intensity * factor, 0, 1))
    # A wide open mouth is no slip of a poser.
    candidates = [unit for unit in MOVEMENTS if unit != 27 and unit not in formula]
    for unit in rng.permutation(candidates)[: jitter.others]:
        shown[int(unit)] = float(rng.uniform(0, jitter.others_most))
    return {unit: round(value, 4) for unit, value in sorted(shown.items()) if value}


def poser_seed(recipe: Recipe, poser: int) -> int:
    """Return the seed of a poser's identity."""
    from ccbench import seeds

    return int(seeds.torch_seed(recipe.seed, "identity", "synthetic", poser) % 2**31)


def photographs(recipe: Recipe, poser: int) -> list[Photograph]:
    """Return the seven photographs of a poser: one session, one light, one background.

    Args:
        recipe: of the database.
        poser: number, from 1.
    """
    from ccbench import seeds
    from ccbench_plugins.rendered.scene import Background, Camera, Light

    taking = recipe.taking
    rng = seeds.generator(recipe.seed, "session", "synthetic", poser)
    light = Light(
        direction=(
            float(rng.normal(taking.key_side, taking.key_side_spread)),
            float(rng.uniform(*taking.key_height)),
            0.8,
        ),
        key=float(rng.uniform(*taking.key)),
        fill=float(rng.uniform(*taking.fill)),
        ambient=float(rng.uniform(*taking.ambient)),
        warmth=taking.warmth,
    )
    wall = float(rng.uniform(*taking.wall))
    found = []
    for expression in EXPRESSIONS:
        # A stream for each expression: another recipe of one changes no other photograph.
        rng = seeds.generator(recipe.seed, f"pose {expression}", "synthetic", poser)
        yaw, pitch, roll = (float(value) for value in rng.normal(0, taking.turn_spread, 3))
        framing = float(rng.normal(taking.framing, taking.framing_spread))
        gaze = rng.normal(0, taking.gaze_spread, 2)
        shown = pose_expression(recipe.expressions[expression], recipe, rng)
        camera = Camera(
            yaw=yaw,
            pitch=pitch,
            roll=0.7 * roll,
            framing=framing,
            noise=taking.noise,
            blur=taking.blur,
        )
        found.append(
            Photograph(
                poser=poser,
                expression=expression,
                action_units=shown,
                camera=camera,
                light=light,
                background=Background((wall, wall, wall)),
                gaze=(float(gaze[0]), float(gaze[1])),
            )
        )
    return found


class SyntheticDataset:
    """A rendered database.

    Args:
        source: its recipe.
    """

    def __init__(self, source: Recipe) -> None:
        self.source = source
        self.card = DatasetCard(
            name=source.name,
            title=source.title,
            posers=source.posers,
            naming="verified",
            terms=Terms(
                licence="CC0-1.0 (rendered by ccbench)",
                redistribution=True,
                may_modify="yes",
                may_share_weights="yes",
                publishable_ids="all",
            ),
            notes=source.notes,
            files=FilePattern(pattern=r"(?P<poser>p\d+)_(?P<expression>[a-z]+)\.jpg"),
            recipe=source.model_dump(mode="json", exclude={"name", "title", "notes"}),
        )

    @property
    def options(self) -> Mapping[str, str]:
        """Those of the file pattern."""
        return PatternDataset(self.card).options

    @property
    def recipe(self) -> str:
        """Everything that decides the photographs."""
        return content_key("synthetic", code=[CODE, IDENTITIES, RENDERER], recipe=self.source)

    @property
    def parts(self) -> int:
        """One for each poser."""
        return self.source.posers

    def generate(self, part: int, directory: Path) -> None:
        """Render the photographs of a poser, and write what they show beside them."""
        from ccbench.datasets import write_image
        from ccbench_plugins.rendered.renderer import render

        poser = part + 1
        identity = draw_poser(self.source, poser)
        shown = photographs(self.source, poser)
        size = (self.source.taking.width, self.source.taking.height)
        for take, photograph in enumerate(shown):
            image = render(
                identity,
                photograph.action_units,
                size,
                camera=photograph.camera,
                light=photograph.light,
                background=photograph.background,
                gaze=photograph.gaze,
                take=take,
            )
            write_image(directory / photograph.name, image[..., ::-1], quality=QUALITY)
        truth = {"identity": _plain(identity), "photographs": [_truth(entry) for entry in shown]}
        text = json.dumps(truth, indent=1)
        (directory / f"p{poser:02d}.json").write_text(f"{text}\n", encoding="utf-8")

    def samples(self, root: Path, options: Mapping[str, str]) -> SampleTable:
        """List the photographs."""
        table = PatternDataset(self.card).samples(root, options)
        # With one seed and one population they are the same persons in any recipe.
        source = self.source
        people = content_key("population", seed=source.seed, population=source.population)
        return replace(table, people=f"synthetic {people}")


def draw_poser(recipe: Recipe, poser: int) -> Identity:
    """Return the identity of a poser, numbered from 1."""
    from ccbench_plugins.rendered.identity import draw_identity

    return draw_identity(poser_seed(recipe, poser), recipe.population.prior())


def _truth(photograph: Photograph) -> dict[str, Any]:
    return {
        "file": photograph.name,
        "expression": photograph.expression,
        "action_units": {f"AU{unit}": value for unit, value in photograph.action_units.items()},
        "yaw": round(photograph.camera.yaw, 3),
        "pitch": round(photograph.camera.pitch, 3),
        "roll": round(photograph.camera.roll, 3),
    }


def _plain(identity: Identity) -> dict[str, Any]:
    african, asian, caucasian = (round(share, 4) for share in identity.ethnicity)
    return {
        "seed": identity.seed,
        "african": african,
        "asian": asian,
        "caucasian": caucasian,
        "melanin": round(identity.skin.melanin, 4),
    }


@cache
def bundled(name: str) -> SyntheticDataset:
    """Return one of the databases that ship with ccbench."""
    text = (files("ccbench_plugins.rendered") / "recipes" / f"{name}.toml").read_text("utf-8")
    return SyntheticDataset(read_recipe(text, name))


def _open(rest: str) -> SyntheticDataset:
    return SyntheticDataset(load_recipe(Path(rest)))


FAMILY: Family[SyntheticDataset] = Family(
    prefix="synthetic",
    summary="rendered faces by your own recipe",
    example="synthetic:RECIPE.toml",
    open=_open,
)
