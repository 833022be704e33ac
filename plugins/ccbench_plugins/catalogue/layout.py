"""What a database's folder looks like, from a small TOML description.

A photograph is a choice of a poser, a code of an expression, and a value of each axis; the
template ``path`` turns them into a file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from itertools import chain, product, zip_longest
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from ccbench.interfaces import MimickedPhotograph
from ccbench_registry import load_card
from ccbench_registry.strict import Strict

Codes = Annotated[dict[str, str], Field(default_factory=dict)]


def _range(text: str) -> list[str]:
    match = re.fullmatch(r"(.*?)(\d+)(\D*)\.\.\1(\d+)\3", text)
    if match is None:
        return [text]
    before, first, after, last = match.groups()
    return [f"{before}{n:0{len(first)}}{after}" for n in range(int(first), int(last) + 1)]


class Posers(Strict):
    """Posers of one kind.

    Attributes:
        sex: as what they are rendered.
        names: how they are called in the file names; "F01..F35" stands for 35 of them.
        fields: further values for the templates, e.g. ``age = "y"``.
    """

    sex: Literal["female", "male"]
    names: tuple[str, ...]
    fields: Codes

    @field_validator("names")
    @classmethod
    def _expanded(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for text in value for name in _range(text))


class Companion(Strict):
    """A text file beside the photographs.

    Attributes:
        path: template of its path; photographs of one path share a file, a line each.
        header: its first line, or "".
        line: template of a photograph's line; equal lines appear once.
    """

    path: str
    header: str = ""
    line: str


class Quirks(Strict):
    """What is irregular in the distribution.

    Attributes:
        codes: further codes, of photographs that the loader leaves out -> what they show.
        axes: "POSER CODE" -> axis -> its values there.
        renames: regular path -> the path in the distribution.
        absent: regular paths of files that are missing.
    """

    codes: Codes
    axes: Annotated[dict[str, dict[str, tuple[str, ...]]], Field(default_factory=dict)]
    renames: Codes
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Photograph:
    made: MimickedPhotograph
    fields: Mapping[str, Any]
    full: bool


class Layout(Strict):
    """The folder of a database.

    Attributes:
        path: template of a photograph's path, of ``poser``, ``code``, ``expression``, ``sex``,
            axes, fields and ``serial`` (a number; the posers' ranges start ``stride`` apart).
        width: of the photographs, pixels.
        height: of the photographs, pixels.
        grey: one channel instead of three.
        posers: kinds of posers; they take turns.
        codes: code of an expression in the templates -> what is shown.
        axes: what else varies -> its values.
        yaw: axis -> its value -> degrees that the head is turned to the right.
        strength: axis -> its value -> share of the full expression, for sequences; 0 is neutral.
        stride: distance of the serial numbers of two posers.
        companions: text files beside the photographs.
        quirks: what is irregular.
    """

    path: str
    width: int
    height: int
    grey: bool = False
    posers: tuple[Posers, ...]
    codes: dict[str, str]
    axes: Annotated[dict[str, tuple[str, ...]], Field(default_factory=dict)]
    yaw: Annotated[dict[str, dict[str, float]], Field(default_factory=dict)]
    strength: Annotated[dict[str, dict[str, float]], Field(default_factory=dict)]
    stride: int = 100
    companions: tuple[Companion, ...] = ()
    quirks: Annotated[Quirks, Field(default_factory=lambda: Quirks.model_validate({}))]

    @property
    def count(self) -> int:
        """How many posers there are."""
        return sum(len(kind.names) for kind in self.posers)

    def photographs(self, posers: int, *, quirks: bool) -> list[MimickedPhotograph]:
        """List the photographs of that many posers; fewer posers give some of the files."""
        return [photograph.made for photograph in self._all(posers, quirks=quirks)]

    def texts(self, posers: int, *, quirks: bool) -> dict[str, str]:
        """Return path -> content of the text files; they describe full expressions."""
        lines: dict[str, dict[str, None]] = {}
        for photograph in self._all(posers, quirks=quirks):
            for text in self.companions:
                if not photograph.full or photograph.fields["code"] in self.quirks.codes:
                    continue
                known = lines.setdefault(text.path.format_map(photograph.fields), {})
                if text.header:
                    known[text.header] = None
                known[text.line.format_map(photograph.fields)] = None
        return {path: "".join(f"{line}\n" for line in known) for path, known in lines.items()}

    def _all(self, posers: int, *, quirks: bool) -> Iterator[_Photograph]:
        for number, (kind, poser) in enumerate(self._people()[:posers]):
            serial = number * self.stride
            occurrences: Counter[tuple[str, ...]] = Counter()
            codes = self.codes | (self.quirks.codes if quirks else {})
            for code, expression in codes.items():
                axes = dict(self.axes)
                if quirks:
                    axes |= self.quirks.axes.get(f"{poser} {code}", {})
                for values in product(*axes.values()):
                    serial += 1
                    occurrences[code, *values] += 1
                    fields: dict[str, Any] = dict(zip(axes, values, strict=True))
                    fields |= {**kind.fields, "poser": poser, "sex": kind.sex, "code": code}
                    fields |= {"expression": expression, "serial": serial}
                    path = self.path.format_map(fields)
                    if quirks and path in self.quirks.absent:
                        continue
                    if quirks:
                        path = self.quirks.renames.get(path, path)
                    take = occurrences[code, *values]
                    yield self._photograph(path, kind, expression, fields, take)

    def _photograph(
        self, path: str, kind: Posers, expression: str, fields: Mapping[str, Any], take: int
    ) -> _Photograph:
        strength = min([1.0, *(table[fields[axis]] for axis, table in self.strength.items())])
        # Another value of any axis is another picture, even of the same expression.
        session = [fields["code"], *(fields[axis] for axis in self.axes), f"{take}"]
        made = MimickedPhotograph(
            path=path,
            poser=fields["poser"],
            sex=kind.sex,
            expression=expression if strength else "neutral",
            width=self.width,
            height=self.height,
            session="/".join(session),
            yaw=sum(table[fields[axis]] for axis, table in self.yaw.items()),
            grey=self.grey,
            strength=strength or 1.0,
        )
        return _Photograph(made, fields, strength == 1)

    def _people(self) -> list[tuple[Posers, str]]:
        columns = [[(kind, name) for name in kind.names] for kind in self.posers]
        return [person for person in chain(*zip_longest(*columns)) if person is not None]


def read_layout(source: Traversable) -> Layout:
    """Read the description of a folder.

    Raises:
        CardError: it cannot be read or does not validate.
    """
    return load_card(source, Layout)
