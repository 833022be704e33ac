"""Every train-database x test-database pair, from photographs to tables."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ccbench.cache import Cache
from ccbench.datasets import DatasetSpec, ProbeSpec
from ccbench.exceptions import CcbenchError
from ccbench.executors import kept_workers
from ccbench.faces import read_records
from ccbench.features import close_files
from ccbench.plugins import Plugins, call_each, load_plugins
from ccbench.protocol import MOST_RUNS, Protocol, load_protocol
from ccbench.results import Run, open_run
from ccbench.runner import tables
from ccbench.runner.examples import examples_table
from ccbench.runner.mixtures import training_sets
from ccbench.runner.observer import Observer, Silent
from ccbench.runner.persons import kin, select_all
from ccbench.runner.preparation import Preparation, limit_workers, prepare
from ccbench.runner.selection import Selection, refuse_shared_photographs
from ccbench.runner.stages import Compute
from ccbench.runner.units import ZHOU_SHI
from ccbench.runner.work import keep_extractor


@dataclass
class Clock:
    """Seconds spent in each stage."""

    seconds: dict[str, float] = field(default_factory=dict)
    _start: float = field(default_factory=time.monotonic)

    def lap(self, stage: str) -> None:
        """End a stage."""
        now = time.monotonic()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._start
        self._start = now


@kept_workers()
def run_matrix(
    databases: Sequence[str | DatasetSpec],
    *,
    backbone: str = "alexnet",
    protocol: str | Protocol = "quick",
    runs: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    device: str = "auto",
    workers: int = 1,
    cache: Path | None = None,
    observer: Observer | None = None,
    plugins: Plugins | None = None,
    probes: Sequence[str | ProbeSpec] = (),
    probe_layers: Sequence[str] = (),
    engine: str = "auto",
    train: Sequence[str] = (),
    leave_one_out: bool = False,
) -> Run:
    """Train on every database, test on every database, and probe every head.

    What an earlier run has computed is taken from the cache; an interrupted run goes on
    where it was.  Equal arguments give equal tables, whatever the number of workers.

    Args:
        databases: as after ``ccbench matrix -d``: ``"kdef=/photos/KDEF"``, ``"list.csv"``.
        backbone: e.g. "alexnet", "timm:resnet18".
        protocol: preset, path of a ``.toml`` file, or a loaded protocol.
        runs: overrides the protocol's number of runs.
        seed: base of every random choice.
        out: run directory; by default one below ``runs/`` named after the request.
        device: "auto", "cpu", "cuda", ...
        workers: processes; 1 computes in this one.  With more, a script needs the usual
            ``if __name__ == "__main__":`` around the call.
        cache: cache folder; ``$CCBENCH_CACHE`` or the user's by default.
        observer: told what is running.
        plugins: loaded plugins; the installed ones by default.
        probes: as after ``ccbench matrix -p``: series of action units whose responses are
            measured, e.g. ``"rendered-au[identities=4]"``.
        probe_layers: layers of the backbone, e.g. "conv5", whose responses to the probes are
            measured too (``Run.units``).
        engine: how perceptrons are trained: "auto", "bfloat16", "float32" or "reference"
            (see :mod:`ccbench.training`); with the last two, features are computed in
            float32 too.
        train: mixtures of databases to train on too, as after ``ccbench matrix --train``:
            ``"kdef+krc"``, ``"kdef:0.75+krc:0.25"``.
        leave_one_out: whether to train on the mixture of all others of every database too.

    Returns:
        The finished run.

    Raises:
        CcbenchError: bad input, in one sentence; nothing finished is lost.
    """
    observer = observer or Silent()
    plugins = plugins or load_plugins()
    store = Cache(cache)
    store.remove_abandoned()
    spec = load_protocol(protocol) if isinstance(protocol, str) else protocol
    if runs is not None:
        if not 1 <= runs <= MOST_RUNS:
            raise CcbenchError(f"--runs {runs}: give at least 1 and at most {MOST_RUNS}")
        spec = spec.model_copy(update={"runs": runs})
    clock = Clock()
    workers = limit_workers(workers, observer)
    plan = prepare(
        databases,
        backbone=backbone,
        protocol=spec,
        seed=seed,
        device=device,
        workers=workers,
        plugins=plugins,
        cache=store,
        observer=observer,
        probes=probes,
        probe_layers=probe_layers,
        engine=engine,
        train=train,
        leave_one_out=leave_one_out,
    )
    folder = Path(out) if out is not None else plan.request.default_directory()
    plan.request.claim(folder)
    clock.lap("photographs")
    keep_extractor(backbone, plan.request.device, plan.extractor)
    compute = Compute(store, observer, plan.request.device, workers)

    compute.faces(plan)
    clock.lap("faces")
    selections = choose_photographs(plan, store)
    sets = training_sets(selections, plan.mixtures, spec.runs, seed)
    series = compute.probe_images(plan)
    stimuli = compute.probe_features(plan, series)
    compute.units(plan, stimuli)
    if plan.probes:
        clock.lap("probes")
    features = compute.features(plan, selections)
    clock.lap("features")
    cells = compute.cells(plan, sets, selections, features, stimuli.found)
    close_files()
    clock.lap("heads")

    observer.stage("writing tables", 1)
    manifest = tables.make_manifest(
        plan.request.as_dict(),
        selections,
        plan.backbone.card,
        plan.extractor,
        plan.identity.precision,
        workers,
        clock.seconds,
        [probe.as_dict(shown) for probe, shown in zip(plan.probes, series, strict=True)],
        [
            *(citation for probe in plan.probes for citation in probe.card.citations),
            *([ZHOU_SHI] if plan.layers else []),
        ],
        tables.describe_mixtures(plan.mixtures, sets),
        [[plan.databases[i].name for i in group] for group in kin(plan.databases)],
        plan.accepted,
    )
    frames = {
        "predictions": tables.predictions_table(selections, cells, store),
        "curves": tables.curves_table(cells, store),
        "runs": tables.runs_table(sets, cells),
        "splits": tables.splits_table(selections, sets),
        "photographs": tables.photographs_table(selections),
    }
    examples = examples_table(selections, plan.faces, store)
    if len(examples):
        frames["examples"] = examples
    if series:
        frames["responses"] = tables.responses_table(series, cells, store)
    if plan.layers:
        frames["units"] = tables.units_table(series, stimuli, plan.layers, store)
    tables.write_run(folder, frames, manifest)
    for sentence in dict.fromkeys(store.damaged):
        observer.note(sentence)
    call_each(plugins, "ccbench_run_finished", run=folder)
    return open_run(folder)


def choose_photographs(plan: Preparation, cache: Cache) -> list[Selection]:
    """Choose photographs and splits of every database, once its faces are done."""
    records = [
        [record for task in tasks for record in read_records(task, cache)] for tasks in plan.faces
    ]
    selections = select_all(plan.databases, records, plan.protocol, plan.request.seed)
    refuse_shared_photographs(selections)
    return selections
