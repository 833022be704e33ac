"""The paper's numbers, against what else is known of them."""

from __future__ import annotations

import math

from scipy.stats import spearmanr, t

from ccbench_registry import EXPRESSIONS
from ccbench_registry.norms import all_norms
from ccbench_registry.published import published_results

PAPER = published_results()


def test_rates_are_of_both_databases() -> None:
    assert PAPER.databases == ("kdef", "krc")
    assert {train: set(rates) for train, rates in PAPER.test_rates.items()} == {
        "kdef": {"kdef", "krc"},
        "krc": {"kdef", "krc"},
    }
    for name in PAPER.databases:
        other = next(database for database in PAPER.databases if database != name)
        assert PAPER.train_rates[name] > PAPER.test_rates[name][name]
        assert PAPER.test_rates[name][name] > PAPER.test_rates[name][other] > PAPER.chance
    assert PAPER.test_rates["krc"]["kdef"] == 0.50
    assert PAPER.test_rates["kdef"]["krc"] == 0.41


def test_people_agree_with_the_norms() -> None:
    for name in PAPER.databases:
        norms = all_norms()[name]
        assert norms.mean is not None
        assert round(norms.mean, 2) == PAPER.human_means[name]
        assert norms.order == PAPER.human_orders[name]


def test_orders_are_of_all_expressions() -> None:
    for orders in (PAPER.human_orders, PAPER.network_orders):
        assert all(set(orders[name]) == set(EXPRESSIONS) for name in PAPER.databases)
    assert PAPER.network_orders["kdef"][0] == PAPER.network_orders["krc"][0] == "happy"


def test_profile_correlations_have_the_printed_order_and_p() -> None:
    found = PAPER.profile_correlations
    assert list(found) == [
        "happy", "surprised", "disgusted", "fearful", "neutral", "sad", "angry",
    ]  # fmt: skip
    values = [found[name].r_s for name in found]
    assert values == sorted(values, reverse=True)
    assert [name for name in found if not found[name].significant] == ["sad", "angry"]
    for part in found.values():
        printed = float(part.p.split()[1])
        # Bonferroni over seven expressions.
        assert part.significant == (7 * printed < 0.05)


def test_p_values_are_those_of_two_hundred_points_and_of_49_cells() -> None:
    def expected(r_s: float, points: int) -> float:
        statistic = r_s * math.sqrt((points - 2) / (1 - r_s**2))
        return float(2 * t.sf(abs(statistic), points - 2))

    rows = [(part.r_s, part.p, 200) for part in PAPER.profile_correlations.values()]
    rows += [(part.r_s, part.p, part.cells) for part in PAPER.relations]
    for r_s, p, points in rows:
        sign, printed = p.split()
        # r_s is printed with two digits only.
        low, high = expected(r_s + 0.0055, points), expected(r_s - 0.0055, points)
        assert low < float(printed)
        assert sign == "<" or float(printed) < high


def test_the_rest_is_there() -> None:
    assert {(part.train, part.test): part.r_s for part in PAPER.relations} == {
        ("kdef", "krc"): 0.59,
        ("krc", "kdef"): 0.49,
    }
    assert PAPER.stability["kdef"].posers == (60, 70)
    assert (PAPER.stability["krc"].low, PAPER.stability["krc"].high) == (0.985, 0.997)
    assert (PAPER.intensities["krc"].scale, PAPER.intensities["kdef"].high) == (7, 6.23)
    assert len(PAPER.comparisons) == 5 + 2 * 4
    assert len({part.question for part in PAPER.comparisons}) == len(PAPER.comparisons)
    assert [part.p for part in PAPER.comparisons[:3]] == ["< 0.0001", "= 0.15", "= 0.13"]


def test_networks_and_people_agree_moderately_in_the_paper() -> None:
    # 1 - 6 x sum of squared rank differences / (7 x 48): 30 and 22 by hand.
    for name, squares in (("kdef", 30), ("krc", 22)):
        people, networks = PAPER.human_orders[name], PAPER.network_orders[name]
        found = spearmanr(range(7), [networks.index(expression) for expression in people])
        assert abs(found.statistic - (1 - 6 * squares / 336)) < 1e-12
