"""The corrected t test, against scipy's with the variance multiplied out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as t_distribution
from scipy.stats import ttest_ind, ttest_rel
from tests.analysis.statistics.test_outcomes import predictions

from ccbench.analysis.statistics.corrected_t import corrected_t, nadeau_bengio_finding
from ccbench.analysis.statistics.outcomes import Outcomes, collect


@pytest.mark.parametrize("paired", [True, False])
def test_t_shrinks_by_what_the_runs_share(paired: bool) -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random(40), rng.random(40) + 0.1
    plain = ttest_rel(one, other) if paired else ttest_ind(one, other)
    found = corrected_t(one, other, 12 / 40, paired=paired)
    # For 40 runs with 12 test and 40 training posers each, t is multiplied by .277.
    factor = math.sqrt((1 / 40) / (1 / 40 + 12 / 40))
    assert factor == pytest.approx(0.277, abs=5e-4)
    assert found.t == pytest.approx(factor * plain.statistic, rel=1e-9)
    assert found.df == plain.df
    assert found.p == pytest.approx(2 * t_distribution.sf(abs(found.t), plain.df), rel=1e-9)
    bounds = corrected_t(one, other, 0.0, paired=paired)
    wanted = plain.confidence_interval(0.95)
    assert bounds.difference - bounds.half_width == pytest.approx(wanted.low, rel=1e-9)
    assert bounds.difference + bounds.half_width == pytest.approx(wanted.high, rel=1e-9)


def finding(one: Outcomes, other: Outcomes) -> str:
    names = ("a on a", "a on b")
    return nadeau_bengio_finding("own", names, one, other, 0.3, paired=True).sentence


def test_what_cannot_be_computed_is_said() -> None:
    found = collect(predictions(runs=2))
    assert finding(found["a", "a"], found["a", "b"]) == ("not estimable: fewer than three runs.")
    found = collect(predictions(runs=3))
    assert finding(found["a", "a"], found["a", "a"]) == (
        "not estimable: the rates are the same in all runs."
    )
    assert finding(found["a", "a"].only(["happy"]), found["a", "b"].only(["sad"])) == (
        "not estimable: no shared expression was tested."
    )
    assert "t(2)" in finding(found["a", "a"], found["a", "b"])
