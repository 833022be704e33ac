"""What plugins registered, by name, and which plugin it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pluggy

from ccbench.backbones import ChosenBackbone, parse_backbone_spec
from ccbench.datasets import DatasetSpec, ManifestDataset, ProbeSpec, dataset_from_card
from ccbench.exceptions import (
    BackboneError,
    CcbenchError,
    DatasetError,
    PluginError,
    ProbeError,
    UnknownNameError,
)
from ccbench.interfaces import Backbone, Dataset, Family, Probe
from ccbench.plugins.blame import DEBUG, debugging, describe, place
from ccbench_registry import Catalog, suggestion

T = TypeVar("T")


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found.

    Attributes:
        name: of its entry point.
        package: distribution that ships it, with version.
        module: what the entry point names.
        problem: why it was not loaded, or "".
        provides: "dataset kdef", "backbone timm:…", "commands", ...
        items: kind and name (of a family its prefix) of what it registered.
        hooks: that it implements, in the order of :data:`HOOKS`.
        error: the exception that kept it from being loaded.
    """

    name: str
    package: str
    module: str
    problem: str = ""
    provides: tuple[str, ...] = ()
    items: tuple[tuple[str, str], ...] = ()
    hooks: tuple[str, ...] = ()
    error: BaseException | None = field(default=None, repr=False, compare=False)


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
        return self._open(self.datasets, name)

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
        base = self._open(
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
        return self._open(self.probes, name)

    def owner(self, kind: str, name: str) -> Plugin | None:
        """Return the plugin that registered an item, or the family that it is of."""
        if kind == "backbone":
            # Options and layers are any backbone's.
            with contextlib.suppress(BackboneError):
                name = parse_backbone_spec(name).name
        prefix = name.partition(":")[0]
        for plugin in self.found:
            if (kind, name) in plugin.items or (kind, prefix) in plugin.items:
                return plugin
        return None

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
        try:
            path = Path(spec.name).expanduser()
        except RuntimeError:
            raise DatasetError(f"no such home folder: {spec.name}; give the whole path") from None
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

    def _open(self, catalog: Catalog[T | Family[T]], name: str) -> T:
        prefix, colon, rest = name.partition(":")
        if colon and prefix in catalog:
            family = catalog.get(prefix)
            if isinstance(family, Family):
                with blamed(lambda: self, catalog.kind, name, "open()"):
                    return family.open(rest)
        item = catalog.get(name)
        if isinstance(item, Family):
            raise UnknownNameError(
                f"'{name}' is a family of {catalog.kind}s; write for example '{item.example}'",
                name=name,
                known=list(catalog),
            )
        return item


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


@contextlib.contextmanager
def blamed(
    plugins: Callable[[], Plugins],
    kind: str,
    name: str,
    doing: str,
    passing: type[Exception] = CcbenchError,
) -> Iterator[None]:
    """Do what :func:`ccbench.plugins.plugin_code` does, with plugins that are at hand.

    Args:
        plugins: gives the loaded plugins; called after an exception only.
        kind: of the item.
        name: of the item.
        doing: what is called.
        passing: a class of exceptions that pass too.
    """
    try:
        yield
    except (CcbenchError, passing):
        raise
    except Exception as error:
        owner = plugins().owner(kind, name)
        if owner is None or (isinstance(error, OSError) and error.filename is not None):
            raise
        where = place(error, owner.module)
        raise PluginError(
            f"the {kind} '{name}' (plugin '{owner.name}', {owner.package}) failed in {doing}: "
            f"{describe(error)}{f' ({where})' if where else ''}"
            f"{'' if debugging() else f'; {DEBUG}=1 shows the traceback'}"
        ) from error
