"""Runs whose tables are invented: any number of databases, in no time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pytest

from ccbench.reporting import write_report
from ccbench.results import MANIFEST, RESPONSE_COLUMNS, Run, open_run, write_table
from ccbench_registry import ACTION_UNITS, EXPRESSIONS

UNITS = tuple(unit.number for unit in ACTION_UNITS)
FEW_UNITS = (1, 4, 6, 12, 15, 26)
"""Enough for tests that ask for something else: the reports of fewer units are sooner done."""
LEVELS = tuple(round(0.1 * step, 1) for step in range(11))


class Invent(Protocol):
    """Makes a finished run of random numbers."""

    def __call__(
        self,
        databases: Sequence[str] = ("here", "there"),
        runs: int = 4,
        *,
        posers: int = 12,
        probe: bool = True,
        missing: Mapping[str, Sequence[str]] | None = None,
        units: Sequence[int] = UNITS,
        seed: int = 0,
    ) -> Run: ...


def report_in_one_format(run: Run) -> Path:
    """Write a report for a fixture of several tests, which is made before ``one_format`` acts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ccbench.reporting.figures.saving.FORMATS", ("svg",))
        return write_report(run)


@pytest.fixture(scope="session")
def invent(tiny_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Invent:
    """Return a function that makes runs; what is no number is taken from ``tiny_run``."""

    def make(
        databases: Sequence[str] = ("here", "there"),
        runs: int = 4,
        *,
        posers: int = 12,
        probe: bool = True,
        missing: Mapping[str, Sequence[str]] | None = None,
        units: Sequence[int] = UNITS,
        seed: int = 0,
    ) -> Run:
        rng = np.random.default_rng(seed)
        lacks = {name: set((missing or {}).get(name, ())) for name in databases}
        classes = {d: [e for e in EXPRESSIONS if e not in lacks[d]] for d in databases}
        folder = tmp_path_factory.mktemp("invented")
        tested = {
            (database, run): rng.choice(posers, max(1, posers // 5), replace=False)
            for database in databases
            for run in range(runs)
        }
        write_table(folder, "predictions", _predictions(databases, classes, tested, rng))
        write_table(folder, "curves", _curves(databases, runs, rng))
        write_table(folder, "photographs", _photographs(databases, classes, posers))
        for name in ("runs", "splits"):
            write_table(folder, name, tiny_run.table(name))
        if probe:
            write_table(folder, "responses", _responses(databases, classes, runs, units, rng))
        manifest = _manifest(tiny_run.manifest, databases, classes, posers, runs, probe)
        (folder / MANIFEST).write_text(json.dumps(manifest))
        return open_run(folder)

    return make


def _predictions(
    databases: Sequence[str],
    classes: Mapping[str, Sequence[str]],
    tested: Mapping[tuple[str, int], Any],
    rng: np.random.Generator,
) -> pd.DataFrame:
    rows = []
    for train in databases:
        for (test, run), drawn in tested.items():
            for poser in drawn:
                for shown in classes[test]:
                    logits = dict.fromkeys(EXPRESSIONS, np.nan)
                    for unit in classes[train]:
                        hit = (unit == shown) * (2.0 if train == test else 0.8)
                        logits[unit] = float(rng.normal() + hit)
                    known = {name: value for name, value in logits.items() if value == value}
                    rows.append(
                        {
                            "train_database": train,
                            "test_database": test,
                            "run": run,
                            "photograph": f"p{poser:02}_{shown}.png",
                            "poser": f"p{poser:02}",
                            "expression": shown,
                            "predicted": max(known, key=known.__getitem__),
                            **{f"logit_{name}": value for name, value in logits.items()},
                        }
                    )
    return pd.DataFrame(rows)


def _curves(databases: Sequence[str], runs: int, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for database in databases:
        for run in range(runs):
            for iteration in (0, 400, 800, 1200):
                for part in ("train", "validation"):
                    rate = 0.14 + 0.6 * iteration / 1200 + rng.normal(0, 0.02)
                    loss = 2.0 - rate
                    rows.append((database, run, iteration, part, rate, loss))
    columns = ["database", "run", "iteration", "part", "correct_rate", "loss"]
    return pd.DataFrame(rows, columns=columns)


def _photographs(
    databases: Sequence[str], classes: Mapping[str, Sequence[str]], posers: int
) -> pd.DataFrame:
    rows = [
        {
            "database": database,
            "photograph": f"p{poser:02}_{expression}.png",
            "poser": f"p{poser:02}",
            "expression": expression,
            "status": "ok",
            "clipped": 0.001,
            "used": True,
        }
        for database in databases
        for poser in range(posers)
        for expression in classes[database]
    ]
    return pd.DataFrame(rows)


def _responses(
    databases: Sequence[str],
    classes: Mapping[str, Sequence[str]],
    runs: int,
    units: Sequence[int],
    rng: np.random.Generator,
) -> pd.DataFrame:
    shared = {(e, unit): rng.normal() for e in EXPRESSIONS for unit in units}
    rows = []
    for database in databases:
        for expression in classes[database]:
            for unit in units:
                slope = shared[expression, unit] + rng.normal()
                for run in range(runs):
                    own = slope + rng.normal(0, 0.2)
                    for level in LEVELS[1:]:
                        answer = own * level
                        stimulus = ("face", unit, 0, level)
                        rows.append(
                            (database, run, "series", *stimulus, expression, answer, answer)
                        )
            rows += [
                (database, run, "series", "face", 0, 0, 0.0, expression, 0.0, 0.0)
                for run in range(runs)
            ]
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


def _manifest(
    of: Mapping[str, Any],
    databases: Sequence[str],
    classes: Mapping[str, Sequence[str]],
    posers: int,
    runs: int,
    probe: bool,
) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(json.dumps(of))
    template = manifest["databases"][0]
    manifest["databases"] = []
    for name in databases:
        entry = json.loads(json.dumps(template))
        card = {**entry["card"], "name": name.partition("[")[0], "title": f"Faces of {name}"}
        entry.update(
            name=name,
            card=card,
            expressions=list(classes[name]),
            posers=posers,
            photographs_used=posers * len(classes[name]),
        )
        manifest["databases"].append(entry)
    manifest["request"]["databases"] = list(databases)
    manifest["request"]["protocol"]["runs"] = runs
    card = {
        "name": "series",
        "title": "An invented series",
        "terms": {"licence": "none", "redistribution": True, "request": ""},
        "citations": [],
        "notes": [],
        "action_units": list(UNITS),
        "intensities": list(LEVELS),
    }
    shown = {"name": "series", "card": card, "options": {}, "identities": 1, "stimuli": 201}
    manifest["probes"] = [shown] if probe else []
    return manifest
