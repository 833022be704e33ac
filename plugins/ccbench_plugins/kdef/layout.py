"""The folder of KDEF, file by file, so that a rendered one can stand in for it."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from itertools import chain, product
from typing import Any, Literal, NamedTuple

from ccbench.datasets import PatternDataset
from ccbench.interfaces import MimickedPhotograph


class _Name(NamedTuple):
    """What a file's name says; the expression is a code."""

    session: str
    poser: str
    expression: str
    angle: str


class Kdef(PatternDataset):
    """KDEF: the loader that its card describes, and the layout of its folder."""

    def layout(self, posers: int, *, quirks: bool) -> list[MimickedPhotograph]:
        """List the photographs of the posers, and the averaged faces.

        Args:
            posers: 1 to 70; women and men alternate, those with bad files first.
            quirks: whether misnamed, black and missing files are as in the distribution.
        """
        text = (files(__package__) / "layout.toml").read_text(encoding="utf-8")
        plan: dict[str, Any] = tomllib.loads(text)
        flaws: dict[str, list[str]] = plan["flaws"]
        misnamed = {right: wrong for wrong, right in self.files.renames.items()}
        known = [*misnamed, *flaws["lower_case"], *flaws["absent"], *flaws["black"]]
        chosen = _order(known, plan["posers_per_sex"])[:posers]
        names = [
            _Name(*parts)
            for parts in product(sorted(plan["sessions"]), chosen, self._codes, plan["yaw"])
        ]
        found = []
        for name in names:
            parent, folder, file = plan["file"].format_map(name._asdict()).split("/")
            flaw: Literal["", "black"] = ""
            if quirks:
                if file in flaws["absent"]:
                    continue
                if file in flaws["black"]:
                    flaw = "black"
                file = misnamed.get(file, file)
                if folder in flaws["lower_case"]:
                    folder, file = folder.lower(), file.lower()
            found.append(self._photograph(plan, f"{parent}/{folder}/{file}", name, flaw=flaw))
        return found + self._averages(plan, quirks=quirks)

    @property
    def _codes(self) -> list[str]:
        return [code.upper() for code in self.files.labels]

    def _averages(self, plan: dict[str, Any], *, quirks: bool) -> list[MimickedPhotograph]:
        found = []
        for sex, code, angle in product("FM", self._codes, plan["yaw"]):
            folder, file = plan["average"].format(sex=sex, expression=code, angle=angle).split("/")
            if quirks:
                file = plan["misnamed_averages"].get(file, file)
            name = _Name("", f"{sex} averaged", code, angle)
            found.append(self._photograph(plan, f"{folder}/{file}", name, grey=True))
        return found

    def _photograph(
        self,
        plan: dict[str, Any],
        path: str,
        name: _Name,
        *,
        grey: bool = False,
        flaw: Literal["", "black"] = "",
    ) -> MimickedPhotograph:
        return MimickedPhotograph(
            path=path,
            poser=name.poser,
            sex="female" if name.poser.startswith("F") else "male",
            expression=self.files.labels[name.expression.lower()],
            width=plan["width"],
            height=plan["height"],
            session=name.session,
            yaw=float(plan["yaw"][name.angle]),
            grey=grey,
            flaw=flaw,
        )


def _order(known: list[str], per_sex: int) -> list[str]:
    """Return all posers, women and men in turn, those named first in ``known`` first."""
    flawed = list(dict.fromkeys(file[1:4] for file in known))
    columns = []
    for sex in "FM":
        usual = [f"{sex}{number:02}" for number in range(1, per_sex + 1)]
        columns.append(list(dict.fromkeys([p for p in flawed if p.startswith(sex)] + usual)))
    return list(chain.from_iterable(zip(*columns, strict=True)))
