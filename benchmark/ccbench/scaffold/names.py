"""What a plugin, its package and its module are called."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from ccbench.exceptions import PluginError
from ccbench.plugins import Plugins

# PEP 508, without the dot: it would make the import name a package in a package.
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?")
_PREFIX = "ccbench"
_USED = {
    "Any",
    "Backbone",
    "BackboneCard",
    "BackboneError",
    "DatasetCard",
    "DatasetError",
    "Family",
    "FeatureExtractor",
    "LIST",
    "MODEL",
    "Mapping",
    "Path",
    "PatternDataset",
    "ProbeCard",
    "ProbeError",
    "ProbeSeries",
    "RECIPE",
    "RegisterBackbone",
    "RegisterDataset",
    "RegisterProbe",
    "SampleTable",
    "Sequence",
    "Stimulus",
}
"""What the code of the templates calls by these names."""


@dataclass(frozen=True)
class Names:
    """The names of one plugin.

    Attributes:
        plugin: of the entry point, and of the dataset, backbone or probe.
        distribution: what pip installs.
        package: what Python imports.
        words: the plugin's name as a class is called.
    """

    plugin: str
    distribution: str
    package: str
    words: str


def names_of(name: str) -> Names:
    """Return the names that follow from the name of a plugin.

    >>> names_of("my-lab")
    Names(plugin='my-lab', distribution='ccbench-my-lab', package='ccbench_my_lab', words='MyLab')

    Raises:
        PluginError: it cannot be the name of a package.
    """
    if not _NAME.fullmatch(name):
        raise PluginError(
            f"'{name}' cannot be the name of a plugin; use letters from A to Z, digits, - and _, "
            f"with a letter or digit at both ends"
        )
    parts = [part for part in re.split("[_-]+", name) if part]
    if parts[0].lower() == _PREFIX:
        rest = "-".join(parts[1:]) or "NAME"
        raise PluginError(
            f"give the name without '{_PREFIX}': 'ccbench plugins new {rest}'; the package is then "
            f"called {_PREFIX}-{rest}"
        )
    joined = "-".join(part.lower() for part in parts)
    words = "".join(part[0].upper() + part[1:] for part in parts)
    if words[0].isdigit() or keyword.iskeyword(words) or words in _USED:
        words = f"Faces{words}"
    return Names(name, f"{_PREFIX}-{joined}", f"{_PREFIX}_{joined.replace('-', '_')}", words)


def refuse_taken(names: Names, kind: str, plugins: Plugins) -> None:
    """Refuse a name that an installed plugin has: with two of them, neither could be used.

    Args:
        names: of the new plugin.
        kind: "dataset", "backbone" or "probe".
        plugins: loaded plugins.

    Raises:
        PluginError: naming the package that has it.
    """
    for plugin in plugins.found:
        if plugin.name == names.plugin:
            raise PluginError(
                f"there is a plugin '{names.plugin}' already ({plugin.package}); choose another "
                f"name"
            )
    owner = plugins.owner(kind, names.plugin)
    if owner is not None:
        raise PluginError(
            f"there is a {kind} '{names.plugin}' already ({owner.package}); choose another name"
        )
