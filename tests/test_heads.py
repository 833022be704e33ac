"""Heads: layers with ReLU between, stored and read without loss."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ccbench.cache import Cache
from ccbench.exceptions import CacheError
from ccbench.heads import FILE, Head, as_tensor, he_normal, load_head, save_head

EXPRESSIONS = ("happy", "sad", "angry")


def random_head(sizes: tuple[int, ...], seed: int = 0) -> Head:
    generator = torch.Generator().manual_seed(seed)
    layers = tuple(
        (torch.randn(b, a, generator=generator), torch.randn(b, generator=generator))
        for a, b in itertools.pairwise(sizes)
    )
    return Head(EXPRESSIONS, layers)


@pytest.mark.parametrize("sizes", [(5, 3), (5, 8, 3), (5, 8, 6, 3)])
def test_logits_equal_torchs_own_layers(sizes: tuple[int, ...]) -> None:
    head = random_head(sizes)
    modules: list[nn.Module] = []
    for weight, bias in head.layers:
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        layer.weight.data, layer.bias.data = weight, bias
        modules += [layer, nn.ReLU()]
    network = nn.Sequential(*modules[:-1])  # no ReLU after the last: responses before softmax
    features = torch.randn(20, 5, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.allclose(head.logits(features), network(features), atol=1e-6)
        assert (head.logits(features) < 0).any()


def test_logits_of_half_precision_features_are_single_precision() -> None:
    head = random_head((5, 8, 3))
    features = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float16)
    logits = head.logits(torch.from_numpy(features))
    assert logits.dtype == torch.float32
    assert torch.equal(logits, head.logits(as_tensor(features, "cpu")))
    assert as_tensor(features, "cpu").dtype == torch.float32


@pytest.mark.parametrize("sizes", [(7, 3), (7, 9, 4, 3)])
def test_a_stored_head_is_read_exactly(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    head = random_head(sizes)
    save_head(head, tmp_path)
    found = load_head(tmp_path)
    assert found.expressions == EXPRESSIONS
    assert len(found.layers) == len(head.layers)
    for (weight, bias), (other_weight, other_bias) in zip(head.layers, found.layers, strict=True):
        assert torch.equal(weight, other_weight)
        assert torch.equal(bias, other_bias)
        assert other_weight.dtype == torch.float32
    moved = found.to("cpu")
    assert torch.equal(moved.layers[0][0], head.layers[0][0])
    assert moved.expressions == EXPRESSIONS


def test_equal_heads_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save_head(random_head((7, 9, 3)), tmp_path / name)
    assert (tmp_path / "a" / FILE).read_bytes() == (tmp_path / "b" / FILE).read_bytes()


def test_weights_that_need_gradients_or_are_transposed_can_be_stored(tmp_path: Path) -> None:
    weight = torch.randn(5, 3).T.requires_grad_()
    save_head(Head(EXPRESSIONS, ((weight, torch.zeros(3)),)), tmp_path)
    assert torch.equal(load_head(tmp_path).layers[0][0], weight.detach())


@pytest.mark.parametrize("keep", [0, 4, 50, 0.5, -1])
def test_a_head_cut_short_is_refused(tmp_path: Path, keep: float) -> None:
    save_head(random_head((7, 9, 3)), tmp_path)
    data = (tmp_path / FILE).read_bytes()
    end = int(len(data) * keep) if 0 < keep < 1 else int(keep)
    (tmp_path / FILE).write_bytes(data[:end])
    with pytest.raises(CacheError, match=r"cannot be read.*start the run again") as error:
        load_head(tmp_path)
    assert str(tmp_path / FILE) in str(error.value)


def test_a_missing_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="cannot be read"):
        load_head(tmp_path)


def test_another_file_is_no_head(tmp_path: Path) -> None:
    save_file({"features.0.weight": torch.zeros(2, 2)}, tmp_path / FILE)
    with pytest.raises(CacheError, match="cannot be read"):
        load_head(tmp_path)
    metadata = {"expressions": '["happy", "sad"]'}
    save_file({"a": torch.zeros(2), "b": torch.zeros(2)}, tmp_path / FILE, metadata=metadata)
    with pytest.raises(CacheError, match="cannot be read"):
        load_head(tmp_path)


def test_a_full_disk_while_a_head_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    cache = Cache()

    def write() -> None:
        with monkeypatch.context() as patch, cache.create("heads", "abc") as folder:
            patch.setattr(Path, "write_bytes", full)
            save_head(random_head((5, 3)), folder)

    with pytest.raises(CacheError, match="No space left"):
        write()
    assert cache.find("heads", "abc") is None


def test_initial_weights_have_hes_variance() -> None:
    tensors = he_normal((500, 400, 300, 7), torch.Generator().manual_seed(0))
    assert [tuple(t.shape) for t in tensors] == [
        (400, 500), (400,), (300, 400), (300,), (7, 300), (7,)
    ]  # fmt: skip
    for weight, bias in zip(tensors[::2], tensors[1::2], strict=True):
        expected = 2 / weight.shape[1]
        # SD of a variance estimate: variance * sqrt(2 / n); mean: sqrt(variance / n).
        n = weight.numel()
        assert abs(float(weight.var()) / expected - 1) < 4 * (2 / n) ** 0.5
        assert abs(float(weight.mean())) < 4 * (expected / n) ** 0.5
        assert not bias.any()
        assert weight.dtype == bias.dtype == torch.float32
    kurtosis = float(((tensors[0] / tensors[0].std()) ** 4).mean())
    assert abs(kurtosis - 3) < 0.1  # normal, not uniform (1.8)


def test_initial_weights_follow_the_generator() -> None:
    first, again, other = (
        he_normal((9, 4, 3), torch.Generator().manual_seed(s)) for s in (1, 1, 2)
    )
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[0].flatten()[:12], first[2].flatten())
