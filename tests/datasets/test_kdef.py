"""KDEF's file names: sessions, angles, misnamed files, averages, and black photographs."""

from __future__ import annotations

import io
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ccbench.exceptions import DatasetError
from ccbench.interfaces import Dataset
from ccbench.plugins import load_plugins
from ccbench.preprocessing import FaceRecipe, standardise
from ccbench.samples import SampleTable
from ccbench.testing import check_dataset
from ccbench_registry import EXPRESSIONS

CODES = {
    "NE": "neutral",
    "HA": "happy",
    "AF": "fearful",
    "SA": "sad",
    "AN": "angry",
    "SU": "surprised",
    "DI": "disgusted",
}
ANGLES = ("FL", "HL", "S", "HR", "FR")
POSERS = [f"{sex}{number:02d}" for sex in "FM" for number in range(1, 36)]


@pytest.fixture(scope="module")
def kdef() -> Dataset:
    return load_plugins().dataset("kdef")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all 4,900 names of the distribution, without content."""
    root = tmp_path_factory.mktemp("kdef") / "KDEF"
    for session, poser in product("AB", POSERS):
        folder = root / f"{session}{poser}"
        folder.mkdir(parents=True)
        for code, angle in product(CODES, ANGLES):
            (folder / f"{session}{poser}{code}{angle}.JPG").touch()
    return root


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def columns(table: SampleTable, name: str) -> set[str]:
    return {sample.attributes[name] for sample in table}


def test_the_whole_database_gives_one_straight_photograph_per_cell(
    kdef: Dataset, full: Path
) -> None:
    table = check_dataset(kdef, full)
    assert len(table) == 490
    assert table.posers == tuple(sorted(POSERS))
    assert table.expressions == EXPRESSIONS
    assert len({(sample.poser, sample.expression) for sample in table}) == 490
    assert columns(table, "session") == {"A"}
    assert columns(table, "angle") == {"S"}
    assert table.unmatched == ()
    assert sum(table.left_out.values()) == 4900 - 490
    assert {reason.split()[0] for reason in table.left_out} == {"session", "angle"}


def test_every_code_is_its_expression(kdef: Dataset, full: Path) -> None:
    for sample in kdef.samples(full, {}):
        assert CODES[sample.path.stem[4:6]] == sample.expression
        assert sample.path.stem[1:4] == sample.poser


@pytest.mark.parametrize(
    ("session", "sessions", "count"),
    [("B", {"B"}, 490), ("A+B", {"A", "B"}, 980), ("*", {"A", "B"}, 980), ("b", {"B"}, 490)],
)
def test_sessions_can_be_chosen_and_never_split_a_person(
    session: str, sessions: set[str], count: int, kdef: Dataset, full: Path
) -> None:
    table = kdef.samples(full, {"session": session})
    assert columns(table, "session") == sessions
    assert len(table) == count
    assert len(table.posers) == 70


def test_angles_can_be_chosen(kdef: Dataset, full: Path) -> None:
    table = kdef.samples(full, {"angle": "HL+HR", "sex": "F"})
    assert columns(table, "angle") == {"HL", "HR"}
    assert len(table) == 35 * 7 * 2


def test_both_sessions_of_a_poser_are_one_person(kdef: Dataset, tmp_path: Path) -> None:
    root = touch(tmp_path, "AF01/AF01HAS.JPG", "BF01/BF01HAS.JPG", "AM01/AM01HAS.JPG")
    table = kdef.samples(root, {"session": "A+B"})
    assert table.posers == ("F01", "M01")
    assert [sample.attributes["session"] for sample in table if sample.poser == "F01"] == ["A", "B"]


def test_the_misnamed_files_are_read_as_what_they_are(kdef: Dataset, tmp_path: Path) -> None:
    root = touch(tmp_path, "AF31/AF31V.JPG", "AM31/AM31H.JPG", "AM31/AM31SUS.JPG")
    table = kdef.samples(root, {"angle": "*"})
    found = {s.path.name: (s.poser, s.expression, s.attributes["angle"]) for s in table}
    assert found["AF31V.JPG"] == ("F31", "sad", "HL")
    assert found["AM31H.JPG"] == ("M31", "surprised", "HR")
    assert sorted(table.warnings) == [
        "AF31V.JPG is read as AF31SAHL.JPG (known misnamed file)",
        "AM31H.JPG is read as AM31SUHR.JPG (known misnamed file)",
    ]
    straight = kdef.samples(root, {})
    assert [sample.path.name for sample in straight] == ["AM31SUS.JPG"]
    assert straight.unmatched == ()


def test_the_averaged_faces_are_left_out_with_a_reason(kdef: Dataset, tmp_path: Path) -> None:
    root = touch(
        tmp_path,
        "KDEF/AF01/AF01NES.JPG",
        *(f"AKDEF/{sex}{code}{angle}.JPG" for sex in "FM" for code in CODES for angle in ANGLES),
        "AKDEF/FAHR.JPG",  # as misnamed in the distribution
    )
    table = kdef.samples(root, {"angle": "*", "session": "*"})
    assert [sample.path.name for sample in table] == ["AF01NES.JPG"]
    assert table.left_out == {"averaged face (AKDEF)": 71}
    assert table.unmatched == ()


def test_lower_case_and_png_copies(kdef: Dataset, tmp_path: Path) -> None:
    root = touch(tmp_path, "af01has.jpg", "AF01SAS.png", "AF02HAS.Jpeg", "AF02SAS.bmp")
    table = kdef.samples(root, {})
    assert [(sample.poser, sample.expression) for sample in table if sample.poser == "F02"] == [
        ("F02", "happy")
    ]
    assert len(table) == 3
    assert len(table.posers) == 2
    assert [path.name for path in table.unmatched] == ["AF02SAS.bmp"]


@pytest.mark.parametrize(
    "name", ["AF1NES.JPG", "CF01NES.JPG", "AF01XXS.JPG", "AF01NES_copy.JPG", "AF01NE.JPG"]
)
def test_near_names_are_not_taken(name: str, kdef: Dataset, tmp_path: Path) -> None:
    table = kdef.samples(touch(tmp_path, "AF01NES.JPG", name), {})
    assert [path.name for path in table.unmatched] == [name]
    assert len(table) == 1


def test_an_unknown_option_suggests_the_nearest(kdef: Dataset, full: Path) -> None:
    with pytest.raises(DatasetError, match="'kdef' has no option 'sesion'; did you mean 'session'"):
        kdef.samples(full, {"sesion": "B"})


def test_a_missing_session_says_what_there_is(kdef: Dataset, tmp_path: Path) -> None:
    root = touch(tmp_path, "BF01NES.JPG", "BF01HAS.JPG")
    with pytest.raises(DatasetError, match=r"'session' should be a, the files have B \(2\)"):
        kdef.samples(root, {})


def test_a_black_photograph_is_told_apart() -> None:
    dark = np.random.default_rng(0).integers(0, 2, (762, 562, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(dark).save(stream, "JPEG")
    face = standardise(stream.getvalue(), FaceRecipe())
    assert face.status == "black"
    assert face.pixels is None
    assert "of 255" in face.detail


def test_the_card_says_what_a_lab_must_know(kdef: Dataset) -> None:
    card = kdef.card
    assert (card.country, card.posers, card.naming) == ("SE", 70, "verified")
    assert not card.terms.redistribution
    assert "kdef.se" in card.terms.request
    assert any("91-630-7164-9" in citation.text for citation in card.citations)
