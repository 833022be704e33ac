"""What the pages take for granted: photographs, images, weights; all of them small fakes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.docs.pages import DOCS, ROOT, code_blocks

from ccbench.datasets import write_image
from ccbench.interfaces import MimickedDataset
from ccbench.plugins import load_plugins
from ccbench_registry import EXPRESSIONS

Drawn = Mapping[str, Path]
"""Folders with drawn faces of :data:`POSERS` posers, by the name of their database."""
POSERS = 10
SIDE = 160
LICENSED = {
    # folder: database, posers of its layout, and which of its photographs are needed
    "KDEF": ("kdef", POSERS, r"\w+/\w+/[AB][FM]\d\d[A-Z]{2}S\.JPG"),
    "KRC": ("krc", POSERS, r"\w+_d\.jpg"),
    "RaFD": ("rafd", 67, r"Rafd090_\d+_(Caucasian|Moroccan)_male_[a-z]+_frontal\.jpg"),
}
WORDS = {"happy": "joy", "fearful": "afraid"}
"""Synonyms in the file names of a laboratory of one's own."""


def furnish(place: Path, drawn: Drawn) -> None:
    """Make the folders and files that the pages name, below ``place``."""
    for variant, (folder, (name, posers, pattern)) in enumerate(LICENSED.items()):
        _licensed(place / "photos" / folder, drawn, name, posers, pattern, variant)
    _laboratory(place, drawn)
    _named(place / "photos" / "named", drawn)
    _series(place / "images")
    _weights(place / "weights")
    recipe = _the_block(DOCS / "rendered.md", "toml")
    assert "posers = 60" in recipe
    (place / "mine.toml").write_text(recipe.replace("posers = 60", "posers = 4"))


def _the_block(page: Path, language: str) -> str:
    (block,) = (block for block in code_blocks(page) if block.language == language)
    return block.text


def _face(drawn: Drawn, expression: str, index: int, shade: int) -> NDArray[np.uint8]:
    """Return a drawn face; with another shade it is another photograph of the same poser."""
    folder = list(drawn.values())[index // POSERS % len(drawn)]
    shown = expression if expression in EXPRESSIONS else "disgusted"
    face = cv2.imread(str(folder / f"p{index % POSERS + 1:02}_{shown}.png"))
    assert face is not None
    return np.clip(face.astype(np.int16) + shade, 0, 255).astype(np.uint8)


def _write(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write one of hundreds of photographs, compressed as little as is quick."""
    assert cv2.imwrite(str(path), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1]), path


def _licensed(
    place: Path, drawn: Drawn, name: str, posers: int, pattern: str, variant: int
) -> None:
    dataset = load_plugins().dataset(name)
    assert isinstance(dataset, MimickedDataset)
    numbers: dict[str, int] = {}
    for photograph in dataset.layout(posers, quirks=False):
        if not re.fullmatch(pattern, photograph.path):
            continue
        index = numbers.setdefault(photograph.poser, len(numbers))
        # No two photographs of the databases have the same bytes.
        shade = 1 + 6 * variant + 2 * (index // (POSERS * len(drawn))) + (photograph.session == "B")
        file = place / photograph.path
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, _face(drawn, photograph.expression, index, shade))
    assert numbers


def _laboratory(place: Path, drawn: Drawn) -> None:
    """Make the README's ``mylab``: photographs and card; and other photographs in a manifest."""
    folder = place / "photos" / "mylab"
    folder.mkdir()
    lines = ["path,poser,expression"]
    for expression in EXPRESSIONS:
        word = WORDS.get(expression, expression)
        for index in range(POSERS):
            poser = f"P{index + 1:02}"
            _write(folder / f"{poser}_{word}_front.png", _face(drawn, expression, index, 30))
            _write(folder / f"{poser}{word}.png", _face(drawn, expression, index, 40))
            lines.append(f"photos/mylab/{poser}{word}.png,{poser},{word}")
    (place / "mylab.csv").write_text("\n".join([*lines, ""]))
    (place / "mylab.toml").write_text(_the_block(ROOT / "README.md", "toml"))


def _named(place: Path, drawn: Drawn) -> None:
    """Write photographs that nobody has described yet."""
    place.mkdir()
    for expression in EXPRESSIONS:
        for index in range(POSERS):
            name = f"P{index + 1:02}_{expression}_front.png"
            _write(place / name, _face(drawn, expression, index, 50))


def _series(place: Path) -> None:
    """Render a series at one intensity: with a manifest, and again with names that say it."""
    from ccbench_plugins.rendered import average_identity, render

    listed, named = place / "facegen", place / "named" / "anna"
    listed.mkdir(parents=True)
    named.mkdir(parents=True)
    lines = ["identity,texture,au,level,path"]
    for unit in (0, *load_plugins().probe("facegen").card.action_units):
        level = float(unit > 0)
        face = render(average_identity(), {unit: level} if unit else {}, SIDE)[..., ::-1]
        write_image(listed / f"{unit}.png", np.ascontiguousarray(face))
        write_image(named / f"AU{unit}-{level}.png", np.ascontiguousarray(face))
        lines.append(f"anna,,{unit},{level},{unit}.png")
    (listed / "manifest.csv").write_text("\n".join([*lines, ""]))


def _weights(place: Path) -> None:
    """Write random weights of small networks of timm and torchvision."""
    import timm
    import torch
    import torchvision
    from safetensors.torch import save_file

    place.mkdir()
    torch.manual_seed(0)
    weights = timm.create_model("test_resnet", num_classes=0).state_dict()
    save_file(weights, place / "test_resnet.safetensors")
    torch.save(weights, place / "test_resnet.pth")
    torch.save(torchvision.models.squeezenet1_1().state_dict(), place / "squeezenet1_1.pth")
