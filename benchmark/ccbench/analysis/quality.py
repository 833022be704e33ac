"""What became of the photographs of a run."""

from __future__ import annotations

import pandas as pd

STATUSES = ("ok", "retried", "centered", "no face", "black", "unreadable", "duplicate")
"""In the order of the quality table; see ``preprocessing.StandardFace``."""


def face_quality(photographs: pd.DataFrame) -> pd.DataFrame:
    """Count the photographs of each database by what became of them.

    Args:
        photographs: the table of a run: columns database, status, used, clipped.

    Returns:
        One row per database: photographs, one column per status, used (in the training or
        test of some run), clipped (mean fraction of the oval's pixels clipped).
    """
    rows = []
    for database, part in photographs.groupby("database", sort=False, observed=True):
        counts = part["status"].value_counts()
        row: dict[str, object] = {"database": str(database), "photographs": len(part)}
        row.update({status: int(counts.get(status, 0)) for status in STATUSES})
        row["used"] = int(part["used"].sum())
        row["clipped"] = float(part.loc[part["used"], "clipped"].mean())
        rows.append(row)
    return pd.DataFrame(rows)
