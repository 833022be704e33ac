"""KRC: nothing is guessed about view codes; a user's pattern or manifest wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccbench.datasets import parse_dataset_spec
from ccbench.exceptions import DatasetError
from ccbench.interfaces import Dataset
from ccbench.plugins import load_plugins
from ccbench.samples import SampleTable
from ccbench.testing import check_dataset
from ccbench_registry import EXPRESSIONS

CODES = ("neu", "hap", "fea", "sad", "ang", "sur", "dis")


@pytest.fixture(scope="module")
def krc() -> Dataset:
    return load_plugins().dataset("krc")


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def refused(krc: Dataset, root: Path, **options: str) -> str:
    with pytest.raises(DatasetError) as caught:
        krc.samples(root, options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def opened(text: str) -> SampleTable:
    """Open what a user wrote after ``-d``."""
    spec = parse_dataset_spec(text)
    dataset, root = load_plugins().open_dataset(spec)
    assert root is not None
    return dataset.samples(root, spec.options)


def test_names_like_the_papers_are_read_by_default(krc: Dataset, tmp_path: Path) -> None:
    root = touch(tmp_path, *(f"{p}_{code}_d.jpg" for p in ("fd19", "MD02") for code in CODES))
    table = check_dataset(krc, root)
    assert table.posers == ("MD02", "fd19")
    assert table.expressions == EXPRESSIONS
    by_code = {sample.path.stem.split("_")[1]: sample.expression for sample in table}
    assert by_code == dict(zip(CODES, EXPRESSIONS, strict=True))
    assert {sample.attributes["view"] for sample in table} == {"d"}


def test_other_view_codes_are_refused_with_counts_and_the_way_out(
    krc: Dataset, tmp_path: Path
) -> None:
    root = touch(tmp_path, "fd19_neu_d.jpg", "fd19_hap_d.jpg", "fd19_neu_l.jpg", "fd19_neu_R2.jpg")
    message = refused(krc, root)
    assert "d (2 files), l (1 file), r2 (1 file)" in message
    assert f"-d 'krc[view=CODE]={root}'" in message


def test_a_single_unknown_view_code_is_refused_too(krc: Dataset, tmp_path: Path) -> None:
    assert "x (2 files)" in refused(krc, touch(tmp_path, "fd19_neu_x.jpg", "fd19_hap_X.jpg"))


@pytest.mark.parametrize(("view", "count"), [("d", 2), ("D", 2), ("l", 1), ("d+l", 3), ("*", 4)])
def test_chosen_views(view: str, count: int, tmp_path: Path) -> None:
    root = touch(tmp_path, "fd19_neu_d.jpg", "fd19_hap_d.jpg", "fd19_neu_l.jpg", "fd19_neu_r2.jpg")
    table = opened(f"krc[view={view}]={root}")
    assert len(table) == count
    assert sum(table.left_out.values()) == 4 - count


def test_a_view_that_no_file_has(krc: Dataset, tmp_path: Path) -> None:
    message = refused(krc, touch(tmp_path, "fd19_neu_d.jpg"), view="x")
    assert "'view' should be x, the files have d (1)" in message


def test_other_names_are_not_guessed(krc: Dataset, tmp_path: Path) -> None:
    message = refused(krc, touch(tmp_path, "fd19-neu.jpg", "fd19-hap.jpg"))
    assert "matches the pattern of 'krc'" in message
    assert "fd19-hap.jpg, fd19-neu.jpg" in message


def test_a_pattern_of_the_users_with_commas(tmp_path: Path) -> None:
    pattern = r"(?P<poser>[a-z]{1,3}\d{1,3})-(?P<expression>[a-z]{3,3})-(?P<view>[a-z]{1,2})\.jpg"
    root = touch(tmp_path, "fd19-neu-d.jpg", "fd19-hap-lr.jpg")
    table = opened(f"krc[pattern={pattern},view=d+lr]={root}")
    assert [(sample.poser, sample.expression) for sample in table] == [
        ("fd19", "neutral"), ("fd19", "happy"),
    ]  # fmt: skip
    with pytest.raises(DatasetError, match=r"lr \(1 file\)"):
        opened(f"krc[pattern={pattern}]={root}")


def test_a_pattern_without_views_takes_all(krc: Dataset, tmp_path: Path) -> None:
    pattern = r"(?P<expression>[a-z]+)(?P<poser>\d+)\.jpg"
    root = touch(tmp_path, "neu1.jpg", "hap1.jpg")
    assert len(krc.samples(root, {"pattern": pattern})) == 2
    message = refused(krc, root, pattern=pattern, view="d")
    assert "the pattern has no group 'view'; drop the option 'view'" in message


@pytest.mark.parametrize(
    ("pattern", "phrases"),
    [
        ("(", ["krc[pattern=(]", "is not a regular expression"]),
        (r"(?P<poser>\d+)\.jpg", ["needs a named group (?P<expression>...)"]),
        (r"(?P<expression>\w+)(?P<posr>\d)", ["the group 'poser'", "did you mean 'posr'?"]),
    ],
)
def test_bad_patterns(pattern: str, phrases: list[str], krc: Dataset, tmp_path: Path) -> None:
    message = refused(krc, touch(tmp_path, "fd19_neu_d.jpg"), pattern=pattern)
    assert message.startswith("krc[pattern=")
    for phrase in phrases:
        assert phrase in message


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """Return a manifest beside its two photographs."""
    touch(tmp_path / "photos", "1.png", "2.png")
    manifest = tmp_path / "photos" / "list.csv"
    manifest.write_text("path,poser,expression\n1.png,ann,joy\n2.png,bob,fear\n")
    return manifest


def test_a_manifest_in_place_of_the_folder(listed: Path) -> None:
    table = opened(f"krc={listed}")
    assert [(s.poser, s.expression) for s in table] == [("ann", "happy"), ("bob", "fearful")]


@pytest.mark.parametrize("option", ["view=d", "pattern=x"])
def test_a_manifest_takes_no_options(option: str, listed: Path) -> None:
    with pytest.raises(DatasetError, match="a manifest takes no options"):
        opened(f"krc[{option}]={listed}")


def test_the_card_says_what_a_lab_must_know(krc: Dataset) -> None:
    assert (krc.card.country, krc.card.posers, krc.card.naming) == ("JP", 74, "seen")
    assert not krc.card.terms.redistribution
    assert set(krc.options) == {"pattern", "view"}
