"""The catalogue: every card is complete, and says what it does not know."""

from __future__ import annotations

import re

import pytest

from ccbench_registry import EXPRESSIONS, DatasetCard, databases
from ccbench_registry.norms import all_norms

READ = re.findall(
    r"\w+",
    """
    adfes bosphorus bu4dfe cfd ckplus ddcf defss faces fega jaffe mmi nimh_chefs nimstim
    oulu_casia rafd uibvfed wsefep
""",
)
LISTED = re.findall(
    r"\w+",
    """
    afew affectnet aist bogazici_fd bu3dfe cafe cfaps cfee childefes eayo eb_plus elderreact
    emoreact expw fer2013 infer ised jacfee kufec2 lifespan liris mpi_fev msfde mug ntu_tw
    radiate raf_db riken sfew tfeid tsinghua_fed umea yface
""",
)
CARDS = list(databases().values())


def by_name(card: DatasetCard) -> str:
    return card.name


def test_the_documented_databases_are_there_once() -> None:
    names = list(databases())
    assert names == sorted(names)
    assert set(names) >= {*READ, *LISTED}
    # These two are plugins of their own.
    assert not {"kdef", "krc"} & set(names)


def test_they_come_from_many_countries() -> None:
    assert len(CARDS) >= 40
    assert len({code for card in CARDS for code in card.countries}) >= 15


def test_loaders_have_a_pattern_and_the_others_say_that_their_naming_is_unknown() -> None:
    assert sorted(card.name for card in CARDS if card.files) == READ
    for card in CARDS:
        assert (card.naming == "unknown") == (card.files is None), card.name


@pytest.mark.parametrize("card", CARDS, ids=by_name)
def test_every_card_says_what_a_laboratory_must_know(card: DatasetCard) -> None:
    assert card.terms.licence
    assert "never downloads" in card.terms.request
    assert card.citations
    # No database of photographs of people is known to be free to be passed on.
    assert not card.terms.redistribution
    for citation in card.citations:
        assert len(citation.text) > 40


def test_norms_on_board_are_those_of_the_database() -> None:
    on_board = {norms.name: norms.database for norms in all_norms().values()}
    referred = {norms.key: card.name for card in CARDS for norms in card.norms if norms.key}
    assert referred == {"olszanowski2015": "wsefep"}
    assert all(on_board[key] == name for key, name in referred.items())


def test_databases_that_lack_expressions() -> None:
    cards = databases()
    assert cards["faces"].missing == ("surprised",)
    assert cards["defss"].missing == cards["nimh_chefs"].missing == ("surprised", "disgusted")
    assert cards["cfd"].missing == ("sad", "surprised", "disgusted")
    assert cards["jacfee"].missing == ("neutral",)
    assert cards["rafd"].missing == ()
    # Unknown is not the same as none.
    assert (cards["eb_plus"].expressions, cards["eb_plus"].missing) == ((), ())


def test_permissions_are_known_unknown_or_denied() -> None:
    faces = databases()["faces"].terms
    assert (faces.may_modify, faces.may_share_weights) == ("no", "unknown")
    assert faces.publishable_ids == ("004", "066", "079", "116", "140", "168")
    assert databases()["aist"].terms.publishable_ids == "none"
    assert databases()["rafd"].terms.publishable_ids == "unknown"


def test_groups_within_a_database_count_its_posers() -> None:
    for name in ("rafd", "faces", "oulu_casia", "cfd", "nimstim", "jacfee"):
        card = databases()[name]
        assert sum(group.posers or 0 for group in card.groups) == card.posers, name
    assert databases()["oulu_casia"].countries == ("FI", "CN")


def test_what_is_from_memory_is_marked() -> None:
    assert "posers" in databases()["stoic"].from_memory
    assert "country" in databases()["fega"].from_memory
    assert "photographs" not in databases()["rafd"].from_memory


@pytest.mark.parametrize("name", READ)
def test_codes_map_to_expressions_that_the_card_lists(name: str) -> None:
    card = databases()[name]
    assert card.files is not None
    mapped = {label for label in card.files.labels.values() if label in EXPRESSIONS}
    assert mapped <= set(card.expressions)
