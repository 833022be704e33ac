"""Groups of commands that plugins may add to."""

from __future__ import annotations

import click


class OpenGroup(click.Group):
    """A group of ccbench's own that also has the commands plugins added to it.

    Plugins are loaded only to list the commands, or for one that is not ccbench's own.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all commands, sorted."""
        return sorted({*self.commands, *self._from_plugins()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; plugins are loaded only when it is not ccbench's own."""
        return self.commands.get(cmd_name) or self._from_plugins().get(cmd_name)

    def _from_plugins(self) -> dict[str, click.Command]:
        from ccbench.cli import cli

        start = f"{self.name} "
        return {
            name.removeprefix(start): command
            for name, command in cli.from_plugins.items()
            if name.startswith(start)
        }
