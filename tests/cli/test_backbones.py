"""``ccbench backbones``, and a run with a layer that the user chose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import timm
import torch
from safetensors.torch import save_file

from ccbench.results import Run
from ccbench.runner import run_matrix

if TYPE_CHECKING:
    from tests.conftest import Command

pytestmark = pytest.mark.usefixtures("one_thread")


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of a table: first cell -> the others."""
    found = {}
    for line in text.splitlines():
        if line.startswith("│"):
            cells = [cell.strip() for cell in line.strip("│").split("│")]
            found[cells[0]] = cells[1:]
    return found


def test_list_has_backbones_and_families(ccbench: Command) -> None:
    done = ccbench("backbones", "list")
    assert done.code == 0
    found = rows(done.out)
    assert found["alexnet"][1:] == ["conv5", "BSD-3-Clause"]
    assert "torchvision:NAME@FILE" in found["torchvision:…"][0]
    assert "timm:…" in found


@pytest.mark.parametrize(
    ("pattern", "some", "none"),
    [
        ("torchvision:vgg16", "torchvision:vgg16_bn.IMAGENET1K_V1", "torchvision:vgg19"),
        ("timm:*clip*openai", "timm:vit_base_patch32_clip_224.openai", "timm:resnet18"),
        ("lexn", "alexnet", "timm:resnet18"),
    ],
)
def test_list_finds_networks_of_families(
    ccbench: Command, pattern: str, some: str, none: str
) -> None:
    done = ccbench("backbones", "list", pattern)
    assert done.code == 0
    names = done.out.splitlines()
    assert some in names
    assert none not in names


def test_list_suggests_the_nearest(ccbench: Command) -> None:
    refusal = ccbench("backbones", "list", "timm:resnet81").refusal
    assert refusal.startswith("no backbone matches 'timm:resnet81'; did you mean 'resnet18")
    assert "try a shorter part" in ccbench("backbones", "list", "qqqqqqqq").refusal


def test_show_has_input_features_terms_and_layers(ccbench: Command) -> None:
    done = ccbench("backbones", "show", "alexnet")
    assert done.code == 0
    assert "Features: conv5, all positions (256 × 6 × 6 flattened): 9,216 an image" in done.out
    assert "224 × 224 pixels" in done.out
    assert "less 0.485, 0.456, 0.406, divided by 0.229, 0.224, 0.225" in done.out
    assert "Terms: BSD-3-Clause" in done.out
    assert "Cite: Krizhevsky" in done.out
    assert rows(done.out)["conv4"] == ["256 of 13 × 13", "256", "43,264"]
    assert rows(done.out)["pool5 ← features"] == ["256 of 6 × 6", "256", "9,216"]


def test_show_says_what_becomes_of_a_layer(ccbench: Command) -> None:
    out = ccbench("backbones", "show", "alexnet@conv4").out
    assert "Features: conv4, averaged over its positions: 256 an image" in out
    assert "conv4 ← features" in rows(out)
    assert "conv5" not in rows(out)  # not run any more
    out = ccbench("backbones", "show", "alexnet[layer=conv4,pool=flat]").out
    assert "Features: conv4, all positions (256 × 13 × 13 flattened): 43,264 an image" in out


def test_show_needs_neither_network_nor_weights(ccbench: Command) -> None:
    done = ccbench("backbones", "show", "timm:test_vit")
    assert done.code == 0
    assert "Weights: timm's test_vit.r160_in1k" in done.out
    assert rows(done.out)["blocks.0"] == ["64 of 101 tokens", "64", "6,464"]
    assert "blocks.0.attn" not in rows(done.out)
    assert "inside of these: --all" in done.out
    inner = rows(ccbench("backbones", "show", "timm:test_vit", "--all").out)
    assert inner["blocks.0.attn.qkv"] == ["192 of 101 tokens", "192", "19,392"]


def test_show_reads_the_file_that_is_given(ccbench: Command, tmp_path: Path) -> None:
    module = timm.create_model("test_resnet", num_classes=0)
    path = tmp_path / "mine.safetensors"
    tensors = {k: v.contiguous().clone() for k, v in module.state_dict().items()}
    save_file(tensors, path)
    done = ccbench("backbones", "show", f"timm:test_resnet@{path}[layer=layer3]")
    assert done.code == 0
    assert f"Weights: {path}" in done.out
    save_file({"x": torch.ones(1)}, path)
    refusal = ccbench("backbones", "show", f"timm:test_resnet@{path}").refusal
    assert "does not hold the weights of test_resnet" in refusal


def test_show_refuses_with_the_nearest(ccbench: Command) -> None:
    assert "no layer 'conv9'; did you mean 'conv" in ccbench(
        "backbones", "show", "alexnet@conv9"
    ).refusal  # fmt: skip
    assert "write for example 'timm:resnet18'" in ccbench("backbones", "show", "timm").refusal


def test_the_manifest_says_what_the_features_are(
    small_specs: list[str], session_cache: Path, tmp_path: Path, tiny_run: Run, lab: Path
) -> None:
    entry = tiny_run.manifest["backbone"]
    assert (entry["feature_shape"], entry["features"], entry["positions"]) == ([768], 768, "none")
    name = "tiny[layer=0,pool=flat]"
    run = run_matrix(
        small_specs[:1], backbone=name, runs=1, out=tmp_path / "out", cache=session_cache
    )
    entry = run.manifest["backbone"]
    assert (entry["card"]["name"], entry["card"]["layer"]) == (name, "0")
    assert (entry["feature_shape"], entry["positions"]) == ([3, 16, 16], "flattened")
    # What tiny gives is this layer's output in one row: the same features, the same numbers.
    other = tiny_run.predictions.query("run == 0 and train_database == test_database")
    other = other[other["train_database"] == run.databases[0]]
    logits = [column for column in other if str(column).startswith("logit")]
    assert logits
    assert (run.predictions[logits].to_numpy() == other[logits].to_numpy()).all()
