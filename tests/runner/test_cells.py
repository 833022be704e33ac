"""Cells: which rows heads are trained and scored on, and the tables made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.runner.test_persons import chosen
from tests.runner.test_selection import PAPER, SMALL, database, grid, protocol, records
from tests.training.tasks import task_of

from ccbench.cache import Cache
from ccbench.evaluation import ScoreTask
from ccbench.probing import Series, StoredStimulus
from ccbench.protocol import Protocol
from ccbench.runner import tables
from ccbench.runner.mixtures import training_sets
from ccbench.runner.selection import Selection, select
from ccbench.runner.work import Cell, make_cells
from ccbench_registry import EXPRESSIONS


def cells_of(selections: Sequence[Selection], spec: Protocol, runs: int = 2) -> list[Cell]:
    keys = [(f"features of {s.database.name}",) for s in selections]
    return make_cells(
        training_sets(selections, [], runs, 0), selections, keys, spec, 0, "cpu", None
    )


@pytest.mark.parametrize("more", [(), ("views.sizes=[0.9,1.0]",), ("views.test=all",)])
def test_heads_see_the_views_that_the_protocol_says(more: tuple[str, ...]) -> None:
    spec = protocol(*more)
    selections = chosen([database(grid(6), "a"), database(grid(6), "b")], *more)
    computed = spec.computed_views
    for cell in cells_of(selections, spec):
        assert [computed[view] for view in cell.training.views] == list(spec.training_views)
        for task in cell.scores:
            assert [computed[view] for view in task.views] == list(spec.test_views)


def test_predictions_of_heads_that_lack_a_unit() -> None:
    selections = chosen([database(grid(6), "a"), database(grid(6, EXPRESSIONS[1:]), "c")])
    cells, cache, rng = cells_of(selections, protocol()), Cache(), np.random.default_rng(0)
    for cell in cells:
        for task in cell.scores:
            shape = (len(task.photographs), len(cell.training.expressions))
            with cache.create("scores", task.key) as folder:
                np.save(folder / "logits.npy", rng.normal(size=shape).astype(np.float32))
    frame = tables.predictions_table(selections, cells, cache)
    logits = frame[[f"logit_{name}" for name in EXPRESSIONS]].to_numpy()
    assert frame["predicted"].tolist() == [EXPRESSIONS[i] for i in np.nanargmax(logits, axis=1)]
    lacking = frame["train_database"] == "c"
    assert np.isnan(logits[lacking, 0]).all()
    assert np.isfinite(logits[lacking, 1:]).all()
    assert np.isfinite(logits[~lacking]).all()


def test_photographs_that_are_used() -> None:
    mine = database(grid(14))
    selection = select(mine, records(mine), protocol(*SMALL, name=PAPER), 0)
    frame = tables.photographs_table([selection])
    assert frame.index[frame["used"]].tolist() == list(selection.chosen)
    assert frame["used"].sum() == 70 < len(frame)


def test_responses_carry_the_names_of_their_own_heads_units() -> None:
    stimuli = tuple(
        StoredStimulus("p1", unit, 0, unit / 12, "", (2, 2), str(unit), Path("x"))
        for unit in (0, 12)
    )
    series = Series("au", stimuli, {"p1": 0})
    cache, cells, logits = Cache(), [], np.array([[0.0, 0.0], [1.0, 2.0]], np.float32)
    units = (("happy", "sad"), ("sad", "angry"))
    for run, expressions in enumerate(units):
        training = task_of(expressions=expressions, run=run)
        task = ScoreTask(training.key, ("f",), (0, 1), (0,), "cpu")
        with cache.create("scores", task.key) as folder:
            np.save(folder / "logits.npy", logits)
        cells.append(Cell(training, (), (task,)))
    frame = tables.responses_table([series], cells, cache)
    for run, expressions in enumerate(units):
        shown = frame[(frame["run"] == run) & (frame["action_unit"] == 12)]
        found = dict(zip(shown["expression"], shown["response"], strict=True))
        assert found == dict(zip(expressions, (1.0, 2.0), strict=True))


def test_posers_of_the_table_of_runs() -> None:
    selections = chosen([database(grid(30), "a")])
    frame = tables.runs_table(training_sets(selections, [], 2, 0), cells_of(selections, protocol()))
    assert frame["train_posers"].tolist() == [20, 20]
    assert frame["validation_posers"].tolist() == [4, 4]
    assert frame["test_posers"].tolist() == [6, 6]
    assert frame["train_photographs"].tolist() == [140, 140]
