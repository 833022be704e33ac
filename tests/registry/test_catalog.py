"""Catalogues: suggestions, unknown names, two claims on one name."""

from __future__ import annotations

import pickle

import pytest

from ccbench_registry import Catalog, DuplicateNameError, UnknownNameError, suggestion


@pytest.fixture
def catalog() -> Catalog[int]:
    made: Catalog[int] = Catalog("dataset")
    made.add("krc", 2, "ccbench")
    made.add("kdef", 1, "ccbench")
    return made


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("kdf", ["kdef", "krc"], "did you mean 'kdef'?"),
        ("KDEF", ["kdef", "krc"], "did you mean 'kdef'?"),
        ("Sesion", ["SESSION"], "did you mean 'SESSION'?"),
        ("zebra", ["krc", "kdef"], "there are: kdef, krc"),
        ("zebra", [], "there are none"),
        ("zebra", [f"p{n:02}" for n in range(22)], "p18, p19 and 2 more"),
    ],
)
def test_suggestions(name: str, known: list[str], said: str) -> None:
    assert suggestion(name, known).endswith(said)


def test_items_are_found_and_listed_in_order(catalog: Catalog[int]) -> None:
    assert list(catalog) == ["kdef", "krc"]
    assert len(catalog) == 2
    assert catalog.get("krc") == 2
    assert "kdef" in catalog
    assert "kdf" not in catalog
    assert catalog.source("kdef") == "ccbench"


def test_unknown_names_carry_the_near_one_and_survive_pickling(catalog: Catalog[int]) -> None:
    with pytest.raises(UnknownNameError, match="no dataset 'kdf'; did you mean 'kdef'") as caught:
        catalog.get("kdf")
    with pytest.raises(UnknownNameError):
        catalog.source("kdf")
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.name, error.known) == ("kdf", ("kdef", "krc"))
    assert str(error) == str(caught.value)


def test_a_taken_name_is_refused_with_both_sources(catalog: Catalog[int]) -> None:
    with pytest.raises(DuplicateNameError, match="ccbench and other-package") as caught:
        catalog.add("kdef", 3, "other-package")
    assert "'kdef'" in str(caught.value)
    assert catalog.get("kdef") == 1
