"""The probe ``facegen``: a folder that cannot be a series is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
from tests.plugins.facegen_images import (
    AUS,
    SIZE,
    by_manifest,
    by_names,
    change,
    drawn,
    read,
    refused,
    save,
    shown,
)


def test_no_folder(tmp_path: Path) -> None:
    assert refused(None).endswith("give their folder, facegen=FOLDER")
    (tmp_path / "manifest.csv").touch()
    assert refused(tmp_path / "manifest.csv").startswith(f"{tmp_path / 'manifest.csv'} is a file;")


def test_nothing_to_read(tmp_path: Path) -> None:
    sentence = refused(tmp_path)
    assert f"{tmp_path} has no manifest.csv and no file whose name matches" in sentence
    assert "(found: no image)" in sentence
    for number in range(5):
        save(tmp_path / f"smile{number}.png", drawn("p1", 0, 0.0))
    sentence = refused(tmp_path)
    assert "(found: smile0.png, smile1.png, smile2.png and 2 more)" in sentence
    assert "such as anna_AU12_050.png" in sentence
    assert "has no file whose name matches x(" in refused(
        tmp_path, pattern=r"x(?P<identity>.)(?P<au>.)(?P<level>.)"
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"pattern": "(?P<identity>"}, "is no regular expression ("),
        ({"pattern": "(?P<who>.)(?P<au>.)(?P<level>.)"}, "has no group 'identity'; write (?P<ide"),
        ({"pattern": "(?P<identity>.)(?P<au>.)(?P<levl>.)"}, "(did you mean 'levl'?)"),
        ({"partial": "maybe"}, "'facegen[partial=maybe]': give yes or no"),
    ],
)
def test_options_with_values_they_cannot_have(
    tmp_path: Path, options: dict[str, str], sentence: str
) -> None:
    by_names(tmp_path, ["p1"])
    assert sentence in refused(tmp_path, **options)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("p1_AU43_050.png", "the AU '43' is none of the 20 action units; give 1, 2, 4, 5"),
        ("p1_AU12_101.png", "the level '101' is no level; give 000 to 100 (per cent)"),
    ],
)
def test_names_that_say_what_cannot_be(tmp_path: Path, name: str, sentence: str) -> None:
    path = save(by_names(tmp_path, ["p1"]) / name, drawn("p1", 12, 1.0))
    assert refused(tmp_path).startswith(f"{path}: {sentence}")


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("au", "smile", "the AU 'smile' is none of the 20 action units"),
        ("au", "3", "the AU '3' is none of"),
        ("au", "6+6", "the AU '6+6' is none of"),
        ("au", "0+6", "the AU '0+6' is none of"),
        ("au", "1+4+6", "the AU '1+4+6' is none of"),
        ("au", "-4", "the AU '-4' is none of"),
        ("au", "", "the column 'au' is empty"),
        ("level", "strong", "the level 'strong' is no level; give 0 to 1"),
        ("level", "1.1", "the level '1.1' is no level"),
        ("level", "50", "the level '50' is no level"),
        ("level", "-0.5", "the level '-0.5' is no level"),
        ("level", "nan", "the level 'nan' is no level"),
        ("level", "0,5", "the level '0,5' is no level"),
        ("level", "", "the column 'level' is empty"),
        ("identity", " ", "the column 'identity' is empty"),
        ("path", "", "the column 'path' is empty"),
    ],
)
def test_lines_that_say_what_cannot_be(
    tmp_path: Path, column: str, value: str, sentence: str
) -> None:
    by_manifest(tmp_path, ["p1"])
    change(tmp_path, lambda rows: rows[3].__setitem__(rows[0].index(column), value))
    assert refused(tmp_path).startswith(f"{tmp_path / 'manifest.csv'}, line 4: {sentence}")


@pytest.mark.parametrize("column", ["identity", "texture", "au", "level", "path"])
def test_a_manifest_without_a_column(tmp_path: Path, column: str) -> None:
    by_manifest(tmp_path, ["p1"])
    change(tmp_path, lambda rows: rows[0].__setitem__(rows[0].index(column), "other"))
    sentence = refused(tmp_path)
    assert f"{tmp_path / 'manifest.csv'} has no column '{column}'" in sentence
    assert "must name identity, texture, au, level, path" in sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no column 'identity' (its columns: none)"),
        (b"identity,texture,au,level,path\n", "lists no image; give one line an image"),
        (b"identity,texture,au,level,path,au\n", "has more than one column 'au'"),
        (b"identity,texture,au,level,path\np1,,1\n", "line 2 has 3 fields, its first line names 5"),
        (b'identity,texture,au,level,path\n"p1"x,,1,0,a\n', "line 2: "),
        (b"identity,texture,au,level,path\n\xff\xfe", "is not UTF-8 text; save it as CSV UTF-8"),
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "manifest.csv").write_bytes(content)
    found = refused(tmp_path)
    assert str(tmp_path / "manifest.csv") in found
    assert sentence in found


def test_files_that_are_missing(tmp_path: Path) -> None:
    by_manifest(tmp_path, ["p1"])
    (tmp_path / "p1" / "4-0.5.png").unlink()
    sentence = refused(tmp_path)
    assert (
        f"lists 1 file that does not exist, for example {tmp_path / 'p1' / '4-0.5.png'}" in sentence
    )
    (tmp_path / "p1" / "4-1.0.png").unlink()
    assert "lists 2 files that do not exist" in refused(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"no image at all", "not an image that can be read"),
        (None, "damaged or truncated"),
    ],
)
@pytest.mark.parametrize("name", ["p1_AU00_000.png", "p1_AU12_050.png"])
def test_files_that_cannot_be_read(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = by_names(tmp_path, ["p1"]) / name
    path.write_bytes(path.read_bytes()[:500] if content is None else content)
    sentence = refused(tmp_path)
    assert sentence.startswith(f"{path} cannot be used: {reason}")
    assert sentence.endswith("render it again")


def test_an_identity_without_a_null_image(tmp_path: Path) -> None:
    by_names(tmp_path)
    (tmp_path / "p2_AU00_000.png").unlink()
    assert refused(tmp_path).startswith(f"{tmp_path} has no null image of 'p2' (level 0 of any AU")


def test_two_null_images_that_differ(tmp_path: Path) -> None:
    by_names(tmp_path)
    other = save(tmp_path / "p1_AU12_000.png", drawn("p1", 12, 0.5))
    sentence = refused(tmp_path)
    assert sentence.startswith(f"{tmp_path / 'p1_AU00_000.png'} and {other} should both be the")
    assert "'p1' but differ" in sentence


def test_one_action_unit_and_level_twice(tmp_path: Path) -> None:
    by_names(tmp_path)
    other = save(tmp_path / "more" / "p1_AU12_050.png", drawn("p1", 12, 0.5))
    sentence = refused(tmp_path)
    assert str(other) in sentence
    assert f"{tmp_path / 'p1_AU12_050.png'}" in sentence
    assert "both show AU12 of 'p1' at level 0.5; leave one" in sentence


def test_levels_that_are_missing(tmp_path: Path) -> None:
    by_names(tmp_path)
    (tmp_path / "p1_AU12_050.png").unlink()
    (tmp_path / "p2_AU27_100.png").rename(tmp_path / "p2_AU27_1.png")
    sentence = refused(tmp_path)
    assert f"{tmp_path} lacks AU12 of 'p1' at level 0.5, AU27 of 'p2' at level 1; all" in sentence
    assert "(the name of 1 image does not match the pattern, for example p2_AU27_1.png)" in sentence


def test_action_units_that_are_missing(tmp_path: Path) -> None:
    by_names(tmp_path, aus=[unit for unit in AUS if unit not in {11, 16}])
    sentence = refused(tmp_path)
    assert f"{tmp_path} lacks AU11, AU16 of 'p1', AU11, AU16 of 'p2'; render" in sentence
    assert "or give 'facegen[partial=yes]' where fewer are meant" in sentence
    nothing = by_names(tmp_path / "nulls", aus=())
    assert "has null images only; render the action units too" in refused(nothing, partial="yes")


def test_sizes_that_differ(tmp_path: Path) -> None:
    by_names(tmp_path)
    path = save(tmp_path / "p2_AU12_050.png", drawn("p2", 12, 0.5)[:90])
    null = tmp_path / "p2_AU00_000.png"
    assert refused(tmp_path).startswith(
        f"{path} has 96 x 90 pixels, the null image {null} has 96 x 96; all images of an identity"
    )
    # Of two identities they may.
    for file in tmp_path.glob("p2_*"):
        file.unlink()
    for who, unit, level in shown(["p2"], AUS):
        name = f"{who}_AU{unit:02}_{round(100 * level):03}.png"
        save(tmp_path / name, cv2.resize(drawn(who, unit, level), (64, 64)))
    assert {stimulus.pixels.shape[0] for stimulus in read(tmp_path).stimuli} == {64, SIZE}


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_a_change_that_does_not_grow(tmp_path: Path, level: float) -> None:
    by_names(tmp_path)
    # The highest level shows the face without the action unit, or as at the level before.
    path = save(tmp_path / "p2_AU12_100.png", drawn("p2", 12 if level else 0, level))
    assert refused(tmp_path).startswith(
        f"{path}, AU12 of 'p2' at level 1, differs no more from the null image than the level"
    )
