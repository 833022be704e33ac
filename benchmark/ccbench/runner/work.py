"""The units of work of a run, and what a worker process does with each."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ccbench.cache import Cache
from ccbench.evaluation import ScoreTask, score
from ccbench.exceptions import BackboneError, DivergedError
from ccbench.faces import SHARD, FaceTask, make_faces
from ccbench.features import BackboneIdentity, FeatureTask, close_files, make_features
from ccbench.grams import GramTask, make_gram
from ccbench.heads import load_head
from ccbench.interfaces import FeatureExtractor
from ccbench.plugins import load_plugins, plugin_code
from ccbench.protocol import Protocol
from ccbench.runner.mixtures import TrainingSet
from ccbench.runner.selection import Selection
from ccbench.training import Engine, TrainingTask, train_heads

Report = Callable[[float], None]
Rows = tuple[tuple[int, int], ...]
"""(position among the photographs, expression index) of each."""
_extractors: dict[tuple[str, str], FeatureExtractor] = {}


@dataclass(frozen=True)
class FaceJob:
    """Faces to standardise, and the cache they go to."""

    cache: Path
    task: FaceTask


@dataclass(frozen=True)
class FeatureJob:
    """Features to compute, and the cache they go to."""

    cache: Path
    task: FeatureTask
    device: str


@dataclass(frozen=True)
class Cell:
    """One head to train, and every test database and probe to score it on."""

    training: TrainingTask
    scores: tuple[ScoreTask, ...]
    probes: tuple[ScoreTask, ...] = ()

    def missing(self, cache: Cache) -> bool:
        """Whether anything of it has to be computed."""
        return not cache.find("heads", self.training.key) or any(
            not cache.find("scores", task.key) for task in (*self.scores, *self.probes)
        )


@dataclass(frozen=True)
class ProbeFeatures:
    """Where the features of a probe's stimuli are.

    Attributes:
        keys: of the feature tasks.
        order: of each stimulus, its position in them.
    """

    keys: tuple[str, ...]
    order: tuple[int, ...]


@dataclass(frozen=True)
class GramJob:
    """Inner products that heads share, and the cache they go to."""

    cache: Path
    task: GramTask


@dataclass(frozen=True)
class FitJob:
    """A logistic head to fit, and the cache it goes to."""

    cache: Path
    task: TrainingTask


@dataclass(frozen=True)
class CellJob:
    """Cells whose heads are trained at once, and the cache they go to."""

    cache: Path
    cells: tuple[Cell, ...]


def do_faces(job: FaceJob, report: Report) -> None:
    """Standardise the faces of a job."""
    make_faces(job.task, Cache(job.cache))
    report(1.0)


def do_features(job: FeatureJob, report: Report) -> None:
    """Compute the features of a job."""
    extractor = loaded_extractor(job.task.backbone, job.device)
    with plugin_code("backbone", job.task.backbone.name, "its network"):
        make_features(job.task, Cache(job.cache), extractor, job.device)
    report(1.0)


def loaded_extractor(backbone: BackboneIdentity, device: str) -> FeatureExtractor:
    """Return the extractor of a backbone, loaded once per process.

    Raises:
        BackboneError: its weights changed after the run began.
    """
    key = (backbone.name, device)
    known = _extractors.get(key)
    if known is None or known.weights_digest != backbone.weights:
        chosen = load_plugins(quiet=True).backbone(backbone.name)
        with plugin_code("backbone", backbone.name, "load()"):
            extractor = chosen.load(device)
        if extractor.weights_digest != backbone.weights:
            raise BackboneError(
                f"the weights of '{backbone.name}' changed during the run; start the run again"
            )
        keep_extractor(backbone.name, device, extractor)
    return _extractors[key]


def keep_extractor(name: str, device: str, extractor: FeatureExtractor) -> None:
    """Let jobs that run in this process use an extractor that is loaded already; forget others."""
    _extractors.clear()
    _extractors[(name, device)] = extractor


def do_gram(job: GramJob, report: Report) -> None:
    """Compute the inner products of a job."""
    make_gram(job.task, Cache(job.cache))
    # What a process maps is counted as its memory when heads are shared out.
    close_files()
    report(1.0)


def do_fit(job: FitJob, report: Report) -> None:
    """Fit the logistic head of a job."""
    train_heads([job.task], Cache(job.cache), report)


def do_cells(job: CellJob, report: Report) -> None:
    """Train the heads of some cells, then score them on every test database and probe.

    Raises:
        DivergedError: the training of a head diverged; the others are stored and scored.
    """
    cache = Cache(job.cache)
    diverged: DivergedError | None = None
    try:
        train_heads([cell.training for cell in job.cells], cache, lambda part: report(0.95 * part))
    except DivergedError as error:
        diverged = error
    for cell in job.cells:
        if diverged is None or cache.find("heads", cell.training.key):
            _score(cell, cache)
    if diverged is not None:
        raise diverged
    report(1.0)


def _score(cell: Cell, cache: Cache) -> None:
    wanted = (*cell.scores, *cell.probes)
    missing = [task for task in wanted if not cache.find("scores", task.key)]
    if missing:
        # Always the head as stored, so that a resumed run scores the same bytes.
        head = load_head(cache.path("heads", cell.training.key))
        head = head.to(cell.training.device)
        for task in missing:
            score(task, head, cache)


def stack_cells(cells: Sequence[Cell], size: int) -> list[tuple[Cell, ...]]:
    """Put cells together whose heads can be trained in step.

    Args:
        cells: any.
        size: how many heads at most; as few stacks as that allows, of about equal size.
    """
    alike: dict[tuple[int, int], list[Cell]] = {}
    for cell in cells:
        task = cell.training
        alike.setdefault((len(task.train), len(task.expressions)), []).append(cell)
    stacks = []
    for group in alike.values():
        # Equal stacks depend less on the memory that happens to be free.
        count = -(-len(group) // size)
        edges = [round(len(group) * part / count) for part in range(count + 1)]
        stacks += [tuple(group[begin:end]) for begin, end in itertools.pairwise(edges)]
    return stacks


def cells_label(cells: Sequence[Cell]) -> str:
    """Name cells for the progress display: "kdef, run 3", "kdef and krc, 40 heads"."""
    names = list(dict.fromkeys(cell.training.database for cell in cells))
    if len(cells) == 1:
        return f"{names[0]}, run {cells[0].training.run + 1}"
    return f"{' and '.join(names)}, {len(cells)} heads"


def feature_tasks(
    selection: Selection,
    face_tasks: Sequence[FaceTask],
    protocol: Protocol,
    backbone: BackboneIdentity,
) -> list[FeatureTask]:
    """Cut the chosen photographs of a database into feature tasks."""
    views = protocol.computed_views
    where = [
        (task, row)
        for task, entry in enumerate(face_tasks)
        for row in range(len(entry.photographs))
    ]
    tasks = []
    for start in range(0, len(selection.chosen), SHARD):
        part = [where[index] for index in selection.chosen[start : start + SHARD]]
        used = sorted({task for task, _ in part})
        rows = tuple((used.index(task), row) for task, row in part)
        tasks.append(FeatureTask(tuple(face_tasks[t] for t in used), rows, views, backbone))
    return tasks


def make_cells(
    sets: Sequence[Sequence[TrainingSet]],
    selections: Sequence[Selection],
    features: Sequence[tuple[str, ...]],
    protocol: Protocol,
    seed: int,
    device: str,
    engine: Engine | None,
    probes: Sequence[ProbeFeatures] = (),
) -> list[Cell]:
    """List the cells of a run: runs slowest, training databases and mixtures fastest.

    Args:
        sets: what heads are trained on, per run.
        selections: the databases.
        features: keys of each database's feature tasks.
        protocol: of the run.
        seed: base seed.
        device: where heads are trained.
        engine: how perceptrons are trained.
        probes: the features of each probe's stimuli.
    """
    views = protocol.computed_views
    training_views = tuple(views.index(view) for view in protocol.training_views)
    test_views = tuple(views.index(view) for view in protocol.test_views)
    cells = []
    # Of each run the same for all its heads.
    tested: dict[int, list[tuple[int, ...]]] = {}
    for chosen in (chosen for run in sets for chosen in run):
        if chosen.run not in tested:
            tested[chosen.run] = [tested_photographs(each, chosen.run) for each in selections]
        train, validation = training_rows(chosen)
        training = TrainingTask(
            database=chosen.name,
            run=chosen.run,
            seed=seed,
            expressions=chosen.expressions,
            features=tuple(key for source in chosen.sources for key in features[source.place]),
            train=train,
            validation=validation,
            views=training_views,
            head=protocol.head,
            schedule=protocol.training,
            device=device,
            engine=engine,
        )
        scores = tuple(
            ScoreTask(
                training.key,
                other_keys,
                photographs,
                test_views,
                device,
            )
            for other_keys, photographs in zip(features, tested[chosen.run], strict=True)
        )
        responses = tuple(
            ScoreTask(training.key, probe.keys, probe.order, (0,), device) for probe in probes
        )
        cells.append(Cell(training, scores, responses))
    return cells


def training_rows(chosen: TrainingSet) -> tuple[Rows, Rows]:
    """Return the photographs to train on and those to watch the training with.

    Positions are among the chosen photographs of all its databases, one after the other.
    """
    parts: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    start = 0
    for source in chosen.sources:
        for rows, posers in zip(parts, (source.train, source.validation), strict=True):
            found = labelled_rows(source.selection, posers, chosen.expressions)
            rows += [(start + position, label) for position, label in found]
        start += len(source.selection.chosen)
    return tuple(parts[0]), tuple(parts[1])


def labelled_rows(
    selection: Selection, posers: Sequence[str], expressions: Sequence[str]
) -> list[tuple[int, int]]:
    """Return (position among the chosen, expression index) of these posers' photographs."""
    wanted = set(posers)
    table = selection.database.table
    return [
        (position, expressions.index(table[index].expression))
        for position, index in enumerate(selection.chosen)
        if table[index].poser in wanted
    ]


def tested_photographs(selection: Selection, run: int) -> tuple[int, ...]:
    """Return the positions, among the chosen, of a run's test photographs."""
    rows = labelled_rows(selection, selection.splits[run].test, selection.expressions)
    return tuple(position for position, _ in rows)
