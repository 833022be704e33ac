"""CSV manifests: the forms that spreadsheets write, and the sentence for each mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ccbench.datasets import ManifestDataset, read_manifest
from ccbench.exceptions import DatasetError
from ccbench.testing import check_dataset

GOOD = "path,poser,expression,session\na.png,ann,joy,A\nb.png,bob,Fear,B\n"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png", "c.png", "d, e.png"):
        (tmp_path / name).touch()
    return tmp_path


def listed(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    manifest = folder / "list.csv"
    manifest.write_bytes(text.encode(encoding))
    return manifest


def refused(folder: Path, text: str) -> str:
    with pytest.raises(DatasetError) as caught:
        read_manifest(listed(folder, text))
    message = str(caught.value)
    assert "list.csv" in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GOOD, "utf-8"),
        (GOOD.replace(",", ";"), "utf-8"),
        (GOOD.replace(",", "\t"), "utf-8"),
        (GOOD, "utf-8-sig"),
        (GOOD.replace("\n", "\r\n"), "utf-8-sig"),
        (GOOD.replace("\n", "\r"), "utf-8"),
        (GOOD.rstrip("\n"), "utf-8"),
        (GOOD.replace("\n", "\n\n"), "utf-8"),
        (GOOD.replace(",", ", "), "utf-8"),
        (GOOD.replace("ann", '"ann"'), "utf-8"),
    ],
    ids=["comma", "semicolon", "tab", "BOM", "CRLF", "CR", "no end", "blank", "spaced", "quoted"],
)
def test_the_forms_that_spreadsheets_write(text: str, encoding: str, photos: Path) -> None:
    table = read_manifest(listed(photos, text, encoding))
    assert [(s.path, s.poser, s.expression) for s in table] == [
        (photos / "a.png", "ann", "happy"),
        (photos / "b.png", "bob", "fearful"),
    ]
    assert [dict(s.attributes) for s in table] == [{"session": "A"}, {"session": "B"}]


def test_quoted_fields_may_hold_the_delimiter(photos: Path) -> None:
    table = read_manifest(listed(photos, 'path,poser,expression\n"d, e.png","Doe, J.",sad\n'))
    assert (table[0].path.name, table[0].poser) == ("d, e.png", "Doe, J.")


def test_an_empty_last_column_is_no_column(photos: Path) -> None:
    table = read_manifest(listed(photos, "path;poser;expression;\na.png;ann;sad;\n"))
    assert dict(table[0].attributes) == {}


def test_paths_start_at_the_manifest_or_at_the_given_folder(photos: Path, tmp_path: Path) -> None:
    below = tmp_path / "lists"
    below.mkdir()
    manifest = listed(below, "path,poser,expression\na.png,ann,sad\n")
    with pytest.raises(DatasetError, match="paths are relative to"):
        read_manifest(manifest)
    assert read_manifest(manifest, photos)[0].path == photos / "a.png"
    absolute = listed(below, f"path,poser,expression\n{photos / 'b.png'},bob,sad\n")
    assert read_manifest(absolute)[0].path == photos / "b.png"
    with pytest.raises(DatasetError, match=r"no such folder: .*absent .*list\.csv"):
        read_manifest(manifest, tmp_path / "absent")


def test_a_manifest_is_a_dataset(photos: Path) -> None:
    dataset = ManifestDataset(listed(photos, GOOD))
    table = check_dataset(dataset, photos)
    assert dataset.card.name == "list"
    assert "not stated" in dataset.card.terms.licence
    assert list(table.frame().columns) == ["path", "poser", "expression", "session"]
    assert ManifestDataset(dataset.manifest, name="ours").card.name == "ours"


def test_text_that_is_not_utf_8(photos: Path) -> None:
    text = GOOD.replace("ann", "Ånn")
    for encoding in ("latin-1", "utf-16"):
        with pytest.raises(DatasetError, match=r"list\.csv is not UTF-8 text; save it as CSV UTF"):
            read_manifest(listed(photos, text, encoding))


@pytest.mark.parametrize(
    ("header", "phrases"),
    [
        ("path,poser,emotion", ["no column 'expression'", "rename 'emotion' to 'expression'"]),
        ("path,Subject,expression", ["no column 'poser'", "rename 'Subject' to 'poser'"]),
        ("filename,poser,expression", ["no column 'path'", "rename 'filename' to 'path'"]),
        ("path,poser,Expression", ["rename 'Expression' to 'expression'"]),
        ("path,poser,expresion", ["no column 'expression'", "rename 'expresion'"]),
        ("path,poser,zz", ["no column 'expression'", "its columns: path, poser, zz"]),
        ("path|poser|expression", ["no column 'path'", "its columns: path|poser|expression"]),
        ("path,poser,expression,poser", ["2 columns 'poser'; rename or remove all but one"]),
    ],
)
def test_columns(header: str, phrases: list[str], photos: Path) -> None:
    message = refused(photos, f"{header}\na.png,ann,sad\n")
    for phrase in phrases:
        assert phrase in message


@pytest.mark.parametrize("text", ["", "\n", "\ufeff"])
def test_an_empty_file(text: str, photos: Path) -> None:
    message = refused(photos, text)
    assert "its columns: none" in message
    assert "the first line must name path, poser, expression" in message


def test_a_header_without_rows(photos: Path) -> None:
    assert "it has no rows" in refused(photos, "path,poser,expression\n")


@pytest.mark.parametrize(
    ("row", "column"),
    [(",ann,sad", "path"), ("a.png, ,sad", "poser"), ("a.png,ann,", "expression")],
)
def test_an_empty_field_is_found_by_line_and_column(row: str, column: str, photos: Path) -> None:
    message = refused(photos, f"path,poser,expression\nb.png,bob,sad\n\n{row}\n")
    assert f"line 4: the column '{column}' is empty" in message


@pytest.mark.parametrize("row", ["b.png,bob", "b.png,bob,sad,x,y"])
def test_ragged_rows_are_found_by_line(row: str, photos: Path) -> None:
    message = refused(photos, f"path,poser,expression\na.png,ann,sad\n{row}\n")
    assert "line 3: the number of fields differs from the header's" in message


@pytest.mark.parametrize("row", ['"b.png"x,bob,sad', '"b.png,bob,sad'])
def test_wrong_quotation_marks_are_found_by_line(row: str, photos: Path) -> None:
    message = refused(photos, f"path,poser,expression\na.png,ann,sad\n{row}\n")
    assert "line 3: " in message
    assert "check the quotation marks" in message


def test_missing_files_are_counted_and_shown(photos: Path) -> None:
    rows = "".join(f"no{number}.png,ann,sad\n" for number in range(5))
    message = refused(photos, f"path,poser,expression\na.png,ann,sad\n{rows}")
    assert "lists 5 files that do not exist" in message
    assert "no0.png" in message
    assert "no2.png" in message
    assert "no3.png" not in message
    assert f"relative to {photos}" in message
    one = refused(photos, "path,poser,expression\nno.png,ann,sad\n")
    assert "lists 1 file that does not exist" in one


def test_a_folder_is_no_photograph(photos: Path) -> None:
    (photos / "folder.png").mkdir()
    assert "does not exist" in refused(photos, "path,poser,expression\nfolder.png,ann,sad\n")


def test_unknown_labels_are_counted_with_a_suggestion(photos: Path) -> None:
    text = "path,poser,expression\na.png,ann,hapy\nb.png,bob,hapy\nc.png,bob,zzz\n"
    message = refused(photos, text)
    assert "'hapy' (2 files; did you mean 'happy'?), 'zzz' (1 file)" in message
    assert "use one of the seven expressions or a synonym" in message


def test_labels_outside_the_seven_are_left_out_and_counted(photos: Path) -> None:
    text = "path,poser,expression\na.png,ann,sad\nb.png,ann,contempt\nc.png,bob,Contemptuous\n"
    table = read_manifest(listed(photos, text))
    assert len(table) == 1
    assert table.left_out == {"expression 'contemptuous'": 2}


def test_nothing_but_other_labels(photos: Path) -> None:
    message = refused(photos, "path,poser,expression\na.png,ann,contempt\n")
    assert "left out: expression 'contemptuous' (1)" in message


def test_a_path_listed_twice(photos: Path) -> None:
    text = "path,poser,expression\na.png,ann,sad\n./a.png,ann,happy\n"
    with pytest.raises(DatasetError, match=re.escape("a.png is listed 2 times; list each")):
        read_manifest(listed(photos, text))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no such file: .*absent\.csv"):
        read_manifest(tmp_path / "absent.csv")
    with pytest.raises(DatasetError, match="cannot read"):
        read_manifest(tmp_path)


def test_posers_that_differ_only_by_case_are_refused(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).touch()
    manifest = tmp_path / "list.csv"
    manifest.write_text("path,poser,expression\n1.png,p01,joy\n2.png,P01,fear\n")
    with pytest.raises(DatasetError, match=r"'p01' and 'P01'.*one person"):
        read_manifest(manifest)


@pytest.mark.parametrize(
    ("file", "name"), [("my photos.csv", "my-photos"), ("日本.csv", "日本"), ("-x-.csv", "x")]
)
def test_any_file_name_makes_a_name(tmp_path: Path, file: str, name: str) -> None:
    assert ManifestDataset(tmp_path / file).card.name == name


def test_a_name_without_a_letter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot name a database; write -d NAME="):
        ManifestDataset(tmp_path / "---.csv")
