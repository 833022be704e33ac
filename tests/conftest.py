"""Fixtures shared by all tests: a cache of their own and small drawn databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ccbench.results import Run
from ccbench.runner import run_matrix
from ccbench.testing.drawn import DRAWN_DATABASES, write_database

POSERS = 10


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache shared by tests that only read what runs leave there."""
    return tmp_path_factory.mktemp("session") / "cache"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep every test away from the user's cache and from ``runs/`` of the checkout."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CCBENCH_CACHE", str(folder))
    monkeypatch.chdir(tmp_path)
    yield folder


@pytest.fixture(scope="session")
def drawn_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return folders with the first ten posers of both drawn databases."""
    root = tmp_path_factory.mktemp("drawn")
    folders = {}
    for name, database in DRAWN_DATABASES.items():
        folders[name] = root / name
        folders[name].mkdir()
        write_database(replace(database), folders[name], posers=POSERS)
    return folders


@pytest.fixture(scope="session")
def small_specs(drawn_folders: dict[str, Path]) -> list[str]:
    """Return what to give as databases: the two drawn ones, ten posers each."""
    return [f"{name}={folder}" for name, folder in drawn_folders.items()]


@pytest.fixture(scope="session")
def small_run(
    small_specs: list[str], session_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """Return a finished run: two drawn databases of ten posers, three runs."""
    out = tmp_path_factory.mktemp("run") / "small"
    return run_matrix(small_specs, runs=3, out=out, cache=session_cache)
