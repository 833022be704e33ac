"""Hooks of a plugin that ccbench would refuse, or never call."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from pluggy import PluginManager

from ccbench import hookspecs
from ccbench.diagnosis.findings import Finding
from ccbench.plugins import HOOKS
from ccbench_registry import suggestion


def check_hooks(plugin: object) -> Iterator[Finding]:
    """Yield what is wrong with the hooks of an imported plugin, a module or an object."""
    # As it looks itself: what else is in a module may answer to any name, or raise.
    pluggy, found = PluginManager(hookspecs.PROJECT), False
    for name, function in (
        list(vars(plugin).items()) if inspect.ismodule(plugin) else _members(plugin)
    ):
        mark = pluggy.parse_hookimpl_opts(plugin, name)
        if mark is None:
            yield from _unmarked(name, function, plugin)
            continue
        found = True
        hook = mark.get("specname") or name
        if hook in HOOKS:
            yield from _arguments(name, function, hook)
        else:
            yield Finding(f"there is no hook '{hook}'", f"{suggestion(hook, HOOKS)}")
    if not found:
        yield Finding(
            "it implements no hook",
            "mark a function of the module that the entry point names with @ccbench.hookimpl; "
            f"there are: {', '.join(HOOKS)}",
        )


def _members(plugin: object) -> list[tuple[str, Any]]:
    return inspect.getmembers(plugin, callable)


def _unmarked(name: str, function: object, plugin: object) -> Iterator[Finding]:
    """Yield a function that is called like a hook, or nearly, and is none."""
    if not inspect.isroutine(function) or hasattr(function, f"{hookspecs.PROJECT}_spec"):
        return
    # What it imports from elsewhere is not its own.
    if inspect.ismodule(plugin) and getattr(function, "__module__", None) != plugin.__name__:
        return
    if difflib.get_close_matches(name, HOOKS, n=1, cutoff=0.85):
        yield Finding(
            f"the function '{name}' is not marked as a hook, so that it is never called",
            "write @hookimpl above it (from ccbench import hookimpl)",
        )


def _arguments(name: str, function: Callable[..., object], hook: str) -> Iterator[Finding]:
    known = list(inspect.signature(getattr(hookspecs, hook)).parameters)
    taken = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
    ]
    unknown = [argument for argument in taken if argument not in known]
    where = f"{name}({', '.join(taken)})"
    for argument in unknown:
        yield Finding(
            f"{where} has an argument '{argument}' that the hook does not give",
            f"{suggestion(argument, known)}",
        )
    lacking = [argument for argument in known if argument not in taken]
    if lacking and not unknown:
        yield Finding(
            f"{where} does not take '{lacking[0]}', without which it can do nothing",
            f"write {name}({', '.join(known)})",
        )
