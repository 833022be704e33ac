"""Loading plugins, each on its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

import pluggy

from ccbench import hookspecs
from ccbench.exceptions import DuplicateNameError, PluginError
from ccbench.interfaces import Backbone, Dataset, Family, Probe
from ccbench.plugins.blame import describe, show_traceback
from ccbench.plugins.catalogues import Plugin, Plugins
from ccbench.plugins.entries import only_entry_points, package, strict_mode
from ccbench_registry import Catalog, suggestion

HOOKS = tuple(
    name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")
)
"""The names of all hooks, in the order of the reference."""


def load_plugins(*, strict: bool | None = None, quiet: bool = False) -> Plugins:
    """Load every installed plugin and fill the catalogues.

    A plugin that fails is reported in one line on stderr and left out; with
    ``CCBENCH_STRICT_PLUGINS=1`` it is fatal.

    Args:
        strict: overrides the environment variable.
        quiet: do not report again what another process has reported.

    Raises:
        DuplicateNameError: two packages ship a plugin, or register an item, of one name.
        PluginError: a plugin failed and strict mode is on.
    """
    strict = strict_mode() if strict is None else strict
    plugins = no_plugins()
    for entry in only_entry_points():
        plugin = load_entry(plugins, entry)
        if plugin.error and (strict or not quiet):
            _complain(plugin, strict=strict)
    return plugins


def no_plugins() -> Plugins:
    """Return empty catalogues, and a manager that knows the hooks."""
    plugins = Plugins(pluggy.PluginManager(hookspecs.PROJECT))
    plugins.manager.add_hookspecs(hookspecs)
    return plugins


def load_entry(plugins: Plugins, entry: EntryPoint) -> Plugin:
    """Load one plugin into the catalogues; why it cannot be is in what is returned.

    Raises:
        DuplicateNameError: another plugin registered an item of one name.
    """
    about = (entry.name, package(entry), entry.value)
    try:
        _import(plugins, entry)
        items = _register_all(plugins, entry)
    except DuplicateNameError:
        raise
    except (Exception, SystemExit) as error:
        if plugins.manager.has_plugin(entry.name):
            plugins.manager.unregister(name=entry.name)
        plugin = Plugin(*about, describe(error), error=error)
    else:
        hooks = implemented(plugins, entry.name)
        provides = [f"{kind} {name}{':…' * family}" for kind, name, family in items]
        provides += ["commands"] * ("ccbench_register_commands" in hooks)
        named = tuple((kind, name) for kind, name, _ in items)
        plugin = Plugin(*about, provides=tuple(provides), items=named, hooks=hooks)
    plugins.found.append(plugin)
    return plugin


def implemented(plugins: Plugins, plugin: str) -> tuple[str, ...]:
    """Return the names of the hooks that a plugin implements."""
    return tuple(
        hook
        for hook in HOOKS
        if any(
            implementation.plugin_name == plugin
            for implementation in getattr(plugins.manager.hook, hook).get_hookimpls()
        )
    )


def _import(plugins: Plugins, entry: EntryPoint) -> None:
    """Import a plugin and register its hooks."""
    module = entry.load()
    plugins.manager.register(module, entry.name)
    for name in dir(module):
        # As pluggy looks: what else is in a module may answer to any name, or raise.
        marked = plugins.manager.parse_hookimpl_opts(module, name)
        if marked is not None and (marked.get("specname") or name) not in HOOKS:
            raise PluginError(f"there is no hook '{name}'; {suggestion(name, HOOKS)}")


def _register_all(plugins: Plugins, entry: EntryPoint) -> list[tuple[str, str, bool]]:
    """Call the registering hooks of one plugin.

    Returns:
        Kind and name of what it registered, and whether that is a family.
    """
    catalogs: dict[str, tuple[Catalog[Any], type]] = {
        "datasets": (plugins.datasets, Dataset),
        "backbones": (plugins.backbones, Backbone),
        "probes": (plugins.probes, Probe),
    }
    items: list[tuple[Catalog[Any], str, Any]] = []
    for kind, (catalog, interface) in catalogs.items():
        register = _collector(items, catalog, interface)
        call_hook(plugins, f"ccbench_register_{kind}", entry.name, register=register)
    # Only now: what a plugin registered before it failed is dropped.
    source = package(entry)
    for catalog, name, item in items:
        catalog.add(name, item, source)
    return [(catalog.kind, name, isinstance(item, Family)) for catalog, name, item in items]


def _collector(
    items: list[tuple[Catalog[Any], str, Any]], catalog: Catalog[Any], interface: type
) -> Callable[[object], None]:
    def register(item: object, /) -> None:
        if isinstance(item, type):
            raise TypeError(
                f"{item.__name__} is a class; register an object of it: {item.__name__}()"
            )
        if isinstance(item, Family):
            items.append((catalog, item.prefix, item))
        elif isinstance(item, interface):
            items.append((catalog, item.card.name, item))  # type: ignore[attr-defined]
        else:
            raise TypeError(
                f"{item!r} is no {catalog.kind}: it lacks some of "
                f"{', '.join(sorted(_members(interface)))}"
            )

    return register


def _members(interface: type) -> set[str]:
    return {name for name in vars(interface) if not name.startswith("_")}


def call_hook(plugins: Plugins, hook: str, plugin: str, **arguments: object) -> None:
    """Call one plugin's implementation of a hook, if it has one."""
    for implementation in getattr(plugins.manager.hook, hook).get_hookimpls():
        if implementation.plugin_name == plugin:
            implementation.function(*(arguments[name] for name in implementation.argnames))


def _complain(plugin: Plugin, *, strict: bool) -> None:
    sentence = (
        f"the plugin '{plugin.name}' ({plugin.package}) was not loaded: {plugin.problem} "
        f"('ccbench plugins doctor' says more)"
    )
    if strict:
        raise PluginError(sentence) from plugin.error
    if plugin.error:
        show_traceback(plugin.error)
    print(f"ccbench: {sentence}", file=sys.stderr)
