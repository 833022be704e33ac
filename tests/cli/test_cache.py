"""``ccbench cache``."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccbench.cache import Cache

if TYPE_CHECKING:
    from tests.conftest import Command


def fill(root: Path) -> Cache:
    cache = Cache(root)
    for kind in ("heads", "scores"):
        for key in ("aa11", "bb22"):
            with cache.create(kind, key) as folder:
                (folder / "data").write_bytes(bytes(2**20))
    return cache


def test_info_says_where_it_is_and_what_it_takes(ccbench: Command, own_cache: Path) -> None:
    fill(own_cache)
    done = ccbench("cache", "info")
    assert done.code == 0
    assert done.out.splitlines()[0] == str(own_cache)
    rows = re.findall(r"(?m)^\W+(\w+)\W+(\d+)\W+(\d[\d.,]*)", done.out)
    assert {name: (int(count), round(float(size))) for name, count, size in rows} == {
        "datasets": (0, 0),
        "probes": (0, 0),
        "faces": (0, 0),
        "features": (0, 0),
        "units": (0, 0),
        "grams": (0, 0),
        "heads": (2, 2),
        "scores": (2, 2),
        "all": (4, 4),
    }


def test_clear_asks_first(
    ccbench: Command, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = fill(own_cache)
    for answer in ("", "n\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        done = ccbench("cache", "clear")
        assert done.code == 1
        assert str(own_cache) in done.out
        assert cache.find("heads", "aa11")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert ccbench("cache", "clear").code == 0
    assert cache.find("heads", "aa11") is None


def test_clear_one_kind(ccbench: Command, own_cache: Path) -> None:
    cache = fill(own_cache)
    done = ccbench("cache", "clear", "--kind", "heads", "--yes")
    assert done.code == 0
    assert "2.0 MB freed" in done.out
    assert cache.find("heads", "aa11") is None
    assert cache.find("scores", "aa11")


def test_a_kind_that_is_none(ccbench: Command, own_cache: Path) -> None:
    done = ccbench("cache", "clear", "--kind", "head", "--yes")
    assert done.code == 2
    assert "--kind" in done.err
    assert "heads" in done.err


def test_another_version_is_refused_until_cleared(ccbench: Command, own_cache: Path) -> None:
    fill(own_cache)
    (own_cache / "ccbench-cache-format").write_text("99\n")
    assert "format '99'" in ccbench("cache", "info").refusal
    assert ccbench("cache", "clear", "--yes").code == 0
    assert ccbench("cache", "info").code == 0


def test_a_folder_of_somebody_else_is_not_touched(ccbench: Command, own_cache: Path) -> None:
    thesis = own_cache / "heads" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("Faces")
    assert str(own_cache) in ccbench("cache", "info").refusal
    ccbench("cache", "clear", "--yes")
    assert thesis.read_text() == "Faces"
