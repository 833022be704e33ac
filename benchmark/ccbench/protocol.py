"""What is run: presets as TOML files, every value of them open to the user.

The preset ``inagaki2022`` is the paper, ``standard`` its head in less time; ``quick`` tells the
same story in minutes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ccbench.augmentation import PLAIN, View, list_views
from ccbench.exceptions import ProtocolError, UnknownNameError
from ccbench.preprocessing import FaceRecipe
from ccbench_registry import suggestion
from ccbench_registry.cards import describe_validation_error

Positive = Annotated[int, Field(ge=1)]
MOST_RUNS = 10_000
"""Runs of a protocol at most; the splits of all of them are in memory."""
Fraction = Annotated[float, Field(ge=0, lt=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Photographs(_Part):
    """Which photographs of a database are used.

    Attributes:
        posers: how many are drawn by seed; 0 takes all.
        complete_only: only posers who show every expression of their database.
        per_cell: photographs per poser and expression, drawn by seed; 0 takes all.
    """

    posers: Annotated[int, Field(ge=0)]
    complete_only: bool
    per_cell: Annotated[int, Field(ge=0)]


class Face(_Part):
    """How a face is standardised (paper, "Image database").

    Attributes:
        mean: of the grey levels inside the oval.
        sd: of these.
        crop: side of the square that is cut out, in sides of the detected box.
        on_missing_face: leave the photograph out, refuse the run, or take the central square.
    """

    mean: Annotated[float, Field(gt=0, lt=255)]
    sd: Annotated[float, Field(gt=0, lt=128)]
    crop: Annotated[float, Field(gt=0.5, lt=3)]
    on_missing_face: Literal["skip", "error", "center"]


class Views(_Part):
    """Views of each face for training and validation, and at test time.

    Attributes:
        sizes: scales.
        shifts: to the right and down, in pixels.
        reflections: whether every view is mirrored too.
        test: the untouched view, or the mean of the logits of all.
    """

    sizes: tuple[Annotated[float, Field(gt=0.2, lt=5)], ...]
    shifts: tuple[tuple[float, float], ...]
    reflections: bool
    test: Literal["plain", "all"]

    @field_validator("sizes", "shifts")
    @classmethod
    def _not_empty(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if not value:
            raise ValueError("must not be empty")
        return value


class SplitSizes(_Part):
    """Posers in each part: whole numbers above 1 are counts, values up to 1 are weights."""

    train: Annotated[float, Field(gt=0)]
    validation: Annotated[float, Field(gt=0)]
    test: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _one_kind(self) -> SplitSizes:
        values = (self.train, self.validation, self.test)
        if max(values) > 1 and any(value != int(value) for value in values):
            raise ValueError("must be three whole numbers, or three weights up to 1")
        return self


class LogisticHead(_Part):
    """Multinomial logistic regression; ``ridge`` is the weight of the squared norm."""

    kind: Literal["logistic"]
    ridge: Annotated[float, Field(gt=0)]


class PerceptronHead(_Part):
    """Fully connected layers with ReLU and dropout (paper, "Network").

    Attributes:
        hidden: units of the hidden layers.
        dropout: fraction dropped before each hidden layer.
    """

    kind: Literal["mlp"]
    hidden: tuple[Positive, ...]
    dropout: Fraction

    @field_validator("dropout")
    @classmethod
    def _in_16_bits(cls, value: float) -> float:
        # Masks are drawn from 16 bits a unit.
        if value and not 0 < round(value * 65536) < 65536:
            raise ValueError(f"must be 0, or from 0.00001 to 0.99999, not {value}")
        return value


class Schedule(_Part):
    """Stochastic gradient descent (paper, "Training").

    Attributes:
        iterations: weight updates; they, not epochs, say when training stops.
        batch_size: views a mini-batch; the last of an epoch may be smaller.
        learning_rate: (first iteration, rate) steps, in order, from 0.
        momentum: of the update.
        weight_decay: of the update.
    """

    iterations: Positive
    batch_size: Positive
    learning_rate: tuple[tuple[Annotated[int, Field(ge=0)], Annotated[float, Field(gt=0)]], ...]
    momentum: Fraction
    weight_decay: Annotated[float, Field(ge=0)]

    @field_validator("learning_rate")
    @classmethod
    def _in_order(cls, value: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
        starts = [start for start, _ in value]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise ValueError("must be [iteration, rate] pairs in rising order, from iteration 0")
        return value


class Protocol(_Part):
    """Everything that says what is computed, except the databases and the backbone."""

    name: str
    summary: str
    runs: Annotated[int, Field(ge=1, le=MOST_RUNS)]
    photographs: Photographs
    face: Face
    views: Views
    split: SplitSizes
    head: Annotated[LogisticHead | PerceptronHead, Field(discriminator="kind")]
    training: Schedule | None = None

    @model_validator(mode="after")
    def _has_schedule(self) -> Protocol:
        if self.head.kind == "mlp" and self.training is None:
            raise ValueError("a head of kind 'mlp' needs a [training] table")
        return self

    @property
    def training_views(self) -> tuple[View, ...]:
        """The views used for training and validation."""
        return list_views(self.views.sizes, self.views.shifts, self.views.reflections)

    @property
    def test_views(self) -> tuple[View, ...]:
        """The views used at test time; their logits are averaged."""
        return self.training_views if self.views.test == "all" else (PLAIN,)

    @property
    def computed_views(self) -> tuple[View, ...]:
        """The views whose features are computed: those for training, then those for tests."""
        training = self.training_views
        return (*training, *(view for view in self.test_views if view not in training))

    def face_recipe(self, size: int) -> FaceRecipe:
        """Return the recipe of faces for a backbone whose input is ``size`` pixels."""
        center = self.face.on_missing_face == "center"
        return FaceRecipe(size, self.face.mean, self.face.sd, self.face.crop, center)


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets that ship with ccbench."""
    folder = files("ccbench") / "protocols"
    return tuple(
        sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))
    )


def load_protocol(name: str, overrides: Sequence[str] = ()) -> Protocol:
    """Load a preset or a TOML file, and set single values of it.

    Args:
        name: a preset ("quick", "standard", "inagaki2022") or the path of a ``.toml`` file.
        overrides: ``"split.train=30"``: dotted key and TOML value.

    Raises:
        UnknownNameError: no such preset, or no such key; the nearest one is named.
        ProtocolError: a file that is no TOML, or a wrong value.
    """
    if name.endswith(".toml"):
        source = Path(name)
        try:
            text = source.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise ProtocolError(
                f"cannot read the protocol {source}: {error}; save it as UTF-8"
            ) from None
        except OSError as error:
            raise ProtocolError(f"cannot read the protocol {source}: {error}") from None
    elif name in preset_names():
        text = (files("ccbench") / "protocols" / f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise UnknownNameError(
            f"no protocol '{name}'; {suggestion(name, preset_names())} (or give a .toml file)",
            name=name,
            known=preset_names(),
        )
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"the protocol {name} is not valid TOML: {error}") from None
    for override in overrides:
        _set(data, override)
    try:
        return Protocol.model_validate(data)
    except ValidationError as error:
        sentence = describe_validation_error(error, Protocol)
        raise ProtocolError(f"the protocol '{name}': {sentence}") from None


def _set(data: dict[str, Any], override: str) -> None:
    key, separator, value = override.partition("=")
    if not separator:
        raise ProtocolError(f"--set {override}: write KEY=VALUE, e.g. --set split.train=30")
    *tables, last = key.strip().split(".")
    current = data
    for table in tables:
        if not isinstance(current.get(table), dict):
            known = [name for name, entry in current.items() if isinstance(entry, dict)]
            raise UnknownNameError(
                f"--set {override}: the protocol has no table '{table}'; "
                f"{suggestion(table, known)}",
                name=table,
                known=known,
            )
        current = current[table]
    if last not in current:
        raise UnknownNameError(
            f"--set {override}: the protocol has no key '{key.strip()}'; "
            f"{suggestion(last, current)}",
            name=last,
            known=sorted(current),
        )
    try:
        current[last] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        current[last] = value.strip()
