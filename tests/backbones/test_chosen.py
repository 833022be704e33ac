"""Features from a layer that the user names: against the layers run by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from ccbench.backbones import (
    BackboneSpec,
    ChosenBackbone,
    outline,
    parse_backbone_spec,
    position_means,
    trace,
)
from ccbench.backbones.layers import LayerOutput
from ccbench.exceptions import BackboneError, UnknownNameError
from ccbench.features import BackboneIdentity
from ccbench.interfaces import FeatureExtractor
from ccbench.plugins import load_plugins
from ccbench.runner.units import layer_means, open_layers
from ccbench.testing import check_backbone
from ccbench_plugins import alexnet
from ccbench_registry import BackboneCard, Terms

pytestmark = pytest.mark.usefixtures("one_thread")
SIZE = 12


class Swap(nn.Module):
    """Units last, as some networks have them."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps.permute(0, 2, 3, 1)


class Tokens(nn.Module):
    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps.flatten(1, 2)


class Network(nn.Module):
    """Maps, the same with units last, tokens, vectors; one layer runs twice, one never."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.maps = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.ReLU(inplace=True))
        self.last = Swap()
        self.tokens = Tokens()
        self.pair = nn.LSTM(6, 4, batch_first=True)
        self.twice = nn.Identity()
        self.never = nn.Identity()
        self.vectors = nn.Linear(6, 7)
        self.end = nn.Tanh()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        tokens = self.tokens(self.last(self.maps(images)))
        self.pair(tokens)
        tokens = self.twice(self.twice(tokens))
        features: torch.Tensor = self.end(self.vectors(tokens.mean(1)))
        return features


class Small:
    """A backbone around ``Network``."""

    card = BackboneCard(
        name="small",
        title="Small",
        architecture="small",
        layer="end",
        weights="none",
        terms=Terms(licence="BSD-3-Clause"),
    )

    def load(self, device: str) -> FeatureExtractor:
        network = Network().requires_grad_(False).eval().to(device)
        return FeatureExtractor(
            network, SIZE, (0.5,) * 3, (0.2,) * 3, (7,), "end", ("end",), "digest", "small-1"
        )


def chosen(options: str) -> ChosenBackbone:
    name = f"small{options}"
    return ChosenBackbone(name, Small(), parse_backbone_spec(name))


def images() -> torch.Tensor:
    return torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def by_hand(layer: str) -> torch.Tensor:
    """Return a layer's output: maps (2, 6, 5, 5), tokens (2, 25, 6), vectors (2, 7)."""
    network = Network().eval()
    found = images()
    outputs: dict[str, torch.Tensor] = {}
    with torch.inference_mode():
        for step in ("maps.0", "maps.1", "last", "tokens"):
            found = network.get_submodule(step)(found)
            outputs[step] = found.clone()
        outputs["vectors"] = network.vectors(found.mean(1))
    return outputs["maps.1" if layer == "maps" else layer]


@pytest.mark.parametrize(
    ("layer", "axes"),
    [("maps", (2, 3)), ("maps.0", (2, 3)), ("last", (1, 2)), ("tokens", (1,)), ("vectors", ())],
)
def test_units_are_averaged_over_positions(layer: str, axes: tuple[int, ...]) -> None:
    extractor = chosen(f"@{layer}").load("cpu")
    expected = by_hand(layer)
    expected = expected.mean(axes) if axes else expected
    found = extractor.module(images())
    assert torch.allclose(found, expected, atol=1e-6)
    assert extractor.feature_shape == tuple(found.shape[1:])
    assert extractor.features == found.shape[1]
    assert extractor.positions == ("averaged" if axes else "none")
    assert extractor.layer == layer


@pytest.mark.parametrize("layer", ["maps", "maps.0", "last", "tokens"])
def test_or_every_position_is_a_feature(layer: str) -> None:
    extractor = chosen(f"@{layer}[pool=flat]").load("cpu")
    found = extractor.module(images())
    # The layer before the ReLU that works in place is as it was, negative values and all.
    assert torch.equal(found, by_hand(layer))
    assert extractor.feature_shape == tuple(found.shape[1:])
    assert extractor.features == 150
    assert extractor.positions == "flattened"


def test_what_comes_after_the_layer_is_not_run() -> None:
    extractor = chosen("@tokens").load("cpu")
    ran: list[str] = []
    for name, module in extractor.module.named_modules():
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
    extractor.module(images())
    assert ran == ["network.maps.0", "network.maps.1", "network.maps", "network.last",
                   "network.tokens", ""]  # fmt: skip


def test_it_keeps_to_the_contract() -> None:
    check_backbone(chosen("@maps"))
    check_backbone(chosen("@tokens[pool=flat]"))
    check_backbone(load_plugins(quiet=True).backbone("alexnet@conv4"))


def test_another_choice_is_another_identity() -> None:
    names = ["", "@maps", "@maps[pool=flat]", "@maps.0", "@last", "@vectors"]
    found = [chosen(name).load("cpu") if name else Small().load("cpu") for name in names]
    identities = {
        replace(BackboneIdentity.of("", extractor, "cpu"), layer="", feature_shape=())
        for extractor in found
    }
    assert len(identities) == len(names)
    assert {extractor.weights_digest for extractor in found} == {"digest"}
    written_out = chosen("[layer=maps,pool=avg]").load("cpu")
    assert written_out.recipe == found[1].recipe


def test_layers_up_to_the_chosen_one_can_be_probed() -> None:
    extractor = chosen("@tokens").load("cpu")
    layers = open_layers(["maps", "tokens"], "small@tokens", extractor, "cpu")
    means = layer_means(extractor, layers, images())
    for name, axes in (("maps", (2, 3)), ("tokens", (1,))):
        assert torch.allclose(means[name], by_hand(name).mean(axes), atol=1e-6)
    with pytest.raises(BackboneError, match="'end' is not run on the way to the features"):
        open_layers(["end"], "small@tokens", extractor, "cpu")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("@twice", "the layer 'twice' of the backbone 'small' runs 2 times for an image"),
        ("@never", "'never' of the backbone 'small' is not run"),
        ("@pair", "'pair' .* does not give one value, row of tokens or map"),
        ("@vectors[pool=flat]", "gives each unit one value, so that pool=flat has no positions"),
        ("[pool=avg]", "'end' .* gives each unit one value, so that pool=avg .*; drop it"),
    ],
)
def test_layers_that_give_no_features_are_refused(options: str, said: str) -> None:
    with pytest.raises(BackboneError, match=said):
        chosen(options).load("cpu")


def test_a_layer_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'small' has no layer 'token'; did you mean "
                       r"'tokens'\? \(a file of weights ends in \.safetensors, "):  # fmt: skip
        chosen("@token").load("cpu")
    with pytest.raises(UnknownNameError, match=r"did you mean 'tokens'\?$"):
        chosen("[layer=token]").load("cpu")


def test_the_card_has_the_name_as_written_and_the_layer() -> None:
    card = chosen("@maps[pool=flat]").card
    assert (card.name, card.layer, card.title) == ("small@maps[pool=flat]", "maps", "Small")
    base = Small().card
    assert ChosenBackbone("small[pool=avg]", Small(), BackboneSpec("small", pool="avg")).card == (
        base.model_copy(update={"name": "small[pool=avg]"})
    )


def test_alexnet_without_a_layer_is_untouched_and_pooled_when_asked() -> None:
    plugins = load_plugins(quiet=True)
    assert plugins.backbone("alexnet").card is alexnet.CARD
    batch = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        features = alexnet.AlexNet().load("cpu").module(batch.clone())
        found = plugins.backbone("alexnet[pool=avg]").load("cpu")
        assert torch.allclose(found.module(batch.clone()), features.mean((2, 3)), atol=1e-6)
        before = plugins.backbone("alexnet@conv5[pool=flat]").load("cpu").module(batch.clone())
    assert found.feature_shape == (256,)
    assert torch.allclose(torch.nn.functional.max_pool2d(before, 3, 2), features, atol=1e-6)


def test_weights_for_a_backbone_that_brings_its_own_are_refused() -> None:
    plugins = load_plugins(quiet=True)
    with pytest.raises(BackboneError, match=r"'alexnet' brings its own weights; drop /w\.pth"):
        plugins.backbone("alexnet@/w.pth")
    with pytest.raises(UnknownNameError, match="no backbone 'alexnt'; did you mean 'alexnet'"):
        plugins.backbone("alexnt@conv4")


def test_every_layer_is_traced() -> None:
    found = trace(Small().load("cpu"), "cpu")
    assert found["maps"] == LayerOutput(1, (6, 5, 5))
    assert found["end"] == LayerOutput(1, (7,), is_last=True)
    assert (found["twice"].runs, found["never"].runs) == (2, 0)
    assert {name for name, output in found.items() if not output.usable} == {
        "pair", "twice", "never",
    }  # fmt: skip
    assert (found["last"].units, found["last"].positions) == (6, (5, 5))
    assert (found["tokens"].units, found["tokens"].positions) == (6, (25,))
    assert (found["vectors"].units, found["vectors"].positions) == (7, ())


@pytest.mark.parametrize("output", [torch.zeros(3, 4), torch.zeros(2), torch.zeros(2, 3, 4, 5), ()])
def test_outputs_without_a_clear_form_have_no_means(output: Any) -> None:
    with pytest.raises(BackboneError, match="the layer 'x' gives 2 images an output"):
        position_means(output, 2, "x")


def test_a_backbone_without_an_outline_is_loaded() -> None:
    assert outline(Small()).weights_digest == "digest"
    assert outline(chosen("@maps")).feature_shape == (6,)


def test_faster_ways_for_grey_faces_end_with_the_whole_network() -> None:
    plugins = load_plugins(quiet=True)
    assert plugins.backbone("alexnet").load("cpu").grey
    for name in ("alexnet@conv4", "alexnet[pool=avg]"):
        chosen = plugins.backbone(name)
        assert not chosen.load("cpu").grey
        check_backbone(chosen)
