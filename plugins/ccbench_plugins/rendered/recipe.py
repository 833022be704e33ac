"""Recipes of synthetic databases: who poses, what each expression is, how it is taken."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ccbench_plugins.rendered.action_units import MOVEMENTS
from ccbench_plugins.rendered.errors import RenderError
from ccbench_registry import (
    EXPRESSIONS,
    canonical_expression,
    suggestion,
)
from ccbench_registry.cards import describe_validation_error

if TYPE_CHECKING:
    from ccbench_plugins.rendered.identity import Prior

Share = Annotated[float, Field(ge=0, le=1)]
Spread = Annotated[float, Field(ge=0)]


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= value[0] <= value[1] <= HIGHEST:
        raise ValueError(f"is a range such as [0.4, 1.0], from low to high, within 0 to {HIGHEST}")
    return value


HIGHEST = 2
Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
"""Low and high, within 0 to 2."""
Formula = dict[int, float]
"""Action unit -> intensity."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Population(_Strict):
    """Whom the posers are drawn from (see :class:`~ccbench_plugins.rendered.Prior`).

    Attributes:
        female: share of women.
        age: mean age, 0 (18 years) to 1 (80 years).
        age_spread: SD of the age.
        african: Dirichlet parameter of the ethnicity mix.
        asian: likewise.
        caucasian: likewise.
        variety: SD of the local shapes.
        weight: mean weight, 0 to 1.
    """

    female: Share = 0.5
    age: Share = 0.2
    age_spread: Spread = 0.12
    african: Spread = 0.3
    asian: Spread = 0.3
    caucasian: Spread = 3.0
    variety: Annotated[float, Field(ge=0, le=0.3)] = 0.17
    weight: Share = 0.5

    def prior(self) -> Prior:
        """Return it as the prior that identities are drawn from."""
        from ccbench_plugins.rendered.identity import Prior

        return Prior(
            female=self.female,
            age=self.age,
            age_spread=self.age_spread,
            ethnicity=(self.african, self.asian, self.caucasian),
            variety=self.variety,
            weight=self.weight,
        )


class Jitter(_Strict):
    """How posers depart from the recipe.

    Attributes:
        strength: range of a photograph's overall strength, a factor on all its intensities.
        spread: SD of each intensity's own factor.
        omission: probability that an action unit of the recipe is not shown.
        others: how many action units that are not in the recipe are shown weakly.
        others_most: their highest intensity.
    """

    strength: Range = (0.45, 1.0)
    spread: Spread = 0.3
    omission: Share = 0.08
    others: Annotated[int, Field(ge=0, le=len(MOVEMENTS))] = 4
    others_most: Share = 0.27


class Taking(_Strict):
    """Camera, light and background.

    Attributes:
        width: of the photographs, pixels.
        height: of the photographs, pixels.
        framing: distance from the eyes to the chin, as a fraction of the width.
        framing_spread: its SD over photographs.
        turn_spread: SD of yaw, pitch and roll, degrees.
        gaze_spread: SD of the gaze, degrees.
        noise: SD of the sensor's noise, of a white of 1.
        blur: SD of the lens's blur, as a fraction of the width.
        key_side: where the key light is: mean of x, -1 left to 1 right.
        key_side_spread: its SD over posers.
        key_height: range of the key light's height.
        key: range of its strength.
        fill: range of the fill light's strength.
        ambient: range of the room light's strength.
        warmth: colour of the key light, -1 blue to 1 yellow.
        wall: range of the background's brightness, sRGB 0 to 1.
    """

    width: Annotated[int, Field(ge=96, le=1024)] = 240
    height: Annotated[int, Field(ge=96, le=1024)] = 300
    framing: Annotated[float, Field(ge=0.2, le=0.5)] = 0.40
    framing_spread: Spread = 0.012
    turn_spread: Spread = 2.0
    gaze_spread: Spread = 2.0
    noise: Spread = 0.008
    blur: Spread = 0.0
    key_side: float = -0.2
    key_side_spread: Spread = 0.25
    key_height: Range = (0.35, 0.7)
    key: Range = (0.8, 1.1)
    fill: Range = (0.2, 0.4)
    ambient: Range = (0.45, 0.65)
    warmth: float = 0.0
    wall: Range = (0.3, 0.75)


class Recipe(_Strict):
    """A synthetic database.

    Attributes:
        name: of the database.
        title: one line.
        seed: of every random choice; posers of two recipes with one seed and one
            population are the same persons.
        posers: how many.
        expressions: expression -> action unit -> intensity; all seven.
        population: whom the posers are drawn from.
        jitter: how posers depart from the recipe.
        taking: camera, light and background.
        notes: sentences for the card.
    """

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
    title: str
    seed: Annotated[int, Field(ge=0)]
    posers: Annotated[int, Field(ge=3, le=9999)] = 60
    expressions: dict[str, Formula]
    population: Population = Population()
    jitter: Jitter = Jitter()
    taking: Taking = Taking()
    notes: tuple[str, ...] = ()

    @field_validator("expressions", mode="before")
    @classmethod
    def _readable(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError("is a table: happy = { AU6 = 0.7, AU12 = 0.9 }")
        return {_expression(str(name)): _formula(str(name), f) for name, f in value.items()}

    @model_validator(mode="after")
    def _complete(self) -> Recipe:
        missing = [name for name in EXPRESSIONS if name not in self.expressions]
        if missing:
            raise ValueError(
                f"[expressions] lacks {' and '.join(missing)}; give all seven "
                f"({', '.join(EXPRESSIONS)}), neutral = {{}} for no action unit"
            )
        return self


def _expression(name: str) -> str:
    found = canonical_expression(name)
    if found not in EXPRESSIONS:
        raise ValueError(f"has the expression '{name}'; {suggestion(name, EXPRESSIONS)}")
    return str(found)


def _formula(expression: str, value: object) -> Formula:
    if not isinstance(value, dict):
        raise ValueError(f"has '{expression}' without action units; write {{ AU12 = 0.9 }}")
    formula: Formula = {}
    for name, intensity in value.items():
        digits = str(name).upper().removeprefix("AU").strip()
        unit = int(digits) if digits.isdecimal() else 0
        if unit not in MOVEMENTS:
            known = ", ".join(f"AU{number}" for number in MOVEMENTS)
            raise ValueError(f"has '{name}' in '{expression}'; choose from {known}")
        if isinstance(intensity, bool) or not isinstance(intensity, int | float):
            raise ValueError(f"has {name} = {intensity!r} in '{expression}'; give 0 to 1")
        if not 0 <= intensity <= 1:
            raise ValueError(f"has {name} = {intensity} in '{expression}'; give 0 to 1")
        if unit in formula:
            raise ValueError(f"has AU{unit} twice in '{expression}'")
        formula[unit] = float(intensity)
    return dict(sorted(formula.items()))


def read_recipe(text: str, source: str) -> Recipe:
    """Read a recipe from TOML.

    Args:
        text: the file's content.
        source: its name, for messages.

    Raises:
        RenderError: not TOML, a missing expression, an unknown key or action unit.
    """
    try:
        return Recipe.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RenderError(f"the recipe {source} is not valid TOML: {error}") from None
    except ValidationError as error:
        sentence = describe_validation_error(error, Recipe)
        raise RenderError(f"the recipe {source}: {sentence}") from None


def load_recipe(path: Path) -> Recipe:
    """Read a recipe from a file.

    Raises:
        RenderError: the file cannot be read, or see :func:`read_recipe`.
    """
    try:
        text = path.expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RenderError(f"cannot read the recipe {path}: {reason}") from None
    return read_recipe(text, str(path))
