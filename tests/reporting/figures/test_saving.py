"""Figures as files."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image
from tests.reporting.figures import invented

from ccbench.analysis import profiles
from ccbench.exceptions import RunError
from ccbench.reporting.figures import Illustration, figure1, figure3, figure7, figure10, save
from ccbench.reporting.figures.saving import FORMATS
from ccbench_registry import EXPRESSIONS

pytestmark = pytest.mark.all_formats


def illustration(name: str = "figure3") -> Illustration:
    figure = {
        "figure3": lambda: figure3(invented.predictions(2)),
        "figure7": lambda: figure7(found()),
        "figure10": lambda: figure10(found()),
    }[name]()
    return illustrate(name, figure)


def found() -> pd.DataFrame:
    """Return profiles of a few action units, with which files are sooner written."""
    table = invented.responses(2)
    return profiles(table[table["action_unit"].isin((0, 1, 2, 4, 6, 12))])


def illustrate(name: str, figure: Figure) -> Illustration:
    return Illustration(name, "A title.", figure, "A caption.", "An alternative text.")


@pytest.mark.parametrize("name", ["figure3", "figure7", "figure10"])
def test_the_same_figure_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in save(illustration(name), tmp_path / "a")]
    # Drawn again, and saved again after the kind that is written last.
    drawn = illustration(name)
    (before,) = save(drawn, tmp_path / "b", FORMATS[-1:])
    assert before.read_bytes() == first[-1]
    assert [path.read_bytes() for path in save(drawn, tmp_path / "c")] == first


def test_the_files_hold_no_date_and_say_what_they_are(tmp_path: Path) -> None:
    svg, pdf, png = save(illustration(), tmp_path)
    assert [path.name for path in (svg, pdf, png)] == ["figure3.svg", "figure3.pdf", "figure3.png"]
    text = svg.read_text("utf-8")
    assert "A title." in text
    assert "An alternative text." in text
    assert not re.search(r"<dc:date>|20\d\d-\d\d-\d\d", text)
    assert b"CreationDate" not in pdf.read_bytes()
    with Image.open(png) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        # 130 mm.
        assert image.width == pytest.approx(130 / 25.4 * 300, abs=1.5)


def test_text_of_an_svg_is_text(tmp_path: Path) -> None:
    (svg,) = save(illustration(), tmp_path, ["svg"])
    texts = ["".join(e.itertext()) for e in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert "kdef" in texts
    assert set(EXPRESSIONS) < set(texts)


def test_a_large_png_is_made_smaller(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [
        (database, expression, rng.integers(0, 256, (224, 224), dtype=np.uint8))
        for database in invented.NAMES[:4]
        for expression in EXPRESSIONS
    ]
    examples = pd.DataFrame(rows, columns=["database", "expression", "pixels"])
    noisy = illustrate("figure1", figure1(examples, "AlexNet", "a head"))
    (png,) = save(noisy, tmp_path, ["png"])
    assert png.stat().st_size <= 1_500_000
    with Image.open(png) as image:
        assert image.info["dpi"][0] < 299


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(RunError, match=r"cannot write .*taken"):
        save(illustrate("figure3", Figure()), tmp_path / "taken")
