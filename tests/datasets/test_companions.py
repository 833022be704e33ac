"""What photographs show may stand beside them: in a table, or in small text files."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from ccbench.datasets import PatternDataset
from ccbench.exceptions import DatasetError
from ccbench.samples import SampleTable
from ccbench_registry import DatasetCard, FilePattern, Terms

TABLE: dict[str, object] = {
    "pattern": r"(?P<poser>[A-Z]\d?)_(?P<picture>\d+)\.jpg",
    "label_table": {
        "keys": {"poser": "Who", "picture": "Picture"},
        "expression": "Shown",
        "columns": {"sex": "Sex"},
        "origin": "the list of the distribution, saved as CSV,",
    },
}
FILES: dict[str, object] = {
    "pattern": r"(?P<poser>S\d)_(?P<sequence>\d)_(?P<frame>\d+)\.png",
    "labels": {"1": "anger", "2": "contempt", "5": "joy"},
    "label_files": {
        "pattern": r"(?P<poser>S\d)_(?P<sequence>\d)_\d+_emotion\.txt",
        "example": "S1_1_09_emotion.txt",
    },
}


def dataset(files: dict[str, object]) -> PatternDataset:
    pattern = FilePattern.model_validate(files)
    return PatternDataset(
        DatasetCard(name="mine", title="Mine", terms=Terms(licence="ours"), files=pattern)
    )


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def cells(table: SampleTable) -> list[tuple[str, str]]:
    return [(sample.path.name, sample.expression) for sample in table]


def refused(files: dict[str, object], root: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        dataset(files).samples(root, {})
    message = str(caught.value)
    assert "\n" not in message
    assert str(root) in message
    return message


# -- tables


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_a_table_says_what_is_shown(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = [
        ["Note", "Who", "Picture", "Shown", "Sex"],
        ["größer", "A", "01", "joy", "F"],
        ["", "a", "02", "Neutral", "F"],
        ["", "B", "01", "anger", "M"],
        ["", "C", "09", "sad", "M"],
        ["", "", "", "", ""],
    ]
    text = "\n".join(separator.join(row) for row in rows)
    (tmp_path / "whatever.csv").write_bytes(text.encode(encoding))
    (tmp_path / "other.csv").write_text("Who,Shown\nA,joy\n")
    touch(tmp_path, "A_01.jpg", "A_02.jpg", "B_01.jpg", "B_02.jpg", "sub/odd.jpg")
    table = dataset(TABLE).samples(tmp_path, {})
    assert cells(table) == [
        ("A_02.jpg", "neutral"),
        ("A_01.jpg", "happy"),
        ("B_01.jpg", "angry"),
    ]
    assert [sample.attributes["sex"] for sample in table] == ["F", "F", "M"]
    assert table.left_out == {"not in whatever.csv": 1}
    assert [path.name for path in table.unmatched] == ["odd.jpg"]
    men = dataset(TABLE).samples(tmp_path, {"sex": "m"})
    assert men.posers == ("B",)


def test_a_cell_may_be_the_name_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Who,Picture,Shown\nA,A_01.jpg,joy\nA,A_02,fear\n")
    table = dataset(TABLE).samples(touch(tmp_path, "A_01.jpg", "A_02.jpg"), {})
    assert cells(table) == [("A_01.jpg", "happy"), ("A_02.jpg", "fearful")]
    # The table has no column for the sex.
    assert {sample.attributes["sex"] for sample in table} == {""}


def test_one_picture_number_may_belong_to_two_posers(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Who,Picture,Shown\nA,01,joy\nA1,01,fear\n")
    table = dataset(TABLE).samples(touch(tmp_path, "A_01.jpg", "A1_01.jpg"), {})
    assert [(sample.poser, sample.expression) for sample in table] == [
        ("A", "happy"), ("A1", "fearful"),
    ]  # fmt: skip


def test_without_the_table_it_says_what_to_put_there(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Who,Picture,Expression\nA,01,joy\n")
    message = refused(TABLE, touch(tmp_path, "A_01.jpg"))
    assert "no CSV table with the columns 'Who', 'Picture', 'Shown'" in message
    assert "put the list of the distribution, saved as CSV, there" in message


def test_two_tables_are_refused(tmp_path: Path) -> None:
    for name in ("one.csv", "two.tsv"):
        (tmp_path / name).write_text("Who,Picture,Shown\nA,01,joy\n")
    message = refused(TABLE, touch(tmp_path, "A_01.jpg"))
    assert "one.csv and two.tsv; keep one" in message


def test_a_table_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    text = "Who,Picture,Shown\nA,01,joy\nA,01,Joy\nA,01,fear\n"
    (tmp_path / "t.csv").write_text(text)
    message = refused(TABLE, touch(tmp_path, "A_01.jpg"))
    assert "t.csv, line 4: a 01 is 'fear', but 'joy' further up" in message


def test_an_empty_cell_and_an_unknown_word_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "A_01.jpg")
    (tmp_path / "t.csv").write_text("Who,Picture,Shown\nA,01,\n")
    assert "t.csv, line 2: the column 'Shown' is empty" in refused(TABLE, tmp_path)
    (tmp_path / "t.csv").write_text("Who,Picture,Shown\nA,01,hapy\n")
    assert "'hapy' (1 file; did you mean 'happy'?)" in refused(TABLE, tmp_path)


def test_photographs_of_another_database_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Who,Picture,Shown\nX,01,joy\n")
    message = refused(TABLE, touch(tmp_path, "A_01.jpg", "B_01.jpg"))
    assert "none of 2 photographs of 'mine' has a label (not in t.csv)" in message


# -- one small file a sequence


def test_text_files_hold_the_codes_of_sequences(tmp_path: Path) -> None:
    root = touch(tmp_path, "images/S1_1_09.png", "images/S1_2_07.png", "images/S2_1_03.png")
    touch(root, "images/S2_2_05.png")
    labels = {"S1_1_09": "   5.0000000e+00\n", "s1_2_07": "2", "S2_1_03": "1.0"}
    (root / "Emotion").mkdir()
    for name, code in labels.items():
        (root / "Emotion" / f"{name}_emotion.txt").write_text(code)
    (root / "Emotion" / "readme.txt").write_text("no code")
    table = dataset(FILES).samples(root, {})
    assert cells(table) == [("S1_1_09.png", "happy"), ("S2_1_03.png", "angry")]
    assert table.left_out == {"no label file": 1, "expression 'contemptuous'": 1}


def test_without_label_files_it_shows_one(tmp_path: Path) -> None:
    message = refused(FILES, touch(tmp_path, "S1_1_09.png"))
    assert "no label file such as S1_1_09_emotion.txt" in message


@pytest.mark.parametrize("glob", ["/x/*", ""])
def test_a_glob_that_cannot_be_used_is_said(tmp_path: Path, glob: str) -> None:
    spec = {**cast(dict[str, str], FILES["label_files"]), "glob": glob}
    sentence = refused({**FILES, "label_files": spec}, touch(tmp_path, "S1_1_09.png"))
    assert f"'mine' cannot use the glob '{glob}' of [files.label_files]" in sentence


def test_an_empty_label_file_and_two_that_differ_are_refused(tmp_path: Path) -> None:
    root = touch(tmp_path, "S1_1_09.png", "S1_1_09_emotion.txt")
    assert "S1_1_09_emotion.txt holds no code" in refused(FILES, root)
    (root / "S1_1_08_emotion.txt").write_text("1")
    (root / "S1_1_09_emotion.txt").write_text("5")
    assert "has the code '5', but another file of s1 1 has '1'" in refused(FILES, root)
