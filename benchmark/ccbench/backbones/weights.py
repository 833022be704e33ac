"""Files of weights: read without running anything in them, and compared with a network."""

from __future__ import annotations

import hashlib
import pickle
import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccbench.exceptions import BackboneError

if TYPE_CHECKING:
    import torch

# Where training scripts put the weights in what they save; averaged ones first, as in timm.
_INSIDE = ("state_dict_ema", "model_ema", "state_dict", "model")
# What wrappers put before every name: compilation around or inside parallel training.
_WRAPPERS = ("_orig_mod.", "module.", "_orig_mod.")


def weights_path(text: str) -> Path:
    """Return the path of a file of weights as the user wrote it, ``~`` resolved.

    Raises:
        BackboneError: no such home folder.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise BackboneError(f"no such home folder: {text}; give the whole path") from None


def read_weights(path: Path, network: str, full: str) -> OrderedDict[str, torch.Tensor]:
    """Read a ``.safetensors`` file, or what ``torch.save`` wrote, as tensors by name.

    A file of ``torch.save`` is a program; torch's reader for tensors alone refuses what would
    run.

    Args:
        path: the file.
        network: whose weights it should hold, for errors.
        full: the backbone as the user wrote it, for errors.

    Returns:
        The tensors, on the CPU, without the prefixes of parallel training, with the
        ``_metadata`` that ``Module.load_state_dict`` looks for where the file has it.

    Raises:
        BackboneError: no such file, or one that holds no weights.
    """
    if not path.is_file():
        raise BackboneError(f"no such weights file: {path} (given for {full})")
    try:
        content = _read(path)
    except Exception as error:
        raise wrong_weights(path, network, _reading_failed(error)) from None
    for key in _INSIDE:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    tensors = OrderedDict(_tensors(content))
    if not tensors:
        raise BackboneError(f"{path} holds no weights")
    if (metadata := getattr(content, "_metadata", None)) is not None:
        tensors._metadata = metadata  # type: ignore[attr-defined]
    return tensors


def _read(path: Path) -> Any:
    import torch

    if path.suffix.lower() == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    with warnings.catch_warnings():
        # A file that is none of torch.save's is refused in our words alone.
        warnings.filterwarnings("ignore", message="Detected pickle protocol")
        return torch.load(path, map_location="cpu", weights_only=True)


def _tensors(content: object) -> list[tuple[str, torch.Tensor]]:
    import torch

    found = []
    for name, value in content.items() if isinstance(content, Mapping) else ():
        if isinstance(value, torch.Tensor):
            for wrapper in _WRAPPERS:
                name = str(name).removeprefix(wrapper)
            found.append((name, value))
    return found


def _reading_failed(error: Exception) -> str:
    if isinstance(error, pickle.UnpicklingError) and "GLOBAL" in str(error):
        return (
            "it holds Python objects, which might run code when read; save the weights alone "
            "(state_dict(), best as .safetensors)"
        )
    if isinstance(error, pickle.UnpicklingError):
        return "it is damaged, or no file of torch.save"
    return first_lines(error)


def first_lines(error: Exception) -> str:
    """Return what an error says, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # torch heads its lists of what does not fit with a line that says nothing yet.
    end = 2 if lines and lines[0].endswith(":") else 1
    return " ".join(lines[:end]) or repr(error)


def wrong_weights(path: Path, network: str, reason: str) -> BackboneError:
    """Return the refusal of a file that is not of this network."""
    return BackboneError(f"{path} does not hold the weights of {network}: {reason}")


def parts_missing(names: Sequence[str], of: int) -> str:
    """Say which of a network's tensors a file lacks."""
    return f"{len(names)} of {of} are missing, for example {names[0]}"


def weights_digest(module: torch.nn.Module) -> str:
    """Return the SHA-256 of every weight and buffer, by name, whatever file they came from."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
