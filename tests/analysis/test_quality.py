"""The quality table counts photographs by what became of them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ccbench.analysis import face_quality
from ccbench.analysis.quality import STATUSES


def photographs() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    status = rng.choice(STATUSES, 200)
    usable = np.isin(status, ["ok", "retried", "centered"])
    return pd.DataFrame(
        {
            "database": np.where(np.arange(200) < 120, "z", "a"),
            "status": status,
            "used": usable & (rng.random(200) < 0.8),
            "clipped": rng.random(200),
        }
    )


def test_counts_equal_a_naive_loop() -> None:
    table = photographs()
    found = face_quality(table)
    assert list(found["database"]) == ["z", "a"]  # as given
    for row in found.to_dict("records"):
        own = [p for p in table.to_dict("records") if p["database"] == row["database"]]
        assert row["photographs"] == len(own) == sum(row[status] for status in STATUSES)
        for status in STATUSES:
            assert row[status] == sum(p["status"] == status for p in own)
        used = [p["clipped"] for p in own if p["used"]]
        assert row["used"] == len(used)
        assert row["clipped"] == pytest.approx(sum(used) / len(used))


def test_a_database_of_which_nothing_was_used() -> None:
    table = photographs().assign(used=False)
    found = face_quality(table)
    assert (found["used"] == 0).all()
    assert all(math.isnan(value) for value in found["clipped"])


def test_a_status_that_did_not_occur_is_zero() -> None:
    table = photographs()
    found = face_quality(table[table["status"] == "ok"])
    assert (found["no face"] == 0).all()
    assert set(STATUSES) < set(found.columns)
