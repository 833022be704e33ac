"""Plugins that are wrong: refused or left out, by name and with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from ccbench.cli import CcbenchGroup
from ccbench.exceptions import DuplicateNameError
from ccbench.plugins import Plugin, Plugins, load_plugins

if TYPE_CHECKING:
    from tests.conftest import Command, Install


def named(plugins: Plugins, name: str) -> Plugin:
    (plugin,) = [plugin for plugin in plugins.found if plugin.name == name]
    return plugin


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
