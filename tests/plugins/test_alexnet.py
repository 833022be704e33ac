"""AlexNet: the shipped weights in torchvision's own network give the same features."""

from __future__ import annotations

import copy
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import load_file, save_file

from ccbench.exceptions import BackboneError
from ccbench.interfaces import Backbone, Precision
from ccbench.plugins import load_plugins
from ccbench.preprocessing import FaceRecipe, grey_from_bgr, standardise_in_box
from ccbench.testing import check_backbone
from ccbench_plugins import alexnet
from ccbench_plugins.rendered import draw_identity, render

WEIGHTS = Path(str(files("ccbench_plugins.alexnet") / alexnet.WEIGHTS))


@pytest.fixture(scope="module")
def theirs() -> torch.nn.Module:
    """Return torchvision's AlexNet with the shipped weights in its ``features``."""
    network: torch.nn.Module = torchvision.models.alexnet(weights=None)
    state = network.state_dict()
    shipped = load_file(WEIGHTS)
    # torchvision's own names, all of them, and nothing else.
    assert set(shipped) == {name for name in state if name.startswith("features.")}
    network.load_state_dict({**state, **shipped})
    return network.eval()


def test_features_equal_torchvisions(theirs: torch.nn.Module) -> None:
    extractor = alexnet.AlexNet().load("cpu")
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(3, 3, 224, 224, generator=generator)
    with torch.inference_mode():
        found = extractor.module(images.clone())
        usual = theirs.get_submodule("features")(images.clone())
        exact = copy.deepcopy(theirs).double().get_submodule("features")(images.double())
    assert found.shape == (3, 256, 6, 6)
    assert found.dtype == torch.float32
    # Sums in another order; both are equally near to those in double precision.
    assert float((found - usual).abs().max() / usual.max()) < 5e-6
    assert float((found - exact).abs().max() / exact.max()) < 3e-6
    # After ReLU and pooling, and the weights are trained ones: the units are selective.
    assert float(found.min()) == 0
    assert 0.01 < float((found > 0).float().mean()) < 0.9
    assert float(found.max()) > 1


def test_features_are_of_conv5_after_pooling(theirs: torch.nn.Module) -> None:
    layers = list(theirs.get_submodule("features").children())
    assert isinstance(layers[-1], torch.nn.MaxPool2d)
    extractor = alexnet.AlexNet().load("cpu")
    images = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        conv5 = torch.nn.Sequential(*layers[:-1])(images.clone())
        expected = torch.nn.functional.max_pool2d(conv5, 3, 2)
        error = extractor.module(images) - expected
        assert float(error.abs().max() / expected.max()) < 5e-6
    assert extractor.layer == "conv5"
    assert extractor.feature_shape == (256, 6, 6)


def test_layers_are_torchvisions_after_relu(theirs: torch.nn.Module) -> None:
    layers = list(theirs.get_submodule("features").children())
    extractor = alexnet.AlexNet().load("cpu")
    assert extractor.layers == ("conv1", "conv2", "conv3", "conv4", "conv5", "pool5")
    units = (64, 192, 384, 256, 256, 256)
    found: dict[str, torch.Tensor] = {}

    def keep(name: str, module: torch.nn.Module) -> None:
        module.register_forward_hook(lambda _m, _i, output: found.update({name: output.clone()}))

    for name, inner in extractor.submodules.items():
        keep(name, extractor.module.get_submodule(inner))
    images = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        features = extractor.module(images.clone())
        for name, end, count in zip(found, (2, 5, 8, 10, 12, 13), units, strict=True):
            plain = torch.nn.Sequential(*layers[:end])(images.clone())
            assert isinstance(layers[end - 1], torch.nn.ReLU) == name.startswith("conv")
            assert found[name].shape[:2] == (1, count)
            assert float((found[name] - plain).abs().max() / plain.max()) < 1e-5
    assert torch.equal(found["pool5"], features)


def three_channels(images: torch.Tensor) -> torch.Tensor:
    """Normalise grey faces as torchvision's preset does, float32 (n, 3, 224, 224)."""
    from torchvision.transforms.v2.functional import normalize

    preset = torchvision.models.AlexNet_Weights.IMAGENET1K_V1.transforms()
    found: torch.Tensor = normalize(
        (images[:, None] / 255).repeat(1, 3, 1, 1), list(preset.mean), list(preset.std)
    )
    return found


def faces() -> torch.Tensor:
    """Render faces with expressions and standardise them, uint8 (n, 224, 224)."""
    units: list[dict[int, float]] = [{}, {12: 1, 6: 0.8}, {4: 1, 7: 0.6}, {1: 1, 5: 1, 26: 1}]
    shown = [render(draw_identity(seed), moved, size=224) for seed, moved in enumerate(units)]
    standard = [
        standardise_in_box(grey_from_bgr(rgb[:, :, ::-1].copy()), (112, 112, 150), FaceRecipe())[0]
        for rgb in shown
    ]
    return torch.from_numpy(np.stack(standard))


def relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found.double() - expected.double()).norm() / expected.double().norm())


def test_the_way_for_grey_faces_gives_what_torchvision_gives(theirs: torch.nn.Module) -> None:
    extractor = alexnet.AlexNet().load("cpu")
    generator = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (3, 224, 224), dtype=torch.uint8, generator=generator)
    # Padding is of the normalised image, so black and white ones are the hard ones.
    images[1], images[2] = 0, 255
    before = images.clone()
    with torch.inference_mode():
        expected = theirs.get_submodule("features")(three_channels(images))
        found = extractor.grey["float32"](images)
    assert found.dtype == torch.float32
    assert found.shape == expected.shape
    for one, other in zip(found, expected, strict=True):
        assert float((one - other).abs().max() / other.max()) < 1e-5
    assert torch.equal(images, before)


def test_bfloat16_is_within_half_a_percent_on_faces(theirs: torch.nn.Module) -> None:
    extractor = alexnet.AlexNet().load("cpu")
    images = faces()
    with torch.inference_mode():
        expected = theirs.get_submodule("features")(three_channels(images))
        exact = extractor.grey["float32"](images)
        found = extractor.grey["bfloat16"](images)
    assert relative(exact, expected) < 5e-6
    # It is another precision indeed, and not biased.
    assert 1e-3 < relative(found, expected) < 5e-3
    ratio = float((found.double() * expected).sum() / (expected.double() ** 2).sum())
    assert abs(ratio - 1) < 1e-3


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_all_of_it_goes_to_the_device(precision: Precision) -> None:
    extractor = alexnet.AlexNet().load("meta")
    grey = extractor.grey[precision]
    assert isinstance(grey, torch.nn.Module)
    tensors = [*extractor.module.parameters(), *grey.parameters(), *grey.buffers()]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert not any(tensor.requires_grad for tensor in tensors)
    found = grey(torch.zeros(5, 224, 224, dtype=torch.uint8, device="meta"))
    assert found.shape == (5, 256, 6, 6)


def test_input_is_normalised_as_the_weights_were_trained() -> None:
    extractor = alexnet.AlexNet().load("cpu")
    preset = torchvision.models.AlexNet_Weights.IMAGENET1K_V1.transforms()
    assert list(extractor.mean) == list(preset.mean)
    assert list(extractor.std) == list(preset.std)
    assert [extractor.input_size] == list(preset.crop_size)


def test_it_keeps_to_the_contract() -> None:
    check_backbone(alexnet.AlexNet())


def test_weights_that_were_changed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors = load_file(WEIGHTS)
    name = "features.0.bias"
    tensors[name] = tensors[name] + 1e-7 * tensors[name].abs().max()
    save_file(tensors, tmp_path / alexnet.WEIGHTS)
    monkeypatch.setattr(alexnet, "files", lambda _: tmp_path)
    with pytest.raises(BackboneError, match=r"were changed \(SHA-256 [0-9a-f]{64}\).*install"):
        alexnet.AlexNet().load("cpu")
    (tmp_path / alexnet.WEIGHTS).write_bytes(WEIGHTS.read_bytes()[:1000])
    with pytest.raises(BackboneError, match="were changed"):
        alexnet.AlexNet().load("cpu")
    (tmp_path / alexnet.WEIGHTS).write_bytes(WEIGHTS.read_bytes())
    assert alexnet.AlexNet().load("cpu").weights_digest == alexnet.SHA256


def test_the_card_says_whose_work_it_is() -> None:
    card = alexnet.AlexNet().card
    assert (card.name, card.layer) == ("alexnet", "conv5")
    assert card.terms.licence == "BSD-3-Clause"
    assert card.terms.redistribution
    assert "Krizhevsky" in str(card.citations[0])
    licence = files("ccbench_plugins.alexnet") / "LICENSE-torchvision"
    assert "BSD 3-Clause License" in licence.read_text(encoding="utf-8")


def test_it_is_registered() -> None:
    backbone = load_plugins(quiet=True).backbone("alexnet")
    assert isinstance(backbone, Backbone)
    assert backbone.card == alexnet.CARD
