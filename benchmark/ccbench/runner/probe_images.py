"""The images of a probe outside a run: ``ccbench probes check`` and ``render``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ccbench import atomic
from ccbench.cache import Cache
from ccbench.exceptions import ProbeError
from ccbench.executors import map_tasks
from ccbench.plugins import Plugins
from ccbench.preprocessing import find_face, grey_from_bgr
from ccbench.probing import (
    Series,
    StoredStimulus,
    describe,
    not_growing,
    null_distance,
    read_series,
)
from ccbench.runner.observer import Observer, TaskProgress
from ccbench.runner.probes import OpenProbe, PartJob, do_part, open_probes
from ccbench_registry import ACTION_UNITS

MANIFEST_COLUMNS = ("identity", "texture", "au", "level", "path")
_THUMB, _LABEL, _LINE = 96, 270, 26
_NAMES = {unit.number: unit.name for unit in ACTION_UNITS}
Unit = tuple[int, int]
"""An action unit and the second one shown with it, or 0."""


@dataclass(frozen=True)
class UnitCheck:
    """What was found about one action unit, or pair of them.

    Attributes:
        unit: the action unit and the second one.
        levels: intensities above 0, ascending, of any identity.
        distances: per level the mean absolute difference from the null image, grey levels,
            over all pixels and identities.
        grows: whether it grows with every level, in each identity.
    """

    unit: Unit
    levels: tuple[float, ...]
    distances: tuple[float, ...]
    grows: bool


@dataclass(frozen=True)
class ProbeCheck:
    """Findings about a probe.

    Attributes:
        probe: its card and options.
        series: its images.
        units: per action unit, in the order of their numbers.
        looser: images whose face was found with looser settings only.
        problems: what does not hold, a sentence each.
    """

    probe: OpenProbe
    series: Series
    units: tuple[UnitCheck, ...]
    looser: int
    problems: tuple[str, ...]


def make_series(
    spec: str, plugins: Plugins, cache: Cache, observer: Observer, workers: int
) -> tuple[OpenProbe, Series]:
    """Open a probe, make the images that are not in the cache, and put them together.

    Raises:
        CcbenchError: no such probe, or images that are no series.
    """
    (probe,) = open_probes([spec], plugins, cache, observer)
    jobs = [PartJob(cache.root, task) for task in probe.missing(cache)]
    if jobs:
        observer.stage("making probe images", len(jobs))
        progress = TaskProgress(observer, [job.task.part for job in jobs])
        map_tasks(do_part, jobs, workers=workers, progress=progress)
    return probe, read_series(probe.name, probe.keys, cache)


def unit_name(unit: Unit) -> str:
    """Return e.g. "AU1+4".

    >>> unit_name((12, 0)), unit_name((1, 4))
    ('AU12', 'AU1+4')
    """
    return f"AU{unit[0]}" + (f"+{unit[1]}" if unit[1] else "")


def unit_title(unit: Unit) -> str:
    """Return the FACS name, of a pair both; "" where the registry has none.

    >>> unit_title((1, 4))
    'inner brow raiser + brow lowerer'
    """
    return " + ".join(_NAMES[number] for number in unit if number in _NAMES)


def check_series(probe: OpenProbe, series: Series, observer: Observer) -> ProbeCheck:
    """Look at every image: complete series, growing change, and a face everywhere."""
    observer.stage("looking at images", len(series.stimuli))
    nulls = {who: _grey(series.stimuli[index]) for who, index in series.null.items()}
    distances: dict[tuple[str, Unit], dict[float, float]] = {}
    problems, looser, faceless = _missing(probe, series), 0, []
    for stimulus in series.stimuli:
        grey = _grey(stimulus)
        found = find_face(grey)
        if found is None:
            faceless.append(describe(stimulus))
        looser += found is not None and found[1] > 0
        if stimulus.action_unit and stimulus.intensity:
            change = null_distance(grey, nulls[stimulus.identity])
            key = (stimulus.identity, (stimulus.action_unit, stimulus.second_unit))
            distances.setdefault(key, {})[stimulus.intensity] = change
        observer.advance(1, stimulus.identity)
    if faceless:
        images = f"{len(faceless)} image{'s' * (len(faceless) != 1)}"
        problems.append(f"no frontal face found in {images}: {_some(faceless)}")
    for (identity, unit), curve in distances.items():
        falls = not_growing(curve)
        if falls:
            problems.append(
                f"{unit_name(unit)} of '{identity}' differs no more from the null image at "
                f"{_some([f'{level:g}' for level in falls])} than at the level before"
            )
    units = tuple(
        _unit_check(unit, [curve for (_, of), curve in distances.items() if of == unit])
        for unit in sorted({unit for _, unit in distances})
    )
    return ProbeCheck(probe, series, units, looser, tuple(problems))


def _unit_check(unit: Unit, curves: Sequence[dict[float, float]]) -> UnitCheck:
    levels = sorted({level for curve in curves for level in curve})
    means = [float(np.mean([c[level] for c in curves if level in c])) for level in levels]
    grows = not any(map(not_growing, curves))
    return UnitCheck(unit, tuple(levels), tuple(means), grows)


def _missing(probe: OpenProbe, series: Series) -> list[str]:
    wanted = {round(level, 6) for level in probe.card.intensities if level > 0}
    shown: dict[tuple[str, int], set[float]] = {}
    for stimulus in series.stimuli:
        if not stimulus.second_unit:
            levels = shown.setdefault((stimulus.identity, stimulus.action_unit), set())
            levels.add(round(stimulus.intensity, 6))
    found = []
    for identity in series.identities:
        for unit in probe.card.action_units:
            lacks = wanted - shown.get((identity, unit), set())
            if lacks == wanted:
                found.append(f"AU{unit} of '{identity}' is missing")
            elif lacks:
                at = _some([f"{level:g}" for level in sorted(lacks)])
                found.append(f"AU{unit} of '{identity}' is missing at intensity {at}")
    return found


def _some(parts: list[str], most: int = 5) -> str:
    return ", ".join(parts[:most]) + (f" and {len(parts) - most} more" * (len(parts) > most))


def _grey(stimulus: StoredStimulus) -> NDArray[np.uint8]:
    return grey_from_bgr(stimulus.pixels())


def write_series(series: Series, out: Path, observer: Observer) -> None:
    """Write the images as PNG files with ``manifest.csv`` and ``contact_sheet.png``.

    The folder appears whole or not at all.

    Raises:
        ProbeError: the folder is not empty or cannot be written, or an identity has a name
            that no folder can have.
    """
    atomic.refuse_taken(out, ProbeError)
    for identity in series.identities:
        if not re.fullmatch(r"[^\W_][\w .+-]*", identity) or identity != identity.rstrip(" ."):
            raise ProbeError(
                f"the identity '{identity}' cannot name a folder; letters, digits, blank, "
                f"'_', '-', '+' and '.' can"
            )
    rows = []
    observer.stage("writing images", len(series.stimuli) + 1)
    try:
        if out.is_dir():
            out.rmdir()
        with atomic.new_directory(out) as scratch:
            for stimulus in series.stimuli:
                unit = (stimulus.action_unit, stimulus.second_unit)
                level = str(round(stimulus.intensity, 6))
                name = f"{unit_name(unit)}_{level}.png" if unit[0] else "null.png"
                path = scratch / stimulus.identity / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(stimulus.path.read_bytes())
                shown = unit_name(unit).removeprefix("AU")
                where = f"{stimulus.identity}/{name}"
                rows.append((stimulus.identity, stimulus.texture, shown, level, where))
                observer.advance(1, stimulus.identity)
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerows([MANIFEST_COLUMNS, *rows])
            (scratch / "manifest.csv").write_text(text.getvalue(), encoding="utf-8")
            contact_sheet(series).save(scratch / "contact_sheet.png")
            observer.advance(1)
    except OSError as error:
        raise ProbeError(f"cannot write {out}: {error.strerror or error}") from None


def contact_sheet(series: Series) -> Image.Image:
    """Return all images of a series, small: rows action units, columns intensities."""
    levels = sorted({stimulus.intensity for stimulus in series.stimuli})
    rows: list[tuple[str, Unit]] = list(
        dict.fromkeys((s.identity, (s.action_unit, s.second_unit)) for s in series.stimuli)
    )
    rows = [(who, unit) for who in series.identities for of, unit in rows if of == who and unit[0]]
    places = {(s.identity, (s.action_unit, s.second_unit), s.intensity): s for s in series.stimuli}
    width = _LABEL + _THUMB * len(levels)
    headings = len(series.identities)
    sheet = Image.new("RGB", (width, _THUMB * len(rows) + _LINE * 2 * headings), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    top, current = 0, None
    for identity, unit in rows:
        if identity != current:
            current = identity
            draw.text((8, top + 4), identity, "black", font)
            for column, level in enumerate(levels):
                draw.text((_LABEL + _THUMB * column + 34, top + _LINE), f"{level:g}", "black", font)
            top += 2 * _LINE
        draw.text((8, top + 26), unit_name(unit), "black", font)
        draw.multiline_text((8, top + 46), unit_title(unit).replace(" + ", "\n+ "), "black", font)
        for column, level in enumerate(levels):
            stimulus = places.get((identity, unit, level))
            if stimulus is None and level == 0:
                stimulus = series.stimuli[series.null[identity]]
            if stimulus is not None:
                sheet.paste(_thumb(stimulus), (_LABEL + _THUMB * column, top))
        top += _THUMB
    return sheet


def _thumb(stimulus: StoredStimulus) -> Image.Image:
    pixels = stimulus.pixels()
    rgb = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, ::-1])
    thumb = Image.fromarray(rgb).convert("RGB")
    thumb.thumbnail((_THUMB - 2, _THUMB - 2), Image.Resampling.LANCZOS)
    return thumb
