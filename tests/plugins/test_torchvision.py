"""torchvision: the features of its own networks, with weights from files."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from safetensors.torch import load_file, save_file
from tests.plugins.networks import unlike_statistics
from torch import nn
from torchvision import models
from torchvision.models.vgg import VGG, make_layers

from ccbench.backbones import outline
from ccbench.exceptions import BackboneError, UnknownNameError
from ccbench.interfaces import Backbone
from ccbench.plugins import load_plugins
from ccbench.testing import check_backbone
from ccbench_plugins.torchvision_backbones import weights as downloads

pytestmark = pytest.mark.usefixtures("one_thread", "no_network")
INCEPTION = {"transform_input": True, "init_weights": False}
HEADS = {
    "resnet18": "fc",
    "mobilenet_v3_small": "classifier.3",
    "shufflenet_v2_x0_5": "fc",
    "mnasnet0_5": "classifier.1",
    "googlenet": "fc",
}


def network(name: str, classes: int = 1000, seed: int = 0) -> nn.Module:
    """Return torchvision's own network with random weights and unlike batch statistics."""
    torch.manual_seed(seed)
    arguments: dict[str, Any] = INCEPTION if name == "googlenet" else {}
    module: nn.Module = models.get_model(name, weights=None, num_classes=classes, **arguments)
    return unlike_statistics(module)


def write(module: nn.Module, path: Path) -> Path:
    if path.suffix == ".pth":
        torch.save(module.state_dict(), path)
    else:
        save_file({k: v.contiguous().clone() for k, v in module.state_dict().items()}, path)
    return path


def backbone(full: str) -> Backbone:
    return load_plugins(quiet=True).backbone(full)


def images(size: int) -> torch.Tensor:
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("name", "classes", "suffix"),
    [
        ("resnet18", 1000, ".pth"),
        ("resnet18", 7, ".safetensors"),
        ("mobilenet_v3_small", 1000, ".safetensors"),
        ("shufflenet_v2_x0_5", 7, ".pth"),
        ("mnasnet0_5", 1000, ".pth"),
        ("mnasnet0_5", 7, ".safetensors"),  # which has no place for the version it looks for
        ("googlenet", 1000, ".pth"),  # with classifiers for training, as torchvision's file
    ],
)
def test_features_are_what_the_classifier_is_given(
    tmp_path: Path, name: str, classes: int, suffix: str
) -> None:
    module = network(name, classes)
    path = write(module, tmp_path / f"w{suffix}")
    extractor = backbone(f"torchvision:{name}@{path}").load("cpu")
    given: list[torch.Tensor] = []
    module.get_submodule(HEADS[name]).register_forward_pre_hook(
        lambda _module, inputs: given.append(inputs[0].clone())
    )
    batch = images(extractor.input_size)
    with torch.inference_mode():
        module(batch.clone())
        assert torch.equal(extractor.module(batch.clone()), given[0])
    assert extractor.feature_shape == tuple(given[0].shape[1:])
    assert float(given[0].std()) > 1e-4


def test_a_network_without_a_linear_layer_ends_before_its_last_convolution(tmp_path: Path) -> None:
    module: Any = network("squeezenet1_1")
    path = write(module, tmp_path / "w.pth")
    extractor = backbone(f"torchvision:squeezenet1_1@{path}").load("cpu")
    with torch.inference_mode():
        expected = torch.relu(module.features(images(224))).mean((2, 3))
        assert torch.equal(extractor.module(images(224)), expected)
    assert extractor.feature_shape == (512,)


def test_old_names_of_dense_layers_are_read(tmp_path: Path) -> None:
    module = network("densenet121")
    new = module.state_dict()
    old = {
        key.replace(".norm1.", ".norm.1.").replace(".norm2.", ".norm.2.")
        .replace(".conv1.", ".conv.1.").replace(".conv2.", ".conv.2."): value
        for key, value in new.items()
    }  # fmt: skip
    assert len(old.keys() - new.keys()) > 500
    torch.save(old, tmp_path / "w.pth")
    extractor = backbone(f"torchvision:densenet121@{tmp_path / 'w.pth'}").load("cpu")
    with torch.inference_mode():
        expected = torch.relu(module.get_submodule("features")(images(224))).mean((2, 3))
        assert torch.allclose(extractor.module(images(224)), expected, atol=1e-6)


@pytest.fixture
def small_vgg(monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """Put a VGG16 with few units in the place of torchvision's; return one."""
    widths: list[Any] = [4, 4, "M", 4, 4, "M", 8, 8, 8, "M", 8, 8, 8, "M", 8, 8, 8, "M"]

    class Small(VGG):  # type: ignore[misc]
        def __init__(self) -> None:
            nn.Module.__init__(self)
            self.features = make_layers(widths)
            self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
            self.classifier = nn.Sequential(
                nn.Linear(8 * 49, 16), nn.ReLU(True), nn.Dropout(), nn.Linear(16, 10)
            )

    def build(*, weights: Any = None) -> nn.Module:
        return Small()

    build.__annotations__["weights"] = models.VGG16_Weights
    build.__module__ = "torchvision.models.vgg"
    monkeypatch.setitem(models._api.BUILTIN_MODELS, "vgg16", build)
    torch.manual_seed(0)
    return build().eval()


def test_layers_of_vgg_are_torchvisions(tmp_path: Path, small_vgg: Any) -> None:
    path = write(small_vgg, tmp_path / "w.pth")
    with torch.inference_mode():
        maps = small_vgg.features[:24](images(224))
        averaged = backbone(f"torchvision:vgg16@{path}[layer=features.23]").load("cpu")
        assert torch.allclose(averaged.module(images(224)), maps.mean((2, 3)), atol=1e-6)
        assert (averaged.feature_shape, averaged.positions) == ((8,), "averaged")
        name = f"torchvision:vgg16[layer=features.23,pool=flat,weights={path}]"
        flat = backbone(name).load("cpu")
        assert torch.equal(flat.module(images(224)), maps)
        assert (flat.feature_shape, flat.positions) == ((8, 14, 14), "flattened")
        fully = backbone(f"torchvision:vgg16@{path}").load("cpu")
        expected = small_vgg.classifier[:3](torch.flatten(small_vgg.features(images(224)), 1))
        assert torch.equal(fully.module(images(224)), expected)


def test_the_layer_alone_needs_no_file_to_be_looked_at(small_vgg: nn.Module) -> None:
    extractor = outline(backbone("torchvision:vgg16@features.23"))
    assert (extractor.layer, extractor.feature_shape) == ("features.23", (8,))


@pytest.mark.usefixtures("small_vgg")
@pytest.mark.parametrize(
    ("full", "member", "size"),
    [
        ("vgg16", models.VGG16_Weights.IMAGENET1K_V1, 224),
        ("vgg16.imagenet1k_features", models.VGG16_Weights.IMAGENET1K_FEATURES, 224),
    ],
)
def test_input_is_normalised_as_the_weights_were_trained(
    full: str, member: models.VGG16_Weights, size: int
) -> None:
    found = backbone(f"torchvision:{full}")
    extractor = outline(found)
    preset = member.transforms()
    assert (extractor.input_size, list(extractor.mean)) == (size, list(preset.mean))
    assert list(extractor.std) == list(preset.std)
    assert found.card.weights == f"torchvision VGG16_Weights.{member.name}"


def test_it_keeps_to_the_contract(tmp_path: Path) -> None:
    path = write(network("squeezenet1_1"), tmp_path / "w.safetensors")
    check_backbone(backbone(f"torchvision:squeezenet1_1@{path}"))


def test_the_digest_is_of_the_weights(tmp_path: Path) -> None:
    first, again = (
        write(network("shufflenet_v2_x0_5"), tmp_path / name) for name in ("a.safetensors", "b.pth")
    )
    other = write(network("shufflenet_v2_x0_5", seed=1), tmp_path / "c.pth")
    digests = [
        backbone(f"torchvision:shufflenet_v2_x0_5@{path}").load("cpu").weights_digest
        for path in (first, again, other)
    ]
    assert digests[0] == digests[1]
    assert digests[2] != digests[0]


WRONG = "does not hold the weights of squeezenet1_1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: {k: v for k, v in t.items() if "12.expand" not in k}, "4 of 50 are missing"),
        (lambda t: t | {"extra.bias": torch.ones(2)}, "it holds 1 others, .* extra.bias"),
        (lambda t: {f"net.{k}": v for k, v in t.items()}, "50 of 50 are missing"),
        (lambda t: t | {"features.0.bias": torch.ones(5)}, "size mismatch for features.0.bias"),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path: Path, change: Any, said: str) -> None:
    path = write(network("squeezenet1_1"), tmp_path / "w.safetensors")
    save_file(change(load_file(path)), path)
    with pytest.raises(BackboneError, match=rf"{WRONG}: .*{said}") as error:
        backbone(f"torchvision:squeezenet1_1@{path}").load("cpu")
    assert "\n" not in str(error.value)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no network 'resnet81'; did you mean 'resnet18'"):
        backbone("torchvision:resnet81").load("cpu")
    with pytest.raises(UnknownNameError, match="no weights 'imagenet_v1' of resnet18; did you "
                       "mean 'IMAGENET1K_V1'"):  # fmt: skip
        outline(backbone("torchvision:resnet18.imagenet_v1"))
    for name in ("torchvision:", "torchvision:@w.pth", "torchvision:resnet18."):
        with pytest.raises(BackboneError, match=r"write torchvision:NAME, .* torchvision:vgg16"):
            backbone(name)


def test_the_card_says_whose_work_it_is() -> None:
    card = backbone("torchvision:vgg16").card
    assert (card.name, card.layer) == ("torchvision:vgg16", "pooled")
    assert card.terms.licence == "BSD-3-Clause"
    assert [str(work).split(",")[0] for work in card.citations][1] == "Simonyan"
    assert "He, K." in str(backbone("torchvision:resnet50").card.citations[1])
    own_terms: Any = backbone("torchvision:vit_b_16.IMAGENET1K_SWAG_LINEAR_V1")
    own_terms._torchvisions_weights()
    assert "SWAG" in own_terms.card.terms.licence


def test_every_network_has_weights_and_a_square_input() -> None:
    family = load_plugins(quiet=True).backbones.get("torchvision")
    names = family.names()  # type: ignore[union-attr, misc]
    assert {"vgg16", "vgg19", "resnet50", "resnet50.IMAGENET1K_V1"} <= set(names)
    assert {name.partition(".")[0] for name in names} == set(models.list_models(module=models))
    for name in models.list_models(module=models):
        for member in models.get_model_weights(name):
            assert len(member.transforms().crop_size) == 1


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep downloads in a folder of the test's."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "hub" / "checkpoints"


def serve(folder: Path, content: bytes, digest: str = "") -> str:
    name = f"net-{digest or hashlib.sha256(content).hexdigest()[:8]}.pth"
    (folder / name).write_bytes(content)
    return (folder / name).as_uri()


def test_downloads_are_checked_and_kept(tmp_path: Path, hub: Path) -> None:
    url = serve(tmp_path, b"weights")
    path = downloads.downloaded(url, "net")
    assert path.parent == hub
    assert path.read_bytes() == b"weights"
    (tmp_path / path.name).unlink()
    assert downloads.downloaded(url, "net") == path
    assert socket.getdefaulttimeout() is None


def test_a_download_that_was_changed_is_refused(tmp_path: Path, hub: Path) -> None:
    url = serve(tmp_path, b"weights", "0badc0de")
    with pytest.raises(BackboneError, match=r"net could not be downloaded \(invalid hash"):
        downloads.downloaded(url, "net")
    assert not any(hub.iterdir())


def test_a_server_that_says_no_is_told(monkeypatch: pytest.MonkeyPatch, hub: Path) -> None:
    monkeypatch.setattr(downloads, "_ask", lambda url: None)
    with pytest.raises(BackboneError, match=r"could not be downloaded \(.*No such file"):
        downloads.downloaded("file:///none/net-00000000.pth", "net")


def test_downloaded_weights_are_those_of_the_file(
    tmp_path: Path, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.mkdir(parents=True)
    url = models.SqueezeNet1_1_Weights.DEFAULT.url
    path = write(network("squeezenet1_1"), hub / url.rpartition("/")[2])
    found = backbone("torchvision:squeezenet1_1")
    fetched, given = found.load("cpu"), backbone(f"torchvision:squeezenet1_1@{path}").load("cpu")
    assert fetched.weights_digest == given.weights_digest
    assert fetched.recipe == given.recipe
    assert f"torchvision {torchvision.__version__}" in fetched.recipe


def test_without_network_one_sentence_names_the_way_out(
    monkeypatch: pytest.MonkeyPatch, hub: Path
) -> None:
    def unknown_host(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown_host)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    start = time.monotonic()
    with pytest.raises(BackboneError) as error:
        backbone("torchvision:resnet18@layer3").load("cpu")
    assert time.monotonic() - start < 10
    sentence = str(error.value)
    assert "resnet18 could not be downloaded ([Errno -2] Name or service not known)" in sentence
    assert "https://download.pytorch.org/models/resnet18-f37072fd.pth" in sentence
    assert "torchvision:resnet18@resnet18-f37072fd.pth" in sentence
    assert "\n" not in sentence
    with contextlib.suppress(FileNotFoundError):
        assert not any(hub.iterdir())
