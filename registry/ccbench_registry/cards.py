"""Typed cards: what a database, a backbone or a probe is, under which terms, by whom.

A card is a TOML file or is built in Python; either way unknown keys are refused, with
the nearest known key.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ccbench_registry.catalog import suggestion
from ccbench_registry.errors import CardError
from ccbench_registry.vocabulary import (
    EXPRESSIONS,
    OTHER_EXPRESSIONS,
    canonical_expression,
    expression_words,
)

CardName = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Citation(_Strict):
    """A work to cite: formatted text, and its DOI where it has one."""

    text: str
    doi: str = ""

    def __str__(self) -> str:
        return f"{self.text} doi:{self.doi}" if self.doi else self.text


class Terms(_Strict):
    """Under which terms something may be used.

    Attributes:
        licence: name of the licence or a short sentence of the terms.
        redistribution: whether the material itself may be passed on.
        request: how a lab obtains it; empty when it ships with the package.
    """

    licence: str
    redistribution: bool = False
    request: str = ""


class Card(_Strict):
    """What every card has."""

    name: CardName
    title: str
    terms: Terms
    citations: tuple[Citation, ...] = ()
    notes: tuple[str, ...] = ()


class IgnoredFiles(_Strict):
    """File names that are known not to be photographs of a poser.

    Attributes:
        pattern: regular expression for the whole file name, case ignored.
        reason: what they are, for the report.
    """

    pattern: str
    reason: str

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return _compiled(value).pattern


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"is not a regular expression ({error})") from error


class FilePattern(_Strict):
    r"""How a database's file names carry their labels.

    Attributes:
        pattern: regular expression with named groups, matched against the whole file
            name (or, when it contains ``/``, the whole path below the root), case ignored.
            The group ``expression`` is required; groups named in ``poser`` make the
            poser; every other group becomes a free column of the sample table.
        poser: template of the poser's identity, e.g. ``"{sex}{number}"``.
        labels: the code in the file name -> expression; without it the codes are read as
            words ("joy", "afraid").  Codes mapped to "" are left out.
        keep: column -> values kept, e.g. ``angle = ["S"]``; other values are counted and
            left out.
        renames: misnamed file -> the name it should have.
        ignore: files known not to be photographs of a poser, left out with a reason.
        glob: which files are looked at, relative to the root.
    """

    pattern: str
    poser: str = "{poser}"
    labels: dict[str, str] = {}
    keep: dict[str, tuple[str, ...]] = {}
    renames: dict[str, str] = {}
    ignore: tuple[IgnoredFiles, ...] = ()
    glob: str = "**/*"

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        if "expression" not in _compiled(value).groupindex:
            raise ValueError("needs a named group (?P<expression>...)")
        return value

    @field_validator("labels")
    @classmethod
    def _known_labels(cls, value: dict[str, str]) -> dict[str, str]:
        for code, label in value.items():
            if label and canonical_expression(label) is None:
                raise ValueError(
                    f"maps '{code}' to '{label}', which is no expression; "
                    f"{suggestion(label, expression_words())}"
                )
        return {code.lower(): label for code, label in value.items()}

    @model_validator(mode="after")
    def _names_exist(self) -> FilePattern:
        columns = set(re.compile(self.pattern).groupindex) - {"expression"}
        used = set(re.findall(r"{(\w+)}", self.poser))
        if not used or re.search(r"[{}]", re.sub(r"{\w+}", "", self.poser)):
            raise ValueError(
                f"needs a poser made of groups of the pattern, such as '{{poser}}', "
                f"not '{self.poser}'"
            )
        for name in sorted((used | set(self.keep)) - columns):
            if name == "expression":
                raise ValueError(
                    "cannot use 'expression' in poser or keep; to leave expressions out, map "
                    'their codes to "" in labels'
                )
            raise ValueError(
                f"needs the group '{name}', which the pattern lacks; {suggestion(name, columns)}"
            )
        return self


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


class DatasetCard(Card):
    """A database of posed facial expressions.

    Attributes:
        country: ISO 3166-1 alpha-2 code of the country the posers live in, or "" for
            drawn or rendered faces.
        posers: how many posers the whole database has, if known.
        expressions: the expressions it has, canonical names.
        naming: how sure the file naming is: "verified" on real name lists, "seen" in
            code or documentation, "unknown".
        files: present when file names carry the labels, so that no Python is needed.
        recipe: how the photographs of a dataset that makes its own come about: numbers,
            texts, lists and mappings, as the manifest of a run shows them.
    """

    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    posers: Annotated[int, Field(ge=1)] | None = None
    expressions: tuple[str, ...] = EXPRESSIONS
    naming: Literal["verified", "seen", "unknown"] = "unknown"
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
