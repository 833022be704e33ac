"""Norms of people, against the paper and arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ccbench_registry import EXPRESSIONS, Citation
from ccbench_registry.norms import Norms, all_norms, human_norms


def norms(**changed: Any) -> Norms:
    fields: dict[str, Any] = {
        "name": "someone2000",
        "title": "Mine",
        "citation": Citation(text="Someone (2000)."),
        "provenance": "made up",
        "certainty": "computed from nothing",
        "database": "mine",
        "raters": "nobody",
        "order": ("happy", "sad", "angry"),
    }
    return Norms(**{**fields, **changed})


def test_three_databases_have_norms() -> None:
    assert set(all_norms()) == {"kdef", "krc", "wsefep"}
    assert human_norms("synthetic-a") is None
    for database, found in all_norms().items():
        assert found.database == database
        assert found is human_norms(database)
        assert set(found.order) == set(EXPRESSIONS)
        assert found.citation.doi


@pytest.mark.parametrize("database", ["kdef", "wsefep"])
def test_means_are_those_of_the_rates(database: str) -> None:
    found = all_norms()[database]
    assert found.mean == pytest.approx(sum(found.rates.values()) / 7, abs=1e-3)
    best_first = sorted(EXPRESSIONS, key=lambda name: -found.rates[name])
    assert found.order == tuple(best_first)


def test_kdef_rounds_to_what_the_paper_reports() -> None:
    found = all_norms()["kdef"]
    assert found.mean is not None
    assert round(found.mean, 2) == 0.72
    assert "from memory" in found.certainty


def test_of_krc_only_mean_and_order_are_known() -> None:
    found = all_norms()["krc"]
    assert (found.mean, found.rates) == (0.62, {})
    assert [found.ranks[name] for name in found.order] == [1, 2, 3, 4, 5, 6, 7]


def test_the_wsefep_aggregate_says_what_it_is() -> None:
    found = all_norms()["wsefep"]
    assert "derived statistic" in found.notes[0]
    assert "cite" in found.notes[0]
    # The six emotions without neutral.
    assert sum(found.rates.values()) - found.rates["neutral"] == pytest.approx(6 * 0.849, abs=0.002)


def test_shared_rates_share_ranks() -> None:
    found = norms(rates={"happy": 0.9, "sad": 0.5, "angry": 0.5})
    assert found.ranks == {"happy": 1, "sad": 2.5, "angry": 2.5}
    assert norms().ranks == {"happy": 1, "sad": 2, "angry": 3}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"order": ("happy", "happy")}, "repeats an expression"),
        ({"order": ("happy", "joyful")}, "an unknown one"),
        ({"rates": {"happy": 0.2, "sad": 0.5, "angry": 0.1}}, "do not follow its order"),
        ({"rates": {"happy": 0.6, "sad": 0.5}}, "do not follow its order"),
        ({"rates": {"happy": 92.0}}, "less than or equal to 1"),
        ({"certainty": "sure"}, "should match pattern"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_inconsistent_norms_are_refused(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        norms(**changed)
