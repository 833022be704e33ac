"""The table ``[files]`` of a card: how a database's files carry their labels."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from ccbench_registry.catalog import suggestion
from ccbench_registry.strict import Strict
from ccbench_registry.vocabulary import canonical_expression, expression_words


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"is not a regular expression ({error})") from error


class IgnoredFiles(Strict):
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


class LabelTable(Strict):
    """A CSV table in the user's folder that says what each photograph shows.

    It is recognised by its columns, whatever its name.  A row belongs to the photographs
    whose groups have the values of the row; a cell may also be the file's name.

    Attributes:
        keys: group of the pattern -> column of the table.
        expression: column of the expression.
        columns: free column of the sample table -> column of the table; may be absent.
        origin: where the table comes from, for the message when there is none.
    """

    keys: Annotated[dict[str, str], Field(min_length=1)]
    expression: str
    columns: dict[str, str] = Field(default_factory=dict)
    origin: str


class LabelFiles(Strict):
    """One small text file for each sequence of photographs, holding its code.

    Attributes:
        pattern: regular expression for the whole name of such a file, case ignored; its named
            groups are groups of the photographs' pattern too, and say to which it belongs.
        glob: where they are looked for, relative to the root.
        example: the name of one, for the message when there is none.
    """

    pattern: str
    glob: str = "**/*.txt"
    example: str

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        if not _compiled(value).groupindex:
            raise ValueError("needs named groups that say to which photographs a file belongs")
        return value


class Frames(Strict):
    """Which pictures of a sequence are used: one shows the expression, maybe one the neutral face.

    Pictures that agree in all other groups and lie in one folder are a sequence.

    Attributes:
        column: group of the pattern that counts the pictures.
        first: what the first picture shows, e.g. "neutral", provided that its number is 0 or 1;
            "" leaves it out.
        nearest: number of the picture that shows the expression best (the nearest one is
            taken); the last picture by default.
    """

    column: str = "frame"
    first: Annotated[str, Field(pattern="^(neutral)?$")] = ""
    nearest: int | None = None


class FilePattern(Strict):
    r"""How a database's file names carry their labels.

    Attributes:
        pattern: regular expression with named groups, matched against the whole file
            name (or, when it contains ``/``, the whole path below the root), case ignored.
            The group ``expression`` is required, unless ``label_table`` or ``label_files``
            has it; groups named in ``poser`` make the poser; every other group becomes a free
            column of the sample table.
        poser: template of the poser's identity, e.g. ``"{sex}{number}"``.
        labels: the code in the file name -> expression; without it the codes are read as
            words ("joy", "afraid").  Codes mapped to "" are left out; "*" stands for all others.
        keep: column -> values kept, e.g. ``angle = ["S"]``; other values are counted and
            left out.
        renames: misnamed file -> the name it should have.
        ignore: files known not to be photographs of a poser, left out with a reason.
        glob: which files are looked at, relative to the root.
        derive: free column -> its value -> regular expression for the posers that have it;
            "" for posers that none describes.
        label_table: where a table says what the photographs show.
        label_files: where small text files say what sequences show.
        frames: where the photographs are sequences.
        conceal: groups whose texts are personal data, such as a name.  They appear in no
            table: posers and files are numbered instead.
    """

    pattern: str
    poser: str = "{poser}"
    labels: dict[str, str] = Field(default_factory=dict)
    keep: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    renames: dict[str, str] = Field(default_factory=dict)
    ignore: tuple[IgnoredFiles, ...] = ()
    glob: str = "**/*"
    derive: dict[str, dict[str, str]] = Field(default_factory=dict)
    label_table: LabelTable | None = None
    label_files: LabelFiles | None = None
    frames: Frames | None = None
    conceal: tuple[str, ...] = ()

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return _compiled(value).pattern

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

    @field_validator("derive")
    @classmethod
    def _patterns_compile(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for patterns in value.values():
            for pattern in patterns.values():
                _compiled(pattern)
        return value

    @model_validator(mode="after")
    def _names_exist(self) -> FilePattern:
        groups = self.groups
        labelled = [self.label_table, self.label_files, "expression" in groups or None]
        if not any(labelled):
            raise ValueError("needs a named group (?P<expression>...)")
        if sum(map(bool, labelled)) > 1:
            raise ValueError(
                "has the expression in more than one of the pattern, label_table and label_files"
            )
        columns = groups - {"expression"}
        used = set(re.findall(r"{(\w+)}", self.poser))
        if not used or re.search(r"[{}]", re.sub(r"{\w+}", "", self.poser)):
            raise ValueError(
                f"needs a poser made of groups of the pattern, such as '{{poser}}', "
                f"not '{self.poser}'"
            )
        if "expression" in used | set(self.keep):
            raise ValueError(
                "cannot use 'expression' in poser or keep; to leave expressions out, map "
                'their codes to "" in labels'
            )
        needed = used | set(self.conceal)
        if self.label_table:
            needed |= set(self.label_table.keys)
        if self.label_files:
            needed |= set(_compiled(self.label_files.pattern).groupindex)
        if self.frames:
            needed.add(self.frames.column)
        for name in sorted(needed - columns) + sorted(set(self.keep) - self.columns):
            raise ValueError(
                f"needs the group '{name}', which the pattern lacks; {suggestion(name, columns)}"
            )
        if twice := sorted(groups & self._further):
            raise ValueError(f"has the column '{twice[0]}' twice; rename one")
        return self

    @property
    def groups(self) -> set[str]:
        """The named groups of the pattern."""
        return set(_compiled(self.pattern).groupindex)

    @property
    def columns(self) -> set[str]:
        """All free columns: groups, derived ones, and those of the label table."""
        return (self.groups - {"expression"}) | self._further

    @property
    def _further(self) -> set[str]:
        table = set(self.label_table.columns) if self.label_table else set()
        return set(self.derive) | table
