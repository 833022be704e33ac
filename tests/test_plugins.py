"""Plugins of other packages: found, isolated from each other, refused by name."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import click
import pytest

from ccbench.cache import clear
from ccbench.cli import CcbenchGroup
from ccbench.exceptions import DatasetError, DuplicateNameError, PluginError
from ccbench.plugins import Plugin, Plugins, call_each, load_plugins, plugin_code
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
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is searched for plugins."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def lab_and_broken(
    lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Install
) -> None:
    """Install the laboratory's plugin and a broken one beside it."""
    folder = tmp_path / "broken"
    install(folder, "broken-ccbench", {"broken": "broken_ccbench"}, broken_ccbench=BROKEN)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)


def named(plugins: Plugins, name: str) -> Plugin:
    (plugin,) = [plugin for plugin in plugins.found if plugin.name == name]
    return plugin


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


# -- plugins that are wrong


def test_two_packages_with_one_entry_point_name_are_refused(
    site: Path, install: Install, ccbench: Command
) -> None:
    install(site, "other-faces", {"kdef": "other_kdef"}, other_kdef="")
    with pytest.raises(DuplicateNameError) as refused:
        load_plugins()
    assert "'kdef'" in str(refused.value)
    assert "other-faces 1.0" in str(refused.value)
    assert "ccbench 0." in str(refused.value)
    assert ccbench("matrix").refusal == str(refused.value)
    # Help stays usable and says why plugins are missing.
    shown = ccbench("--help")
    assert shown.code == 0
    assert "other-faces 1.0" in shown.err


def test_one_package_seen_twice_on_the_path_is_one_plugin(
    site: Path, install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "twice", {"twice": "twice_ccbench"}, twice_ccbench="")
    install(tmp_path / "again", "twice", {"twice": "twice_ccbench"}, twice_ccbench="")
    monkeypatch.syspath_prepend(tmp_path / "again")
    assert named(load_plugins(strict=True), "twice").problem == ""


def test_two_plugins_registering_one_dataset_are_refused(
    lab: Path, site: Path, install: Install, ccbench: Command
) -> None:
    module = (
        "from ccbench import hookimpl\n"
        "from mylab_ccbench import MyLab\n"
        "@hookimpl\n"
        "def ccbench_register_datasets(register):\n"
        "    register(MyLab())\n"
    )
    install(site, "rival", {"rival": "rival_ccbench"}, rival_ccbench=module)
    sentence = ccbench("datasets", "list").refusal
    assert "the dataset 'mylab'" in sentence
    assert "mylab-ccbench 1.0" in sentence
    assert "rival 1.0" in sentence


def test_a_hook_name_with_a_typo_is_reported_with_the_right_one(
    site: Path, install: Install, capfd: pytest.CaptureFixture[str]
) -> None:
    module = (
        "from ccbench import hookimpl\n"
        "@hookimpl\n"
        "def ccbench_register_dataset(register):\n"
        "    pass\n"
    )
    install(site, "typo", {"typo": "typo_ccbench"}, typo_ccbench=module)
    problem = named(load_plugins(), "typo").problem
    assert problem == (
        "there is no hook 'ccbench_register_dataset'; did you mean 'ccbench_register_datasets'?"
    )
    assert problem in capfd.readouterr().err


@pytest.mark.parametrize(
    ("number", "hook", "item", "reason"),
    [
        (
            1,
            "datasets",
            "'mylab'",
            "'mylab' is no dataset: it lacks some of card, options, samples",
        ),
        (2, "backbones", "42", "42 is no backbone: it lacks some of card, load"),
        (3, "probes", "Other()", "is no probe: it lacks some of card, options, stimuli"),
        # A class has all the members that its objects have.
        (4, "backbones", "Tiny", "Tiny is a class; register an object of it: Tiny()"),
        (5, "datasets", "1 / 0", "ZeroDivisionError"),
    ],
)
def test_registering_a_wrong_object_is_reported(
    lab: Path,
    site: Path,
    install: Install,
    capfd: pytest.CaptureFixture[str],
    number: int,
    hook: str,
    item: str,
    reason: str,
) -> None:
    module = (
        "from ccbench import hookimpl\n"
        "from mylab_ccbench import Tiny\n"
        "class Other: card = Tiny.card\n"
        "@hookimpl\n"
        f"def ccbench_register_{hook}(register):\n"
        f"    register({item})\n"
    )
    name = f"wrong_ccbench_{number}"
    install(site, "wrong", {"wrong": name}, **{name: module})
    plugins = load_plugins()
    assert reason in named(plugins, "wrong").problem
    assert reason in capfd.readouterr().err
    # The rest is there.
    assert "kdef" in plugins.datasets
    assert "tiny" in plugins.backbones


def test_what_a_failing_plugin_registered_before_it_failed_is_dropped(
    lab: Path, site: Path, install: Install
) -> None:
    module = (
        "from ccbench import hookimpl\n"
        "from mylab_ccbench import MyLab\n"
        "@hookimpl\n"
        "def ccbench_register_datasets(register):\n"
        "    half = MyLab('half')\n"
        "    register(half)\n"
        "    raise RuntimeError('half-way')\n"
    )
    install(site, "half", {"half": "half_ccbench"}, half_ccbench=module)
    plugins = load_plugins()
    assert "half-way" in named(plugins, "half").problem
    assert "half" not in plugins.datasets


def test_a_plugin_that_leaves_the_interpreter_does_not_stop_the_rest(
    site: Path, install: Install
) -> None:
    install(
        site, "leaving", {"leaving": "leaving_ccbench"}, leaving_ccbench="import sys\nsys.exit(3)\n"
    )
    plugins = load_plugins()
    assert named(plugins, "leaving").problem == "SystemExit: 3"
    assert "kdef" in plugins.datasets


def test_a_command_may_not_replace_one_of_ccbench(
    site: Path, install: Install, capfd: pytest.CaptureFixture[str]
) -> None:
    module = (
        "import click\n"
        "from ccbench import hookimpl\n"
        "@hookimpl\n"
        "def ccbench_register_commands(cli):\n"
        "    @cli.command('matrix')\n"
        "    def matrix():\n"
        "        click.echo('mine')\n"
    )
    install(site, "greedy", {"greedy": "greedy_ccbench"}, greedy_ccbench=module)
    group = CcbenchGroup("ccbench", commands={"matrix": click.Command("matrix")})
    context = click.Context(group)
    assert group.list_commands(context) == ["matrix"]
    assert group.get_command(context, "matrix") is group.commands["matrix"]
    assert "'greedy' (greedy 1.0)" in capfd.readouterr().err


# -- plugins that raise when they are used

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


def test_every_bundled_plugin_loads() -> None:
    bundled = {e.name for e in entry_points(group="ccbench") if e.dist and e.dist.name == "ccbench"}
    assert bundled == BUNDLED
    plugins = load_plugins(strict=True)
    for plugin in plugins.found:
        assert plugin.problem == ""
        assert plugin.provides
