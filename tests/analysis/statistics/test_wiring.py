"""How the parts of the analysis are put together: pairs, families, ratios and sentences."""

from __future__ import annotations

import numpy as np
import pytest
from tests.analysis.statistics.test_moments import scores
from tests.analysis.statistics.test_outcomes import predictions
from tests.analysis.statistics.test_published_rates import of
from tests.analysis.statistics.test_tuning_findings import PLAN, found_profiles

from ccbench.analysis.statistics import poser_tuning, published_tuning
from ccbench.analysis.statistics.outcomes import Outcomes, collect, difference
from ccbench.analysis.statistics.plan import Plan
from ccbench.analysis.statistics.poser_groups import _most_uneven
from ccbench.analysis.statistics.poser_pairs import paired_test
from ccbench.analysis.statistics.poser_tuning import holm
from ccbench.analysis.statistics.published_tuning import bonferroni
from ccbench.analysis.statistics.resampling import sign_flips
from ccbench.analysis.statistics.to_new_posers import rate_findings


def test_which_runs_are_paired_and_how_much_they_share() -> None:
    outcomes = collect(predictions(seed=3, runs=8))
    few, many = (
        rate_findings(outcomes, ["a", "b"], Plan(0, 20, 19, share)) for share in (0.3, 0.9)
    )
    for comparison, df in (("own rates: a vs b", (14,)), ("own vs swapped: a on a vs b", (7,))):
        one, other = (of(found, comparison, "Nadeau & Bengio") for found in (few, many))
        assert one.df == df
        assert one.statistic / other.statistic == pytest.approx(
            ((1 / 8 + 0.9) / (1 / 8 + 0.3)) ** 0.5
        )


def test_the_expressions_of_two_databases_are_a_family() -> None:
    profiles = found_profiles(databases=("a", "b", "c"), common=0.3)
    for name, adjust, found in (
        ("Bonferroni", bonferroni, published_tuning.profile_findings(profiles)),
        ("Holm", holm, poser_tuning.profile_findings(profiles, PLAN)),
    ):
        assert len(found) == 3 * 7
        assert {finding.correction for finding in found} == {f"{name} x 7"}
        for start in (0, 7, 14):
            family = found[start : start + 7]
            adjusted = adjust([finding.p for finding in family])
            assert [finding.p_adjusted for finding in family] == pytest.approx(adjusted)


def test_the_most_uneven_expression() -> None:
    shown = np.ones((1, 2, 3))
    one = Outcomes(("happy", "sad", "angry"), np.tile([0.9, 0.9, 0.3], (1, 2, 1)), shown)
    other = Outcomes(("happy", "sad", "angry"), np.tile([0.3, 0.3, 0.3], (1, 2, 1)), shown)
    name, apart = _most_uneven(one, other)
    assert name == "angry"
    assert apart == pytest.approx(-0.4)


def test_the_sentence_of_a_pair_says_whose_rates_are_whose() -> None:
    table = predictions(runs=4)
    own = table["train_database"] == table["test_database"]
    wrong = np.where(table["expression"] == "sad", "happy", "sad")
    table["predicted"] = table["expression"].where(own, wrong)
    found = rate_findings(collect(table), ["a", "b"], Plan(0, 20, 99, 0.3))
    pair = next(f for f in found if f.comparison == "own vs foreign networks: b vs a on b")
    assert "correct rate of b on b 1.00, of a on b .00: difference 1.00" in pair.sentence
    swapped = of(found, "own vs swapped: a on a vs b", "Welch")
    assert "Correct rate of a on a 1.00, of a on b .00: difference 1.00" in swapped.sentence


def test_it_does_not_matter_who_is_better() -> None:
    apart, signs = scores(3, posers=10) - 0.95, sign_flips(0, "a", 10, 300)
    better, worse = paired_test(apart, signs), paired_test(-apart, signs)
    assert worse == (-better[0], better[1])
    assert 0.05 < better[1] < 0.95


def test_a_run_that_one_lacks_does_not_count() -> None:
    one = Outcomes(("happy",), np.array([[[1.0]], [[0.0]]]), np.ones((2, 1, 1)))
    other = Outcomes(("happy",), np.zeros((2, 1, 1)), np.array([[[1.0]], [[0.0]]]))
    assert difference(one, other).scores.tolist() == [[1.0]]
    assert difference(other, one).scores.tolist() == [[-1.0]]
