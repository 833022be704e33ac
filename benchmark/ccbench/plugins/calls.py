"""Calling code of plugins so that an exception in it says whose it is."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from ccbench.exceptions import CcbenchError, PluginError
from ccbench.plugins.blame import describe, show_traceback
from ccbench.plugins.catalogues import Plugins, blamed
from ccbench.plugins.entries import strict_mode
from ccbench.plugins.loading import call_hook, load_plugins


def call_each(plugins: Plugins, hook: str, **arguments: object) -> None:
    """Call a hook of every plugin; one that raises is reported and does not stop the rest.

    Raises:
        PluginError: a plugin raised and strict mode is on.
    """
    strict = strict_mode()
    for plugin in plugins.found:
        if plugin.problem:
            continue
        try:
            call_hook(plugins, hook, plugin.name, **arguments)
        except Exception as error:
            sentence = (
                f"the plugin '{plugin.name}' ({plugin.package}) failed in {hook}: {describe(error)}"
            )
            if strict:
                raise PluginError(sentence) from error
            show_traceback(error)
            print(f"ccbench: {sentence}", file=sys.stderr)


@contextlib.contextmanager
def plugin_code(
    kind: str, name: str, doing: str, passing: type[Exception] = CcbenchError
) -> Iterator[None]:
    """Run code of the plugin that provides an item; say whose it is when it raises.

    Errors of ccbench's kind pass: they are sentences for the user.  So do files that cannot
    be read or written, and whatever happens in an item that no plugin provides.

    Args:
        kind: "dataset", "backbone" or "probe".
        name: of the item, as the user gave it.
        doing: what is called, e.g. "samples()".
        passing: a class of exceptions that pass too.

    Raises:
        PluginError: naming the item, the plugin, its package and the exception.
    """
    # Loaded anew, and after an exception only: workers hold items, not the plugins.
    with blamed(lambda: load_plugins(strict=False, quiet=True), kind, name, doing, passing):
        yield
