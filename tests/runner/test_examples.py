"""Example faces: of one poser, and only where the terms allow it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ccbench.preprocessing import standardise
from ccbench.protocol import load_protocol
from ccbench.results import Run
from ccbench.runner import run_matrix
from ccbench_registry import EXPRESSIONS

CARD = r"""
name = "mylab"
title = "My laboratory"
terms = { licence = "do not pass on" }
[files]
pattern = '(?P<poser>p\d+)_(?P<expression>[a-z]+)\.png'
"""


def test_they_are_the_standardised_faces_of_one_poser(
    tiny_run: Run, drawn_folders: dict[str, Path]
) -> None:
    examples = tiny_run.examples
    for name, folder in drawn_folders.items():
        part = examples[examples["database"] == name]
        assert list(part["expression"]) == list(EXPRESSIONS)
        (poser,) = set(part["poser"])
        for expression, pixels in zip(part["expression"], part["pixels"], strict=True):
            recipe = load_protocol("quick").face_recipe(len(pixels))
            wanted = standardise((folder / f"{poser}_{expression}.png").read_bytes(), recipe)
            assert wanted.pixels is not None
            assert np.array_equal(pixels, wanted.pixels)
    assert tiny_run.query("select count(*) as n from examples")["n"][0] == len(examples)


def test_a_database_that_may_not_be_passed_on_is_not_shown(
    lab: Path, drawn_folders: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "mylab.toml").write_text(CARD)
    closed, open_ = (f"{tmp_path / 'mylab.toml'}={drawn_folders['drawn-a']}",), "drawn-b"
    run = run_matrix(closed, backbone="tiny", runs=1, out=tmp_path / "closed")
    assert run.examples.empty
    assert not (run.path / "examples.parquet").exists()
    both = (*closed, f"{open_}={drawn_folders[open_]}")
    run = run_matrix(both, backbone="tiny", runs=1, out=tmp_path / "both")
    assert set(run.examples["database"]) == {open_}


@pytest.mark.parametrize(
    ("more", "poser"),
    [
        ("", "p01"),
        ('may_modify = "no"', ""),
        ('publishable_ids = "none"', ""),
        ('publishable_ids = ["p04", "p03"]', "p03"),
        ('publishable_ids = ["nobody"]', ""),
        # To be named is not enough.
        ('redistribution = false\npublishable_ids = ["p03"]', ""),
    ],
)
def test_only_posers_whom_every_line_of_the_terms_allows_are_shown(
    lab: Path, drawn_folders: dict[str, Path], tmp_path: Path, more: str, poser: str
) -> None:
    first, _, rest = CARD.partition("[files]")
    terms = f'licence = "as the lines below say"\n{more}\n'
    if "redistribution" not in more:
        terms += "redistribution = true\n"
    kept = "\n".join(line for line in first.splitlines() if not line.startswith("terms"))
    (tmp_path / "mylab.toml").write_text(f"{kept}\n[terms]\n{terms}[files]{rest}")
    spec = f"{tmp_path / 'mylab.toml'}={drawn_folders['drawn-a']}"
    run = run_matrix((spec,), backbone="tiny", runs=1, out=tmp_path / "run")
    assert set(run.examples["poser"]) == ({poser} if poser else set())
