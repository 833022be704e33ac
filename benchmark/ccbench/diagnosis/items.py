"""From what the user calls a plugin or item to the rules that it is examined by."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccbench.datasets import DatasetSpec, ProbeSpec, parse_dataset_spec
from ccbench.exceptions import PluginError, UnknownNameError
from ccbench.interfaces import Family, GeneratedDataset, GeneratedProbe, MimickedDataset
from ccbench.plugins import Plugin, Plugins, check_options
from ccbench.testing.backbone_rules import BACKBONE, BackboneCase
from ccbench.testing.dataset_rules import DATASET, GENERATED, DatasetCase, MadeCase
from ccbench.testing.probe_rules import GENERATED_PROBE, PROBE, MadeProbeCase, ProbeCase
from ccbench.testing.suite import Outcome, Suite
from ccbench_registry import suggestion


@dataclass(frozen=True)
class Material:
    """What the user gave to try items on.

    Attributes:
        scratch: an empty folder.
        root: folder of photographs or images.
        weights: file of weights, for a family of backbones.
    """

    scratch: Path
    root: Path | None = None
    weights: Path | None = None


@dataclass(frozen=True)
class Item:
    """Something that a plugin provides, with the rules that it has to keep to.

    Attributes:
        kind: "dataset", "backbone" or "probe".
        name: as a run is given it; of a whole family ``PREFIX:…``.
        plugin: that provides it.
        suite: the rules.
        case: what they are applied to.
        note: why it cannot be examined; "" if it can.
    """

    kind: str
    name: str
    plugin: Plugin
    suite: Suite[Any]
    case: object = None
    note: str = ""

    def examine(self, begin: Callable[[str], object] = lambda _: None) -> Iterator[Outcome]:
        """Look at every rule; ``begin`` is called with the meaning of each before."""
        return self.suite.examine(self.case, begin)


def choose_items(text: str, plugins: Plugins, material: Material) -> list[Item]:
    """Open the items that a name stands for.

    Args:
        text: name of a plugin (all it provides), or ``NAME[option=value]`` of an item, or
            ``PREFIX:REST`` of a family.
        plugins: loaded plugins.
        material: what to try them on.

    Raises:
        UnknownNameError: neither a plugin nor an item; the nearest name is given.
        PluginError: the plugin was not loaded or provides nothing to examine, or what the
            items need was not given.
        CcbenchError: an item refuses its options or its place in a family.
    """
    _refuse_missing(material)
    spec = parse_dataset_spec(text)
    if spec.root is not None:
        raise PluginError(f"'{text}' names a folder; give it with --root {spec.root}")
    named = [] if spec.options else _of_plugin(spec.name, plugins)
    wanted = named or _of_name(spec.name, plugins)
    if not wanted:
        known = {plugin.name for plugin in plugins.found}
        known |= {name for plugin in plugins.found for _, name in plugin.items}
        raise UnknownNameError(
            f"no plugin, dataset, backbone or probe '{spec.name}'; {suggestion(spec.name, known)}",
            name=spec.name,
            known=sorted(known),
        )
    kinds = {kind for kind, _ in wanted}
    if material.weights and "backbone" not in kinds:
        raise PluginError(f"--weights is for backbones, and '{spec.name}' is none")
    if material.root and kinds == {"backbone"}:
        raise PluginError(f"--root is for datasets and probes, and '{spec.name}' is none")
    if spec.options and kinds == {"backbone"}:
        raise PluginError(f"the backbone '{spec.name}' has no options; drop what is in brackets")
    alone = len(wanted) == 1
    items = [_open(kind, name, spec.options, plugins, material, alone) for kind, name in wanted]
    if all(item.note for item in items):
        raise PluginError(f"'{spec.name}' is {items[0].note}")
    return items


def _refuse_missing(material: Material) -> None:
    if material.root is not None and not material.root.exists():
        raise PluginError(f"no such folder: {material.root} (given with --root)")
    if material.weights is not None and not material.weights.is_file():
        raise PluginError(f"no such file: {material.weights} (given with --weights)")


def _of_plugin(name: str, plugins: Plugins) -> list[tuple[str, str]]:
    for plugin in plugins.found:
        if plugin.name == name and plugin.problem:
            raise PluginError(
                f"the plugin '{name}' was not loaded: {plugin.problem} ('ccbench plugins doctor' "
                f"says more)"
            )
        if plugin.name == name and not plugin.items:
            raise PluginError(
                f"the plugin '{name}' has no dataset, backbone or probe that could be checked"
            )
        if plugin.name == name:
            return list(plugin.items)
    return []


def _of_name(name: str, plugins: Plugins) -> list[tuple[str, str]]:
    kinds = ("dataset", "backbone", "probe")
    return [(kind, name) for kind in kinds if plugins.owner(kind, name)]


def _open(
    kind: str,
    name: str,
    options: Mapping[str, str],
    plugins: Plugins,
    material: Material,
    alone: bool,
) -> Item:
    owner = plugins.owner(kind, name)
    assert owner is not None
    if kind == "backbone":
        return _open_backbone(name, owner, plugins, material)
    catalog = plugins.datasets if kind == "dataset" else plugins.probes
    if name in catalog and isinstance(family := catalog.get(name), Family):
        return _whole(kind, family, owner)
    if kind == "dataset":
        dataset = plugins.dataset(name)
        check_options(dataset, DatasetSpec(name, material.root, options))
        # Of several items of a plugin, the folder is for those that cannot do without one.
        if isinstance(dataset, GeneratedDataset) and not (alone and material.root):
            folder = Path(tempfile.mkdtemp(dir=material.scratch))
            return Item(kind, name, owner, GENERATED, MadeCase(dataset, folder, None, options))
        if material.root is None:
            mimic = f" (without a copy: ccbench datasets mimic {name} FOLDER)"
            raise PluginError(
                f"the dataset '{name}' needs a folder of photographs; give --root FOLDER"
                f"{mimic if isinstance(dataset, MimickedDataset) else ''}"
            )
        return Item(kind, name, owner, DATASET, DatasetCase(dataset, material.root, options))
    probe = plugins.probe(name)
    check_options(probe, ProbeSpec(name, material.root, options))
    if isinstance(probe, GeneratedProbe) and not (alone and material.root):
        return Item(kind, name, owner, GENERATED_PROBE, MadeProbeCase(probe, None, options))
    return Item(kind, name, owner, PROBE, ProbeCase(probe, material.root, options))


def _open_backbone(name: str, owner: Plugin, plugins: Plugins, material: Material) -> Item:
    prefix = name.partition(":")[0]
    family = plugins.backbones.get(prefix)
    if material.weights is not None:
        if not isinstance(family, Family):
            raise PluginError(
                f"the backbone '{name}' takes no file of weights; --weights FILE is for families "
                f"that open NAME@FILE, such as timm:resnet18"
            )
        name = f"{family.example if name == prefix else name}@{material.weights}"
    elif isinstance(family, Family) and name == prefix:
        return _whole("backbone", family, owner)
    case = BackboneCase(plugins.backbone(name))
    return Item("backbone", name, owner, BACKBONE, case)


def _whole(kind: str, family: Family[Any], owner: Plugin) -> Item:
    note = f"a family of {kind}s; check one of it, for example '{family.example}'"
    return Item(kind, f"{family.prefix}:…", owner, Suite[object](), note=note)
