"""What a backbone has to keep to: frozen, deterministic, as promised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ccbench.interfaces import GREY_ERROR, Backbone, FeatureExtractor
from ccbench.processor import full_precision
from ccbench.testing.suite import Suite
from ccbench_registry import BackboneCard

if TYPE_CHECKING:
    import torch


@dataclass
class BackboneCase:
    """A backbone, and where it is tried."""

    backbone: Backbone
    device: str = "cpu"

    @cached_property
    def extractor(self) -> FeatureExtractor:
        """What ``load`` gives."""
        return self.backbone.load(self.device)

    @cached_property
    def features(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Features of two images of noise, computed twice."""
        import torch

        size = self.extractor.input_size
        generator = torch.Generator().manual_seed(0)
        images = torch.rand(2, 3, size, size, generator=generator).to(self.device)
        with torch.inference_mode(), full_precision():
            return self.extractor.module(images), self.extractor.module(images)


BACKBONE = Suite[BackboneCase]()


@BACKBONE.rule("it has card and load()")
def _interface(case: BackboneCase) -> Iterator[str]:
    if not isinstance(case.backbone, Backbone):
        yield f"{case.backbone!r} lacks a member of Backbone"


@BACKBONE.rule("the card is a BackboneCard", "interface")
def _card(case: BackboneCase) -> Iterator[str]:
    if not isinstance(case.backbone.card, BackboneCard):
        yield "card is not a BackboneCard"


@BACKBONE.rule("load() gives a FeatureExtractor", "interface")
def _load(case: BackboneCase) -> Iterator[str]:
    if not isinstance(case.extractor, FeatureExtractor):
        yield f"load() gave a {type(case.extractor).__name__}"


@BACKBONE.rule("digest and recipe name weights and code", "load")
def _names(case: BackboneCase) -> Iterator[str]:
    if not case.extractor.weights_digest:
        yield "weights_digest is empty"
    if not case.extractor.recipe:
        yield "recipe is empty; name the network and a version of its code"


@BACKBONE.rule("the layer of the features is in layers", "load")
def _layers(case: BackboneCase) -> Iterator[str]:
    if case.extractor.layer not in case.extractor.layers:
        yield f"the layer {case.extractor.layer} is not in layers"


@BACKBONE.rule("submodules names layers and modules there are", "load")
def _submodules(case: BackboneCase) -> Iterator[str]:
    extractor = case.extractor
    for layer in sorted(set(extractor.submodules) - set(extractor.layers)):
        yield f"the layer {layer} of submodules is not in layers"
    inner = {name for name, _ in extractor.module.named_modules(remove_duplicate=False)}
    for layer, name in extractor.submodules.items():
        if name not in inner:
            yield f"the module has no submodule '{name}' for the layer {layer}"


@BACKBONE.rule("the module is in evaluation mode", "load")
def _evaluation(case: BackboneCase) -> Iterator[str]:
    if case.extractor.module.training:
        yield "the module is in training mode; call eval()"


@BACKBONE.rule("all its parameters are frozen", "load")
def _frozen(case: BackboneCase) -> Iterator[str]:
    trainable = [n for n, p in case.extractor.module.named_parameters() if p.requires_grad]
    if trainable:
        yield f"not frozen: {trainable[:3]}; call requires_grad_(False)"


@BACKBONE.rule("features have the shape that is promised", "load")
def _shape(case: BackboneCase) -> Iterator[str]:
    expected = (2, *case.extractor.feature_shape)
    shape = tuple(case.features[0].shape)
    if shape != expected:
        yield f"features are {shape}, not {expected}"


@BACKBONE.rule("the same images give the same features", "shape")
def _repeatable(case: BackboneCase) -> Iterator[str]:
    import torch

    if not torch.equal(*case.features):
        yield "the same images gave different features"


@BACKBONE.rule("features are finite numbers", "shape")
def _finite(case: BackboneCase) -> Iterator[str]:
    import torch

    if not bool(torch.isfinite(case.features[0]).all()):
        yield "features are not finite"


@BACKBONE.rule("ways for grey faces give the module's features", "shape")
def _grey(case: BackboneCase) -> Iterator[str]:
    import torch

    from ccbench.features import normalise

    extractor = case.extractor
    size = extractor.input_size
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, size, size), dtype=torch.uint8, generator=generator)
    for precision, grey in extractor.grey.items():
        if precision not in GREY_ERROR:
            yield f"grey has an unknown precision '{precision}'"
            continue
        with torch.inference_mode(), full_precision():
            normalised = normalise(images.numpy(), extractor, case.device)
            expected = extractor.module(normalised).double()
            found, again = grey(images.to(case.device)), grey(images.to(case.device))
        if found.shape != expected.shape:
            yield (
                f"grey gives features {tuple(found.shape)} in {precision}, the module "
                f"{tuple(expected.shape)}"
            )
            continue
        if not bool(torch.isfinite(found).all()):
            yield f"features of grey in {precision} are not finite"
        if not torch.equal(found, again):
            yield f"the same faces gave different features in {precision}"
        error = float((found.double() - expected).norm() / expected.norm())
        if error > GREY_ERROR[precision]:
            yield (
                f"features of grey in {precision} are {error:.2%} away from the module's; at most "
                f"{GREY_ERROR[precision]:.2%} is allowed"
            )


@BACKBONE.rule("load() called again gives the same weights", "load")
def _same_weights(case: BackboneCase) -> Iterator[str]:
    if case.backbone.load(case.device).weights_digest != case.extractor.weights_digest:
        yield "loading twice gave different weights"
