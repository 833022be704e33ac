"""Plugins that raise when they are used: one sentence says whose code it was."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from ccbench.exceptions import DatasetError, PluginError
from ccbench.plugins import plugin_code

if TYPE_CHECKING:
    from tests.conftest import Command, Install

RAISING = """\
from ccbench import hookimpl
from ccbench.interfaces import Family
from ccbench_registry import BackboneCard, DatasetCard, ProbeCard, Terms

TERMS = Terms(licence="BSD-3-Clause")

class Faces:
    card = DatasetCard(name="ill-faces", title="Ill", terms=TERMS)
    options = {}
    recipe, parts = "1", 2
    def generate(self, part, directory):
        raise KeyError("no such part")
    def samples(self, root, options):
        raise ValueError("no\\n paper")

class Net:
    card = BackboneCard(
        name="ill-net", title="", architecture="", layer="", weights="", terms=TERMS
    )
    def load(self, device):
        raise RuntimeError

class Units:
    card = ProbeCard(
        name="ill-units", title="", terms=TERMS, action_units=(4,), intensities=(0, 1)
    )
    options = {}
    def stimuli(self, root, options):
        return {}[4]

def opened(rest):
    return rest.name

@hookimpl
def ccbench_register_datasets(register):
    register(Faces())
    register(Family("ill", "Ill", "ill:one", opened))

@hookimpl
def ccbench_register_backbones(register):
    register(Net())

@hookimpl
def ccbench_register_probes(register):
    register(Units())
"""


@pytest.fixture
def ill(site: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> Path:
    # One of an earlier test has another path.
    monkeypatch.delitem(sys.modules, "ill_ccbench", raising=False)
    install(site, "ill", {"ill": "ill_ccbench"}, ill_ccbench=RAISING)
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    return site / "ill_ccbench.py"


@pytest.mark.parametrize(
    ("arguments", "kind", "name", "doing", "raised", "line"),
    [
        (
            "datasets check ill-faces=.",
            "dataset",
            "ill-faces",
            "samples()",
            "ValueError: no paper",
            14,
        ),
        ("datasets check ill:one", "dataset", "ill:one", "open()", "AttributeError: 'str'", 32),
        ("matrix -b ill-net", "backbone", "ill-net", "load()", "RuntimeError", 21),
        ("matrix -b ill-net@conv4", "backbone", "ill-net@conv4", "load()", "RuntimeError", 21),
        ("probes check ill-units=.", "probe", "ill-units", "stimuli()", "KeyError: 4", 29),
        # In other processes.
        (
            "datasets generate ill-faces out --workers 2",
            "dataset",
            "ill-faces",
            "generate()",
            "KeyError: 'no such part'",
            12,
        ),
    ],
)
def test_what_raises_in_a_plugin_is_said_with_its_name_and_line(
    ccbench: Command,
    ill: Path,
    arguments: str,
    kind: str,
    name: str,
    doing: str,
    raised: str,
    line: int,
) -> None:
    done = ccbench(*arguments.split())
    assert done.code == 2
    sentence = done.err.splitlines()[-1].removeprefix("ccbench: error: ")
    assert sentence.startswith(
        f"the {kind} '{name}' (plugin 'ill', ill 1.0) failed in {doing}: {raised}"
    )
    assert sentence.endswith(f"(site/{ill.name}:{line}); CCBENCH_DEBUG=1 shows the traceback")
    assert "Traceback" not in done.out + done.err


def test_debugging_shows_the_traceback_of_a_plugin(
    ccbench: Command, ill: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCBENCH_DEBUG", "1")
    done = ccbench("datasets", "check", "ill-faces=.")
    assert done.code == 2
    assert "Traceback" in done.err
    assert f'File "{ill}", line 14, in samples' in done.err
    assert done.err.splitlines()[-1].endswith(f"(site/{ill.name}:14)")


def test_a_network_that_raises_is_said_with_its_plugin(
    ill: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ccbench.runner import work

    def broken(*_: object) -> None:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(work, "make_features", broken)
    monkeypatch.setattr(work, "loaded_extractor", lambda *_: None)
    task = SimpleNamespace(backbone=SimpleNamespace(name="ill-net"))
    with pytest.raises(PluginError, match=r"'ill-net' \(plugin 'ill', .*its network: RuntimeError"):
        work.do_features(
            cast(Any, work.FeatureJob(tmp_path / "own", cast(Any, task), "cpu")), print
        )


def test_errors_for_the_user_and_of_the_disk_pass(ill: Path) -> None:
    for error in (DatasetError("no such folder"), FileNotFoundError(2, "gone", "a.png")):
        with pytest.raises(type(error)) as passed, plugin_code("dataset", "ill-faces", "samples()"):
            raise error
        assert passed.value is error
    with pytest.raises(ConnectionError), plugin_code("dataset", "x", "x", passing=OSError):
        raise ConnectionError("refused")
    refused = pytest.raises(PluginError, match="ConnectionError: refused")
    with refused, plugin_code("dataset", "ill-faces", "samples()"):
        raise ConnectionError("refused")
    # Nobody's item.
    with pytest.raises(ZeroDivisionError), plugin_code("dataset", "mine.csv", "samples()"):
        raise ZeroDivisionError
