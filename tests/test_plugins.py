"""Plugins of other packages: found, isolated from each other, and every hook called."""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from ccbench.cache import clear
from ccbench.cli import CcbenchGroup
from ccbench.exceptions import PluginError
from ccbench.plugins import call_each, load_plugins
from ccbench.results import TABLES
from ccbench.runner import run_matrix

if TYPE_CHECKING:
    from tests.conftest import Command, FewPosers, Install

BUNDLED = {
    "alexnet",
    "catalogue",
    "drawn",
    "facegen",
    "kdef",
    "krc",
    "rendered",
    "timm",
    "torchvision",
}
BROKEN = 'raise ImportError("libmissing.so is not\\n here")'


@pytest.fixture
def lab_and_broken(
    lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Install
) -> None:
    """Install the laboratory's plugin and a broken one beside it."""
    folder = tmp_path / "broken"
    install(folder, "broken-ccbench", {"broken": "broken_ccbench"}, broken_ccbench=BROKEN)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)


def row_of(name: str, out: str) -> str:
    lines = [" ".join(line.replace("│", " ").split()) for line in out.splitlines()]
    (row,) = [line for line in lines if line.startswith(f"{name} ")]
    return row


# -- as a user has them


def test_list_shows_the_plugin_and_the_reason_of_the_broken_one(
    ccbench_process: Command, lab_and_broken: None
) -> None:
    done = ccbench_process("plugins", "list")
    assert done.code == 0
    assert "mylab-ccbench 1.0" in row_of("mylab", done.out)
    for item in ("dataset mylab", "backbone tiny", "probe mylab-units", "commands"):
        assert item in done.out
    row = row_of("broken", done.out)
    assert "broken-ccbench 1.0" in row
    assert "not loaded: ImportError: libmissing.so is not here" in row
    for name in BUNDLED:
        assert "ccbench 0." in row_of(name, done.out)


def test_its_command_runs_and_the_broken_one_takes_one_line(
    ccbench_process: Command, lab_and_broken: None
) -> None:
    done = ccbench_process("greet", "Okayama")
    assert (done.code, done.out) == (0, "My laboratory greets Okayama.\n")
    (line,) = done.err.splitlines()
    assert "'broken' (broken-ccbench 1.0)" in line
    assert "ImportError: libmissing.so is not here" in line


def test_its_dataset_is_listed(ccbench_process: Command, lab_and_broken: None) -> None:
    done = ccbench_process("datasets", "list")
    assert done.code == 0
    assert "Faces of my laboratory" in row_of("mylab", done.out)
    assert "generated" in row_of("mylab", done.out)


def test_strict_mode_makes_the_broken_one_fatal(
    ccbench_process: Command, lab_and_broken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCBENCH_STRICT_PLUGINS", "1")
    sentence = ccbench_process("plugins", "list").refusal
    assert "'broken' (broken-ccbench 1.0)" in sentence
    assert "libmissing.so" in sentence


def test_a_run_in_two_processes_uses_it_and_gives_the_bytes_of_one_process(
    ccbench: Command,
    lab_and_broken: None,
    few_posers: FewPosers,
    own_cache: Path,
    tmp_path: Path,
) -> None:
    databases = ["mylab", f"drawn-a={few_posers('drawn-a', 4)}"]
    arguments = [part for name in databases for part in ("-d", name)]
    one = run_matrix(databases, backbone="tiny", runs=2, out=tmp_path / "one")
    # The faces stay, so that the other processes start for features and heads alone.
    clear(own_cache, ("features", "heads", "scores"))
    two = tmp_path / "two"
    done = ccbench("matrix", *arguments, "-b", "tiny", "--runs", 2, "--workers", 2, "--out", two)
    assert done.code == 0, done.err
    assert "mylab" in done.out
    assert str(two / "report.html") in done.out
    # Once from this process, never from the workers.
    assert done.err.count("libmissing.so") == 1
    for name in TABLES:
        file = f"{name}.parquet"
        assert (two / file).read_bytes() == (one.path / file).read_bytes(), name
    # Both the command and the function told the plugin.
    told = f"{len(one.predictions)} predictions\n"
    assert (two / "mylab.txt").read_text() == told
    assert (one.path / "mylab.txt").read_text() == told


# -- every hook, in this process; tests/test_hooks.py checks that none is left out


def test_hook_ccbench_register_datasets(lab: Path) -> None:
    plugins = load_plugins(strict=True)
    assert plugins.dataset("mylab").card.title == "Faces of my laboratory"
    assert plugins.datasets.source("mylab") == "mylab-ccbench 1.0"


def test_hook_ccbench_register_backbones(lab: Path) -> None:
    assert load_plugins(strict=True).backbone("tiny").load("cpu").feature_shape == (768,)


def test_hook_ccbench_register_probes(lab: Path) -> None:
    assert load_plugins(strict=True).probe("mylab-units").card.action_units == (4, 12)


def test_hook_ccbench_register_commands(lab: Path) -> None:
    group = CcbenchGroup("ccbench")
    assert "greet" in group.list_commands(click.Context(group))


def test_hook_ccbench_run_finished(
    site: Path, install: Install, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    module = (
        "from ccbench import hookimpl\n"
        "@hookimpl\n"
        "def ccbench_run_finished(run):\n"
        "    (run / 'seen').touch()\n"
        "    raise ValueError('the printer is out of paper')\n"
    )
    install(site, "printing", {"printing": "printing_ccbench"}, printing_ccbench=module)
    plugins = load_plugins()
    call_each(plugins, "ccbench_run_finished", run=tmp_path)
    assert (tmp_path / "seen").exists()
    error = capfd.readouterr().err
    assert "'printing' (printing 1.0) failed in ccbench_run_finished" in error
    assert "the printer is out of paper" in error


def test_a_hook_that_raises_is_fatal_in_strict_mode(
    site: Path, install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = (
        "from ccbench import hookimpl\n"
        "@hookimpl\n"
        "def ccbench_run_finished(run):\n"
        "    raise ValueError('no paper')\n"
    )
    install(site, "printing", {"printing": "printing_strictly"}, printing_strictly=module)
    monkeypatch.setenv("CCBENCH_STRICT_PLUGINS", "1")
    plugins = load_plugins()
    with pytest.raises(PluginError, match="no paper"):
        call_each(plugins, "ccbench_run_finished", run=tmp_path)


def test_every_bundled_plugin_loads() -> None:
    bundled = {e.name for e in entry_points(group="ccbench") if e.dist and e.dist.name == "ccbench"}
    assert bundled == BUNDLED
    plugins = load_plugins(strict=True)
    for plugin in plugins.found:
        assert plugin.problem == ""
        assert plugin.provides
