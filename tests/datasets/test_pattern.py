"""Databases described by a card alone: file names are enough, the files may be empty."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ccbench.datasets import PatternDataset, dataset_from_card
from ccbench.exceptions import CardError, DatasetError
from ccbench.testing import check_dataset
from ccbench_registry import DatasetCard, FilePattern, Terms

FIVE_LINES = r"""
name = "mine"
title = "Our own faces"
terms.licence = "ours"
[files]
pattern = '(?P<poser>\w+?)-(?P<expression>[a-z]+)\.(jpg|png)'
"""


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def dataset(**files: object) -> PatternDataset:
    files.setdefault("pattern", r"(?P<poser>[a-z]+\d)_(?P<expression>[a-z]+)_(?P<view>[a-z])\.png")
    return PatternDataset(
        DatasetCard(
            name="mine",
            title="Mine",
            terms=Terms(licence="ours"),
            files=FilePattern.model_validate(files),
        )
    )


def refused(data: PatternDataset, root: Path, **options: str) -> str:
    with pytest.raises(DatasetError) as caught:
        data.samples(root, options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def cells(data: PatternDataset, root: Path, **options: str) -> list[tuple[str, str]]:
    return [(sample.poser, sample.expression) for sample in data.samples(root, options)]


def test_a_card_of_five_lines_is_a_dataset(tmp_path: Path) -> None:
    card = tmp_path / "mine.toml"
    card.write_text(FIVE_LINES)
    root = touch(tmp_path / "photos", "ann-joy.jpg", "sub/ann-afraid.png", "bob-Anger.JPG", "x.txt")
    table = check_dataset(dataset_from_card(card), root)
    assert [(sample.poser, sample.expression) for sample in table] == [
        ("ann", "happy"), ("ann", "fearful"), ("bob", "angry"),
    ]  # fmt: skip
    assert table.unmatched == ()
    assert table.relative(table[1].path) == "sub/ann-afraid.png"


def test_a_card_without_a_pattern_is_refused(tmp_path: Path) -> None:
    card = tmp_path / "mine.toml"
    card.write_text(FIVE_LINES.partition("[files]")[0])
    with pytest.raises(CardError, match=r"mine\.toml: add a \[files\] table with a 'pattern'"):
        dataset_from_card(card)
    with pytest.raises(CardError, match=r"'bare' has no \[files\] table"):
        PatternDataset(DatasetCard(name="bare", title="Bare", terms=Terms(licence="ours")))


def test_an_unknown_key_of_the_card_names_the_near_one(tmp_path: Path) -> None:
    card = tmp_path / "mine.toml"
    card.write_text(FIVE_LINES + "renmes = {}\n")
    with pytest.raises(CardError, match=r"'files\.renmes' \(did you mean 'renames'\?\)"):
        dataset_from_card(card)


def test_a_label_that_is_no_expression_is_refused_with_the_card(tmp_path: Path) -> None:
    card = tmp_path / "mine.toml"
    card.write_text(FIVE_LINES + "labels = { h = 'hapiness' }\n")
    with pytest.raises(CardError, match=r"'hapiness', which is no expression; .*'happiness'"):
        dataset_from_card(card)


def test_codes_that_the_labels_lack_are_refused_with_counts(tmp_path: Path) -> None:
    data = dataset(labels={"ha": "happy", "sad": "sad"})
    root = touch(tmp_path, "a1_ha_s.png", "a1_hap_s.png", "b1_hap_s.png", "b1_zz_s.png")
    message = refused(data, root)
    assert str(root) in message
    assert "'hap' (2 files; did you mean 'ha'?), 'zz' (1 file)" in message
    assert "map it in [files.labels] of the card 'mine'" in message


def test_words_that_nobody_knows_are_refused_with_the_near_one(tmp_path: Path) -> None:
    message = refused(dataset(), touch(tmp_path, "a1_hapy_s.png", "a1_sad_s.png"))
    assert "'hapy' (1 file; did you mean 'happy'?)" in message


def test_codes_mapped_to_nothing_and_other_expressions_are_left_out(tmp_path: Path) -> None:
    data = dataset(labels={"ha": "joy", "xx": "", "co": "contempt"})
    root = touch(tmp_path, "a1_ha_s.png", "a1_xx_s.png", "b1_xx_s.png", "a1_co_s.png")
    table = data.samples(root, {})
    assert len(table) == 1
    assert table.left_out == {"expression 'xx'": 2, "expression 'contemptuous'": 1}


def test_nothing_of_the_seven_expressions(tmp_path: Path) -> None:
    message = refused(dataset(), touch(tmp_path, "a1_contempt_s.png", "a1_pride_s.png"))
    assert "no photograph of one of the seven expressions" in message
    assert "expression 'contemptuous' (1), expression 'proud' (1)" in message


def test_no_such_folder_and_a_file_as_folder(tmp_path: Path) -> None:
    assert "no such folder" in refused(dataset(), tmp_path / "absent")
    assert "absent" in refused(dataset(), tmp_path / "absent")
    touch(tmp_path, "a1_sad_s.png")
    assert "is a file; the dataset 'mine' needs a folder" in refused(
        dataset(), tmp_path / "a1_sad_s.png"
    )


def test_a_folder_without_one_matching_file_shows_three_names(tmp_path: Path) -> None:
    names = [f"IMG_{number}.jpg" for number in range(20)]
    message = refused(dataset(), touch(tmp_path, *names))
    assert "IMG_0.jpg, IMG_1.jpg, IMG_10.jpg and 17 more" in message
    assert dataset().files.pattern in message
    assert "'mine'" in message


def test_a_folder_without_images(tmp_path: Path) -> None:
    message = refused(dataset(), touch(tmp_path, "readme.txt", "list.csv", ".a1_sad_s.png"))
    assert "holds no image file" in message
    assert ".png" in message


def test_hidden_files_and_folders_do_not_count(tmp_path: Path) -> None:
    root = tmp_path / ".hidden root"  # where the user's folder itself lies does not matter
    touch(root, "a1_sad_s.png", "._a1_sad_s.png", ".trash/b1_sad_s.png", "sub/.b1_sad_s.png")
    table = dataset().samples(root, {})
    assert [sample.path for sample in table] == [root / "a1_sad_s.png"]
    assert table.unmatched == ()


def test_a_folder_named_like_an_image_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "b1_sad_s.png").mkdir()
    assert cells(dataset(), touch(tmp_path, "a1_sad_s.png")) == [("a1", "sad")]


def test_files_that_do_not_match_are_told_not_used(tmp_path: Path) -> None:
    root = touch(tmp_path, "a1_sad_s.png", "montage.png", "a1_sad_s.png.bmp")
    table = dataset().samples(root, {})
    assert {path.name for path in table.unmatched} == {"montage.png", "a1_sad_s.png.bmp"}
    assert len(table) == 1


def test_posers_that_differ_only_by_case_are_one(tmp_path: Path) -> None:
    root = touch(tmp_path, "A1_sad_s.png", "sub/a1_happy_s.png", "b1_SAD_s.PNG")
    table = dataset().samples(root, {})
    assert len(table) == 3
    assert len(table.posers) == 2
    assert table.posers[0].lower() == "a1"
    assert sorted(table.frame()["poser"].unique()) == sorted(table.posers)


def test_the_identity_may_be_made_of_several_groups(tmp_path: Path) -> None:
    data = dataset(
        pattern=r"(?P<poser>\d)(?P<sex>[fm])_(?P<expression>[a-z]+)\.png", poser="{sex}-{poser}"
    )
    table = data.samples(touch(tmp_path, "1f_sad.png", "1m_sad.png"), {})
    assert table.posers == ("f-1", "m-1")
    assert list(table.frame()["poser"]) == ["f-1", "m-1"]  # not the group of that name
    assert list(table.frame()["sex"]) == ["f", "m"]


def test_an_optional_group_gives_an_empty_column_but_no_empty_poser(tmp_path: Path) -> None:
    pattern = r"(?P<poser>\d*)_(?P<expression>[a-z]+)(_(?P<take>\d))?\.png"
    data = dataset(pattern=pattern)
    table = data.samples(touch(tmp_path / "good", "1_sad.png", "1_sad_2.png"), {})
    assert sorted(sample.attributes["take"] for sample in table) == ["", "2"]
    message = refused(data, touch(tmp_path / "bad", "_sad.png"))
    assert "_sad.png: the poser is empty" in message


def test_a_pattern_with_a_slash_reads_the_path(tmp_path: Path) -> None:
    data = dataset(pattern=r"(?P<poser>\w+)/(.*/)?(?P<expression>\w+)\.png")
    root = touch(tmp_path, "ann/sad.png", "bob/old/happy.png", "loose.png")
    assert cells(data, root) == [("ann", "sad"), ("bob", "happy")]
    assert [path.name for path in data.samples(root, {}).unmatched] == ["loose.png"]


def test_the_glob_limits_the_files(tmp_path: Path) -> None:
    root = touch(tmp_path, "raw/a1_sad_s.png", "small/a1_sad_s.png")
    assert len(dataset(glob="raw/*").samples(root, {})) == 1


@pytest.mark.parametrize("glob", ["/etc/*", ""])
def test_a_glob_that_is_not_below_the_folder_is_refused(glob: str, tmp_path: Path) -> None:
    root = touch(tmp_path, "photos/a1_sad_s.png", "a1_sad_s.png") / "photos"
    assert f"cannot use the glob '{glob}'" in refused(dataset(glob=glob), root)


def test_ignored_files_are_left_out_with_their_reason_even_if_they_match(tmp_path: Path) -> None:
    ignore = [{"pattern": r"avg.*|m\d_.*", "reason": "average"}]
    root = touch(tmp_path, "a1_sad_s.png", "avg_sad.png", "m1_SAD_s.png", "other.png")
    table = dataset(ignore=ignore).samples(root, {})
    assert [sample.poser for sample in table] == ["a1"]
    assert table.left_out == {"average": 2}
    assert [path.name for path in table.unmatched] == ["other.png"]


def test_misnamed_files_are_read_by_their_right_name_with_a_warning(tmp_path: Path) -> None:
    data = dataset(renames={"a1sad.png": "a1_sad_s.png"})
    table = data.samples(touch(tmp_path, "A1SAD.png"), {})
    assert [(s.poser, s.expression, s.path.name) for s in table] == [("a1", "sad", "A1SAD.png")]
    assert table.warnings == ("A1SAD.png is read as a1_sad_s.png (known misnamed file)",)


VIEWS = ("a1_sad_s.png", "a1_sad_l.png", "b1_sad_S.png", "b1_sad_r.png")


@pytest.mark.parametrize(
    ("options", "views", "left_out"),
    [
        ({}, "sS", {"view l": 1, "view r": 1}),
        ({"view": "S"}, "sS", {"view l": 1, "view r": 1}),
        ({"view": "l+r"}, "lr", {"view s": 1, "view S": 1}),
        ({"view": " l + R "}, "lr", {"view s": 1, "view S": 1}),
        ({"view": "*"}, "slSr", {}),
        ({"poser": "A1"}, "s", {"view l": 1, "poser b1": 1, "view r": 1}),
    ],
)
def test_values_to_keep(
    options: dict[str, str], views: str, left_out: dict[str, int], tmp_path: Path
) -> None:
    data = dataset(keep={"view": ["s"]})
    table = data.samples(touch(tmp_path, *VIEWS), options)
    assert sorted(sample.attributes["view"] for sample in table) == sorted(views)
    assert table.left_out == left_out


def test_options_are_the_groups_with_their_defaults() -> None:
    data = dataset(keep={"view": ["s", "t"]})
    assert list(data.options) == ["poser", "view"]
    assert "default s+t" in data.options["view"]
    assert "default *" in data.options["poser"]


def test_options_that_leave_nothing_say_what_there_is(tmp_path: Path) -> None:
    message = refused(dataset(), touch(tmp_path, *VIEWS), view="x+y")
    assert "the options of 'mine' leave no photograph" in message
    assert "'view' should be x or y, the files have S (1), l (1), r (1), s (1)" in message


def test_a_value_that_no_file_has_is_told(tmp_path: Path) -> None:
    table = dataset().samples(touch(tmp_path, *VIEWS), {"view": "l+x"})
    assert len(table) == 1
    (warning,) = table.warnings
    assert warning.startswith("no file has x as 'view'; the files have")


def test_wrong_options(tmp_path: Path) -> None:
    root = touch(tmp_path, *VIEWS)
    assert "no option 'veiw'; did you mean 'view'?" in refused(dataset(), root, veiw="s")
    assert "the option 'view' of the dataset 'mine' is empty" in refused(dataset(), root, view="+")


def test_the_table_does_not_depend_on_where_the_folder_lies(tmp_path: Path) -> None:
    touch(tmp_path / "one", *VIEWS)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    one = dataset().samples(tmp_path / "one", {}).frame()
    assert one.equals(dataset().samples(tmp_path / "two", {}).frame())
