"""``ccbench datasets mimic``: rendered folders that the loaders of licensed databases read."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from ccbench.cache import Cache
from ccbench.exceptions import DatasetError, ImageError
from ccbench.interfaces import MimickedDataset, MimickedPhotograph
from ccbench.plugins import load_plugins
from ccbench.preprocessing import decode_grey
from ccbench.runner.check import check_database
from ccbench.runner.observer import Silent
from ccbench.samples import SampleTable
from ccbench_plugins.rendered import mimic_photographs
from ccbench_plugins.rendered.mimic import NOTE, mimic_dataset, open_mimicked
from ccbench_registry import EXPRESSIONS

if TYPE_CHECKING:
    from tests.conftest import Command

ANGLES = {-90.0: "FL", -45.0: "HL", 0.0: "S", 45.0: "HR", 90.0: "FR"}
EVERYTHING = {"session": "*", "angle": "*"}
BLACK = ("KDEF/AF01/AF01SUFR.JPG",)
MISNAMED = "KDEF/AF31/AF31V.JPG", "KDEF/AM31/AM31H.JPG"


@dataclass
class Part:
    """A dataset of which only some files are made, to be quick."""

    whole: Any
    paths: frozenset[str] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def layout(self, posers: int, *, quirks: bool) -> Sequence[MimickedPhotograph]:
        found = self.whole.layout(posers, quirks=quirks)
        return [p for p in found if self.paths is None or p.path in self.paths]


@dataclass
class Listed(Part):
    """A dataset with these photographs."""

    photographs: tuple[MimickedPhotograph, ...] = ()

    def layout(self, posers: int, *, quirks: bool) -> Sequence[MimickedPhotograph]:
        return self.photographs


@pytest.fixture(scope="module")
def kdef() -> MimickedDataset:
    return open_mimicked(load_plugins(), "kdef")


@pytest.fixture(scope="module")
def krc() -> MimickedDataset:
    return open_mimicked(load_plugins(), "krc")


def render(dataset: Any, out: Path, posers: int = 4, **settings: Any) -> Path:
    usual: dict[str, Any] = {"seed": 0, "size_factor": 0.1, "quirks": True, "workers": 1}
    mimic_dataset(dataset, out, posers=posers, observer=Silent(), **{**usual, **settings})
    return out


def touch(layout: Sequence[MimickedPhotograph], root: Path) -> Path:
    for photograph in layout:
        path = root / photograph.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and path.name != NOTE
    }


@pytest.fixture(scope="module")
def kdef_part(kdef: MimickedDataset) -> Part:
    """Return the straight views of four posers, their bad files, and straight averages."""
    layout = kdef.layout(4, quirks=True)
    return Part(kdef, frozenset(p.path for p in layout if p.yaw == 0) | {*BLACK, *MISNAMED})


@pytest.fixture(scope="module")
def kdef_folder(kdef_part: Part, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(kdef_part, tmp_path_factory.mktemp("mimic") / "kdef")


def agree(table: SampleTable, layout: Sequence[MimickedPhotograph]) -> None:
    """Check that a loader reads from the names what the layout says."""
    expected = {photograph.path: photograph for photograph in layout}
    for sample in table:
        photograph = expected[table.relative(sample.path)]
        assert sample.poser.upper() == photograph.poser.upper()
        assert sample.expression == photograph.expression
        assert sample.attributes.get("session", "").upper() == photograph.session
        if "angle" in sample.attributes:
            assert sample.attributes["angle"].upper() == ANGLES[photograph.yaw]
            assert photograph.sex == {"F": "female", "M": "male"}[sample.poser[0].upper()]


def test_kdef_reads_its_whole_layout(kdef: MimickedDataset, tmp_path: Path) -> None:
    layout = kdef.layout(70, quirks=True)
    table = kdef.samples(touch(layout, tmp_path), EVERYTHING)
    agree(table, layout)
    # 70 posers x 7 expressions x 5 angles x 2 sessions, three of which nobody has seen.
    assert len(table) == 4900 - 3
    assert len(table.posers) == 70
    assert table.unmatched == ()
    assert table.left_out == {"averaged face (AKDEF)": 70}
    assert {warning.split()[0] for warning in table.warnings} == {"AF31V.JPG", "AM31H.JPG"}
    assert len({photograph.path.lower() for photograph in layout}) == len(layout)
    assert sum(photograph.flaw == "black" for photograph in layout) == 10
    for options, count in (({}, 490), ({"session": "B"}, 489), ({"angle": "HL"}, 490)):
        assert len(kdef.samples(tmp_path, options)) == count
    lower = [s for s in table if s.path.name.islower()]
    assert {(s.poser, s.attributes["session"]) for s in lower} == {("M31", "b")}


def test_kdef_without_quirks_is_regular(kdef: MimickedDataset, tmp_path: Path) -> None:
    layout = kdef.layout(70, quirks=False)
    table = kdef.samples(touch(layout, tmp_path), EVERYTHING)
    agree(table, layout)
    assert len(table) == 4900
    assert (table.unmatched, table.warnings) == ((), ())
    assert not any(photograph.flaw for photograph in layout)
    assert {(p.width, p.height, p.grey) for p in layout if p.session} == {(562, 762, False)}
    assert {(p.width, p.height, p.grey) for p in layout if not p.session} == {(562, 762, True)}


@pytest.mark.parametrize("quirks", [True, False])
def test_few_posers_are_some_of_many(kdef: MimickedDataset, quirks: bool) -> None:
    many = kdef.layout(70, quirks=quirks)
    for posers in (1, 2, 7):
        few = kdef.layout(posers, quirks=quirks)
        assert len({photograph.poser for photograph in few if photograph.session}) == posers
        assert {photograph.path for photograph in few} <= {photograph.path for photograph in many}
    first = [photograph.poser for photograph in kdef.layout(6, quirks=quirks) if photograph.session]
    assert list(dict.fromkeys(first)) == ["F31", "M31", "F01", "M02", "F10", "M17"]


def test_krc_reads_its_layout_once_a_view_is_chosen(krc: MimickedDataset, tmp_path: Path) -> None:
    layout = krc.layout(74, quirks=True)
    touch(layout, tmp_path)
    with pytest.raises(DatasetError, match=r"d \(518 files\), l \(518 files\), r \(518 files\)"):
        krc.samples(tmp_path, {})
    table = krc.samples(tmp_path, {"view": "d"})
    agree(table, layout)
    assert (len(table), len(table.posers), table.unmatched) == (74 * 7, 74, ())
    assert len(krc.samples(tmp_path, {"view": "*"})) == len(layout)


def test_krc_without_quirks_needs_no_choice(krc: MimickedDataset, tmp_path: Path) -> None:
    layout = krc.layout(5, quirks=False)
    root = render(krc, tmp_path / "krc", posers=5, quirks=False, size_factor=0.06)
    table = krc.samples(root, {})
    agree(table, layout)
    assert (len(table), len(table.posers), table.expressions) == (35, 5, EXPRESSIONS)


def test_every_file_is_a_photograph_of_its_size(kdef_part: Part, kdef_folder: Path) -> None:
    layout = kdef_part.layout(4, quirks=True)
    assert set(digests(kdef_folder)) == {photograph.path for photograph in layout}
    for photograph in layout:
        with Image.open(kdef_folder / photograph.path) as image:
            assert (image.format, image.size) == ("JPEG", (56, 76))
            assert image.mode == ("L" if photograph.grey else "RGB")
            assert (np.asarray(image).mean() < 10) == (photograph.flaw == "black")
    assert "no photograph of anyone" in (kdef_folder / NOTE).read_text(encoding="utf-8")
    # Two posers, sessions or expressions that looked the same would be refused by a run.
    assert len(set(digests(kdef_folder).values())) == len(layout)


def test_the_loader_reads_the_rendered_folder(kdef_part: Part, kdef_folder: Path) -> None:
    table = kdef_part.samples(kdef_folder, EVERYTHING)
    agree(table, kdef_part.layout(4, quirks=True))
    assert set(table.posers) == {"F31", "M31", "F01", "M02"}
    assert len(table) == 4 * 7 * 2 + len(BLACK) + len(MISNAMED)
    cells = {(s.poser, s.expression) for s in kdef_part.samples(kdef_folder, {"session": "B"})}
    assert len(cells) == 4 * 7


def test_check_reports_the_quirks(kdef_folder: Path, own_cache: Path) -> None:
    spec = f"kdef[angle=*,session=*]={kdef_folder}"
    found = check_database(spec, load_plugins(), Cache(own_cache), Silent(), workers=1)
    table = found.database.table
    assert {path for path, _ in found.with_status("black")} == set(BLACK)
    assert not found.with_status("unreadable")
    assert found.duplicates == ()
    assert table.left_out == {"averaged face (AKDEF)": 14}
    assert [warning.split()[0] for warning in table.warnings] == ["AF31V.JPG", "AM31H.JPG"]


def test_same_seed_same_bytes(kdef: MimickedDataset, tmp_path: Path) -> None:
    shown = ("AF31NES", "AF31HAS", "AM31SAFR", "AM31NES", "AF01SUFR")
    part = Part(kdef, frozenset(f"KDEF/{name[:4]}/{name}.JPG" for name in shown))
    one = digests(render(part, tmp_path / "one"))
    assert len(one) == len(shown)
    assert digests(render(part, tmp_path / "two", workers=2)) == one
    more = digests(render(part, tmp_path / "more", posers=3, quirks=False))
    changed = {path for path, digest in one.items() if more.get(path) != digest}
    assert changed == {"KDEF/AF01/AF01SUFR.JPG"}
    other = digests(render(part, tmp_path / "other", seed=1))
    assert not set(other.values()) & set(one.values())


@pytest.mark.parametrize(("flaw", "problem"), [("truncated", "truncated"), ("empty", "0 bytes")])
def test_damaged_files(kdef: MimickedDataset, tmp_path: Path, flaw: Any, problem: str) -> None:
    photograph = MimickedPhotograph("a.png", "p", "female", "happy", 400, 400, flaw=flaw)
    whole = replace(photograph, path="b.png", flaw="")
    root = render(Listed(kdef, photographs=(photograph, whole)), tmp_path / "out")
    with pytest.raises(ImageError, match=problem):
        decode_grey((root / "a.png").read_bytes())
    assert decode_grey((root / "b.png").read_bytes()).shape == (40, 40)


def test_a_full_disk_leaves_nothing(
    kdef: MimickedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Part(kdef, frozenset({"KDEF/AF31/AF31NES.JPG"}))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(mimic_photographs, "write_image", full)
    with pytest.raises(DatasetError, match=r"AF31NES\.JPG: No space left on device"):
        render(part, tmp_path / "below" / "out")
    assert list((tmp_path / "below").iterdir()) == []


def test_the_command(ccbench: Command, tmp_path: Path) -> None:
    out = tmp_path / "krc"
    out.mkdir()
    settings = ("--posers", 1, "--size-factor", 0.06, "--workers", 1, "--no-quirks")
    done = ccbench("datasets", "mimic", "krc", out, *settings)
    assert done.code == 0, done.err
    assert "7 rendered photographs in the layout of krc" in done.out
    assert f"ccbench datasets check krc={out}" in done.out
    assert len(digests(out)) == 7
    again = ccbench("datasets", "mimic", "krc", out, *settings)
    assert again.refusal == f"{out} is not empty; give the name of a new folder"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("kdf", "out"), "no dataset 'kdf'; did you mean 'kdef'?"),
        (("drawn-a", "out"), "'drawn-a' does not describe its folder; there are: adfes, bosphorus"),
        (("kdef", "out", "--posers", "71"), "kdef has 70 posers, not 71; ask for fewer"),
        (("kdef", "out", "--size-factor", "0.01"), "photographs of 6 x 8 pixels; the sides"),
        (("kdef", "out", "--size-factor", "nan"), "the size factor nan is not above 0"),
        (("kdef", "."), "is the current folder; give the name of a new folder"),
        (("kdef", "file"), "file is a file; give the name of a new folder"),
    ],
)
def test_bad_input(
    ccbench: Command, arguments: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    if "file" in arguments:
        (tmp_path / "file").touch()
    before = list(tmp_path.iterdir())
    assert sentence in ccbench("datasets", "mimic", *arguments).refusal
    assert list(tmp_path.iterdir()) == before
