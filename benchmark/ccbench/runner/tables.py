"""The tidy tables and the manifest of a finished run."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import ccbench
from ccbench import atomic
from ccbench.cache import Cache
from ccbench.evaluation import read_scores
from ccbench.interfaces import FeatureExtractor
from ccbench.probing import Series
from ccbench.processor import bfloat16_instructions
from ccbench.results import (
    MANIFEST,
    OPTIONAL_TABLES,
    PREDICTION_COLUMNS,
    RESPONSE_COLUMNS,
    UNIT_COLUMNS,
    cannot_write,
    json_bytes,
    table_bytes,
)
from ccbench.runner.mixtures import DAILEY, Mixture, TrainingSet
from ccbench.runner.probes import FeatureWork
from ccbench.runner.selection import Selection
from ccbench.runner.units import Layer, read_units, unit_tasks
from ccbench.runner.work import Cell, tested_photographs
from ccbench.training import read_curve
from ccbench_registry import EXPRESSIONS, BackboneCard, Citation

PAPER = Citation(
    text="Inagaki, M., Ito, T., Shinozaki, T., & Fujita, I. (2022). Convolutional neural networks "
    "reveal differences in action units of facial expressions between face image databases "
    "developed in different countries. Frontiers in Psychology, 13, 988302.",
    doi="10.3389/fpsyg.2022.988302",
)


def predictions_table(
    selections: Sequence[Selection], cells: Sequence[Cell], cache: Cache
) -> pd.DataFrame:
    """Return one row per head and test photograph."""
    # Of each run the same for all its heads.
    tested: dict[int, list[dict[str, list[str]]]] = {}
    columns: dict[str, list[Any]] = {name: [] for name in PREDICTION_COLUMNS}
    values = []
    for cell in cells:
        run, units = cell.training.run, cell.training.expressions
        if run not in tested:
            tested[run] = [_tested(selection, run) for selection in selections]
        for selection, task, shown in zip(selections, cell.scores, tested[run], strict=True):
            logits = read_scores(task, cache)
            every = np.full((len(logits), len(EXPRESSIONS)), np.nan, np.float32)
            every[:, [EXPRESSIONS.index(name) for name in units]] = logits
            values.append(every)
            columns["train_database"] += [cell.training.database] * len(logits)
            columns["test_database"] += [selection.database.name] * len(logits)
            columns["run"] += [run] * len(logits)
            columns["predicted"] += [units[index] for index in logits.argmax(axis=1)]
            for name, texts in shown.items():
                columns[name] += texts
    found = np.concatenate(values)
    return pd.DataFrame(
        {
            **columns,
            **{f"logit_{name}": found[:, place] for place, name in enumerate(EXPRESSIONS)},
        }
    )


def _tested(selection: Selection, run: int) -> dict[str, list[str]]:
    table = selection.database.table
    samples = [table[selection.chosen[p]] for p in tested_photographs(selection, run)]
    return {
        "photograph": [table.relative(sample.path) for sample in samples],
        "poser": [sample.poser for sample in samples],
        "expression": [sample.expression for sample in samples],
    }


def curves_table(cells: Sequence[Cell], cache: Cache) -> pd.DataFrame:
    """Return the learning curves of all heads."""
    rows = []
    for cell in cells:
        for row in read_curve(cache.path("heads", cell.training.key)):
            rows.append({"database": cell.training.database, "run": cell.training.run, **row})
    return pd.DataFrame(rows)


def runs_table(sets: Sequence[Sequence[TrainingSet]], cells: Sequence[Cell]) -> pd.DataFrame:
    """Return one row per head."""
    rows = []
    everything = [chosen for run in sets for chosen in run]
    for chosen, cell in zip(everything, cells, strict=True):
        rows.append(
            {
                "database": chosen.name,
                "run": chosen.run,
                "train_posers": sum(len(source.train) for source in chosen.sources),
                "validation_posers": sum(len(source.validation) for source in chosen.sources),
                "test_posers": chosen.tested,
                "train_photographs": len(cell.training.train),
                "cell": cell.training.key,
            }
        )
    return pd.DataFrame(rows)


def splits_table(
    selections: Sequence[Selection], sets: Sequence[Sequence[TrainingSet]]
) -> pd.DataFrame:
    """Return which part each poser is in, per database and run; then of every mixture."""
    rows = [
        (selection.database.name, run, poser, part, selection.database.name)
        for selection in selections
        for run, split in enumerate(selection.splits)
        for part in ("train", "validation", "test")
        for poser in getattr(split, part)
    ]
    rows += [
        (chosen.name, chosen.run, poser, part, source.selection.database.name)
        # As databases: one after the other, each with all its runs.
        for mixture in zip(*sets, strict=True)
        for chosen in mixture
        if len(chosen.sources) > 1
        for part in ("train", "validation")
        for source in chosen.sources
        for poser in getattr(source, part)
    ]
    return pd.DataFrame(rows, columns=["database", "run", "poser", "part", "source"])


def photographs_table(selections: Sequence[Selection]) -> pd.DataFrame:
    """Return one row per photograph."""
    rows = []
    for selection in selections:
        database, used = selection.database, set(selection.chosen)
        for index, (sample, record) in enumerate(
            zip(database.table, selection.records, strict=True)
        ):
            x, y, side = record.box or (np.nan, np.nan, np.nan)
            rows.append(
                {
                    "database": database.name,
                    "photograph": database.table.relative(sample.path),
                    "sha256": database.photographs[index].digest,
                    "poser": sample.poser,
                    "expression": sample.expression,
                    "status": record.status,
                    "detail": record.detail,
                    "box_x": x,
                    "box_y": y,
                    "box_side": side,
                    "clipped": record.clipped,
                    "used": index in used,
                }
            )
    return pd.DataFrame(rows)


def responses_table(series: Sequence[Series], cells: Sequence[Cell], cache: Cache) -> pd.DataFrame:
    """Return one row per head, stimulus and output unit (``results.OPTIONAL_TABLES``)."""
    parts = []
    # Texts, which take long to convert, are the same for all heads with the same units.
    shared: dict[tuple[str, tuple[str, ...]], pd.DataFrame] = {}
    for cell in cells:
        units = cell.training.expressions
        for shown, task in zip(series, cell.probes, strict=True):
            known = shared.get((shown.probe, units))
            if known is None:
                known = shared[shown.probe, units] = pd.DataFrame(
                    {
                        "probe": shown.probe,
                        **_factors(shown, len(units)),
                        "expression": np.tile(np.array(units, object), len(shown.stimuli)),
                    }
                )
            logits = read_scores(task, cache)
            frame = known.assign(
                database=cell.training.database,
                run=cell.training.run,
                response=(logits - logits[shown.baseline]).ravel(),
                logit=logits.ravel(),
            )
            parts.append(frame[list(RESPONSE_COLUMNS)])
    return pd.concat(parts, ignore_index=True)


def units_table(
    series: Sequence[Series], work: FeatureWork, layers: Sequence[Layer], cache: Cache
) -> pd.DataFrame:
    """Return one row per stimulus and unit of each layer (``results.OPTIONAL_TABLES``)."""
    parts = []
    for shown, features, tasks in zip(series, work.found, work.tasks, strict=True):
        for layer in layers:
            values = read_units(unit_tasks(tasks, layer), cache)[list(features.order)]
            count = values.shape[1]
            frame = pd.DataFrame(
                {
                    "probe": shown.probe,
                    "layer": layer.name,
                    "unit": np.tile(np.arange(count, dtype=np.int32), len(values)),
                    **_factors(shown, count),
                    "activation": values.ravel(),
                    "response": (values - values[shown.baseline]).ravel(),
                }
            )
            parts.append(frame[list(UNIT_COLUMNS)])
    return pd.concat(parts, ignore_index=True)


def _factors(shown: Series, repeats: int) -> dict[str, NDArray[Any]]:
    """Return the columns that describe a stimulus, each stimulus so many times."""
    factors = {
        "identity": np.array([s.identity for s in shown.stimuli], object),
        "action_unit": np.array([s.action_unit for s in shown.stimuli], np.int16),
        "second_unit": np.array([s.second_unit for s in shown.stimuli], np.int16),
        "intensity": np.array([s.intensity for s in shown.stimuli], np.float64),
    }
    return {name: np.repeat(values, repeats) for name, values in factors.items()}


def make_manifest(
    request: Mapping[str, Any],
    selections: Sequence[Selection],
    backbone: BackboneCard,
    extractor: FeatureExtractor,
    precision: str,
    workers: int,
    seconds: Mapping[str, float],
    probes: Sequence[Mapping[str, Any]] = (),
    probe_citations: Sequence[Citation] = (),
    mixtures: Sequence[Mapping[str, Any]] = (),
    groups: Sequence[Sequence[str]] = (),
    accepted: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the manifest: everything about a run that is not a number to analyse.

    Args:
        request: what was asked for.
        selections: the databases.
        backbone: its card.
        extractor: the loaded backbone.
        precision: in which features were computed.
        workers: processes.
        seconds: spent in each stage.
        probes: described.
        probe_citations: what to cite for them.
        mixtures: :func:`describe_mixtures`.
        groups: names of databases that show the same posers; groups of one do not count.
        accepted: card -> hash of its terms, of those that the user had to accept.
    """
    databases = []
    for selection in selections:
        database = selection.database
        databases.append(
            {
                "name": database.name,
                "card": database.card.model_dump(mode="json"),
                "expressions": list(selection.expressions),
                "posers": len({database.table[i].poser for i in selection.chosen}),
                "photographs_used": len(selection.chosen),
                "unmatched": [database.table.relative(p) for p in database.table.unmatched],
                "left_out": dict(database.table.left_out),
                "warnings": list(database.table.warnings),
                "accepted_terms": (accepted or {}).get(database.card.name),
            }
        )
    citations = [PAPER, *backbone.citations]
    for selection in selections:
        citations += selection.database.card.citations
    citations += probe_citations
    citations += [DAILEY] * bool(mixtures)
    return {
        "ccbench": ccbench.__version__,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "request": dict(request),
        "databases": databases,
        "mixtures": [dict(mixture) for mixture in mixtures],
        "same_posers": [list(group) for group in groups if len(group) > 1],
        "probes": [dict(probe) for probe in probes],
        "backbone": {
            "card": backbone.model_dump(mode="json"),
            "weights_digest": extractor.weights_digest,
            "input_size": extractor.input_size,
            "feature_shape": list(extractor.feature_shape),
            "features": extractor.features,
            "positions": extractor.positions,
            "precision": precision,
        },
        "versions": _versions(),
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            # What made the choice of precision and engine.
            "fast_instructions": sorted(bfloat16_instructions()),
            "workers": workers,
        },
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "citations": list(dict.fromkeys(str(citation) for citation in citations)),
    }


def describe_mixtures(
    mixtures: Sequence[Mixture], sets: Sequence[Sequence[TrainingSet]]
) -> list[dict[str, Any]]:
    """Return the mixtures for the manifest.

    Returns:
        Each with name, shares (database -> share of the training posers), leaves_out,
        expressions, and posers and validation_posers (in all, of a run).
    """
    by_name = {chosen.name: chosen for chosen in sets[0]}
    described = []
    for mixture in mixtures:
        chosen = by_name[mixture.name]
        described.append(
            {
                "name": mixture.name,
                "shares": {name: float(share) for name, share in mixture.shares},
                "leaves_out": list(mixture.leaves_out),
                "expressions": list(chosen.expressions),
                "posers": sum(len(source.train) for source in chosen.sources),
                "validation_posers": sum(len(source.validation) for source in chosen.sources),
            }
        )
    return described


def write_run(
    folder: Path, tables: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any]
) -> None:
    """Write the tables, and last the manifest that says the run is finished.

    Where that fails, the run that was finished there before stays.
    """
    files = {f"{name}.parquet": table_bytes(frame) for name, frame in tables.items()}
    files[MANIFEST] = json_bytes(manifest)
    # What a start that was never finished may have left.
    gone = [f"{name}.parquet" for name in OPTIONAL_TABLES.keys() - tables.keys()]
    try:
        atomic.write_together(folder, files, MANIFEST, gone)
    except OSError as error:
        raise cannot_write(folder, error) from None


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in (
        "torch",
        "torchvision",
        "timm",
        "opencv-python",
        "pillow",
        "numpy",
        "scipy",
        "pandas",
        "pyarrow",
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
