"""Plugins: found, loaded each on its own, and the catalogues they fill."""

from ccbench.plugins.calls import call_each, plugin_code
from ccbench.plugins.catalogues import Plugin, Plugins, check_options
from ccbench.plugins.loading import HOOKS, load_plugins

__all__ = [
    "HOOKS",
    "Plugin",
    "Plugins",
    "call_each",
    "check_options",
    "load_plugins",
    "plugin_code",
]
