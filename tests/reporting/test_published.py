"""Published numbers beside those of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from tests.analysis.test_matrix import table
from tests.reporting.manifests import PROBE, make_manifest

from ccbench.reporting.published import published_comparison
from ccbench.results import RESPONSE_COLUMNS, Run, write_table
from ccbench_registry import EXPRESSIONS
from ccbench_registry.published import published_results

KDEF, KRC = "kdef[session=B]", "krc"


def responses(databases: tuple[str, ...], expressions: tuple[str, ...], probe: str) -> pd.DataFrame:
    rng = np.random.default_rng(len(probe))
    rows = [
        (database, run, probe, "i", unit, 0, level, name, rng.normal(), 0.0)
        for database in databases
        for run in (0, 1)
        for unit in (1, 4, 12)
        for level in (0.5, 1.0)
        for name in expressions
    ]
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


def make_run(
    folder: Path,
    databases: tuple[str, ...] = ("other", KRC, KDEF),
    expressions: tuple[str, ...] = EXPRESSIONS,
    probes: tuple[str, ...] = ("p",),
) -> Run:
    manifest = make_manifest(databases, "quick", probes=[{**PROBE, "name": p} for p in probes])
    names = dict.fromkeys(databases, expressions)
    write_table(folder, "predictions", table(names, np.random.default_rng(2), photographs=140))
    if probes:
        parts = [responses(databases, expressions, probe) for probe in probes]
        write_table(folder, "responses", pd.concat(parts))
    return Run(folder, manifest)


def profile(run: Run, database: str, expression: str) -> list[float]:
    """Return the mean over runs of every action unit and intensity."""
    part = run.responses[
        (run.responses["database"] == database) & (run.responses["expression"] == expression)
    ]
    return [
        float(values.mean()) for _, values in part.groupby(["action_unit", "intensity"])["response"]
    ]


def test_what_is_compared(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    found = published_comparison(run, published_results())
    assert list(found.columns) == ["quantity", "paper", "here", "difference"]
    values = found.set_index("quantity")
    assert values["paper"].to_dict() == {
        "correct rate, own test, kdef": 0.76,
        "correct rate, own test, krc": 0.75,
        "correct rate, swapped test, kdef → krc": 0.41,
        "correct rate, swapped test, krc → kdef": 0.50,
        "r_s of the profiles, happy": 0.71,
        "r_s of the profiles, surprised": 0.69,
        "r_s of the profiles, disgusted": 0.49,
        "r_s of the profiles, fearful": 0.39,
        "r_s of the profiles, neutral": 0.25,
        "r_s of the profiles, sad": 0.18,
        "r_s of the profiles, angry": 0.12,
        "r_s of profile correlations and confusions, kdef → krc": 0.59,
        "r_s of profile correlations and confusions, krc → kdef": 0.49,
    }
    assert (found["difference"] == found["here"] - found["paper"]).all()
    here = values["here"]
    predictions = run.predictions
    for what, train, test in (
        ("own test, kdef", KDEF, KDEF),
        ("swapped test, kdef → krc", KDEF, KRC),
        ("swapped test, krc → kdef", KRC, KDEF),
    ):
        part = predictions[
            (predictions["train_database"] == train) & (predictions["test_database"] == test)
        ]
        hits = part.assign(hit=part["predicted"] == part["expression"])
        rates = hits.groupby(["run", "expression"])["hit"].mean().groupby("run").mean()
        assert here[f"correct rate, {what}"] == pytest.approx(rates.mean(), abs=1e-12)
    for name in EXPRESSIONS:
        expected = spearmanr(profile(run, KDEF, name), profile(run, KRC, name)).statistic
        assert here[f"r_s of the profiles, {name}"] == pytest.approx(expected, abs=1e-12)


def test_the_relation_is_that_of_all_cells(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    found = published_comparison(run, published_results()).set_index("quantity")["here"]
    predictions = run.predictions
    for train, test, label in ((KDEF, KRC, "kdef → krc"), (KRC, KDEF, "krc → kdef")):
        part = predictions[
            (predictions["train_database"] == train) & (predictions["test_database"] == test)
        ]
        rates, correlations = [], []
        for shown in EXPRESSIONS:
            for chosen in EXPRESSIONS:
                of = part[part["expression"] == shown]
                rates.append(float((of["predicted"] == chosen).mean()))
                # What is shown stands for the unit of the database tested on.
                pair = profile(run, test, shown), profile(run, train, chosen)
                correlations.append(float(spearmanr(*pair).statistic))
        expected = spearmanr(rates, correlations).statistic
        quantity = f"r_s of profile correlations and confusions, {label}"
        assert found[quantity] == pytest.approx(expected, abs=1e-12)


def test_without_a_probe_there_are_rates_only(tmp_path: Path) -> None:
    found = published_comparison(make_run(tmp_path, probes=()), published_results())
    assert len(found) == 4
    assert found["quantity"].str.startswith("correct rate").all()


def test_what_the_run_lacks_is_null(tmp_path: Path) -> None:
    run = make_run(tmp_path, expressions=("happy", "sad", "angry"))
    found = published_comparison(run, published_results()).set_index("quantity")
    assert found.loc["r_s of the profiles, fearful", ["here", "difference"]].isna().all()
    assert found.loc["r_s of the profiles, sad"].notna().all()
    assert "r_s of profile correlations and confusions, kdef → krc, 9 of 49 cells" in found.index


def test_two_probes_are_told_apart(tmp_path: Path) -> None:
    found = published_comparison(make_run(tmp_path, probes=("p", "qq")), published_results())
    assert found["quantity"].is_unique
    assert found["quantity"].str.endswith("(probe qq)").sum() == 9


@pytest.mark.parametrize("databases", [("kdef", "other"), ("krc",), ("kdef-like", "krc")])
def test_other_databases_give_no_rows(tmp_path: Path, databases: tuple[str, ...]) -> None:
    found = published_comparison(make_run(tmp_path, databases), published_results())
    assert found.empty
    assert list(found.columns) == ["quantity", "paper", "here", "difference"]
