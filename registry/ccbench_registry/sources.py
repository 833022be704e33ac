"""Numbers from the literature that ship with the package, each with where it comes from."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from ccbench_registry.cards import CardName, Citation, load_card

Share = Annotated[float, Field(ge=0, le=1)]


class Source(BaseModel):
    """What every file of cited numbers has.

    Attributes:
        name: short name, e.g. "goeleven2008".
        title: what the numbers are, for headings.
        citation: the work to cite for them.
        provenance: by which way they came here.
        certainty: how sure they are, in words.
        notes: what a reader must know to use them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: CardName
    title: str
    citation: Citation
    provenance: str
    certainty: Annotated[str, Field(pattern=r"^(read in|from memory|computed from)\b")]
    notes: tuple[str, ...] = ()


SourceT = TypeVar("SourceT", bound=Source)


def load_sources(folder: str, model: type[SourceT]) -> tuple[SourceT, ...]:
    """Read the files of a folder below ``data``, in the order of their names.

    Raises:
        CardError: a file that does not validate; the message names it.
    """
    found = (files("ccbench_registry") / "data" / folder).iterdir()
    paths = sorted((path for path in found if path.name.endswith(".toml")), key=lambda p: p.name)
    return tuple(load_card(path, model) for path in paths)
