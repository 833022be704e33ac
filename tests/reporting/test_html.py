"""``report.html``: one file that shows what the tables hold and nothing that they do."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from ccbench.reporting import summarise, write_report
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


def test_it_asks_nothing_of_the_network(copied: Path) -> None:
    page = Page(write_report(open_run(copied)))
    assert not {"link", "iframe", "object", "embed"} & set(page.tags)
    assert page.tags.count("script") == 1
    assert not [target for target in page.targets if not target.startswith(("#", "data:"))]
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:)", page.source)
    assert not [name for name in page.attributes if name.startswith("on")]
    assert sorted(path.name for path in copied.glob("*.html")) == ["report.html"]


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


def test_it_shows_every_confusion(copied: Path) -> None:
    run = open_run(copied)
    page = Page(write_report(run))
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


def test_it_changes_nothing_else(copied: Path) -> None:
    before = {path: path.read_bytes() for path in copied.iterdir() if path.suffix == ".parquet"}
    write_report(open_run(copied))
    assert {p: p.read_bytes() for p in copied.iterdir() if p.suffix == ".parquet"} == before
    known = {*before, copied / "manifest.json", copied / "request.json"}
    made = {path.name for path in set(copied.iterdir()) - known}
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
    assert "±" not in page.text.partition("Mean ± SD")[0]
    assert "nan" not in page.text.lower().split()
