"""Plugins may add commands to ccbench's own groups."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Command, Install


def plugin(*names: str) -> str:
    """Return a plugin that adds commands of these names."""
    lines = ["import click", "from ccbench import hookimpl", "@hookimpl"]
    lines += ["def ccbench_register_commands(cli):"]
    for name in names:
        lines += [f"    @cli.command({name!r})", "    def command():", "        '''Do it.'''"]
        lines += [f"        click.echo('did {name}')"]
    return "\n".join(lines) + "\n"


def test_a_command_joins_a_group(ccbench: Command, install: Install, site: Path) -> None:
    install(site, "joining", {"joining": "joining_x"}, joining_x=plugin("datasets fold"))
    done = ccbench("datasets", "fold")
    assert (done.code, done.out) == (0, "did datasets fold\n")
    listed = [line.split()[0] for line in ccbench("datasets", "-h").out.splitlines() if line]
    assert {"check", "fold", "list", "show"} <= set(listed)
    assert "fold" not in ccbench("--help").out
    assert "Usage: ccbench datasets fold" in ccbench("datasets", "fold", "-h").out


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("datasets list", "there is a command 'datasets list' already"),
        ("datasets", "there is a command 'datasets' already"),
        ("matrix fold", "'matrix fold' cannot be added: plugins may add to the groups "),
    ],
)
def test_a_command_that_cannot_join(
    ccbench: Command, install: Install, site: Path, name: str, problem: str
) -> None:
    module = f"greedy_{name.replace(' ', '_')}"
    install(site, "greedy", {"greedy": module}, **{module: plugin(name)})
    done = ccbench("datasets", "--help")
    assert done.code == 0
    assert "'greedy' (greedy 1.0) failed in ccbench_register_commands" in done.err
    assert problem in done.err


def test_two_plugins_of_one_name(ccbench: Command, install: Install, site: Path) -> None:
    for number in "12":
        module = f"same_{number}"
        install(site, f"same{number}", {module: module}, **{module: plugin("datasets fold")})
    done = ccbench("datasets", "fold")
    assert done.out == "did datasets fold\n"
    assert "there is a command 'datasets fold' already" in done.err


def test_an_unknown_command_of_a_group(ccbench: Command) -> None:
    done = ccbench("datasets", "lst")
    assert done.code == 2
    assert "No such command 'lst'" in done.err
