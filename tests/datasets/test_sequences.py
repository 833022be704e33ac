"""Sequences: the neutral start and the expression stand for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccbench.datasets import PatternDataset
from ccbench.exceptions import DatasetError
from ccbench.samples import SampleTable
from ccbench_registry import DatasetCard, FilePattern, Frames, Terms

NUMBERED = r"(.*/)?(?P<poser>p\d)_(?P<expression>[a-z]+)_(?P<frame>\d+)\.png"


def read(folder: Path, names: list[str], **frames: object) -> SampleTable:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    pattern = FilePattern(pattern=NUMBERED, frames=Frames.model_validate(frames))
    card = DatasetCard(name="mine", title="Mine", terms=Terms(licence="ours"), files=pattern)
    return PatternDataset(card).samples(folder, {})


def shown(table: SampleTable) -> list[tuple[str, str]]:
    return [(table.relative(sample.path), sample.expression) for sample in table]


SEQUENCE = [f"p1_joy_{number:02}.png" for number in (0, 4, 9, 10, 40)]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ({}, [("p1_joy_40.png", "happy")]),
        ({"first": "neutral"}, [("p1_joy_00.png", "neutral"), ("p1_joy_40.png", "happy")]),
        ({"nearest": 9}, [("p1_joy_09.png", "happy")]),
        # Of two that are equally near the earlier one.
        ({"nearest": 7, "first": ""}, [("p1_joy_09.png", "happy")]),
        ({"nearest": 25}, [("p1_joy_10.png", "happy")]),
        ({"nearest": 0, "first": "neutral"}, [
            ("p1_joy_00.png", "neutral"), ("p1_joy_04.png", "happy"),
        ]),
    ],
)  # fmt: skip
def test_which_pictures_are_taken(
    frames: dict[str, object], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    table = read(tmp_path, SEQUENCE, **frames)
    assert shown(table) == expected
    assert table.left_out == {"other picture of a sequence": 5 - len(expected)}
    assert table.warnings == ()


def test_numbers_are_compared_as_numbers(tmp_path: Path) -> None:
    table = read(tmp_path, ["p1_joy_9.png", "p1_joy_10.png", "p1_joy_1.png"], first="neutral")
    assert shown(table) == [("p1_joy_1.png", "neutral"), ("p1_joy_10.png", "happy")]


def test_a_picture_without_a_number_is_named(tmp_path: Path) -> None:
    (tmp_path / "p1_joy.png").touch()
    (tmp_path / "p1_joy_2.png").touch()
    pattern = FilePattern(
        pattern=r"(?P<poser>p\d)_(?P<expression>[a-z]+)(?:_(?P<frame>\d+))?\.png",
        frames=Frames(column="frame"),
    )
    card = DatasetCard(name="mine", title="Mine", terms=Terms(licence="ours"), files=pattern)
    with pytest.raises(DatasetError, match=r"p1_joy\.png: '' is no number .* group 'frame' has"):
        PatternDataset(card).samples(tmp_path, {})


def test_a_sequence_without_its_start_gives_no_neutral_face(tmp_path: Path) -> None:
    names = ["p1_joy_07.png", "p1_joy_08.png", "p1_fear_01.png", "p1_fear_09.png"]
    table = read(tmp_path, names, first="neutral")
    assert shown(table) == [
        ("p1_fear_01.png", "neutral"), ("p1_joy_08.png", "happy"), ("p1_fear_09.png", "fearful"),
    ]  # fmt: skip
    assert table.warnings == (
        "1 of 2 sequences lack their first picture (number 0 or 1), so they give no neutral "
        "photograph",
    )


def test_folders_labels_and_posers_tell_sequences_apart(tmp_path: Path) -> None:
    names = ["a/p1_joy_1.png", "b/p1_joy_2.png", "b/p2_joy_3.png", "b/p2_fear_4.png"]
    assert len(read(tmp_path, names)) == 4


def test_a_lone_first_picture_is_neutral(tmp_path: Path) -> None:
    assert shown(read(tmp_path, ["p1_joy_0.png"], first="neutral")) == [("p1_joy_0.png", "neutral")]


def test_the_number_is_no_option() -> None:
    files = FilePattern(pattern=NUMBERED, frames=Frames())
    card = DatasetCard(name="mine", title="Mine", terms=Terms(licence="ours"), files=files)
    assert list(PatternDataset(card).options) == ["poser"]
