"""Names that lack an ending, or write one person in two ways."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from ccbench.datasets import PatternDataset
from ccbench.datasets.infer import infer, read_pattern
from ccbench_registry import DatasetCard, FilePattern, Terms


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (
            [
                f"{poser:02}_{expression}{view}.png"
                for poser in range(1, 5)
                for expression in ("joy", "fear", "anger")
                for view in ("", "left", "right")
            ],
            {"", "left", "right"},
        ),
        (
            [
                "AF01AN.JPG" if (poser, view) == (1, "S") else f"AF{poser:02}{expression}{view}.JPG"
                for poser in range(1, 5)
                for expression in ("AN", "HA", "SA", "AF")
                for view in ("S", "HL", "FR")
            ][2:],
            set(),
        ),
    ],
)
def test_an_ending_that_some_names_lack(names: list[str], values: set[str]) -> None:
    found = infer(list(dict.fromkeys(names)))
    re.compile(found.pattern)
    assert not found.unmatched
    if values:
        assert values in [set(counts) for counts in found.columns.values()]


def test_one_person_in_two_spellings_is_one_poser(tmp_path: Path) -> None:
    composed = unicodedata.normalize("NFC", "Zoë_joy.png")
    names = [composed, unicodedata.normalize("NFD", "zoë_fear.png"), "Al_joy.png"]
    found = read_pattern(names, r"(?P<poser>[^_]+)_(?P<expression>.*)\.png")
    assert sorted(found.columns["poser"].values()) == [1, 2]
    for name in names:
        (tmp_path / name).touch()
    files = FilePattern(pattern=found.pattern)
    card = DatasetCard(name="mine", title="Mine", terms=Terms(licence="ours"), files=files)
    table = PatternDataset(card).samples(tmp_path, {})
    assert len(table.posers) == 2
