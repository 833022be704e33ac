"""Names of people in file names appear in no table and no option."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from ccbench.datasets import PatternDataset
from ccbench.runner import persons, run_matrix
from ccbench.runner.databases import Database
from ccbench.samples import SampleTable
from ccbench.testing import check_dataset
from ccbench_registry import DatasetCard, FilePattern, Terms

if TYPE_CHECKING:
    from tests.conftest import FewPosers

PEOPLE = ("dora", "Dora2", "carl")


def dataset() -> PatternDataset:
    files = FilePattern(
        pattern=r"(?P<person>[a-z0-9]+)_(?P<age>\d+)_(?P<expression>[a-z]+)_(?P<take>\d)\.png",
        poser="{person} {age}",
        conceal=("person",),
    )
    return PatternDataset(
        DatasetCard(name="mine", title="Mine", terms=Terms(licence="ours"), files=files)
    )


@pytest.fixture
def table(tmp_path: Path) -> SampleTable:
    for person in PEOPLE:
        for name in ("joy_1", "joy_2", "fear_1"):
            (tmp_path / f"{person}_30_{name}.png").touch()
    (tmp_path / "dora_at_home.png").touch()
    return check_dataset(dataset(), tmp_path)


def test_posers_and_files_are_numbered(table: SampleTable) -> None:
    assert table.posers == ("P1", "P2", "P3")
    assert len(table) == 9
    last = [sample for sample in table if sample.poser == "P3"]
    # Dora2 is another person than dora.
    assert {sample.path.name.split("_")[0] for sample in last} == {"Dora2"}
    names = [table.relative(sample.path) for sample in last]
    assert names == ["P3_happy_1.png", "P3_happy_2.png", "P3_fearful_1.png"]
    assert [table.relative(path) for path in table.unmatched] == ["unmatched file 1"]


def test_no_name_is_left_in_the_table(table: SampleTable) -> None:
    frame = table.frame()
    assert set(frame.columns) == {"path", "poser", "expression", "age", "take"}
    text = frame.to_csv().lower()
    assert not any(person.lower() in text for person in PEOPLE)


def test_a_name_is_no_option() -> None:
    assert list(dataset().options) == ["age", "take"]


def test_no_name_is_left_in_a_run(few_posers: FewPosers, lab: Path, tmp_path: Path) -> None:
    root = few_posers("drawn-a", 4)
    people = {f"p{n:02}": person for n, person in enumerate(("anna", "berta", "cora", "dana"), 1)}
    for path in list(root.iterdir()):
        poser, expression = path.stem.split("_")
        path.rename(root / f"{people[poser]}_{expression}.png")
    card = tmp_path / "mine.toml"
    card.write_text(
        'name = "mine"\ntitle = "Mine"\nterms.licence = "ours"\n[files]\nconceal = ["person"]\n'
        "pattern = '(?P<person>[a-z]+)_(?P<expression>[a-z]+)\\.png'\nposer = \"{person}\"\n"
    )
    run = run_matrix([f"{card}={root}"], backbone="tiny", runs=1, out=tmp_path / "run")
    assert set(run.predictions["poser"]) <= {"P1", "P2", "P3", "P4"}
    assert run.predictions["photograph"].str.match(r"P\d_\w+_1\.png").all()
    for path in run.path.iterdir():
        if path.suffix == ".parquet":
            text = pd.read_parquet(path).to_csv().lower()
        elif path.suffix == ".json":
            text = path.read_text(encoding="utf-8").lower()
        else:
            continue
        for person in people.values():
            assert person not in text, path.name


def test_options_and_folders_change_nobody_and_leave_people_known(tmp_path: Path) -> None:
    for name, takes in (("anna", "12"), ("berta", "1"), ("cora", "12")):
        for take in takes:
            (tmp_path / f"{name}_30_joy_{take}.png").touch()
    first, second = (dataset().samples(tmp_path, {"take": take}) for take in "12")
    assert first.posers == ("P1", "P2", "P3")
    # Berta has no second take; Cora is the same person in both.
    assert second.posers == ("P1", "P3")
    other = tmp_path / "partial"
    other.mkdir()
    (other / "Cora_30_fear_1.png").touch()
    third = dataset().samples(other, {})
    assert third.posers == ("P1",)
    opened = [Database(f"mine[{n}]", dataset().card, t, ()) for n, t in enumerate((second, third))]
    who = persons.person
    assert who(opened[0], "P3") == who(opened[1], "P1") != who(opened[0], "P1")
    assert persons.share_posers(*opened)
    assert "cora" not in second.frame().to_csv() + third.frame().to_csv()
