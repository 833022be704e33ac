"""All figures of a run: which there are, how they look, what their captions say."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from tests.reporting.figures import invented
from tests.reporting.figures.looks import faults, written

from ccbench.reporting.figures import Illustration, illustrations
from ccbench.reporting.figures.drawing import Sketch, head_title, sketches
from ccbench_registry import EXPRESSIONS

ALL = [f"figure{number}" for number in range(1, 11)]


@pytest.fixture
def blank(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave figures blank, for tests of which there are and of the words that go with them."""

    def illustration(sketch: Sketch, name: str) -> Illustration:
        words = sketch.words()
        return Illustration(name, words.title, Figure(), words.caption, words.alt)

    monkeypatch.setattr(Sketch, "illustration", illustration)


def test_a_missing_class_is_no_obstacle() -> None:
    names = []
    for drawn in illustrations(invented.run(2, runs=2, missing=("krc", "happy"))):
        names.append(drawn.name)
        check(drawn)
    assert names == ALL


def check(drawn: Illustration) -> None:
    """Check how a figure looks, and that no number is missing in all that is to be read."""
    texts = written(drawn.figure)
    assert faults(drawn.figure, texts) == [], drawn.name
    said = [drawn.title, drawn.caption, drawn.alt, *(text.get_text() for text, _ in texts)]
    assert "nan" not in " ".join(said).lower(), drawn.name


def test_one_run_is_said_and_no_nan_is_printed() -> None:
    drawn = list(illustrations(invented.run(2, runs=1)))
    assert [one.name for one in drawn] == ALL
    for one in drawn:
        check(one)
    for one in drawn[1:6]:
        assert "the SD over runs cannot be estimated" in one.caption
    for one in drawn[6:]:
        assert "One run per database." in one.caption


def test_there_are_only_the_figures_that_the_tables_allow() -> None:
    def names(run: Any) -> list[str]:
        return [sketch.name for sketch in sketches(run, None)]

    assert names(invented.run(2, probe=False)) == ALL[:4]
    assert names(invented.run(1, probe=False)) == ALL[:3]
    assert names(invented.run(1)) == [*ALL[:3], *ALL[4:7], "figure10"]
    # Those of one database are drawn in test_looks.py, but not without a class.
    drawn = illustrations(invented.run(1, runs=2, missing=("kdef", "happy")))
    assert [each.name for each in drawn] == [*ALL[:3], "figure6", "figure7", "figure10"]


def test_figures_are_drawn_when_they_are_asked_for() -> None:
    drawn = illustrations(invented.run(2))
    assert isinstance(drawn, Iterator)
    assert next(drawn).name == "figure1"


@pytest.mark.usefixtures("blank")
def test_names_can_be_told_apart() -> None:
    run = invented.run(1)
    run.responses = pd.concat([run.responses, invented.responses(1, probe="other")])
    names = [drawn.name for drawn in illustrations(run, stem="mine")]
    assert len(set(names)) == len(names)
    assert names[:4] == ["mine-figure1", "mine-figure2", "mine-figure3", "mine-figure5-au"]
    assert names[-1] == "mine-figure10-other"


@pytest.mark.usefixtures("blank")
def test_captions_name_databases_runs_and_sizes() -> None:
    drawn = list(illustrations(invented.run(3, runs=4), invented.faces(3)))
    for one in drawn:
        for name in invented.NAMES[:3]:
            assert name in one.caption, one.name
        assert one.title.endswith(".")
        assert one.alt.endswith(".")
    for one in drawn[1:]:
        assert "4 runs" in one.caption, one.name
    for place in (1, 2, 3, 4, 5):
        assert "random splits of the same posers" in drawn[place].caption
    # 4 posers of their own in each of 4 runs, 7 photographs each.
    for place in (2, 3, 8):
        assert "(16 posers and 112 photographs each, over all runs)" in drawn[place].caption
    for place in (2, 3):
        assert "chance (.14)" in drawn[place].caption
    for one in drawn[4:]:
        assert "Probe au: 20 action units" in one.caption
        assert "at 3 intensities, on 2 identities" in one.caption
    assert "60 points" in drawn[6].caption


@pytest.mark.usefixtures("blank")
def test_uneven_databases_are_counted_one_by_one() -> None:
    drawn = list(illustrations(invented.run(2, runs=2, missing=("krc", "sad"))))
    expected = "kdef (8 posers and 56 photographs) and krc (8 posers and 48 photographs)"
    assert expected in drawn[2].caption
    assert "chance (.14 or .17)" in drawn[2].caption


def test_heads_have_titles() -> None:
    assert head_title({"kind": "logistic", "ridge": 1e-4}) == "multinomial logistic regression"
    head = {"kind": "mlp", "hidden": [4096, 4096]}
    assert head_title(head) == "fully connected, 4096–4096–7"


def test_nothing_imports_pyplot() -> None:
    code = "import sys, ccbench.reporting.figures; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.usefixtures("blank")
def test_figures_of_probes_with_odd_names_are_files_of_one_folder() -> None:
    run = invented.run(2)
    names = [r"facegen[pattern=(?P<au>\d+)/x]", "rendered-au"]
    run.responses = pd.concat([run.responses.assign(probe=name) for name in names])
    drawn = [each.name for each in illustrations(run)]
    assert "figure7-facegen-pattern-p-au-d-x" in drawn
    assert "figure7-rendered-au" in drawn
    assert all(re.fullmatch(r"[\w-]+", name) for name in drawn)
    assert len(drawn) == len(set(drawn))


def test_the_head_has_as_many_units_as_there_are_expressions() -> None:
    head = {"kind": "mlp", "hidden": [4096, 4096]}
    assert head_title(head) == "fully connected, 4096–4096–7"
    assert head_title(head, [6, 7, 6]) == "fully connected, 4096–4096–6 or 7"
    run = invented.run(1)
    run.manifest["databases"][0]["expressions"].remove("sad")
    run.manifest["request"]["protocol"]["head"] = head
    drawn = next(illustrations(run))
    assert "4096–4096–6" in drawn.caption
    (axes,) = (axes for axes in drawn.figure.axes if axes.get_label() == "network")
    heights = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert "sad" not in heights
    # A label stands beside its circle.
    circles = {
        round(float(patch.center[1]), 6) for patch in axes.patches if isinstance(patch, Circle)
    }
    named = [heights[name] for name in EXPRESSIONS if name != "sad"]
    assert {round(float(height), 6) for height in named} <= circles
