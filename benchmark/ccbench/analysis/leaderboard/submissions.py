"""A run as a leaderboard takes it, and the values measured on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ccbench.analysis.human import norms_of
from ccbench.analysis.leaderboard.measures import Value
from ccbench.analysis.leaderboard.people import people_values
from ccbench.analysis.leaderboard.rates import rate_values
from ccbench.analysis.leaderboard.terms import on_grid
from ccbench.analysis.leaderboard.tunings import tuning_values
from ccbench.analysis.tuning import profiles


@dataclass(frozen=True, eq=False)
class Submission:
    """A run on a leaderboard.

    Attributes:
        name: of the run.
        manifest: of the run.
        predictions: table of the run.
        responses: table of the run; without rows in a run without a probe.
        posers: database -> all its posers, in an order that does not depend on the run.
    """

    name: str
    manifest: Mapping[str, Any]
    predictions: pd.DataFrame
    responses: pd.DataFrame
    posers: Mapping[str, tuple[str, ...]]

    @property
    def request(self) -> Mapping[str, Any]:
        """What was asked for: databases, backbone, protocol, seed."""
        request: Mapping[str, Any] = self.manifest["request"]
        return request

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases, in the order they were given."""
        return tuple(entry["name"] for entry in self.manifest["databases"])

    @cached_property
    def fingerprint(self) -> str:
        """Hash of what was asked for and what came out: equal for two copies of one run."""
        digest = hashlib.sha256(json.dumps(self.request, sort_keys=True).encode())
        for table in (self.predictions, self.responses):
            for name in sorted(table.columns):
                digest.update(f"{name} ".encode())
                values = table[name]
                if pd.api.types.is_numeric_dtype(values):
                    digest.update(values.to_numpy(np.float64).tobytes())
                else:
                    digest.update("\0".join(map(str, values)).encode())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Measured:
    """A run and what was measured on it."""

    submission: Submission
    values: tuple[Value, ...]


def measure(submission: Submission) -> Measured:
    """Compute every value of a run, with its 95 % interval.

    Intervals of rates are those *to new posers* of docs/statistics.md; those of tunings
    resample action units.
    """
    names, contents = submission.databases, submission.request["contents"]
    pairs = on_grid(submission.predictions, submission.posers)
    values = rate_values(pairs, names, contents)
    values += people_values(pairs, names, contents, norms_of(names))
    if len(submission.responses):
        values += tuning_values(profiles(submission.responses), names)
    return Measured(submission, tuple(values))
