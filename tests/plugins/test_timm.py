"""timm: the features of timm's own network, with weights from a file."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from tests.plugins.networks import unlike_statistics

from ccbench.backbones import outline
from ccbench.exceptions import BackboneError, UnknownNameError
from ccbench.features import normalise
from ccbench.interfaces import Backbone
from ccbench.plugins import load_plugins
from ccbench.runner.units import layer_means, open_layers
from ccbench.testing import check_backbone
from ccbench_plugins import timm_backbones

pytestmark = pytest.mark.usefixtures("one_thread", "no_network")


def network(name: str, classes: int, seed: int = 0) -> torch.nn.Module:
    """Return timm's own network with random weights and unlike batch statistics."""
    torch.manual_seed(seed)
    module: torch.nn.Module = timm.create_model(name, pretrained=False, num_classes=classes)
    return unlike_statistics(module)


def write(module: torch.nn.Module, path: Path, prefix: str = "") -> Path:
    tensors = {f"{prefix}{k}": v.contiguous().clone() for k, v in module.state_dict().items()}
    if path.suffix == ".pth":
        torch.save({"state_dict": tensors, "epoch": 3}, path)
    else:
        save_file(tensors, path)
    return path


def backbone(full: str) -> Backbone:
    return load_plugins(quiet=True).backbone(full)


@pytest.mark.parametrize(
    ("name", "classes", "suffix"),
    [
        ("resnet18", 1000, ".safetensors"),
        ("test_resnet", 0, ".safetensors"),
        ("test_resnet", 7, ".pth"),
        ("test_vit", 0, ".pth"),
        ("test_vit", 1000, ".safetensors"),
        ("test_convnext", 0, ".safetensors"),
        ("test_convnext", 7, ".safetensors"),
    ],
)
def test_features_are_timms_own(tmp_path: Path, name: str, classes: int, suffix: str) -> None:
    module = network(name, classes)  # the file holds the classifier too, unless classes is 0
    path = write(module, tmp_path / f"weights{suffix}")
    found = backbone(f"timm:{name}@{path}")
    assert found.card.name == f"timm:{name}@{path}"
    extractor = found.load("cpu")
    size = extractor.input_size
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = module.forward_head(module.forward_features(images), pre_logits=True)  # type: ignore[operator]
        assert torch.equal(extractor.module(images), expected)
    assert extractor.feature_shape == tuple(expected.shape[1:])
    assert float(expected.std()) > 1e-4


def test_input_is_as_timm_says(tmp_path: Path) -> None:
    path = write(network("test_vit", 0), tmp_path / "w.safetensors")
    extractor = backbone(f"timm:test_vit@{path}").load("cpu")
    config = timm.get_pretrained_cfg("test_vit")
    assert config is not None
    assert (3, extractor.input_size, extractor.input_size) == config.input_size
    assert extractor.mean == config.mean
    assert extractor.std == config.std


def test_it_keeps_to_the_contract(tmp_path: Path) -> None:
    path = write(network("test_resnet", 10), tmp_path / "w.safetensors")
    check_backbone(backbone(f"timm:test_resnet@{path}"))


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("test_resnet", "layer1"),
        ("test_vit", "blocks.0"),
        ("test_convnext", "stages.0"),
        ("test_convnext", "stages.0.blocks.0.norm"),  # channels last inside, first outside
        ("test_convnext", "pooled"),
    ],
)
def test_layers_are_timms_modules(tmp_path: Path, name: str, layer: str) -> None:
    module = network(name, 0)
    extractor = backbone(f"timm:{name}@{write(module, tmp_path / 'w.safetensors')}").load("cpu")
    assert set(extractor.layers) == {"pooled", *(n for n, _ in module.named_modules() if n)}
    size = extractor.input_size
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    (wanted,) = open_layers([layer], name, extractor, "cpu")
    found = layer_means(extractor, [wanted], images)[layer]
    # One part of the network after the other, by hand.
    m: Any = module
    with torch.inference_mode():
        if layer == "layer1":
            expected = m.layer1(m.maxpool(m.act1(m.bn1(m.conv1(images))))).mean((2, 3))
        elif layer == "blocks.0":
            tokens = m.norm_pre(m.patch_drop(m._pos_embed(m.patch_embed(images))))
            expected = m.blocks[0](tokens).mean(1)
        elif layer == "stages.0":
            expected = m.stages[0](m.stem(images)).mean((2, 3))
        elif layer == "pooled":
            expected = m(images)
        else:
            block = m.stages[0].blocks[0]
            maps = block.conv_dw(m.stages[0].downsample(m.stem(images)))
            expected = block.norm(maps.permute(0, 2, 3, 1)).mean((1, 2))
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, atol=1e-5)


def test_a_module_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    path = write(network("test_resnet", 0), tmp_path / "w.safetensors")
    extractor = backbone(f"timm:test_resnet@{path}").load("cpu")
    with pytest.raises(UnknownNameError, match=r"no layer 'layer9'; did you mean 'layer\d'\?"):
        open_layers(["layer9"], "timm:test_resnet", extractor, "cpu")


def test_the_digest_is_of_the_weights(tmp_path: Path) -> None:
    module = network("test_resnet", 5)
    first, again = (write(module, tmp_path / name) for name in ("a.safetensors", "b.pth"))
    other = write(network("test_resnet", 5, seed=1), tmp_path / "c.safetensors")
    digests = [backbone(f"timm:test_resnet@{p}").load("cpu").weights_digest for p in (first, again)]
    assert digests[0] == digests[1]
    assert backbone(f"timm:test_resnet@{other}").load("cpu").weights_digest != digests[0]


def test_an_unknown_network_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"no model 'resnet81'; did you mean 'resnet\d+'\?"):
        backbone("timm:resnet81").load("cpu")
    with pytest.raises(UnknownNameError) as error:
        backbone("timm:xxxxxxxxxxxx").load("cpu")
    assert "'ccbench backbones list timm:' lists them" in str(error.value)
    assert len(str(error.value)) < 200  # not the list of a thousand


def test_a_family_without_a_name_is_refused() -> None:
    with pytest.raises(BackboneError, match="write timm:NAME"):
        backbone("timm:")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.safetensors"
    with pytest.raises(BackboneError, match=r"no such weights file: .*none\.safetensors"):
        backbone(f"timm:resnet18@{path}").load("cpu")


WRONG = "does not hold the weights of test_resnet"


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    # timm itself leaves at random, in silence, what a file does not hold.
    path = write(network("test_vit", 0), tmp_path / "vit.safetensors")
    with pytest.raises(BackboneError, match=rf"{WRONG}: (\d+) of \1 are missing"):
        backbone(f"timm:test_resnet@{path}").load("cpu")


def test_weights_of_another_size_are_refused(tmp_path: Path) -> None:
    path = write(network("resnet18", 0), tmp_path / "large.safetensors")
    with pytest.raises(BackboneError, match=rf"{WRONG}: .*size mismatch"):
        backbone(f"timm:test_resnet@{path}").load("cpu")


@pytest.mark.parametrize("part", ["layer4", "running_mean", "conv1.weight"])
def test_weights_that_lack_a_part_are_refused(tmp_path: Path, part: str) -> None:
    path = write(network("test_resnet", 10), tmp_path / "w.safetensors")
    tensors = {name: value for name, value in load_file(path).items() if part not in name}
    save_file(tensors, path)
    with pytest.raises(BackboneError, match=rf"{WRONG}: \d+ of \d+ are missing, .*{part}"):
        backbone(f"timm:test_resnet@{path}").load("cpu")


def test_weights_under_other_names_are_refused(tmp_path: Path) -> None:
    path = write(network("test_resnet", 10), tmp_path / "w.safetensors", prefix="encoder.")
    with pytest.raises(BackboneError, match=WRONG):
        backbone(f"timm:test_resnet@{path}").load("cpu")


def test_weights_saved_from_parallel_training_are_read(tmp_path: Path) -> None:
    module = network("test_resnet", 0)
    path = write(module, tmp_path / "w.safetensors", prefix="module.")
    extractor = backbone(f"timm:test_resnet@{path}").load("cpu")
    assert torch.equal(extractor.module.state_dict()["conv1.0.weight"],
                       module.state_dict()["conv1.0.weight"])  # fmt: skip


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("keep", [0, 100, -1])
def test_a_damaged_file_is_refused(tmp_path: Path, suffix: str, keep: int) -> None:
    path = write(network("test_resnet", 0), tmp_path / f"w{suffix}")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BackboneError, match=WRONG) as error:
        backbone(f"timm:test_resnet@{path}").load("cpu")
    assert "\n" not in str(error.value)


def test_a_file_without_weights_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "w.pth")
    with pytest.raises(BackboneError, match="holds no weights"):
        backbone(f"timm:test_resnet@{tmp_path / 'w.pth'}").load("cpu")


def test_a_program_in_a_file_of_weights_is_not_run(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "config": Path("x")}, tmp_path / "w.pth")
    with pytest.raises(BackboneError, match=f"{WRONG}: it holds Python objects"):
        backbone(f"timm:test_resnet@{tmp_path / 'w.pth'}").load("cpu")


CLIP = "vit_xsmall_patch16_clip_224"


def test_clip_gives_its_class_token_and_any_tokens(tmp_path: Path) -> None:
    m: Any = network(CLIP, 0)
    path = write(m, tmp_path / "w.safetensors")
    extractor = backbone(f"timm:{CLIP}@{path}").load("cpu")
    # Radford et al. (2021): CLIP's own mean and SD, not those of ImageNet.
    assert extractor.mean == (0.48145466, 0.4578275, 0.40821073)
    assert extractor.std == (0.26862954, 0.26130258, 0.27577711)
    grey = np.random.default_rng(0).integers(0, 256, (2, 224, 224), np.uint8)
    inputs = normalise(grey, extractor, "cpu")
    channels = [(grey / 255 - mean) / std for mean, std in zip(extractor.mean, extractor.std,
                                                              strict=True)]  # fmt: skip
    assert np.allclose(inputs.numpy(), np.stack(channels, 1), atol=1e-5)
    with torch.inference_mode():
        patches = m.patch_embed.proj(inputs).flatten(2).transpose(1, 2)
        tokens = torch.cat([m.cls_token.expand(2, -1, -1), patches], 1) + m.pos_embed
        tokens = m.norm_pre(tokens)
        for block in m.blocks[:5]:
            tokens = block(tokens)
        middle = tokens
        for block in m.blocks[5:]:
            tokens = block(tokens)
        assert torch.allclose(extractor.module(inputs), m.norm(tokens)[:, 0], atol=1e-5)
        chosen = backbone(f"timm:{CLIP}@blocks.4[weights={path}]").load("cpu")
        assert torch.allclose(chosen.module(inputs), middle.mean(1), atol=1e-5)
    assert (extractor.feature_shape, extractor.positions) == ((256,), "none")
    assert (chosen.feature_shape, chosen.positions) == ((256,), "averaged")


def test_a_layer_of_a_residual_network_is_chosen(tmp_path: Path) -> None:
    m: Any = network("test_resnet", 10)
    path = write(m, tmp_path / "w.pth")
    extractor = backbone(f"timm:test_resnet@layer3[weights={path}]").load("cpu")
    size = extractor.input_size
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        maps = m.layer1(m.maxpool(m.act1(m.bn1(m.conv1(images)))))
        expected = m.layer3(m.layer2(maps)).mean((2, 3))
    assert torch.allclose(extractor.module(images), expected, atol=1e-6)


def test_a_network_is_looked_at_without_its_weights() -> None:
    found = backbone("timm:test_resnet@layer3")
    extractor = outline(found)
    assert (extractor.layer, extractor.positions) == ("layer3", "averaged")
    assert found.card.terms.licence == "apache-2.0"  # timm's record of its own weights
    assert found.card.weights == "timm's test_resnet.r160_in1k"


CONFIG = {
    "architecture": "test_resnet",
    "num_classes": 7,
    "pretrained_cfg": {
        "input_size": [3, 112, 112],
        "mean": [0.5, 0.4, 0.3],
        "std": [0.25, 0.5, 0.125],
        "license": "mit",
        "classifier": "fc",
    },
}


def write_folder(folder: Path) -> torch.nn.Module:
    """Write a network as the model hub has it: for faces, 112 pixels, its own mean and SD."""
    module = network("test_resnet", 7)
    folder.mkdir(parents=True)
    write(module, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return module


def check_faces(found: Backbone, module: torch.nn.Module) -> None:
    extractor = found.load("cpu")
    assert (extractor.input_size, extractor.std) == (112, (0.25, 0.5, 0.125))
    images = torch.randn(2, 3, 112, 112, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = module.forward_features(images).mean((2, 3))  # type: ignore[operator]
        assert torch.allclose(extractor.module(images), expected, atol=1e-6)
    assert found.card.terms.licence == "mit"


def test_a_folder_of_the_model_hub_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    module = write_folder(folder)
    check_faces(backbone(f"timm:local-dir:{folder}"), module)
    # What timm would leave at random is refused here too.
    tensors = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in tensors.items() if "layer4" not in k}, folder / "model.safetensors")
    with pytest.raises(BackboneError, match=r"\d+ of \d+ are missing, .*layer4"):
        backbone(f"timm:local-dir:{folder}").load("cpu")
    (folder / "model.safetensors").unlink()
    with pytest.raises(BackboneError, match=r"faces holds no model\.safetensors or pytorch_model"):
        backbone(f"timm:local-dir:{folder}").load("cpu")


def test_what_was_downloaded_from_the_hub_before_needs_no_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    repository = tmp_path / "models--lab--faces"
    module = write_folder(repository / "snapshots" / "abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", unknown_host)
    check_faces(backbone("timm:hf-hub:lab/faces"), module)
    with pytest.raises(BackboneError, match=r"lab/other .*their folder: timm:local-dir:FOLDER"):
        backbone("timm:hf-hub:lab/other").load("cpu")
    with pytest.raises(BackboneError, match=r"brings its own weights; drop w\.pth"):
        backbone("timm:hf-hub:lab/faces@w.pth").load("cpu")


def unknown_host(*_: object, **__: object) -> None:
    raise socket.gaierror(-2, "Name or service not known")


def test_without_network_the_real_failure_comes_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(socket, "getaddrinfo", unknown_host)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    start = time.monotonic()
    with pytest.raises(BackboneError, match=r"not be downloaded \(.*Name or service not known\)"):
        backbone("timm:resnet18").load("cpu")
    # huggingface_hub's own retries take most of a minute.
    assert time.monotonic() - start < 10
    assert not constants.HF_HUB_OFFLINE


def test_without_network_one_sentence_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object) -> Exception:
        return OSError("cannot reach the hub\nand a long tale of retries")

    def unreachable(*_: object, **arguments: object) -> None:
        assert arguments["pretrained"] is True
        raise RuntimeError("a consequence")

    monkeypatch.setattr(timm_backbones, "unanswered", ask)
    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(BackboneError) as error:
        backbone("timm:resnet18").load("cpu")
    sentence = str(error.value)
    assert "weights of resnet18 could not be downloaded (cannot reach the hub)" in sentence
    assert "timm:resnet18@FILE.safetensors" in sentence
    assert "\n" not in sentence
