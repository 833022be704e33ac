"""A folder that looks like KRC as far as it is known, so that a rendered one can stand in.

Known are the number of posers, 64 photographs of each (several directions of the face and
of the gaze), and names like ``fd19_neu_d``.  The rest of the names, the format and the
size are stand-ins: what the loader does about them is what matters.
"""

from __future__ import annotations

from itertools import product
from typing import Literal

from ccbench.interfaces import MimickedPhotograph
from ccbench_registry import FilePattern

_SIZE = (600, 800)
_SEXES: tuple[tuple[str, Literal["female", "male"]], ...] = (("fd", "female"), ("md", "male"))
_KNOWN_VIEW = ("d", 0.0)
_UNDOCUMENTED_VIEWS = (("l", -45.0), ("r", 45.0))


def krc_layout(files: FilePattern, posers: int, *, quirks: bool) -> list[MimickedPhotograph]:
    """List the photographs: the known view, and as quirks two with codes nobody described.

    Args:
        files: for the codes of the expressions.
        posers: at least 1; women and men alternate.
        quirks: whether there are other views, which the loader refuses until one is chosen.
    """
    views = (_KNOWN_VIEW, *(_UNDOCUMENTED_VIEWS if quirks else ()))
    found = []
    for index, (code, expression), (view, yaw) in product(
        range(posers), files.labels.items(), views
    ):
        prefix, sex = _SEXES[index % len(_SEXES)]
        poser = f"{prefix}{index // len(_SEXES) + 1:02}"
        found.append(
            MimickedPhotograph(
                path=f"{poser}_{code}_{view}.jpg",
                poser=poser,
                sex=sex,
                expression=expression,
                width=_SIZE[0],
                height=_SIZE[1],
                yaw=yaw,
            )
        )
    return found
