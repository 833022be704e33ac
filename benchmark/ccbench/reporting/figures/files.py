"""All figures of a run as files, drawn by several processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ccbench import atomic
from ccbench.analysis.remembered import Results, remembered
from ccbench.executors import map_tasks, uncollected
from ccbench.memory import processes_at_once
from ccbench.reporting.figures import saving
from ccbench.reporting.figures.captions import Words
from ccbench.reporting.figures.drawing import Sketch, sketches
from ccbench.results import Run, open_run


@dataclass(frozen=True)
class FigureJob:
    """A figure to be drawn by a worker.

    Attributes:
        run: directory of the run.
        name: of the figure.
        folder: that its files go to.
        formats: of the files.
    """

    run: Path
    name: str
    folder: Path
    formats: tuple[str, ...]


def write_figures(
    run: Run, folder: Path, workers: int, meanwhile: Callable[[], None] = lambda: None
) -> list[tuple[str, Words, list[Path]]]:
    """Draw all figures of a run into files.

    Args:
        run: a finished run.
        folder: made if it does not exist.
        workers: processes; with 1 all is drawn in this one.  The files are the same.
        meanwhile: called once in this process: while workers draw, or before all is drawn here.

    Returns:
        Of each figure the name, the words that go with it, and its files.

    Raises:
        RunError: a table is damaged, or the folder cannot be written.
    """
    found = list(sketches(run, run.examples))
    words: list[Words] = []

    def describe() -> None:
        words.extend(each.words() for each in found)
        meanwhile()

    def draw_here(sketch: Sketch, _report: Callable[[float], None]) -> None:
        saving.save(sketch.illustration(sketch.name), folder)

    workers = processes_at_once(min(workers, len(found)))
    if workers == 1:
        map_tasks(draw_here, found, workers=1, progress=_untold, meanwhile=describe)
    else:
        jobs = [FigureJob(run.path, each.name, folder, saving.FORMATS) for each in found]
        try:
            map_tasks(draw_figure, jobs, workers=workers, progress=_untold, meanwhile=describe)
        except BaseException:
            # Workers were stopped while they wrote.
            atomic.remove_abandoned(folder)
            raise
    return [
        (each.name, said, saving.saved_as(each.name, folder, saving.FORMATS))
        for each, said in zip(found, words, strict=True)
    ]


def draw_figure(job: FigureJob, report: Callable[[float], None]) -> None:
    """Draw one figure into its files.

    Raises:
        RunError: a table is damaged, or the folder cannot be written.
    """
    found, results = _sketches_of(job.run)
    with remembered(results), uncollected():
        saving.save(found[job.name].illustration(job.name), job.folder, job.formats)
    report(1.0)


@lru_cache(maxsize=1)
def _sketches_of(run: Path) -> tuple[dict[str, Sketch], Results]:
    """Open a run once in every worker, which ends with its figures."""
    opened = open_run(run)
    results: Results = {}
    with remembered(results):
        return {sketch.name: sketch for sketch in sketches(opened, opened.examples)}, results


def _untold(_index: int, _part: float) -> None:
    """Keep progress to oneself: a figure takes a second."""
