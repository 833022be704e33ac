"""A backbone of any plugin, with its features taken from a layer that the user names."""

from __future__ import annotations

from dataclasses import replace

from ccbench.backbones.layers import LayerOutput, layer_submodules, trace, unknown_layer
from ccbench.backbones.spec import ENDINGS, BackboneSpec
from ccbench.exceptions import BackboneError
from ccbench.interfaces import Backbone, FeatureExtractor, OutlinedBackbone
from ccbench_registry import BackboneCard


class ChosenBackbone:
    """The backbone ``NAME@LAYER`` or ``NAME[layer=...,pool=...]``.

    Args:
        full: the name as the user wrote it.
        base: the backbone.
        spec: what was chosen.
    """

    def __init__(self, full: str, base: Backbone, spec: BackboneSpec) -> None:
        self.full = full
        self.base = base
        self.spec = spec

    @property
    def card(self) -> BackboneCard:
        """The card of the backbone, with the name as written and the layer chosen."""
        card = self.base.card
        layer = self.spec.layer or card.layer
        return card.model_copy(update={"name": self.full, "layer": layer})

    def load(self, device: str) -> FeatureExtractor:
        """Load the backbone and end it at the layer.

        Raises:
            UnknownNameError: no such layer; the nearest is named.
            BackboneError: a layer whose output cannot be features, or weights as
                :class:`ccbench.interfaces.Backbone` says.
        """
        return self._chosen(self.base.load(device), device)

    def outline(self) -> FeatureExtractor:
        """Do as :meth:`load` does, on the CPU and without weights where that is possible."""
        return self._chosen(outline(self.base), "cpu")

    def _chosen(self, extractor: FeatureExtractor, device: str) -> FeatureExtractor:
        from ccbench.backbones.cut import Cut

        known = layer_submodules(extractor)
        layer = self.spec.layer or extractor.layer
        if self.spec.layer and layer not in known:
            more = f" (a file of weights ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]})"
            raise unknown_layer(
                layer, self.base.card.name, known, "" if f"layer={layer}" in self.full else more
            )
        if self.spec.layer:
            submodule = known[layer]
            output = trace(extractor, device)[layer]
        else:
            submodule = ""
            output = LayerOutput(1, extractor.feature_shape, is_last=True)
        average = self._averages(layer, output)
        shape = (output.units,) if average else output.shape
        pooling = "avg" if average else ""
        return replace(
            extractor,
            module=Cut(extractor.module, submodule, layer, average=average).eval(),
            feature_shape=shape,
            layer=layer,
            layers=tuple(known),
            recipe=f"{extractor.recipe}; output of '{submodule}' {pooling}".rstrip(),
            submodules={
                name: f"network.{inner}" if inner else "network" for name, inner in known.items()
            },
            averaged=average,
            # Its faster ways lead to the features of the whole network.
            grey={},
        )

    def _averages(self, layer: str, output: LayerOutput) -> bool:
        """Return whether to average over positions; refuse what cannot be features."""
        where = f"the layer '{layer}' of the backbone '{self.base.card.name}'"
        if output.runs != 1:
            often = f"runs {output.runs} times for an image" if output.runs else "is not run"
            raise BackboneError(f"{where} {often}, so that it has no one response; choose another")
        if not output.usable:
            raise BackboneError(
                f"{where} does not give one value, row of tokens or map per unit and image; "
                f"choose another"
            )
        if self.spec.pool and not output.positions:
            raise BackboneError(
                f"{where} gives each unit one value, so that pool={self.spec.pool} has no "
                f"positions to work on; drop it"
            )
        return bool(output.positions) and self.spec.pool != "flat"


def outline(backbone: Backbone) -> FeatureExtractor:
    """Return an extractor on the CPU for its layers and shapes, without weights if possible."""
    if isinstance(backbone, OutlinedBackbone):
        return backbone.outline()
    return backbone.load("cpu")
