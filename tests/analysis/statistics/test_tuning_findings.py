"""Profiles and confusions in both columns, against scipy and statsmodels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from statsmodels.stats.multitest import multipletests

from ccbench.analysis import profile_correlations
from ccbench.analysis.statistics import poser_tuning, published_tuning
from ccbench.analysis.statistics.finding import Finding
from ccbench.analysis.statistics.plan import Plan
from ccbench.analysis.statistics.poser_tuning import holm
from ccbench.analysis.statistics.published_tuning import bonferroni
from ccbench_registry import EXPRESSIONS

PLAN = Plan(seed=0, draws=200, permutations=499, test_to_train=0.3)


def found_profiles(
    databases: Sequence[str] = ("a", "b"),
    expressions: Sequence[str] = EXPRESSIONS,
    units: int = 6,
    levels: int = 4,
    common: float = 1.0,
) -> pd.DataFrame:
    """Return random profiles that have a part in common."""
    rng = np.random.default_rng(0)
    shared = {name: rng.normal(size=(units, 1)) for name in expressions}
    rows = [
        ("probe", database, name, unit + 1, (level + 1) / levels, value)
        for database in databases
        for name in expressions
        for unit, curve in enumerate(
            common * shared[name] * np.arange(levels) + rng.normal(size=(units, levels))
        )
        for level, value in enumerate(curve)
    ]
    columns = ["probe", "database", "expression", "action_unit", "intensity", "response"]
    return pd.DataFrame(rows, columns=columns)


def found_cells(
    shown: Sequence[str] = EXPRESSIONS, chosen: Sequence[str] = EXPRESSIONS
) -> pd.DataFrame:
    """Return the cells of a tested on b, random."""
    rng = np.random.default_rng(1)
    rows = [
        ("probe", "a", "b", one, other, rng.random(), rng.normal() + (one == other))
        for one in shown
        for other in chosen
    ]
    columns = ["probe", "train_database", "test_database", "expression", "predicted", "rate", "r_s"]
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (bonferroni, "bonferroni")])
def test_corrections_are_those_of_statsmodels(
    adjust: Callable[[list[float]], list[float]], method: str
) -> None:
    rng = np.random.default_rng(0)
    for many in (1, 2, 7):
        values = (rng.random(many) ** 4).tolist()
        assert adjust(values) == pytest.approx(multipletests(values, method=method)[1], rel=1e-12)


def test_profiles_are_correlated_over_points_and_over_action_units() -> None:
    found = found_profiles()
    published = published_tuning.profile_findings(found)
    to_units = poser_tuning.profile_findings(found, PLAN)
    wanted = profile_correlations(found)
    assert [f.comparison for f in published] == [f.comparison for f in to_units]
    p = []
    for one, other, row in zip(published, to_units, wanted.to_dict("records"), strict=True):
        assert one.comparison == f"profiles (probe), {row['expression']}: a vs b"
        parts = [
            found[(found["database"] == name) & (found["expression"] == row["expression"])]
            for name in "ab"
        ]
        test = spearmanr(*(part["response"] for part in parts))
        p.append(test.pvalue)
        assert one.estimate == pytest.approx(test.statistic, rel=1e-9)
        assert other.estimate == pytest.approx(test.statistic, rel=1e-9)
        assert one.p == pytest.approx(test.pvalue, rel=1e-9)
        assert (one.n, other.n) == ("24 points", "6 action units")
        assert (one.correction, other.correction) == ("Bonferroni x 7", "Holm x 7")
        assert np.isnan(one.low)
        assert other.low < other.estimate < other.high
    adjusted = multipletests(p, method="bonferroni")[1]
    assert [f.p_adjusted for f in published] == pytest.approx(adjusted, rel=1e-9)
    adjusted = multipletests([f.p for f in to_units], method="holm")[1]
    assert [f.p_adjusted for f in to_units] == pytest.approx(adjusted, rel=1e-9)


def test_constant_profiles_and_single_action_units_are_said_and_not_counted() -> None:
    found = found_profiles()
    flat = (found["database"] == "a") & (found["expression"] == "sad")
    found.loc[flat, "response"] = 0.0
    for findings in (
        published_tuning.profile_findings(found),
        poser_tuning.profile_findings(found, PLAN),
    ):
        sad = findings[EXPRESSIONS.index("sad")]
        assert sad.sentence.startswith("not estimable: ")
        assert np.isnan(sad.p_adjusted)
        assert findings[0].correction.endswith(" x 6")
    for finding in poser_tuning.profile_findings(found_profiles(units=1), PLAN):
        assert finding.sentence == "not estimable: fewer than three action units."


def test_an_action_unit_without_all_intensities_is_left_out() -> None:
    found = found_profiles(expressions=("happy",))
    found = found[(found["action_unit"] != 2) | (found["intensity"] < 1)]
    (finding,) = poser_tuning.profile_findings(found, PLAN)
    assert finding.n == "5 action units"
    (published,) = published_tuning.profile_findings(found)
    assert published.n == "23 points"


def test_confusions_are_related_over_cells_and_over_labels() -> None:
    cells = found_cells()
    (published,) = published_tuning.confusion_findings(cells)
    wanted = spearmanr(cells["r_s"], cells["rate"])
    assert published.comparison == "profiles and confusions (probe): a on b"
    assert published.estimate == pytest.approx(wanted.statistic, rel=1e-9)
    assert published.p == pytest.approx(wanted.pvalue, rel=1e-9)
    assert published.n == "49 cells"
    whole, off = poser_tuning.confusion_findings(cells)
    assert whole.comparison == published.comparison
    assert whole.estimate == pytest.approx(wanted.statistic, rel=1e-9)
    apart = cells[cells["expression"] != cells["predicted"]]
    assert off.estimate == pytest.approx(spearmanr(apart["r_s"], apart["rate"]).statistic)
    assert whole.resampled == off.resampled == "all 5,040 permutations of the labels"
    assert (np.array([whole.p, off.p]) * 5040) % 1 == pytest.approx(0.0, abs=1e-6)


def relations(cells: pd.DataFrame) -> list[Finding]:
    return poser_tuning.confusion_findings(cells)


def test_labels_are_those_both_shown_and_chosen() -> None:
    whole, _ = relations(found_cells(shown=EXPRESSIONS[1:], chosen=EXPRESSIONS[:5]))
    assert whole.n == "4 labels"
    assert whole.resampled == "all 24 permutations of the labels"
    few, _ = relations(found_cells(shown=EXPRESSIONS[:3]))
    assert "with 3 labels it cannot be smaller than .167" in few.sentence
    none, _ = relations(found_cells(shown=EXPRESSIONS[:2]))
    assert none.sentence == "not estimable: fewer than three shared labels."


def test_a_label_without_correlations_is_left_out_and_gaps_are_said() -> None:
    cells = found_cells()
    cells.loc[(cells["expression"] == "sad") | (cells["predicted"] == "sad"), "r_s"] = np.nan
    assert relations(cells)[0].n == "6 labels"
    cells = found_cells()
    cells.loc[(cells["expression"] == "sad") & (cells["predicted"] == "happy"), "r_s"] = np.nan
    wanted = "not estimable: a matrix is constant or has gaps."
    assert [f.sentence for f in relations(cells)] == [wanted] * 2
    assert published_tuning.confusion_findings(cells)[0].n == "48 cells"
    flat = found_cells().assign(rate=0.0)
    assert relations(flat)[0].sentence == wanted
    assert published_tuning.confusion_findings(flat)[0].sentence.startswith("not estimable")
