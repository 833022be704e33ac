"""``ccbench backbones``."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from ccbench.cli.groups import OpenGroup

if TYPE_CHECKING:
    from rich.console import Console

    from ccbench.backbones.layers import LayerOutput
    from ccbench.interfaces import FeatureExtractor
    from ccbench.plugins import Plugins
    from ccbench_registry import BackboneCard


@click.group(cls=OpenGroup)
def backbones() -> None:
    """See which networks can give the features, and what their layers are."""


@backbones.command("list")
@click.argument("pattern", required=False)
def list_backbones(pattern: str | None) -> None:
    """List the backbones; with PATTERN, the networks of every family that match it.

    PATTERN is a part of a name, or has * and ?: 'clip', 'torchvision:', 'timm:resnet?8*'.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ccbench.interfaces import Family
    from ccbench.plugins import load_plugins

    plugins = load_plugins()
    console = Console()
    if pattern is not None:
        _print_matches(console, plugins, pattern)
        return
    table = Table()
    table.add_column("name", no_wrap=True)
    for column in ("title", "layer", "licence"):
        table.add_column(column)
    for name in plugins.backbones:
        item = plugins.backbones.get(name)
        if isinstance(item, Family):
            table.add_row(f"{escape(name)}:…", escape(item.summary), "", "")
            continue
        card = item.card
        table.add_row(
            escape(name), escape(card.title), escape(card.layer), escape(card.terms.licence)
        )
    console.print(table)
    console.print(
        "'ccbench backbones list PATTERN' finds networks of the families, such as timm:*clip*; "
        "'ccbench backbones show NAME' has the layers of one. Any layer can give the features: "
        "NAME@LAYER.",
        style="dim",
        highlight=False,
    )


@backbones.command()
@click.argument("name")
@click.option("--all", "all_layers", is_flag=True, help="Layers inside of layers too.")
def show(name: str, all_layers: bool) -> None:
    """Show the backbone NAME: input, features, terms, and its layers with their shapes.

    NAME as for 'ccbench matrix -b'.  Nothing is downloaded; a file of weights that is given
    is read and checked.
    """
    from rich.console import Console

    from ccbench.backbones import outline
    from ccbench.plugins import load_plugins

    backbone = load_plugins().backbone(name)
    extractor = outline(backbone)
    console = Console()
    _print_backbone(console, backbone.card, extractor)
    _print_layers(console, extractor, all_layers)


def _print_matches(console: Console, plugins: Plugins, pattern: str) -> None:
    from ccbench.exceptions import UnknownNameError
    from ccbench.interfaces import Family
    from ccbench_registry import suggestion

    known = []
    for name in plugins.backbones:
        item = plugins.backbones.get(name)
        if not isinstance(item, Family):
            known.append(name)
        elif item.names is not None:
            known += [f"{name}:{rest}" for rest in item.names()]
    glob = pattern if any(mark in pattern for mark in "*?[") else f"*{pattern}*"
    found = fnmatch.filter(known, glob)
    if not found:
        rests = {name.partition(":")[2] or name for name in known}
        hint = suggestion(pattern.partition(":")[2] or pattern, rests)
        raise UnknownNameError(
            f"no backbone matches '{pattern}'"
            + (f"; {hint}" if hint.startswith("did you mean") else "; try a shorter part"),
            name=pattern,
            known=known,
        )
    for name in found:
        console.print(name, markup=False, highlight=False, soft_wrap=True)


def _print_backbone(console: Console, card: BackboneCard, extractor: FeatureExtractor) -> None:
    from rich.markup import escape

    def line(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    console.print(f"[bold]{escape(card.name)}[/]: {escape(card.title)}", highlight=False)
    if card.architecture not in card.title:
        line(f"Architecture: {card.architecture}")
    line(f"Weights: {card.weights}")
    size = extractor.input_size
    mean, spread = (
        ", ".join(f"{value:.4g}" for value in values) for values in (extractor.mean, extractor.std)
    )
    line(
        f"Input: {size} × {size} pixels, grey in three equal channels from 0 to 1, "
        f"less {mean}, divided by {spread}"
    )
    line(f"Features: {_features(card.layer, extractor)}")
    line(f"Terms: {card.terms.licence}")
    for note in card.notes:
        line(f"• {note}")
    for citation in card.citations:
        line(f"Cite: {citation}")


def _features(layer: str, extractor: FeatureExtractor) -> str:
    """Say what the features are: "layer3, averaged over positions: 1,024 an image"."""
    count = f"{extractor.features:,} an image"
    if extractor.positions == "averaged":
        return f"{layer}, averaged over its positions: {count}"
    if extractor.positions == "flattened":
        return f"{layer}, all positions ({_times(extractor.feature_shape)} flattened): {count}"
    return f"{layer}: {count}"


def _print_layers(console: Console, extractor: FeatureExtractor, all_layers: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    from ccbench.backbones import trace

    found = trace(extractor, "cpu")
    usable = {name: output for name, output in found.items() if output.usable}
    shown = usable if all_layers else {n: o for n, o in usable.items() if n.count(".") < 2}
    table = Table(title="Layers", title_justify="left", title_style="bold")
    table.add_column("layer", no_wrap=True)
    for column in ("output", "features, averaged", "flattened"):
        table.add_column(column, justify="right")
    source = _source(extractor, usable)
    for name, output in shown.items():
        shown_name = escape(name)
        if name == source:
            shown_name = f"[bold]{shown_name} ← features[/]"
        table.add_row(shown_name, *_row(output))
    console.print(table)
    hidden = len(usable) - len(shown)
    if hidden:
        console.print(f"and {hidden} inside of these: --all", style="dim", highlight=False)
    console.print(
        "To take the features from one: NAME@LAYER (averaged over positions), or "
        "'NAME[layer=LAYER,pool=flat]'.",
        style="dim",
        highlight=False,
        markup=False,
    )


def _source(extractor: FeatureExtractor, layers: Mapping[str, LayerOutput]) -> str:
    """Return the layer whose output the features are."""
    last = [name for name, output in layers.items() if output.is_last]
    return extractor.layer if extractor.layer in last or not last else last[-1]


def _row(output: LayerOutput) -> tuple[str, str, str]:
    if not output.positions:
        return f"{output.units:,}", f"{output.units:,}", ""
    flat = f"{output.units * math.prod(output.positions):,}"
    places = _times(output.positions) + (" tokens" if len(output.positions) == 1 else "")
    return f"{output.units:,} of {places}", f"{output.units:,}", flat


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
