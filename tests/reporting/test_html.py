"""``report.html``: one file that shows what the tables hold and nothing that they do."""

from __future__ import annotations

import json
import math
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from tests.reporting.conftest import FEW_UNITS, Invent, report_in_one_format

from ccbench.analysis.statistics.finding import POSERS, Finding
from ccbench.analysis.statistics.labels import smallest_p
from ccbench.exceptions import RunError
from ccbench.reporting import summarise, write_report
from ccbench.reporting.answer import Drop, _lead, _relation_points, drops
from ccbench.reporting.page import make_page
from ccbench.results import MANIFEST, Run, open_run, write_table
from ccbench_registry import EXPRESSIONS

EVIL = "<script>alert('faces')</script>&\"x"


class Page(HTMLParser):
    """Collects tags, what they point to, and the text of table cells."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.attributes: list[str] = []
        self.cells: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        assert self._open == [], "tags are not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.targets += [value or "" for name, value in attrs if name in {"src", "href", "action"}]
        if tag in {"td", "th"}:
            self.cells.append("")
        if tag not in {"meta", "br", "hr", "img", "link"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"style", "script"} & set(self._open):
            return
        self.text += data
        if {"td", "th"} & set(self._open):
            self.cells[-1] += data


@pytest.fixture
def copied(tiny_run: Run, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    shutil.copytree(tiny_run.path, folder)
    return folder


@pytest.fixture(scope="module")
def reported(tiny_run: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[Path]]:
    """Return a finished run with a report, to be read only, and the files it had before."""
    folder = tmp_path_factory.mktemp("reported") / "run"
    shutil.copytree(tiny_run.path, folder)
    (folder / "report.html").unlink(missing_ok=True)
    before = {path for path in folder.iterdir() if path.is_file()}
    assert report_in_one_format(open_run(folder)) == folder / "report.html"
    return folder, before


def rename(folder: Path, old: str, new: str) -> None:
    """Give a database of a finished run another name."""
    run = open_run(folder)
    for name, columns in {
        "predictions": ["train_database", "test_database"],
        "photographs": ["database"],
    }.items():
        table = run.table(name)
        for column in columns:
            table[column] = table[column].replace(old, new)
        write_table(folder, name, table)
    manifest = json.loads((folder / MANIFEST).read_text())
    for entry in manifest["databases"]:
        if entry["name"] == old:
            entry["name"] = new
            entry["card"]["title"] = new
            entry["card"]["terms"]["licence"] = new
            entry["warnings"] = [new]
    manifest["citations"].append(new)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_it_asks_nothing_of_the_network(reported: tuple[Path, set[Path]]) -> None:
    folder, _ = reported
    page = Page(folder / "report.html")
    assert not {"link", "iframe", "object", "embed"} & set(page.tags)
    assert page.tags.count("script") == 1
    assert not [target for target in page.targets if not target.startswith(("#", "data:"))]
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:)", page.source)
    assert not [name for name in page.attributes if name.startswith("on")]
    assert sorted(path.name for path in folder.glob("*.html")) == ["report.html"]


@pytest.mark.usefixtures("no_pictures")
def test_it_says_the_rates_that_the_tables_hold(copied: Path) -> None:
    run = open_run(copied)
    page = Page(write_report(run))
    # Computed from the table alone: the mean over runs of the mean over expressions.
    table = run.predictions
    hit = (table["predicted"] == table["expression"]).rename("hit")
    keys = ["train_database", "test_database", "run", "expression"]
    per_run = hit.groupby([table[key] for key in keys]).mean().groupby(keys[:3]).mean()
    rates = per_run.groupby(keys[:2]).agg(["mean", "std"])
    matrix = [" ".join(cell.split()) for cell in page.cells]
    assert len(rates) == len(run.databases) ** 2
    for mean, sd in rates.to_numpy():
        assert f"{mean:.2f} ± {sd:.2f}".replace("0.", ".") in matrix
    for name in run.databases:
        assert matrix.count(name) >= 2
        assert f"{name} → {name}" in page.text
    for title in ("Correct rates", "Figures", "Tests", "Photographs", "Methods", "To cite"):
        assert title in page.text
    assert "chance" in page.text.lower()
    assert "backbone tiny" in page.text
    assert "70" in page.cells


def test_it_shows_every_confusion(reported: tuple[Path, set[Path]]) -> None:
    folder, _ = reported
    run, page = open_run(folder), Page(folder / "report.html")
    count = len(run.databases) ** 2
    titles = re.findall(r'title="(\w+) shown, (\w+) chosen">(\d+)<', page.source)
    assert len(titles) == count * len(EXPRESSIONS) ** 2
    first, table = titles[: len(EXPRESSIONS) ** 2], run.predictions
    part = table[(table["train_database"] == "drawn-a") & (table["test_database"] == "drawn-a")]
    wanted = pd.crosstab(part["expression"], part["predicted"], normalize="index")
    for shown, chosen, percent in first:
        rate = wanted.loc[shown].get(chosen, 0.0)
        assert int(percent) == pytest.approx(100 * rate, abs=0.51), (shown, chosen)


def test_names_are_text_whatever_is_in_them(copied: Path) -> None:
    rename(copied, "drawn-a", EVIL)
    page = Page(write_report(open_run(copied)))
    assert page.tags.count("script") == 1
    assert page.source.count("<script") == 1
    assert EVIL in page.cells
    assert f"{EVIL} → drawn-b" in page.text


def test_it_changes_nothing_else(reported: tuple[Path, set[Path]], tiny_run: Run) -> None:
    folder, before = reported
    for path in before:
        assert path.read_bytes() == (tiny_run.path / path.name).read_bytes()
    made = {path.name for path in set(folder.iterdir()) - before}
    assert made == {"report.html", "figures", "tables"}


def test_one_run_and_one_database_say_so(copied: Path) -> None:
    run = open_run(copied)
    table = run.predictions
    kept = (table["run"] == 0) & (table["train_database"] == "drawn-a")
    write_table(copied, "predictions", table[kept & (table["test_database"] == "drawn-a")])
    photographs = run.photographs
    write_table(copied, "photographs", photographs[photographs["database"] == "drawn-a"])
    manifest = json.loads((copied / MANIFEST).read_text())
    manifest["databases"] = manifest["databases"][:1]
    (copied / MANIFEST).write_text(json.dumps(manifest))
    summary = summarise(open_run(copied))
    assert summary.pairs["drawn-a", "drawn-a"].sd is None
    page = Page(write_report(open_run(copied)))
    assert "One database: there is no swapped test." in page.text
    assert "One run: the SD over runs cannot be estimated." in page.text
    assert "±" not in page.text.partition("Matrix: mean ± SD")[0]
    assert "nan" not in page.text.lower().split()


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("databases", "runs", "missing"),
    [
        (("here",), 4, {}),
        (("here", "there"), 2, {"there": ("neutral", "surprised")}),
        (("here", "there", "yonder"), 1, {}),
    ],
)
def test_what_cannot_be_estimated_is_said(
    invent: Invent, databases: tuple[str, ...], runs: int, missing: dict[str, tuple[str, ...]]
) -> None:
    page = Page(write_report(invent(databases, runs, missing=missing, units=FEW_UNITS)))
    words = set(re.findall(r"[\w.]+", page.text.lower()))
    assert not {"nan", "inf"} & words
    assert "not estimable" in page.text
    if len(databases) == 1:
        assert "one database only" in page.text
    else:
        assert "fewer than three runs" in page.text


@pytest.mark.usefixtures("no_pictures")
def test_the_answer_has_the_intervals_of_the_permutation_of_posers(invent: Invent) -> None:
    run = invent(("here", "there"), 6, posers=20, seed=3, units=FEW_UNITS)
    page = make_page(run)
    (told,) = page.answer.points[:1]
    table = pd.read_csv(run.path / "tables" / "statistics.csv")
    for train, test in (("here", "there"), ("there", "here")):
        key = f"own vs swapped: {train} on {train} vs {test}"
        (row,) = table[
            (table["comparison"] == key)
            & table["method"].str.startswith("permutation of posers")
            & table["estimate"].notna()
        ].to_dict("records")
        assert row["estimate"] > 0
        values = [f"{abs(row[name]):.2f}".lstrip("0") for name in ("estimate", "low", "high")]
        sign = "−" if row["low"] < 0 else ""
        assert f"from {train} to {test} it drops by {values[0]} [{sign}{values[1]}, " in told
        assert f", {values[2]}]" in told


@pytest.mark.usefixtures("no_pictures")
def test_drops_are_over_the_expressions_that_both_databases_have(invent: Invent) -> None:
    lacks = ("neutral", "surprised", "happy", "sad")
    run = invent(("here", "there"), 2, missing={"there": lacks}, units=FEW_UNITS)
    page = make_page(run)
    table = run.predictions[run.predictions["train_database"] == "here"]
    shared = table[~table["expression"].isin(lacks)]
    hit = (shared["predicted"] == shared["expression"]).groupby(
        [shared["test_database"], shared["expression"]]
    )
    rates = hit.mean().groupby("test_database").mean()
    (drop,) = [d for d in drops(page.summary, []) if d.pair.train == "here"]
    assert drop.value == pytest.approx(rates["here"] - rates["there"])
    assert math.isnan(drop.low)


@pytest.mark.usefixtures("no_pictures")
def test_databases_that_share_no_expression_have_a_page(invent: Invent) -> None:
    half = EXPRESSIONS[:3]
    run = invent(missing={"here": half, "there": EXPRESSIONS[3:]}, units=FEW_UNITS)
    text = Page(write_report(run)).text
    assert "How well are the expressions of here and there recognised?" in text
    assert "share no expression" in text


def test_drops_and_rises_are_said(tiny_run: Run) -> None:
    (pair,) = [p for p in summarise(tiny_run).pairs.values() if p.train != p.test][:1]
    assert Drop(pair, 0.35, 0.3, 0.4, 0.001).text == "drops by .35 [.30, .40]"
    assert Drop(pair, -0.09, -0.27, 0.08, 0.4).text == "rises by .09 [−.08, .27]"
    assert Drop(pair, 0.2, math.nan, math.nan, math.nan).text == "drops by .20"
    assert not Drop(pair, -0.2, -0.3, -0.1, 0.001).shown


def test_the_lead_says_that_no_drop_is_shown_only_where_all_were_tested(tiny_run: Run) -> None:
    pairs = list(summarise(tiny_run).pairs.values())
    own = [pair for pair in pairs if pair.own]
    (pair,) = [pair for pair in pairs if not pair.own][:1]
    clear, small = Drop(pair, 0.4, 0.3, 0.5, 0.001), Drop(pair, 0.1, -0.1, 0.3, 0.4)
    untested = Drop(pair, 0.8, math.nan, math.nan, math.nan)
    assert _lead(own, [clear, small, untested]).startswith("Not fully: they are")
    assert _lead(own, [small, small]).startswith("No drop is shown: they are")
    for found in ([small, untested], [untested]):
        assert _lead(own, found).startswith("They are right")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([7, 7], "more than with labels matched up at random in 1 of 2 swapped tests (p < .05"),
        ([7, 3], "more than with labels matched up at random in 1 of 1 swapped tests (p < .05"),
        ([3, 3], "which so few labels cannot tell from labels matched up at random"),
    ],
)
def test_tests_that_cannot_reject_are_not_counted(labels: list[int], said: str) -> None:
    tested = [
        Finding(
            f"profiles and confusions (probe): {train} (off-diagonal)",
            POSERS,
            "",
            estimate=0.5,
            p=max(smallest_p(count), p),
            n=f"{count} labels",
        )
        for train, count, p in zip(("a on b", "b on a"), labels, (0.001, 0.4), strict=True)
    ]
    (point,) = _relation_points(tested, "probe")
    assert said in point


@pytest.mark.usefixtures("no_pictures")
def test_two_runs_are_held_against_each_other(
    invent: Invent, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Four pages are made, of which no test is asked for.
    for findings in ("published_findings", "poser_findings"):
        monkeypatch.setattr(f"ccbench.reporting.page.{findings}", lambda *_, **__: [])
    one, other = (invent(runs=2, units=FEW_UNITS, seed=seed) for seed in (1, 2))
    page = make_page(one, other)
    (section,) = [section for section in page.sections if section.anchor == "controls"]
    (table,) = section.tables
    assert len(table.frame) == 2 * len(EXPRESSIONS)
    assert (table.frame["r_s"].abs() < 1).all()
    with pytest.raises(RunError, match="share no probe and database"):
        make_page(one, invent(runs=2, probe=False))
    # The next report has no such table, and leaves none; a file of the user's stays.
    compared, mine = one.path / "tables" / f"{table.name}.csv", one.path / "tables" / "mine.csv"
    assert compared.is_file()
    mine.write_text("mine")
    drawn = one.path / "figures" / "figure5.ai"
    drawn.parent.mkdir(exist_ok=True)
    drawn.write_text("mine")
    make_page(one)
    make_page(open_run(one.path))
    assert not compared.exists()
    assert mine.read_text() == drawn.read_text() == "mine"
