"""Python's search for garbage, put off and taken up again."""

from __future__ import annotations

import gc

import pytest

from ccbench.executors import uncollected


def test_the_search_goes_on_after_the_block() -> None:
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="drawn"), uncollected():
        raise ValueError("not drawn")
    assert gc.isenabled()


def test_who_has_turned_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
