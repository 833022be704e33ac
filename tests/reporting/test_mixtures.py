"""Reports of runs with mixtures: rows without a column, no own rate, no drop."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest
from rich.console import Console
from tests.reporting.conftest import Invent, report_in_one_format

from ccbench.analysis import correct_rates, profiles
from ccbench.analysis.statistics import poser_findings, published_findings
from ccbench.reporting import print_run, summarise_tuning
from ccbench.reporting.answer import drops
from ccbench.reporting.exports.texts import analysis_script
from ccbench.reporting.methods import methods_paragraphs
from ccbench.reporting.mixtures import mixture_points, mixture_rates
from ccbench.reporting.run_tables import tuning_tables
from ccbench.reporting.summary import summarise
from ccbench.results import MANIFEST, RUN_COLUMNS, Run, open_run, write_table
from ccbench.runner.mixtures import DAILEY

MIXED = "a:0.75+b:0.25"
ALL = "b+c"


def with_mixtures(run: Run) -> Run:
    """Add two mixtures that answer as the networks of the first and the last database do."""
    folder = run.path
    for name, column in (("predictions", "train_database"), ("responses", "database")):
        table = run.responses if name == "responses" else run.table(name)
        if table.empty:
            continue
        copies = [
            table[table[column] == of].assign(**{column: mixture})
            for of, mixture in (("a", MIXED), ("c", ALL))
        ]
        write_table(folder, name, pd.concat([table, *copies], ignore_index=True))
    tested = {"a": 12, "b": 12, "c": 12, MIXED: 0, ALL: 0}
    heads = [(of, 0, 40, 8, posers, 280, f"cell of {of}") for of, posers in tested.items()]
    write_table(folder, "runs", pd.DataFrame(heads, columns=list(RUN_COLUMNS["runs"])))
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["mixtures"] = [
        {"name": MIXED, "shares": {"a": 0.75, "b": 0.25}, "leaves_out": [], "posers": 40},
        {"name": ALL, "shares": {"b": 0.5, "c": 0.5}, "leaves_out": ["a"], "posers": 40},
    ]
    for entry in manifest["mixtures"]:
        entry["expressions"] = manifest["databases"][0]["expressions"]
    manifest["same_posers"] = [["a", "b"]]
    manifest["citations"].append(str(DAILEY))
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return open_run(folder)


@pytest.fixture(scope="module")
def mixed(invent: Invent) -> Run:
    return with_mixtures(invent(("a", "b", "c"), 4, units=(4, 6, 12), posers=20))


@pytest.fixture(scope="module")
def page(invent: Invent) -> tuple[Run, str]:
    run = with_mixtures(invent(("a", "b", "c"), 3, probe=False))
    return run, report_in_one_format(run).read_text()


def test_the_matrix_has_rows_for_mixtures_and_no_columns(mixed: Run) -> None:
    summary = summarise(mixed)
    assert summary.databases == ("a", "b", "c")
    assert summary.rows == {"a": "a", "b": "b", "c": "c", MIXED: MIXED, ALL: "all but a"}
    assert len(summary.pairs) == 5 * 3
    assert [pair.train for pair in summary.pairs.values() if pair.own] == ["a", "b", "c"]
    said = " ".join(summary.notes)
    assert f"{MIXED}: 40 training posers a run, 75 % of a and 25 % of b." in said
    assert f"all but a ({ALL}): 40 training posers a run, 50 % of b and 50 % of c." in said
    assert "no own rate and no drop" in said
    assert "a and b share posers. They were split together" in said
    assert {drop.pair.train for drop in drops(summary, [])} == {"a", "b", "c"}


@pytest.mark.parametrize("width", [80, 160])
def test_the_terminal_shows_every_row_whole(mixed: Run, width: int) -> None:
    stream = io.StringIO()
    print_run(mixed, Console(file=stream, width=width, color_system=None))
    out = stream.getvalue()
    assert "3 databases · 2 mixtures" in " ".join(out.split())
    rates = correct_rates(mixed.predictions)
    for train, label in ((MIXED, MIXED), (ALL, "all but a")):
        row = next(line for line in out.splitlines() if line.strip().startswith(f"{label} "))
        means = rates.loc[rates["train_database"] == train, "mean"]
        assert len(means) == 3
        for mean in means:
            assert f"{mean:.2f}".removeprefix("0") in row
    assert "the tunings of mixtures are in report.html" in " ".join(out.split())


def test_rates_of_mixtures_stand_beside_those_of_own_networks(mixed: Run) -> None:
    table = mixture_rates(mixed)
    assert len(table) == 2 * 3
    predictions = mixed.predictions
    keys = [predictions[n] for n in ("train_database", "test_database", "run", "expression")]
    hits = (predictions["predicted"] == predictions["expression"]).groupby(keys).mean()
    mean = hits.groupby(level=[0, 1]).mean().to_dict()
    for row in table.to_dict("records"):
        name, test = row["mixture"], row["test_database"]
        assert row["mean"] == pytest.approx(mean[name, test])
        assert row["difference"] == pytest.approx(mean[name, test] - mean[test, test])
    assert table["share"].tolist() == [0.75, 0.25, 0, 0, 0.5, 0.5]
    inside, outside = mixture_points(mixed)
    assert "where the tested database is in the mixture" in inside
    assert "Where it is not in the mixture" in outside


def test_mixtures_are_tested_against_own_networks_only(mixed: Run) -> None:
    found, cells = profiles(mixed.responses.iloc[:0]), pd.DataFrame()
    published = published_findings(mixed.predictions, mixed.curves, found, cells)
    assert not [finding for finding in published if "+" in finding.comparison]
    tested = poser_findings(mixed.predictions, found, cells, draws=50, permutations=99)
    assert [finding.comparison for finding in tested if "+" in finding.comparison] == [
        f"own vs mixed networks: {name} vs {mixture} on {name}"
        for mixture in (MIXED, ALL)
        for name in "abc"
    ]
    # Networks that answer as those of the database itself differ from them for nobody.
    same = next(f for f in tested if f.comparison.endswith(f"a vs {MIXED} on a"))
    assert "no poser's rates differ" in same.sentence


def test_tunings_are_compared_between_databases_and_shown_of_mixtures(mixed: Run) -> None:
    (tuning,) = summarise_tuning(mixed)
    assert tuning.databases == ("a", "b", "c")
    assert tuning.mixtures == (MIXED, ALL)
    assert set(tuning.correlations) == {("a", "b"), ("a", "c"), ("b", "c")}
    assert tuning.shares[MIXED] == tuning.shares["a"]
    frames = {t.name: t.frame for t in tuning_tables(mixed, profiles(mixed.responses))}
    assert set(frames.pop("peaks")["database"]) == {"a", "b", "c", MIXED, ALL}
    for name, frame in frames.items():
        assert not frame.isin([MIXED, ALL]).any(axis=None), name


def test_the_page_has_figure_table_and_methods(page: tuple[Run, str]) -> None:
    run, text = page
    for name in ("figures/mixtures.svg", "tables/mixtures.csv", "figures/figure4.svg"):
        assert (run.path / name).is_file()
    assert MIXED not in (run.path / "figures/figure4.svg").read_text()
    assert "share of the training posers" in (run.path / "figures/mixtures.svg").read_text()
    assert f"{MIXED} → b" in text
    assert "all but a" in text
    methods = " ".join(methods_paragraphs(run))
    assert "on mixtures of databases (Dailey et al., 2010)" in methods
    assert "75% of a and 25% of b (40 posers); 50% of b and 50% of c (40 posers)" in methods
    assert "a and b shared posers: persons who were in several" in methods


def test_the_script_for_r_knows_mixtures(mixed: Run, invent: Invent) -> None:
    script = analysis_script(mixed, "csv")
    assert f'trained <- c("a", "b", "c", "{MIXED}", "{ALL}")' in script
    assert "factor(answers$train_database, levels = trained)" in script
    assert "factor(answers$test_database, levels = databases)" in script
    assert "trained <-" not in analysis_script(invent(("a",), 2, probe=False), "csv")


def test_runs_of_earlier_versions_have_no_mixtures(invent: Invent) -> None:
    run = invent(("a", "b"), 2, probe=False)
    known = {k: v for k, v in run.manifest.items() if k not in {"mixtures", "same_posers"}}
    old = Run(run.path, known)
    assert old.mixtures == ()
    assert summarise(old).rows == {"a": "a", "b": "b"}
    assert mixture_points(old) == []
