"""Help, version and mistyped commands."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

import ccbench as package
from ccbench.cli import cli

if TYPE_CHECKING:
    from tests.conftest import Command

OWN = {
    "backbones",
    "bench",
    "cache",
    "cite",
    "datasets",
    "export",
    "matrix",
    "plugins",
    "probes",
    "report",
}


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
        else:
            found.append((*path, name))
    return found


def test_help_names_the_commands_and_the_paper(ccbench: Command) -> None:
    done = ccbench("--help")
    assert done.code == 0
    assert done.err == ""
    listed = done.out.partition("Commands:")[2]
    assert {line.split()[0] for line in listed.splitlines() if line.strip()} >= OWN
    assert "Inagaki" in done.out


@pytest.mark.parametrize("path", commands(cli), ids=" ".join)
def test_every_command_and_option_has_help(ccbench: Command, path: tuple[str, ...]) -> None:
    long, short = ccbench(*path, "--help"), ccbench(*path, "-h")
    assert long.code == 0
    assert long.out == short.out
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{' '.join(path)} {parameter.opts[0]} has no help"


HEAVY = (
    "cv2", "duckdb", "huggingface_hub", "matplotlib", "numpy", "pandas", "pyarrow", "scipy",
    "sklearn", "statsmodels", "timm", "torch", "torchvision",
)  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        "--help",
        "backbones list",
        "datasets list",
        "datasets show kdef",
        "plugins list",
        "probes list",
    ],
)
def test_what_only_looks_names_up_imports_nothing_heavy(arguments: str) -> None:
    code = (
        "import sys; from ccbench.cli import cli; cli.main(sys.argv[1:], standalone_mode=False); "
        f"print('heavy:', *sorted(set(sys.modules) & {set(HEAVY)!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments.split()],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CCBENCH_STRICT_PLUGINS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "heavy:"


def test_version(ccbench: Command) -> None:
    done = ccbench("--version")
    assert done.code == 0
    assert done.out.strip().endswith(package.__version__)


def test_a_mistyped_command_is_refused_with_the_right_one(ccbench: Command) -> None:
    done = ccbench("matrx")
    assert done.code == 2
    assert done.err.splitlines()[-1] == "Error: no command 'matrx'; did you mean 'matrix'?"


def test_without_arguments_it_shows_help(ccbench: Command) -> None:
    done = ccbench()
    assert "Commands:" in done.out + done.err


def test_an_interrupt_anywhere_is_exit_code_130(
    ccbench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.commands["report"], "callback", interrupted)
    done = ccbench("report", ".")
    assert (done.code, done.err) == (130, "Interrupted.\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_that_has_no_room_is_refused() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ccbench", "backbones", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("ccbench: error: cannot write the output: No space left")
    assert len(done.stderr.splitlines()) == 1


def test_another_error_of_the_system_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_options: object) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    monkeypatch.setattr(cli.commands["cite"], "callback", fails)
    with pytest.raises(OSError, match="Transport"):
        cli.main(["cite", "somewhere"], prog_name="ccbench")


@pytest.mark.parametrize(
    ("variable", "arguments"),
    [("CCBENCH_CACHE", ("cache", "info")), ("CCBENCH_CONFIG", ("datasets", "accept", "kdef"))],
)
def test_a_home_folder_that_nobody_has_is_refused(
    ccbench: Command, monkeypatch: pytest.MonkeyPatch, variable: str, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv(variable, "~nobody-of-this-name/x")
    assert ccbench(*arguments).refusal == (
        f"{variable} names a home folder that is not known: ~nobody-of-this-name/x; set it to a "
        f"whole path"
    )
