"""What was asked for, kept in the run directory so that nothing is overwritten by mistake."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ccbench import atomic
from ccbench.exceptions import RunError
from ccbench.protocol import Protocol
from ccbench.results import MANIFEST, REQUEST, read_json, write_json


@dataclass(frozen=True)
class Request:
    """What a run is to compute.

    Attributes:
        databases: labels, in order.
        backbone: name as given.
        protocol: with the user's values set.
        seed: base seed.
        device: "cpu", "cuda", "cuda:1", ...
        contents: per database, the hash of its photographs and labels.
        weights: digest of the backbone's weights.
        probes: per probe, the hash of its images or of what makes them.
        layers: layers of the backbone whose responses to the probes are measured.
        engine: name of the engine that trains perceptrons; for logistic heads "float32" where
            features had to be computed in it, else "".
        mixtures: of databases, which heads are trained on too.
    """

    databases: tuple[str, ...]
    backbone: str
    protocol: Protocol
    seed: int
    device: str
    contents: Mapping[str, str] = field(default_factory=dict)
    weights: str = ""
    probes: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    engine: str = ""
    mixtures: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "databases": list(self.databases),
            "backbone": self.backbone,
            "protocol": self.protocol.model_dump(mode="json"),
            "seed": self.seed,
            "device": self.device,
            "contents": dict(self.contents),
            "weights": self.weights,
            "probes": dict(self.probes),
            "probe_layers": list(self.layers),
            "engine": self.engine,
            "mixtures": list(self.mixtures),
        }

    def default_directory(self) -> Path:
        """Return ``runs/<databases>-<backbone>-<protocol>-<hash of what else matters>``."""
        name = "+".join(self.databases) + f"-{self.backbone}-{self.protocol.name}"
        name = re.sub(r"[^A-Za-z0-9.+_-]+", "_", name)[:100].strip("_")
        rest = {k: v for k, v in _comparable(self.as_dict()).items() if k != "databases"}
        # Runs from before there were probes, layers to measure or mixtures keep their place.
        if not self.probes:
            del rest["probes"]
        if not self.layers:
            del rest["probe_layers"]
        if not self.engine:
            del rest["engine"]
        if not self.mixtures:
            del rest["mixtures"]
        text = json.dumps([list(self.databases), rest], sort_keys=True)
        return Path("runs") / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"

    def claim(self, folder: Path) -> None:
        """Make the run directory, or take up the run that is in it.

        A directory is taken up when its run had the same protocol, backbone, seed and
        device, no other photographs, and no more runs, probes, layers and mixtures: then
        nothing of it is lost.

        Raises:
            RunError: the folder holds something else or cannot be written.
        """
        if folder.exists() and not folder.is_dir():
            raise RunError(f"{folder} is a file; give a folder with --out")
        earlier = read_json(folder / REQUEST)
        if (
            earlier is None
            and folder.is_dir()
            and not all(map(atomic.is_scratch, folder.iterdir()))
        ):
            raise RunError(f"{folder} is not empty and holds no run; choose another --out")
        finished = read_json(folder / MANIFEST)
        if finished is not None:
            # What is finished counts, not what a later start may have asked for in vain.
            difference = _difference(finished.get("request", {}), self.as_dict())
            if difference:
                raise RunError(f"{folder} holds another run ({difference}); choose another --out")
        write_json(folder / REQUEST, self.as_dict())
        atomic.remove_abandoned(folder)


def _comparable(request: Mapping[str, Any]) -> dict[str, Any]:
    protocol = {k: v for k, v in request["protocol"].items() if k not in {"runs", "summary"}}
    # Which of several graphics cards does not matter.
    return {**request, "protocol": protocol, "device": str(request["device"]).split(":")[0]}


def _difference(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    try:
        if earlier["protocol"]["runs"] > now["protocol"]["runs"]:
            return f"with {earlier['protocol']['runs']} runs, {now['protocol']['runs']} are asked"
        lost = _missing(earlier["databases"], now["databases"])
        if lost:
            return f"with the database {lost}"
        for name, digest in earlier["contents"].items():
            if digest != now["contents"][name]:
                return f"on other photographs or labels of '{name}'"
        probes = earlier.get("probes", {})
        if lost := _missing(list(probes), list(now["probes"])):
            return f"with the probe {lost}"
        for name, digest in probes.items():
            if digest != now["probes"][name]:
                return f"with other images of the probe '{name}'"
        if lost := _missing(earlier.get("probe_layers", []), now["probe_layers"]):
            return f"with the layer {lost}"
        if lost := _missing(earlier.get("mixtures", []), now["mixtures"]):
            return f"with the mixture {lost}"
        old, new = _comparable(earlier), _comparable(now)
        for key in ("backbone", "seed", "device"):
            if old[key] != new[key]:
                return f"{key} {old[key]}, not {new[key]}"
        if old["weights"] != new["weights"]:
            return "with other weights of the backbone"
        if old.get("engine", "") != new["engine"]:
            return f"trained with the engine {old.get('engine') or 'of an earlier version'}"
        if old["protocol"] != new["protocol"]:
            changed = sorted(
                key
                for key in old["protocol"].keys() | new["protocol"].keys()
                if old["protocol"].get(key) != new["protocol"].get(key)
            )
            return f"protocol with another {', '.join(changed)}"
    except (LookupError, TypeError, AttributeError):
        return "made by another version of ccbench"
    return ""


def _missing(earlier: Sequence[str], now: Sequence[str]) -> str:
    return ", ".join(name for name in earlier if name not in now)
