"""Loading plugins, each on its own, and the catalogues they fill."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeVar

import pluggy

from ccbench import hookspecs
from ccbench.backbones import ChosenBackbone, parse_backbone_spec
from ccbench.datasets import DatasetSpec, ManifestDataset, ProbeSpec, dataset_from_card
from ccbench.exceptions import (
    BackboneError,
    DatasetError,
    DuplicateNameError,
    PluginError,
    ProbeError,
    UnknownNameError,
)
from ccbench.interfaces import Backbone, Dataset, Family, Probe
from ccbench_registry import Catalog, suggestion

GROUP = "ccbench"
STRICT = "CCBENCH_STRICT_PLUGINS"

T = TypeVar("T")


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found.

    Attributes:
        name: of its entry point.
        package: distribution that ships it, with version.
        module: what the entry point names.
        problem: why it was not loaded, or "".
        provides: "dataset kdef", "command hello", ...
    """

    name: str
    package: str
    module: str
    problem: str = ""
    provides: tuple[str, ...] = ()


@dataclass
class Plugins:
    """All plugins and what they registered."""

    manager: pluggy.PluginManager
    found: list[Plugin] = field(default_factory=list)
    datasets: Catalog[Dataset | Family[Dataset]] = field(default_factory=lambda: Catalog("dataset"))
    backbones: Catalog[Backbone | Family[Backbone]] = field(
        default_factory=lambda: Catalog("backbone")
    )
    probes: Catalog[Probe | Family[Probe]] = field(default_factory=lambda: Catalog("probe"))

    def dataset(self, name: str) -> Dataset:
        """Return the dataset of that name (``prefix:rest`` opens a family)."""
        return _open(self.datasets, name)

    def backbone(self, name: str) -> Backbone:
        """Return the backbone of that name (``timm:resnet18`` opens a family).

        A family is given its part of the name, and a file of weights as ``REST@FILE``; a layer
        (``NAME@LAYER``, ``NAME[layer=...,pool=...]``) is chosen for any backbone alike.

        Raises:
            UnknownNameError: no such backbone; the nearest name is given.
            BackboneError: options that do not go together, or weights for a backbone that
                brings its own.
        """
        spec = parse_backbone_spec(name)
        family = ":" in spec.name
        base = _open(
            self.backbones, f"{spec.name}@{spec.weights}" if family and spec.weights else spec.name
        )
        if spec.weights and not family:
            raise BackboneError(
                f"the backbone '{spec.name}' brings its own weights; drop {spec.weights}, or give "
                f"a network of a family, for example timm:resnet18@FILE"
            )
        if spec.layer or spec.pool:
            return ChosenBackbone(name, base, spec)
        return base

    def probe(self, name: str) -> Probe:
        """Return the probe of that name (``prefix:rest`` opens a family)."""
        return _open(self.probes, name)

    def open_dataset(self, spec: DatasetSpec) -> tuple[Dataset, Path | None]:
        """Return the dataset that a user's ``-d`` names, and the folder it reads.

        ``card.toml=ROOT`` is a card, ``list.csv[=ROOT]`` a manifest, ``NAME=list.csv`` a
        manifest under another name, or for a known database a manifest with its card.
        ``PREFIX:REST`` opens a family with whatever stands after the colon.

        Raises:
            UnknownNameError: no such dataset; the nearest name is given.
            CcbenchError: a card or manifest that cannot be read.
        """
        prefix, colon, rest = spec.name.partition(":")
        family = prefix in self.datasets and isinstance(self.datasets.get(prefix), Family)
        if family and not rest:
            self.dataset(prefix)  # refuses, with an example
        known = spec.name in self.datasets or (family and colon)
        path = Path(spec.name).expanduser()
        if not known and path.suffix.lower() == ".toml":
            return dataset_from_card(path), spec.root
        if not known and path.suffix.lower() in {".csv", ".tsv"}:
            return ManifestDataset(path), spec.root or path.parent
        is_list = spec.root is not None and spec.root.suffix.lower() in {".csv", ".tsv"}
        if is_list and spec.root is not None:
            if not known:
                return ManifestDataset(spec.root, name=spec.name), spec.root.parent
            if spec.options:
                raise DatasetError(
                    f"-d {spec.name}: a manifest takes no options; drop what is in brackets"
                )
            return ManifestDataset(spec.root, self.dataset(spec.name).card), spec.root.parent
        try:
            return self.dataset(spec.name), spec.root
        except UnknownNameError as error:
            hint = " (or give a TOML card or CSV manifest)" if not spec.root else ""
            raise UnknownNameError(f"{error}{hint}", name=error.name, known=error.known) from None


def check_options(item: Dataset | Probe, spec: DatasetSpec | ProbeSpec) -> None:
    """Refuse options that a dataset or probe does not have.

    Raises:
        DatasetError: with the nearest option.
        ProbeError: likewise.
    """
    dataset = isinstance(spec, DatasetSpec)
    refusal = DatasetError if dataset else ProbeError
    for name in spec.options:
        if name not in item.options:
            raise refusal(
                f"the {'dataset' if dataset else 'probe'} '{item.card.name}' has no option "
                f"'{name}'; {suggestion(name, item.options)}"
            )


def _open(catalog: Catalog[T | Family[T]], name: str) -> T:
    prefix, colon, rest = name.partition(":")
    if colon and prefix in catalog:
        family = catalog.get(prefix)
        if isinstance(family, Family):
            return family.open(rest)
    item = catalog.get(name)
    if isinstance(item, Family):
        raise UnknownNameError(
            f"'{name}' is a family of {catalog.kind}s; write for example '{item.example}'",
            name=name,
            known=list(catalog),
        )
    return item


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
    strict = os.environ.get(STRICT, "") not in {"", "0"} if strict is None else strict
    plugins = Plugins(pluggy.PluginManager(hookspecs.PROJECT))
    plugins.manager.add_hookspecs(hookspecs)
    for entry in _entry_points():
        plugin, problem = _load(plugins, entry), ""
        if isinstance(plugin, str):
            problem = plugin
        provides = [] if problem else _register_all(plugins, entry)
        if isinstance(provides, str):
            problem, provides = provides, []
        problem = " ".join(problem.split())
        if problem and (strict or not quiet):
            _complain(entry, problem, strict=strict)
        found = Plugin(entry.name, package(entry), entry.value, problem, tuple(provides))
        plugins.found.append(found)
    return plugins


def package(entry: EntryPoint) -> str:
    """Return the distribution that ships an entry point, with its version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown package"


def _entry_points() -> list[EntryPoint]:
    """Return the entry points, sorted; refuse two of one name."""
    unique: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, package(e))):
        other = unique.get(entry.name)
        # One package seen twice on the path (say, installed and editable) is one plugin.
        if other and (other.value, package(other)) != (entry.value, package(entry)):
            raise DuplicateNameError(
                f"two packages ship a plugin named '{entry.name}': {package(other)} and "
                f"{package(entry)}; uninstall one of them"
            )
        unique[entry.name] = entry
    return list(unique.values())


def _load(plugins: Plugins, entry: EntryPoint) -> object:
    """Import and register a plugin; return it, or the reason why not as a string."""
    try:
        module = entry.load()
        plugins.manager.register(module, entry.name)
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"
    known = [name for name in vars(hookspecs) if name.startswith("ccbench_")]
    for name in dir(module):
        marked = getattr(getattr(module, name, None), f"{hookspecs.PROJECT}_impl", None)
        if marked is not None and name not in known:
            plugins.manager.unregister(module)
            return f"there is no hook '{name}'; {suggestion(name, known)}"
    return module


def _register_all(plugins: Plugins, entry: EntryPoint) -> list[str] | str:
    """Call the registering hooks of one plugin; return what it provides, or the reason."""
    catalogs: dict[str, tuple[Catalog[Any], type]] = {
        "datasets": (plugins.datasets, Dataset),
        "backbones": (plugins.backbones, Backbone),
        "probes": (plugins.probes, Probe),
    }
    provides: list[str] = []
    items: list[tuple[Catalog[Any], str, Any]] = []
    for kind, (catalog, interface) in catalogs.items():
        register = _collector(items, catalog, interface)
        try:
            call_hook(plugins, f"ccbench_register_{kind}", entry.name, register=register)
        except Exception as error:
            plugins.manager.unregister(name=entry.name)
            return f"{type(error).__name__}: {error}"
    for catalog, name, item in items:
        catalog.add(name, item, package(entry))
        shown = f"{name}:…" if isinstance(item, Family) else name
        provides.append(f"{catalog.kind} {shown}")
    if any(
        impl.plugin_name == entry.name
        for impl in plugins.manager.hook.ccbench_register_commands.get_hookimpls()
    ):
        provides.append("commands")
    return provides


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


def call_each(plugins: Plugins, hook: str, **arguments: object) -> None:
    """Call a hook of every plugin; one that raises is reported and does not stop the rest.

    Raises:
        PluginError: a plugin raised and strict mode is on.
    """
    strict = os.environ.get(STRICT, "") not in {"", "0"}
    for plugin in plugins.found:
        if plugin.problem:
            continue
        try:
            call_hook(plugins, hook, plugin.name, **arguments)
        except Exception as error:
            sentence = (
                f"the plugin '{plugin.name}' ({plugin.package}) failed in {hook}: "
                f"{type(error).__name__}: {error}"
            )
            if strict:
                raise PluginError(sentence) from error
            print(f"ccbench: {sentence}", file=sys.stderr)


def _complain(entry: EntryPoint, reason: str, *, strict: bool) -> None:
    sentence = f"the plugin '{entry.name}' ({package(entry)}) was not loaded: {reason}"
    if strict:
        raise PluginError(sentence)
    print(f"ccbench: {sentence}", file=sys.stderr)
