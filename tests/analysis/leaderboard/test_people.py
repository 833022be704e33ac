"""Agreement with people, against SciPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from tests.analysis.leaderboard.invented import invent, submitted

from ccbench.analysis.leaderboard import Value, measure
from ccbench.analysis.leaderboard.measures import PLAN
from ccbench.analysis.leaderboard.people import order_correlation, rate_correlation
from ccbench.analysis.statistics.resampling import bootstrap_weights
from ccbench_registry import EXPRESSIONS
from ccbench_registry.norms import all_norms


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Value], np.ndarray]:
    """Return the values of a run on a database called kdef, and its posers' scores."""
    folder = tmp_path_factory.mktemp("people") / "run"
    run = submitted(invent(folder, ("kdef", "krc[view=d]", "mine"), runs=8, probe=False))
    values = {f"{v.measure} {v.subject}": v for v in measure(run).values}
    table = run.predictions
    own = table[(table["train_database"] == "kdef") & (table["test_database"] == "kdef")]
    right = (own["predicted"] == own["expression"]).groupby([own["poser"], own["expression"]])
    return values, right.mean().unstack()[list(EXPRESSIONS)].to_numpy()


def test_agreements_are_scipys(scores: tuple[dict[str, Value], np.ndarray]) -> None:
    values, by_poser = scores
    norms = all_norms()["kdef"]
    rates = by_poser.mean(axis=0)
    ranks = [-norms.ranks[name] for name in EXPRESSIONS]
    human = [norms.rates[name] for name in EXPRESSIONS]
    assert values["order kdef"].estimate == pytest.approx(spearmanr(rates, ranks).statistic)
    assert values["rates kdef"].estimate == pytest.approx(pearsonr(rates, human).statistic)
    assert values["order kdef"].detail == "goeleven2008"
    assert values["order kdef"].counted == len(by_poser)


def test_intervals_are_percentiles_over_posers(
    scores: tuple[dict[str, Value], np.ndarray],
) -> None:
    values, by_poser = scores
    human = [all_norms()["kdef"].rates[name] for name in EXPRESSIONS]
    weights = bootstrap_weights(PLAN.seed, "kdef", len(by_poser), PLAN.draws)
    drawn = [pearsonr((w[:, None] * by_poser).sum(axis=0), human).statistic for w in weights]
    found = values["rates kdef"]
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]))


def test_only_databases_with_norms_are_compared(
    scores: tuple[dict[str, Value], np.ndarray],
) -> None:
    values, _ = scores
    assert {key for key in values if key.split()[0] in {"order", "rates"}} == {
        "order kdef",
        "rates kdef",
        # Of KRC the order is known, not the rates.
        "order krc[view=d]",
    }


def test_too_few_expressions_are_said(tmp_path: Path) -> None:
    missing = {"kdef": EXPRESSIONS[2:]}
    run = submitted(invent(tmp_path / "run", ("kdef",), runs=4, probe=False, missing=missing))
    (found,) = (v for v in measure(run).values if v.measure == "order")
    assert np.isnan(found.estimate)
    assert found.why == "fewer than three expressions in common"


def test_correlations_of_constants_are_missing() -> None:
    people = np.array([0.9, 0.5, 0.1])
    rates = np.array([[0.4, 0.4, 0.4], [0.8, 0.5, 0.2]])
    assert rate_correlation(rates, people) == pytest.approx([np.nan, 1.0], nan_ok=True)
    # A third as a mean of three, and as one of another three, is a tie.
    order = order_correlation(np.array([[1 / 3, 1 - 2 / 3, 0.9]]), np.array([1.0, 2.0, 3.0]))
    assert order == pytest.approx([spearmanr([1, 1, 2], [1, 2, 3]).statistic])
