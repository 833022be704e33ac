"""Whole runs of random numbers: every table fits every other, as in a run that was computed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ccbench.analysis.leaderboard import Submission
from ccbench.protocol import load_protocol
from ccbench.results import MANIFEST, Run, open_run, write_table
from ccbench.splits import part_sizes
from ccbench_registry import EXPRESSIONS

UNITS = (1, 4, 6, 9, 12)
LEVELS = (0.5, 1.0)
NAMES = ("Zoë", "Anna", "Kim", "Ben", "Mia", "Jun", "Ida", "Tom", "Eva", "Max", "Lea", "Ute")
"""Posers, not in the order of their names."""


def invent(
    folder: Path,
    databases: Sequence[str] = ("here", "there"),
    runs: int = 4,
    *,
    posers: int = 10,
    skill: float = 1.5,
    seed: int = 0,
    missing: Mapping[str, Sequence[str]] | None = None,
    free: Sequence[str] = ("here",),
    probe: bool = True,
    backbone: str = "alexnet",
    weights: str = "aaaaaaaaaaaa",
    contents: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
) -> Run:
    """Write a run directory.

    Args:
        folder: made.
        databases: names.
        runs: random splits; the same for all runs with equal databases.
        posers: in each database.
        skill: by how much the right logit is above the others, on average.
        seed: of what the networks answer.
        missing: database -> expressions it lacks.
        free: databases that may be passed on.
        probe: whether there are responses.
        backbone: name.
        weights: hash of them.
        contents: database -> hash of its photographs, where it is not "contents of ...".
        overrides: values of the protocol.
    """
    rng = np.random.default_rng(seed)
    protocol = load_protocol("quick", [f"runs={runs}", *overrides])
    lacks = {name: set((missing or {}).get(name, ())) for name in databases}
    classes = {d: [e for e in EXPRESSIONS if e not in lacks[d]] for d in databases}
    people = {d: [f"{name}{place // 12}" for place, name in _named(posers)] for d in databases}
    split = protocol.split
    sizes = part_sizes(posers, split.train, split.validation, split.test)
    splits = _splits(people, runs, sizes)
    photographs = _photographs(people, classes)
    folder.mkdir(parents=True)
    write_table(folder, "splits", splits)
    write_table(folder, "photographs", photographs)
    write_table(folder, "predictions", _predictions(splits, photographs, classes, skill, rng))
    write_table(folder, "runs", _runs(splits, photographs))
    write_table(folder, "curves", _curves(databases, runs))
    if probe:
        write_table(folder, "responses", _responses(classes, runs, rng))
    manifest = {
        "ccbench": "0.1.0",
        "finished": "2026-01-01T00:00:00+00:00",
        "request": {
            "databases": list(databases),
            "backbone": backbone,
            "protocol": protocol.model_dump(mode="json"),
            "seed": 0,
            "device": "cpu",
            "contents": {d: (contents or {}).get(d, f"contents of {d}") for d in databases},
            "weights": weights,
            "probes": {"series": "images"} if probe else {},
            "probe_layers": [],
        },
        "databases": [_entry(d, classes[d], posers, free) for d in databases],
        "probes": [{"name": "series", "digest": "images"}] if probe else [],
        "backbone": {"card": {"name": backbone, "title": "A net", "layer": "top", "weights": "w"}},
        "versions": {"numpy": "2"},
        "machine": {"system": "Linux", "processor": "none", "workers": 1},
        "citations": ["Someone (2000)."],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return open_run(folder)


def submitted(run: Run, name: str = "run") -> Submission:
    """Return a run as a leaderboard takes it."""
    shown = run.photographs
    posers = {d: tuple(sorted(set(shown[shown["database"] == d]["poser"]))) for d in run.databases}
    return Submission(name, run.manifest, run.predictions, run.responses, posers)


def _named(posers: int) -> list[tuple[int, str]]:
    return [(place, NAMES[place % len(NAMES)]) for place in range(posers)]


def _splits(people: Mapping[str, Sequence[str]], runs: int, sizes: Sequence[int]) -> pd.DataFrame:
    rows = []
    for database, names in people.items():
        rng = np.random.default_rng(len(database))
        for run in range(runs):
            order = [names[i] for i in rng.permutation(len(names))]
            for part, size in zip(("train", "validation", "test"), sizes, strict=True):
                rows += [(database, run, name, part) for name in sorted(order[:size])]
                order = order[size:]
    return pd.DataFrame(rows, columns=["database", "run", "poser", "part"])


def _photographs(
    people: Mapping[str, Sequence[str]], classes: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    rows = [
        {
            "database": database,
            "photograph": f"{poser}/{poser}_{expression}.png",
            "sha256": f"hash of {database} {poser} {expression}",
            "poser": poser,
            "expression": expression,
            "status": "ok",
            "detail": f"as {poser}",
            "box_x": 1.0,
            "box_y": 2.0,
            "box_side": 3.0,
            "clipped": 0.001,
            "used": True,
        }
        for database, names in people.items()
        for poser in names
        for expression in classes[database]
    ]
    return pd.DataFrame(rows)


def _predictions(
    splits: pd.DataFrame,
    photographs: pd.DataFrame,
    classes: Mapping[str, Sequence[str]],
    skill: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    tested = splits[splits["part"] == "test"].merge(photographs, on=["database", "poser"])
    parts = []
    for train, units in classes.items():
        logits = rng.normal(size=(len(tested), len(EXPRESSIONS))).astype(np.float32)
        own = (tested["database"] == train).to_numpy()
        for place, name in enumerate(EXPRESSIONS):
            shown = (tested["expression"] == name).to_numpy()
            logits[:, place] += shown * np.where(own, skill, skill / 3).astype(np.float32)
            if name not in units:
                logits[:, place] = np.nan
        chosen = np.nanargmax(logits, axis=1)
        frame = tested[["database", "run", "photograph", "poser", "expression"]].rename(
            columns={"database": "test_database"}
        )
        frame.insert(0, "train_database", train)
        frame["predicted"] = [EXPRESSIONS[place] for place in chosen]
        for place, name in enumerate(EXPRESSIONS):
            frame[f"logit_{name}"] = logits[:, place]
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def _runs(splits: pd.DataFrame, photographs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (database, run), part in splits.groupby(["database", "run"], sort=False):
        train = set(part[part["part"] == "train"]["poser"])
        mine = photographs[photographs["database"] == database]
        rows.append(
            {
                "database": database,
                "run": run,
                **{f"{p}_posers": int((part["part"] == p).sum()) for p in part["part"].unique()},
                "train_photographs": int(mine["poser"].isin(train).sum()),
                "cell": f"cell {database} {run}",
            }
        )
    return pd.DataFrame(rows)


def _curves(databases: Sequence[str], runs: int) -> pd.DataFrame:
    rows = [(d, run, 0, "train", 0.9, 0.1) for d in databases for run in range(runs)]
    return pd.DataFrame(
        rows, columns=["database", "run", "iteration", "part", "correct_rate", "loss"]
    )


def _responses(
    classes: Mapping[str, Sequence[str]], runs: int, rng: np.random.Generator
) -> pd.DataFrame:
    common = {(e, unit): rng.normal() for e in EXPRESSIONS for unit in UNITS}
    stimuli = [(0, 0.0), *((unit, level) for unit in UNITS for level in LEVELS)]
    rows = []
    for database, names in classes.items():
        for run in range(runs):
            for expression in names:
                null = rng.normal()
                for unit, level in stimuli:
                    slope = common[expression, unit] + rng.normal() if unit else 0.0
                    rows.append(
                        (database, run, "series", "face", unit, 0, level, expression, slope * level,
                         null + slope * level)
                    )  # fmt: skip
    columns = ["database", "run", "probe", "identity", "action_unit", "second_unit", "intensity"]
    return pd.DataFrame(rows, columns=[*columns, "expression", "response", "logit"])


def _entry(
    database: str, classes: Sequence[str], posers: int, free: Sequence[str]
) -> dict[str, Any]:
    terms = {"licence": "mine", "redistribution": database in free, "request": ""}
    return {
        "name": database,
        "card": {"name": database, "title": f"Faces of {database}", "terms": terms},
        "expressions": list(classes),
        "posers": posers,
        "photographs_used": posers * len(classes),
        "unmatched": ["Anna on holiday.png"],
        "left_out": {},
        "warnings": ["Anna.png is read as Anna_sad.png"],
    }
