"""The table of photographs: order, checks, and the data frame."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from ccbench.exceptions import DatasetError
from ccbench.samples import Sample, SampleTable
from ccbench_registry import EXPRESSIONS

ROOT = Path("/photos")


def sample(name: str, poser: str = "ann", expression: str = "sad", **columns: str) -> Sample:
    return Sample(ROOT / name, poser, expression, columns)


def test_rows_are_sorted_by_poser_expression_and_path_whatever_order_they_come_in() -> None:
    rows = (
        sample("z.png", "ann", "happy"),
        sample("b.png", "ann", "sad"),
        sample("a.png", "ann", "sad"),
        sample("x.png", "bob", "neutral"),
        sample("y.png", "bob", "disgusted"),
    )
    table = SampleTable(ROOT, rows[::-1])
    assert tuple(table) == (rows[0], rows[2], rows[1], *rows[3:])
    assert table == SampleTable(ROOT, rows)


def test_a_table_is_a_sequence() -> None:
    table = SampleTable(ROOT, (sample("a.png"), sample("b.png")))
    assert len(table) == 2
    assert table[1].path.name == "b.png"
    assert table[:1] == (table[0],)
    assert table[0] in table
    assert pickle.loads(pickle.dumps(table)) == table


def test_posers_and_expressions_that_occur() -> None:
    table = SampleTable(
        ROOT, (sample("a.png", "b", "sad"), sample("b.png", "a", "neutral"), sample("c.png", "b"))
    )
    assert table.posers == ("a", "b")
    assert table.expressions == ("neutral", "sad")
    everything = SampleTable(ROOT, tuple(sample(f"{e}.png", "a", e) for e in EXPRESSIONS[::-1]))
    assert everything.expressions == EXPRESSIONS


@pytest.mark.parametrize(
    ("rows", "phrases"),
    [
        ([sample("a.png", expression="hapy")], ["/photos/a.png", "did you mean 'happy'?"]),
        ([sample("a.png", expression="joy")], ["'joy' is not the canonical name"]),
        ([sample("a.png", poser="")], ["/photos/a.png: the poser is empty"]),
        (
            [sample("a.png"), sample("b.png"), sample("a.png", "bob", "happy")],
            ["/photos/a.png is listed 2 times", "list each photograph once"],
        ),
    ],
)
def test_what_a_table_refuses(rows: list[Sample], phrases: list[str]) -> None:
    with pytest.raises(DatasetError) as caught:
        SampleTable(ROOT, tuple(rows))
    for phrase in phrases:
        assert phrase in str(caught.value)


def test_paths_are_shown_relative_to_the_root_where_they_lie_below_it() -> None:
    table = SampleTable(ROOT, ())
    assert table.relative(ROOT / "sub" / "a.png") == "sub/a.png"
    assert table.relative(Path("/elsewhere/a.png")) == "/elsewhere/a.png"


def test_the_data_frame_has_the_free_columns() -> None:
    rows = (sample("s/a.png", "ann", "happy", view="d"), sample("b.png", "bob", "sad", take="2"))
    frame = SampleTable(ROOT, rows).frame()
    assert list(frame.columns) == ["path", "poser", "expression", "view", "take"]
    assert list(frame["path"]) == ["s/a.png", "b.png"]
    assert frame["view"][0] == "d"
    assert frame["take"].isna()[0]


def test_free_columns_never_replace_the_identity() -> None:
    columns = {"poser": "ANN", "expression": "HA", "path": "x"}
    frame = SampleTable(ROOT, (Sample(ROOT / "a.png", "ann", "happy", columns),)).frame()
    assert frame.iloc[0].to_dict() == {"path": "a.png", "poser": "ann", "expression": "happy"}


@pytest.mark.parametrize("unmatched", [False, True])
def test_a_file_name_that_is_no_text_is_refused_before_any_work(unmatched: bool) -> None:
    odd = ROOT / os.fsdecode(b"sub/\xe9t\xe9.png")
    rows = () if unmatched else (Sample(odd, "ann", "happy"),)
    with pytest.raises(DatasetError, match=r"'sub/\\udce9t\\udce9\.png' is not UTF-8; rename"):
        SampleTable(ROOT, rows, unmatched=(odd,) if unmatched else ())
    # Shown by something else it does no harm.
    SampleTable(ROOT, rows, shown={odd: "P1_happy_1.png"})


@pytest.mark.parametrize("where", ["left_out", "warnings"])
def test_nor_is_one_of_a_file_that_is_left_out(where: str) -> None:
    odd = os.fsdecode(b"expression '\xe4b'")
    given = {odd: 1} if where == "left_out" else (odd,)
    with pytest.raises(DatasetError, match=r"/photos: .*\(\"expression '.udce4b'\"\); rename the"):
        SampleTable(ROOT, (), **{where: given})  # type: ignore[arg-type]
