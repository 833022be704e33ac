"""Files of weights: every usual form is read, and nothing in them is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from ccbench.backbones import read_weights, weights_digest, weights_path
from ccbench.exceptions import BackboneError

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}


def read(path: Path) -> dict[str, torch.Tensor]:
    return read_weights(path, "net", f"family:net@{path}")


@pytest.mark.parametrize("name", ["w.safetensors", "w.SafeTensors"])
def test_safetensors_are_read(tmp_path: Path, name: str) -> None:
    save_file(TENSORS, tmp_path / name)
    found = read(tmp_path / name)
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[key], TENSORS[key]) for key in TENSORS)


@pytest.mark.parametrize(
    "content",
    [
        TENSORS,
        {"state_dict": TENSORS, "epoch": 3},
        {"model": TENSORS},
        {"model": {"a.bias": torch.zeros(2)}, "model_ema": TENSORS},
        {f"module.{key}": value for key, value in TENSORS.items()},
        {f"_orig_mod.module.{key}": value for key, value in TENSORS.items()},
        {f"module._orig_mod.{key}": value for key, value in TENSORS.items()},
        TENSORS | {"epoch": 3},
    ],
)
def test_what_training_scripts_save_is_read(tmp_path: Path, content: dict[str, Any]) -> None:
    torch.save(content, tmp_path / "w.pth")
    found = read(tmp_path / "w.pth")
    assert list(found) == list(TENSORS)
    assert all(torch.equal(found[key], TENSORS[key]) for key in TENSORS)


def test_the_version_of_modules_is_kept(tmp_path: Path) -> None:
    torch.save(torch.nn.BatchNorm2d(2).state_dict(), tmp_path / "w.pth")
    assert read(tmp_path / "w.pth")._metadata[""] == {"version": 2}  # type: ignore[attr-defined]


class Program:
    """Unpickled, it writes a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("it_ran"),)


def test_a_program_in_the_file_is_not_run(tmp_path: Path) -> None:
    torch.save({"state_dict": TENSORS, "extra": Program()}, tmp_path / "w.pth")
    with pytest.raises(BackboneError, match="Python objects, which might run code") as error:
        read(tmp_path / "w.pth")
    assert "\n" not in str(error.value)
    assert not Path("it_ran").exists()


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"\x80\x02}q", b"PK\x03\x04 cut short", b"hello " * 99])
def test_what_is_no_file_of_weights_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BackboneError, match=r"does not hold the weights of net: .") as error:
        read(tmp_path / name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [{}, {"state_dict": {}}, [1.0], {"epoch": 3}])
def test_a_file_without_tensors_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(BackboneError, match="holds no weights"):
        read(tmp_path / "w.pth")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"no such weights file: .*w\.pth \(given for family:"):
        read(tmp_path / "w.pth")


def test_home_folders_are_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert weights_path("~/w.pth") == Path("/home/me/w.pth")
    with pytest.raises(BackboneError, match=r"no such home folder: ~nobody-here/w\.pth; give"):
        weights_path("~nobody-here/w.pth")


def test_the_digest_changes_with_any_weight_buffer_or_name() -> None:
    def layer() -> torch.nn.Module:
        module = torch.nn.BatchNorm2d(2)
        return torch.nn.Sequential(module)

    same = {weights_digest(layer()), weights_digest(layer())}
    assert len(same) == 1
    changed = layer()
    changed.state_dict()["0.running_var"][1] += 1e-6
    renamed = torch.nn.Sequential()
    renamed.add_module("1", layer()[0])  # type: ignore[index]
    assert len(same | {weights_digest(changed), weights_digest(renamed)}) == 3
