"""The commands of ``ccbench``, from click."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import click

from ccbench.cli import cli
from ccbench_docs.markdown import bundled, plain


def all_commands() -> str:
    """Return a section for each command: its usage, its help, and its options."""
    return "\n".join(_section(context) for context in commands())


def commands() -> list[click.Context]:
    """Return a context for each of ccbench's own commands, groups before what is in them."""
    return list(_below(click.Context(cli, info_name="ccbench", **cli.context_settings)))


def _below(context: click.Context) -> Iterator[click.Context]:
    yield context
    if not isinstance(context.command, click.Group):
        return
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        if command and command.callback and _own(command.callback):
            yield from _below(click.Context(command, parent=context, info_name=name))


def _own(callback: Callable[..., Any]) -> bool:
    return bundled(inspect.unwrap(callback).__module__)


def _section(context: click.Context) -> str:
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f"## {context.command_path}", "", "```text", usage, "```", ""]
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        lines += [plain(" ".join(paragraph.split())), ""]
    for parameter in command.params:
        written, said = parameter.get_help_record(context) or ("", "")
        if said:
            lines += [f"`{written}`", f": {plain(said)}", ""]
    return "\n".join(lines)
