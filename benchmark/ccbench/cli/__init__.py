"""The command ``ccbench``.

Modules here import click at the top and everything heavy inside commands, so that
``ccbench --help`` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import click

from ccbench.cli.backbones import backbones
from ccbench.cli.bench import bench
from ccbench.cli.bundle import bundle
from ccbench.cli.cache import cache
from ccbench.cli.cite import cite
from ccbench.cli.datasets import datasets
from ccbench.cli.export import export
from ccbench.cli.groups import OpenGroup
from ccbench.cli.leaderboard import leaderboard
from ccbench.cli.matrix import matrix
from ccbench.cli.plugins import plugins
from ccbench.cli.probes import probes
from ccbench.cli.report import report
from ccbench.cli.verify import verify
from ccbench.exceptions import CcbenchError

# Waiting OpenMP threads that spin slow every other process down; it must be set before
# torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Refusal(click.ClickException):
    """A ``CcbenchError`` on the command line: one sentence, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the sentence on stderr."""
        click.echo(f"ccbench: error: {self.message}", err=True)


class CcbenchGroup(click.Group):
    """ccbench's own commands, then those of plugins."""

    @cached_property
    def from_plugins(self) -> dict[str, click.Command]:
        """The commands of plugins; one that joins a group is called ``GROUP NAME``."""
        from ccbench.plugins import call_each, load_plugins

        collected = Collector(self.commands)
        try:
            call_each(load_plugins(), "ccbench_register_commands", cli=collected)
        except CcbenchError as error:
            # Help and ccbench's own commands stay usable; a command that needs the
            # plugins refuses by itself.
            click.echo(f"ccbench: {error}", err=True)
        return dict(collected.commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all commands, sorted."""
        return sorted({*self.commands, *(name for name in self.from_plugins if " " not in name)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; plugins are loaded only when it is not ccbench's own."""
        return self.commands.get(cmd_name) or self.from_plugins.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; suggest the nearest one when there is none of that name."""
        from ccbench_registry import suggestion

        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            hint = suggestion(name, self.list_commands(ctx))
            ctx.fail(f"no command '{name}'; {hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error of ccbench's becomes one sentence, Ctrl-C exit code 130."""
        try:
            return super().invoke(ctx)
        except CcbenchError as error:
            from ccbench.plugins.blame import show_traceback

            show_traceback(error)
            raise Refusal(str(error)) from error
        except OSError as error:
            if error.filename is not None:
                raise Refusal(f"{error.filename}: {error.strerror}") from error
            if error.errno in _FULL:
                raise Refusal(
                    f"cannot write the output: {error.strerror}; make room where it goes"
                ) from error
            raise
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            raise click.exceptions.Exit(130) from None


class Collector(click.Group):
    """What plugins add their commands to; refuses a name that is taken."""

    def __init__(self, own: Mapping[str, click.Command]) -> None:
        super().__init__()
        self._groups = {n: group for n, group in own.items() if isinstance(group, OpenGroup)}
        self._taken = set(own) | {
            f"{n} {inner}" for n, group in self._groups.items() for inner in group.commands
        }

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; ``GROUP NAME`` adds it to one of ccbench's groups.

        Raises:
            CcbenchError: ccbench or another plugin has one of that name, or there is no such
                group.
        """
        chosen = name or cmd.name or ""
        if chosen in self._taken or chosen in self.commands:
            raise CcbenchError(f"there is a command '{chosen}' already; choose another name")
        group, space, _ = chosen.partition(" ")
        if space and group not in self._groups:
            raise CcbenchError(
                f"the command '{chosen}' cannot be added: plugins may add to the groups "
                f"{', '.join(sorted(self._groups))}"
            )
        super().add_command(cmd, name)


@click.group(cls=CcbenchGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ccbench")
def cli() -> None:
    """Compare databases of facial expressions across cultures.

    Networks are trained on every database and tested on every database, after Inagaki,
    Ito, Shinozaki & Fujita (2022).  Start with: ccbench matrix
    """
    if hasattr(sys.stderr, "reconfigure"):
        sys.stderr.reconfigure(errors="replace")
    if hasattr(sys.stdout, "reconfigure"):
        # No sign of a number may be lost: "−" is not in every encoding.
        sys.stdout.reconfigure(errors="backslashreplace")


for _command in (
    backbones,
    bench,
    bundle,
    cache,
    cite,
    datasets,
    export,
    leaderboard,
    matrix,
    plugins,
    probes,
    report,
    verify,
):
    cli.add_command(_command)
