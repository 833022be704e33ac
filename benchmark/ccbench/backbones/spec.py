"""What a user writes after ``-b``.

``NAME``, ``NAME@LAYER``, ``NAME@FILE`` or ``NAME[layer=LAYER,pool=avg|flat,weights=FILE]``; one
of the two forms after ``@`` may be followed by options in brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from ccbench.exceptions import BackboneError
from ccbench_registry import suggestion

ENDINGS = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".tar")
"""What a file of weights ends in, as against a layer."""
Pool = Literal["", "avg", "flat"]
OPTIONS = ("layer", "pool", "weights")
# Brackets that hold no "option=" at the end of a path belong to the path.
_FORM = re.compile(r"(?P<head>.*?)(?:\[(?P<options>[a-z_]+=.*)\])?", re.S)


@dataclass(frozen=True)
class BackboneSpec:
    """A parsed ``-b``.

    Attributes:
        name: of a backbone, or ``PREFIX:REST`` of a family.
        weights: file of weights as the user wrote it, or "".
        layer: whose activations become features; "" for the backbone's own choice.
        pool: "avg", the mean of every unit over positions; "flat", every position of every
            unit; "" for the default: what the backbone gives, and of a layer "avg".
    """

    name: str
    weights: str = ""
    layer: str = ""
    pool: Pool = ""


def parse_backbone_spec(text: str) -> BackboneSpec:
    """Parse ``NAME[@LAYER|@FILE][layer=...,pool=...,weights=...]``.

    What stands after ``@`` is a file when it has one of :data:`ENDINGS` or a folder in it, and
    a layer otherwise.

    >>> parse_backbone_spec("timm:resnet50@layer3").layer
    'layer3'
    >>> parse_backbone_spec("timm:resnet50@/weights/mine.pth[layer=layer3]").weights
    '/weights/mine.pth'

    Raises:
        BackboneError: an option that does not exist or is given twice or empty, or a word after
            ``@`` that may be a layer and is a file of the current folder.
    """
    match = _FORM.fullmatch(text)
    head, options = (match["head"], match["options"]) if match else (text, None)
    given = _options(text, options or "")
    name, at, after = head.partition("@")
    if at:
        key = _kind(text, name, after)
        if key in given:
            raise BackboneError(f"the backbone '{text}' gives {key} twice, after @ and in brackets")
        given[key] = after
    pool = given.get("pool", "")
    if pool not in get_args(Pool):
        raise BackboneError(
            f"the backbone '{text}': pool is 'avg' (mean over positions) or 'flat' (every "
            f"position), not '{pool}'"
        )
    return BackboneSpec(name, given.get("weights", ""), given.get("layer", ""), cast("Pool", pool))


def is_file_like(text: str) -> bool:
    """Whether a text after ``@`` names a file: by its ending, or a folder in it."""
    return text.lower().endswith(ENDINGS) or any(mark in text for mark in "/\\~")


def _kind(text: str, name: str, after: str) -> str:
    if not after:
        raise BackboneError(
            f"the backbone '{text}' has nothing after @; write {name}@LAYER or {name}@FILE"
        )
    if is_file_like(after):
        return "weights"
    if Path(after).is_file():
        raise BackboneError(
            f"the backbone '{text}': '{after}' may be a layer, and is a file of this folder; write "
            f"'{name}[layer={after}]' or '{name}[weights={after}]'"
        )
    return "layer"


def _options(text: str, inside: str) -> dict[str, str]:
    given: dict[str, str] = {}
    # A comma separates options only where another "name=" follows: paths may have commas.
    for part in re.split(r",\s*(?=[a-z_]+=)", inside) if inside else ():
        key, _, value = part.partition("=")
        if key not in OPTIONS:
            raise BackboneError(
                f"the backbone '{text}' has no option '{key}'; {suggestion(key, OPTIONS)}"
            )
        if key in given:
            raise BackboneError(f"the backbone '{text}' gives the option '{key}' twice")
        if not value:
            raise BackboneError(f"the backbone '{text}' has nothing after '{key}='")
        given[key] = value
    return given
