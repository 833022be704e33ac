"""Figure 1: examples, what is said instead of them, and the network."""

from __future__ import annotations

import numpy as np
import pandas as pd
from tests.reporting.figures import invented
from tests.reporting.figures.looks import faults, panel, panels

from ccbench.reporting.figures import figure1, illustrations
from ccbench_registry import EXPRESSIONS


def test_every_face_is_at_its_place() -> None:
    examples = invented.faces(2)
    figure = figure1(examples, "AlexNet", "a head")
    assert len(panels(figure, "face")) == 14
    for row in examples.to_dict("records"):
        axes = panel(figure, f"face {row['database']} {row['expression']}")
        assert (np.asarray(axes.images[0].get_array()) == row["pixels"]).all()
    # Columns are expressions, rows databases.
    first = panel(figure, "face kdef happy").get_position()
    assert panel(figure, "face krc happy").get_position().x0 == first.x0
    assert panel(figure, "face kdef sad").get_position().y0 == first.y0


def test_a_missing_face_leaves_its_place_empty() -> None:
    examples = invented.faces(1)
    figure = figure1(examples[examples["expression"] != "sad"], "AlexNet", "a head")
    axes = panel(figure, "face kdef sad")
    assert not axes.images
    assert [text.get_text() for text in axes.texts] == ["none"]


def test_faces_that_may_not_be_passed_on_are_never_drawn() -> None:
    run = invented.run(2, probe=False)
    run.manifest = invented.manifest(2, withheld=("krc",))
    first = next(illustrations(run, invented.faces(2)))
    assert len(panels(first.figure, "face kdef")) == 7
    assert not panels(first.figure, "face krc")
    (note,) = panel(first.figure, "note krc").texts
    assert "terms do not allow passing photographs on" in note.get_text()
    assert "krc: not shown" in first.caption


def test_without_examples_there_is_the_network() -> None:
    none = pd.DataFrame(columns=["database", "expression", "pixels"])
    figure = figure1(none, "AlexNet, pretrained on ImageNet", "fully connected, 4096–4096–7")
    assert panels(figure, "") == ["network"]
    texts = [text.get_text() for text in panel(figure, "network").texts]
    assert "AlexNet, pretrained on ImageNet" in texts
    assert set(EXPRESSIONS) < set(texts)


def test_hidden_layers_are_drawn() -> None:
    none = pd.DataFrame(columns=["database", "expression", "pixels"])
    plain, deep = (figure1(none, "AlexNet", "a head", hidden=layers) for layers in (0, 2))
    assert len(panel(plain, "network").collections) == 1
    assert len(panel(deep, "network").collections) == 3
    assert faults(deep) == []
