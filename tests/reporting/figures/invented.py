"""Tables as a run leaves them, with invented numbers, for any number of databases."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ccbench_registry import ACTION_UNITS, EXPRESSIONS

NAMES = ("kdef", "krc", "a-laboratory-with-a-long-name", "rafd", "jaffe", "mylab", "wsefep")
LEVELS = (0.2, 0.6, 1.0)
UNITS = tuple(unit.number for unit in ACTION_UNITS)


def predictions(
    databases: int, runs: int = 3, posers: int = 4, missing: tuple[str, str] = ("", "")
) -> pd.DataFrame:
    """Return predictions that are right more often than not; ``missing``: database, expression."""
    rng = np.random.default_rng(databases)
    names = NAMES[:databases]
    rows: list[dict[str, Any]] = []
    for train, test, run, poser in itertools.product(names, names, range(runs), range(posers)):
        for place, expression in enumerate(EXPRESSIONS):
            if (test, expression) == missing:
                continue
            logits = rng.normal(size=7)
            logits[place] += 2.5 if train == test else 1.0
            known = [(train, name) != missing for name in EXPRESSIONS]
            logits[~np.array(known)] = np.nan
            rows.append(
                {
                    "train_database": train,
                    "test_database": test,
                    "run": run,
                    "photograph": f"p{run}{poser}_{expression}.png",
                    "poser": f"p{run}{poser}",
                    "expression": expression,
                    "predicted": EXPRESSIONS[int(np.nanargmax(logits))],
                    **{f"logit_{name}": x for name, x in zip(EXPRESSIONS, logits, strict=True)},
                }
            )
    return pd.DataFrame(rows)


def responses(
    databases: int, runs: int = 3, missing: tuple[str, str] = ("", ""), probe: str = "au"
) -> pd.DataFrame:
    """Return responses of two identities to 20 action units and, to be ignored, to a pair."""
    rng = np.random.default_rng(databases)
    stimuli = [(0, 0, 0.0), (4, 12, 1.0), *((u, 0, x) for u in UNITS for x in LEVELS)]
    rows = []
    for database, expression in itertools.product(NAMES[:databases], EXPRESSIONS):
        if (database, expression) == missing:
            continue
        slope = dict(zip(UNITS, rng.normal(size=len(UNITS)), strict=True))
        for run, who, (unit, second, level) in itertools.product(
            range(runs), ("p1", "p2"), stimuli
        ):
            value = level * slope[unit] + 0.1 * rng.normal() if unit else 0.0
            key = (database, run, probe, who, unit, second, level, expression)
            rows.append((*key, value, value + 1.0))
    columns = ["database", "run", "probe", "identity", "action_unit", "second_unit", "intensity"]
    return pd.DataFrame(rows, columns=[*columns, "expression", "response", "logit"])


def curves(databases: int, runs: int = 3, iterations: tuple[int, ...] = (0,)) -> pd.DataFrame:
    """Return learning curves."""
    rng = np.random.default_rng(databases)
    keys = itertools.product(NAMES[:databases], range(runs), iterations, ("train", "validation"))
    rows = [(*key, 0.5 + 0.4 * rng.random(), 1.0 + rng.random()) for key in keys]
    columns = ["database", "run", "iteration", "part", "correct_rate", "loss"]
    return pd.DataFrame(rows, columns=columns)


def manifest(databases: int, withheld: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return as much of a manifest as the figures need."""
    return {
        "databases": [
            {
                "name": name,
                "expressions": list(EXPRESSIONS),
                "card": {"terms": {"redistribution": name not in withheld}},
            }
            for name in NAMES[:databases]
        ],
        "backbone": {"card": {"title": "AlexNet, pretrained on ImageNet"}},
        "request": {
            "protocol": {"face": {"mean": 128.0, "sd": 32.0}, "head": {"kind": "logistic"}}
        },
    }


def faces(databases: int) -> pd.DataFrame:
    """Return a picture per database and expression: a grey of its own."""
    rows = [
        (name, expression, np.full((8, 8), 30 * place + 10 * number, dtype=np.uint8))
        for number, name in enumerate(NAMES[:databases])
        for place, expression in enumerate(EXPRESSIONS)
    ]
    return pd.DataFrame(rows, columns=["database", "expression", "pixels"])


@dataclass
class InventedRun:
    """What the figures read of a run."""

    manifest: dict[str, Any]
    predictions: pd.DataFrame
    curves: pd.DataFrame
    responses: pd.DataFrame = field(default_factory=lambda: responses(0))
    mixtures: tuple[str, ...] = ()


def run(
    databases: int, runs: int = 3, missing: tuple[str, str] = ("", ""), *, probe: bool = True
) -> Any:
    """Return a run with or without a probe."""
    return InventedRun(
        manifest(databases),
        predictions(databases, runs, missing=missing),
        curves(databases, runs),
        responses(databases if probe else 0, runs, missing),
    )
