"""Typed cards: what a database, a backbone or a probe is, under which terms, by whom.

A card is a TOML file or is built in Python; either way unknown keys are refused, with
the nearest known key.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ccbench_registry.catalog import suggestion
from ccbench_registry.errors import CardError
from ccbench_registry.file_patterns import FilePattern
from ccbench_registry.strict import Strict
from ccbench_registry.vocabulary import EXPRESSIONS, OTHER_EXPRESSIONS

Country = Annotated[str, Field(pattern=r"^([A-Z]{2})?$")]
Permission = Literal["yes", "no", "unknown"]
CardName = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]


class Citation(Strict):
    """A work to cite: formatted text, and its DOI where it has one."""

    text: str
    doi: str = ""

    def __str__(self) -> str:
        return f"{self.text} doi:{self.doi}" if self.doi else self.text


class Terms(Strict):
    """Under which terms something may be used.

    Attributes:
        licence: name of the licence or a short sentence of the terms.
        redistribution: whether the material itself is known to be free to be passed on.
        request: how a lab obtains it; empty when it ships with the package.
        may_modify: whether the photographs may be cropped, masked and processed otherwise.
        may_share_weights: whether networks that were trained on them may be passed on.
        publishable_ids: posers whose photographs may be printed, or "all", "none" or "unknown".
    """

    licence: str
    redistribution: bool = False
    request: str = ""
    may_modify: Permission = "unknown"
    may_share_weights: Permission = "unknown"
    publishable_ids: tuple[str, ...] | str = "unknown"

    @field_validator("publishable_ids")
    @classmethod
    def _posers_or_word(cls, value: tuple[str, ...] | str) -> tuple[str, ...] | str:
        words = ("all", "none", "unknown")
        if isinstance(value, str) and value not in words:
            raise ValueError(f"is '{value}'; list the posers, or write one of {', '.join(words)}")
        return value or "none"


class Card(Strict):
    """What every card has."""

    name: CardName
    title: str
    terms: Terms
    citations: tuple[Citation, ...] = ()
    notes: tuple[str, ...] = ()


def _plain(value: object) -> object:
    """Turn mappings and sequences into what JSON has; refuse the rest."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"has the number {value}, which JSON does not have")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError(f"has a {type(value).__name__}; give numbers, texts, lists and mappings")


class PoserGroup(Strict):
    """A cultural, ethnic or age group among the posers of one database.

    Attributes:
        name: what the group is called.
        posers: how many belong to it, if known.
        country: ISO 3166-1 alpha-2 code where it differs from the database's.
        option: what selects it, as in ``-d 'NAME[option]=ROOT'``; "" where nothing does.
    """

    name: str
    posers: Annotated[int, Field(ge=1)] | None = None
    country: Country = ""
    option: Annotated[str, Field(pattern=r"^(\w+=[^\[\],]+)?$")] = ""


class HumanNorms(Strict):
    """Where human recognition rates of a database are found.

    Attributes:
        key: name of norms that ship with the package (``ccbench_registry.norms``), or "".
        source: the work that has them, where they do not ship.
        result: what it found, in words.
    """

    key: str = ""
    source: str = ""
    result: str = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> HumanNorms:
        if bool(self.key) == bool(self.source):
            raise ValueError("needs either the key of norms that ship with ccbench or a source")
        return self


class DatasetCard(Card):
    """A database of posed facial expressions.

    Attributes:
        country: ISO 3166-1 alpha-2 code of the country the posers live in, or "" for
            drawn or rendered faces.
        groups: cultural, ethnic or age groups among the posers, and what selects them.
        posers: how many posers the whole database has, if known.
        expressions: the expressions it has, canonical names; empty where that is not known.
        photographs: how many photographs (or clips) the whole database has, if known.
        naming: how sure the file naming is: "verified" on real name lists, "seen" in
            code or documentation, "unknown".
        norms: where human recognition rates are found.
        from_memory: keys of this card that nobody has checked against a source, e.g.
            "posers" or "terms.request".
        files: present when file names carry the labels, so that no Python is needed.
        recipe: how the photographs of a dataset that makes its own come about: numbers,
            texts, lists and mappings, as the manifest of a run shows them.
    """

    country: Country = ""
    groups: tuple[PoserGroup, ...] = ()
    posers: Annotated[int, Field(ge=1)] | None = None
    photographs: Annotated[int, Field(ge=1)] | None = None
    expressions: tuple[str, ...] = EXPRESSIONS
    naming: Literal["verified", "seen", "unknown"] = "unknown"
    norms: tuple[HumanNorms, ...] = ()
    from_memory: tuple[str, ...] = ()
    files: FilePattern | None = None
    recipe: Annotated[Mapping[str, Any], BeforeValidator(_plain)] | None = None

    @field_validator("expressions")
    @classmethod
    def _canonical(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for label in value:
            if label not in EXPRESSIONS and label not in OTHER_EXPRESSIONS:
                raise ValueError(
                    f"'{label}' is not the name of an expression; "
                    f"{suggestion(label, (*EXPRESSIONS, *OTHER_EXPRESSIONS))}"
                )
        return value

    @field_validator("from_memory")
    @classmethod
    def _keys_exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = [*cls.model_fields, *(f"terms.{name}" for name in Terms.model_fields)]
        for key in value:
            if key not in known:
                raise ValueError(f"names the key '{key}'; {suggestion(key, known)}")
        return value

    @model_validator(mode="after")
    def _options_exist(self) -> DatasetCard:
        for group in self.groups:
            column = group.option.partition("=")[0]
            if column and self.files and column not in self.files.columns:
                raise ValueError(
                    f"has the group '{group.name}' selected by '{column}', which the pattern "
                    f"lacks; {suggestion(column, self.files.columns)}"
                )
        return self

    @property
    def countries(self) -> tuple[str, ...]:
        """Country of the database and those of its groups, each once."""
        found = (self.country, *(group.country for group in self.groups))
        return tuple(dict.fromkeys(code for code in found if code))

    @property
    def missing(self) -> tuple[str, ...]:
        """Those of the seven expressions that the database lacks; none if that is not known."""
        if not self.expressions:
            return ()
        return tuple(name for name in EXPRESSIONS if name not in self.expressions)


class BackboneCard(Card):
    """A frozen network whose activations the heads are trained on.

    Attributes:
        architecture: e.g. "AlexNet, convolutional layers".
        layer: which activations are the features.
        weights: where the weights come from.
    """

    architecture: str
    layer: str
    weights: str


class ProbeCard(Card):
    """A series of stimuli in which action units vary one at a time.

    Attributes:
        action_units: FACS numbers in the series.
        intensities: the levels, 0 to 1, the null image (0) included.
    """

    action_units: tuple[int, ...]
    intensities: tuple[float, ...]


CardT = TypeVar("CardT", bound=BaseModel)


def describe_validation_error(error: ValidationError, model: type[BaseModel]) -> str:
    """Turn pydantic's report into one sentence with the nearest known key.

    Returns:
        e.g. ``"unknown key 'contry' (did you mean 'country'?)"``.
    """
    parts = []
    for item in error.errors(include_url=False):
        where = ".".join(str(step) for step in item["loc"])
        if item["type"] == "extra_forbidden":
            known = _keys_at(model, item["loc"][:-1])
            hint = suggestion(str(item["loc"][-1]), known)
            parts.append(f"unknown key '{where}' ({hint})")
        elif item["type"] == "missing":
            parts.append(f"the key '{where}' is missing")
        else:
            message = item["msg"].removeprefix("Value error, ")
            parts.append(f"'{where}' {message}" if where else message)
    return "; ".join(parts)


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the field names of the nested model at ``path`` (best effort)."""
    candidates = [model]
    for step in path:
        fields = [found for c in candidates if (found := c.model_fields.get(str(step)))]
        if fields:
            candidates = [inner for field in fields for inner in _models_in(field.annotation)]
        elif len(candidates) > 1:
            # In a discriminated union the step is the tag, not a field.
            candidates = [c for c in candidates if _has_tag(c, step)]
    return sorted({name for candidate in candidates for name in candidate.model_fields})


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _has_tag(model: type[BaseModel], tag: int | str) -> bool:
    return any(tag in get_args(field.annotation) for field in model.model_fields.values())


def load_card(source: Path | Traversable, model: type[CardT]) -> CardT:
    """Read and validate a TOML card.

    Args:
        source: the TOML file, or a resource of a package.
        model: the card type to read it as, e.g. :class:`DatasetCard`.

    Raises:
        CardError: no such file, no TOML, or a key that is unknown, missing or wrong.
    """
    try:
        data = tomllib.loads(source.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise CardError(f"no such file: {source}") from None
    except UnicodeDecodeError:
        raise CardError(f"{source} is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise CardError(f"cannot read {source}: {error.strerror or error}") from None
    except tomllib.TOMLDecodeError as error:
        raise CardError(f"{source} is not valid TOML: {error}") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise CardError(f"{source}: {describe_validation_error(error, model)}") from None
