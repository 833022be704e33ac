"""Example faces of a run, of those databases whose terms allow passing them on."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import pandas as pd

from ccbench.cache import Cache
from ccbench.faces import SHARD, FaceTask, read_faces
from ccbench.runner.selection import Selection
from ccbench_registry import Terms


def examples_table(
    selections: Sequence[Selection], faces: Sequence[Sequence[FaceTask]], cache: Cache
) -> pd.DataFrame:
    """Return the standardised faces of one poser of each database (paper, Figure 1).

    The poser is the first, by name, with the most expressions, of the database's all if may be.
    A database has no rows unless its card says that its photographs may be passed on, as
    reports are; that they may be processed, as these are, must not be denied, and who may be
    printed is all, not known, or a list that the poser is on.  A list alone allows nothing:
    what a journal may print is another thing than a file that is passed on.

    Returns:
        database, poser, expression, png (bytes of a grey image, S x S).
    """
    rows = []
    for selection, tasks in zip(selections, faces, strict=True):
        poser, shown = _complete_poser(selection)
        for expression, index in shown.items():
            pixels = read_faces(tasks[index // SHARD], cache)[index % SHARD]
            _, data = cv2.imencode(".png", pixels)
            rows.append((selection.database.name, poser, expression, data.tobytes()))
    return pd.DataFrame(rows, columns=["database", "poser", "expression", "png"])


def _may_be_shown(poser: str, terms: Terms) -> bool:
    if not terms.redistribution or terms.may_modify == "no":
        return False
    named = terms.publishable_ids
    return named in {"all", "unknown"} if isinstance(named, str) else poser in named


def _complete_poser(selection: Selection) -> tuple[str, dict[str, int]]:
    """Return a poser who may be shown and one photograph's index of each expression, if any."""
    table, terms = selection.database.table, selection.database.card.terms
    by_poser: dict[str, dict[str, int]] = {}
    for index in selection.chosen:
        if not _may_be_shown(table[index].poser, terms):
            continue
        by_poser.setdefault(table[index].poser, {}).setdefault(table[index].expression, index)
    if not by_poser:
        return "", {}
    best = min(by_poser, key=lambda poser: (-len(by_poser[poser]), poser))
    shown = by_poser[best]
    return best, {name: shown[name] for name in selection.expressions if name in shown}
