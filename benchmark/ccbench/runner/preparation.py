"""A run up to the point where the work begins: all is opened, and refused if it will not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ccbench.cache import Cache
from ccbench.datasets import DatasetSpec, ProbeSpec
from ccbench.exceptions import CcbenchError
from ccbench.faces import FaceTask, face_tasks
from ccbench.features import BackboneIdentity
from ccbench.interfaces import Backbone, FeatureExtractor, Precision
from ccbench.memory import processes_at_once
from ccbench.plugins import Plugins, plugin_code
from ccbench.protocol import PerceptronHead, Protocol
from ccbench.runner.ahead import load_for_workers
from ccbench.runner.databases import Database, database_names, open_databases
from ccbench.runner.mixtures import Mixture, all_but_one, join_mixtures, read_mixtures
from ccbench.runner.observer import Observer
from ccbench.runner.persons import refuse_shared_files
from ccbench.runner.probes import OpenProbe, open_probes
from ccbench.runner.request import Request
from ccbench.runner.terms import licensed, refuse_unaccepted
from ccbench.runner.units import Layer, open_layers
from ccbench.training import Engine, choose_engine


@dataclass
class Preparation:
    """A run up to the point where photographs are opened.

    Attributes:
        request: what was asked for.
        protocol: of the run.
        databases: with their photographs hashed.
        backbone: the plugin's object.
        extractor: the loaded network.
        identity: what of it is part of the cache keys.
        faces: the face tasks of each database.
        probes: opened; their images may still have to be made.
        layers: of the backbone, whose responses to the probes are measured.
        engine: how perceptrons are trained; ``None`` for logistic heads.
        mixtures: of databases, which heads are trained on too.
        accepted: card -> hash of its terms, of those that had to be accepted.
    """

    request: Request
    protocol: Protocol
    databases: list[Database]
    backbone: Backbone
    extractor: FeatureExtractor
    identity: BackboneIdentity
    faces: list[list[FaceTask]]
    probes: list[OpenProbe]
    layers: tuple[Layer, ...]
    engine: Engine | None = None
    mixtures: tuple[Mixture, ...] = ()
    accepted: Mapping[str, str] = field(default_factory=dict)


def choose_device(device: str, observer: Observer) -> str:
    """Resolve "auto", and refuse a device that is not there.

    Args:
        device: as after ``--device``.
        observer: told where "auto" passes over a GPU, and why.

    Raises:
        CcbenchError: no such device on this machine.
    """
    import torch

    chosen = device
    if device == "auto":
        chosen = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        # "cpu:0" is the CPU by another name.
        if torch.device(chosen).type == "cpu":
            return "cpu"
        # Not only memory: PyTorch may have no code for a card that is older than it.
        torch.zeros(1, device=chosen).add(1).item()
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        if device == "auto":
            observer.note(f"the GPU fails here ({reason}): computing on the CPU")
            return "cpu"
        raise CcbenchError(f"--device {device} cannot be used: {reason}") from None
    return chosen


def limit_workers(workers: int, observer: Observer) -> int:
    """Return how many processes memory allows, at most so many; tell where they are fewer."""
    fitting = processes_at_once(workers)
    if fitting < workers:
        observer.note(
            f"{fitting} worker{'s' * (fitting != 1)}, not {workers}: there is no memory for more"
        )
    return fitting


def prepare(
    databases: Sequence[str | DatasetSpec],
    *,
    backbone: str,
    protocol: Protocol,
    seed: int,
    device: str,
    workers: int,
    plugins: Plugins,
    cache: Cache,
    observer: Observer,
    probes: Sequence[str | ProbeSpec] = (),
    probe_layers: Sequence[str] = (),
    engine: str = "auto",
    train: Sequence[str] = (),
    leave_one_out: bool = False,
) -> Preparation:
    """Open databases, probes and backbone, and check all that can be checked before any work.

    Photographs that a database makes itself are made (``Database.made``), and weights that a
    hub has are downloaded.  The arguments are those of ``run_matrix``.

    Raises:
        CcbenchError: bad input, in one sentence.
    """
    if seed < 0:
        raise CcbenchError(f"--seed {seed} is negative; give a whole number from 0")
    if not databases:
        raise CcbenchError("no database was given; name at least one with -d")
    if probe_layers and not probes:
        raise CcbenchError(
            f"--probe-layer {probe_layers[0]} needs a probe to respond to; name one with -p"
        )
    chosen = plugins.backbone(backbone)
    accepted = refuse_unaccepted(licensed(databases, plugins))
    mixtures = read_mixtures(train, database_names(databases, plugins))
    load_for_workers(workers)
    device = choose_device(device, observer)
    # Refused by name even where it plays no part.
    trained = choose_engine(engine, device)
    used = trained if isinstance(protocol.head, PerceptronHead) else None
    # Who asks for float32 wants the features in it too.
    feature_kind: Precision | None = "float32" if engine in {"float32", "reference"} else None
    # Before the databases: a generated one may take its time to be drawn.
    with plugin_code("backbone", backbone, "load()"):
        extractor = chosen.load(device)
    layers = open_layers(probe_layers, backbone, extractor, device)
    series = open_probes(probes, plugins, cache, observer)
    opened = open_databases(databases, plugins, cache, observer, workers)
    refuse_shared_files(opened)
    mixed = join_mixtures(mixtures, all_but_one(opened) if leave_one_out else ())
    recipe = protocol.face_recipe(extractor.input_size)
    return Preparation(
        request=Request(
            tuple(database.name for database in opened),
            backbone,
            protocol,
            seed,
            device,
            {database.name: database.digest for database in opened},
            extractor.weights_digest,
            {probe.name: probe.digest for probe in series},
            tuple(layer.name for layer in layers),
            used.name if used else feature_kind or "",
            tuple(mixture.name for mixture in mixed),
        ),
        protocol=protocol,
        databases=opened,
        backbone=chosen,
        extractor=extractor,
        identity=BackboneIdentity.of(backbone, extractor, device, feature_kind),
        faces=[face_tasks(database.photographs, recipe) for database in opened],
        probes=series,
        layers=layers,
        engine=used,
        mixtures=mixed,
        accepted=accepted,
    )
