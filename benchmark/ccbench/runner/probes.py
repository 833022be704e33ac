"""From what the user wrote after ``-p`` to stimuli in the cache, and the work in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ccbench.cache import Cache, content_key
from ccbench.datasets import ProbeSpec, labelled, parse_probe_spec
from ccbench.exceptions import ProbeError
from ccbench.features import BackboneIdentity, FeatureTask
from ccbench.interfaces import GeneratedProbe, Probe, ProbeSeries
from ccbench.plugins import Plugins, check_options, load_plugins, plugin_code
from ccbench.preprocessing import FaceRecipe
from ccbench.probing import (
    PartTask,
    Series,
    StimulusFaces,
    feature_order,
    make_stimulus_faces,
    stimulus_faces,
    stimulus_features,
    store_stimuli,
)
from ccbench.runner.observer import Observer
from ccbench.runner.work import FeatureJob, ProbeFeatures, Report
from ccbench_registry import ProbeCard

_probes: dict[str, GeneratedProbe] = {}


@dataclass(frozen=True)
class OpenProbe:
    """A probe of a run.

    Attributes:
        name: how it is called in the tables, options included.
        card: what it is.
        options: the user's.
        parts: of a generated probe, what makes its images; else empty.
        keys: cache keys of its images, in order.
    """

    name: str
    card: ProbeCard
    options: Mapping[str, str]
    parts: tuple[PartTask, ...]
    keys: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Changes whenever the images do, or what makes them."""
        return content_key("probe", keys=self.keys)

    def missing(self, cache: Cache) -> list[PartTask]:
        """Return the parts that have to be made."""
        return [task for task in self.parts if not cache.find("probes", task.key)]

    def as_dict(self, series: Series) -> dict[str, Any]:
        """Return what a manifest says about it."""
        return {
            "name": self.name,
            "card": self.card.model_dump(mode="json"),
            "options": dict(self.options),
            "digest": self.digest,
            "identities": len(series.identities),
            "stimuli": len(series.stimuli),
        }


@dataclass(frozen=True)
class PartJob:
    """A part of a probe to make, and the cache it goes to."""

    cache: Path
    task: PartTask


@dataclass(frozen=True)
class StimulusFaceJob:
    """Stimuli to standardise, and the cache they go to."""

    cache: Path
    faces: StimulusFaces


@dataclass
class FeatureWork:
    """What lies between the images of the probes and their features.

    Attributes:
        faces: crops that are not in the cache, with the name of their probe.
        features: features that are not, likewise; to be computed after the crops.
        found: where the features of each probe will be.
        tasks: of each probe, what computes its features.
    """

    faces: dict[StimulusFaceJob, str] = field(default_factory=dict)
    features: dict[FeatureJob, str] = field(default_factory=dict)
    found: list[ProbeFeatures] = field(default_factory=list)
    tasks: list[list[FeatureTask]] = field(default_factory=list)


def plan_features(
    series: Sequence[Series],
    recipe: FaceRecipe,
    backbone: BackboneIdentity,
    cache: Cache,
    device: str,
) -> FeatureWork:
    """List the crops and features that are missing.

    Raises:
        ProbeError: a null image without a face.
    """
    work = FeatureWork()
    for shown in series:
        faces = stimulus_faces(shown, recipe)
        for part in faces:
            if not cache.find("faces", part.task.key):
                work.faces[StimulusFaceJob(cache.root, part)] = shown.probe
        tasks = stimulus_features(faces, backbone)
        for task in tasks:
            if not cache.find("features", task.key):
                work.features[FeatureJob(cache.root, task, device)] = shown.probe
        order = tuple(int(position) for position in feature_order(shown))
        work.found.append(ProbeFeatures(tuple(task.key for task in tasks), order))
        work.tasks.append(tasks)
    return work


def open_probes(
    specs: Sequence[str | ProbeSpec], plugins: Plugins, cache: Cache, observer: Observer
) -> list[OpenProbe]:
    """Open the probes of a run.  Images in a folder are read; others are not made yet.

    Raises:
        UnknownNameError: no such probe; the nearest name is given.
        ProbeError: an unknown option, two probes of one name, or images that cannot be used.
    """
    parsed = [parse_probe_spec(spec) if isinstance(spec, str) else spec for spec in specs]
    found = []
    for spec in parsed:
        probe = plugins.probe(spec.name)
        check_options(probe, spec)
        found.append((labelled(probe.card.name, spec.options), spec, probe))
    for name, count in Counter(name for name, *_ in found).items():
        if count > 1:
            raise ProbeError(f"the probe '{name}' is given {count} times; give it once")
    return [_open(name, spec, probe, cache, observer) for name, spec, probe in found]


def _open(name: str, spec: ProbeSpec, probe: Probe, cache: Cache, observer: Observer) -> OpenProbe:
    options = dict(sorted(spec.options.items()))
    if spec.root is None and isinstance(probe, GeneratedProbe):
        with plugin_code("probe", spec.name, "recipe() or parts()"):
            recipe, parts = probe.recipe(options), tuple(probe.parts(options))
        if len(set(parts)) < len(parts) or not parts:
            raise ProbeError(f"the probe '{name}' names no part of its images, or one twice")
        # Jobs that run in this process use it as it is.
        _probes[spec.name] = probe
        given = tuple(options.items())
        tasks = tuple(PartTask(spec.name, given, recipe, part) for part in parts)
        return OpenProbe(name, probe.card, options, tasks, tuple(task.key for task in tasks))
    observer.stage("reading probe", 1)
    series = read_stimuli(name, probe, spec)
    key = store_stimuli(name, series.stimuli, cache)
    observer.advance(1, name)
    return OpenProbe(name, series.card or probe.card, options, (), (key,))


def read_stimuli(name: str, probe: Probe, spec: ProbeSpec) -> ProbeSeries:
    """Have a probe read the images of its folder.

    Raises:
        ProbeError: no such folder, or no series in the sense of ``interfaces.ProbeSeries``.
    """
    if spec.root is not None and not spec.root.exists():
        raise ProbeError(f"the probe '{name}': no such folder: {spec.root}")
    try:
        with plugin_code("probe", spec.name, "stimuli()", passing=ValueError):
            return probe.stimuli(spec.root, spec.options)
    except ValueError as error:
        raise ProbeError(f"the probe '{name}' gives no usable series: {error}") from None


def do_part(job: PartJob, report: Report) -> None:
    """Make the images of a part; the probe is opened once per process.

    Raises:
        ProbeError: the probe changed after the run began.
    """
    task = job.task
    if task.probe not in _probes:
        probe = load_plugins(quiet=True).probe(task.probe)
        if not isinstance(probe, GeneratedProbe):
            raise ProbeError(f"the probe '{task.probe}' changed during the run; start it again")
        _probes[task.probe] = probe
    options = dict(task.options)
    with plugin_code("probe", task.probe, "recipe()"):
        recipe = _probes[task.probe].recipe(options)
    if recipe != task.recipe:
        raise ProbeError(f"the probe '{task.probe}' changed during the run; start it again")
    with plugin_code("probe", task.probe, "generate()"):
        # Here and not later, should it be a generator.
        stimuli = tuple(_probes[task.probe].generate(task.part, options))
    store_stimuli(task.probe, stimuli, Cache(job.cache), task.key)
    report(1.0)


def do_stimulus_faces(job: StimulusFaceJob, report: Report) -> None:
    """Standardise the stimuli of a job."""
    make_stimulus_faces(job.faces, Cache(job.cache))
    report(1.0)
