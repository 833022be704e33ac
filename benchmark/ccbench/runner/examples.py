"""Example faces of a run, of those databases whose terms allow passing them on."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import pandas as pd

from ccbench.cache import Cache
from ccbench.faces import SHARD, FaceTask, read_faces
from ccbench.runner.selection import Selection


def examples_table(
    selections: Sequence[Selection], faces: Sequence[Sequence[FaceTask]], cache: Cache
) -> pd.DataFrame:
    """Return the standardised faces of one poser of each database (paper, Figure 1).

    The poser is the first, by name, whose face is used in every expression of the database.
    A database that may not be redistributed has no rows: reports are passed on.

    Returns:
        database, poser, expression, png (bytes of a grey image, S x S).
    """
    rows = []
    for selection, tasks in zip(selections, faces, strict=True):
        if not selection.database.card.terms.redistribution:
            continue
        poser, shown = _complete_poser(selection)
        for expression, index in shown.items():
            pixels = read_faces(tasks[index // SHARD], cache)[index % SHARD]
            _, data = cv2.imencode(".png", pixels)
            rows.append((selection.database.name, poser, expression, data.tobytes()))
    return pd.DataFrame(rows, columns=["database", "poser", "expression", "png"])


def _complete_poser(selection: Selection) -> tuple[str, dict[str, int]]:
    """Return a poser and the index of one photograph of each expression."""
    table = selection.database.table
    by_poser: dict[str, dict[str, int]] = {}
    for index in selection.chosen:
        by_poser.setdefault(table[index].poser, {}).setdefault(table[index].expression, index)
    best = min(by_poser, key=lambda poser: (-len(by_poser[poser]), poser))
    shown = by_poser[best]
    return best, {name: shown[name] for name in selection.expressions if name in shown}
