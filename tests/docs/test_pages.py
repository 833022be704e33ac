"""Pages lead somewhere, and CI does what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from tests.docs.pages import DOCS, PAGES, ROOT

import ccbench
from ccbench.protocol import Protocol

# What a page includes is linked from where it lies.
LINKING = [page for page in PAGES if page.parent != DOCS / "project"]


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_links_to_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_ci_calls_the_readme_s_test_command() -> None:
    pattern = re.search(r"grep -m1 '(.+?)' README.md", (ROOT / ".ci/run").read_text())
    assert pattern
    commands = [
        line
        for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
        if re.search(pattern[1], line)
    ]
    assert len(commands) == 1


def keys(model: type[BaseModel]) -> Iterator[str]:
    """Return the keys of a protocol, those of its tables behind the table's name."""
    for name, field in model.model_fields.items():
        parts = get_args(field.annotation) or (field.annotation,)
        tables = [t for t in parts if isinstance(t, type) and issubclass(t, BaseModel)]
        if not tables:
            yield name
        for table in tables:
            yield from (f"{name}.{key}" for key in keys(table))


def test_every_key_of_a_protocol_is_documented() -> None:
    found = set(keys(Protocol))
    assert {"runs", "head.ridge", "head.hidden", "training.momentum"} <= found
    page = (DOCS / "protocol.md").read_text(encoding="utf-8")
    listed = re.findall(r"`([a-z_.]+)`", "".join(re.findall(r"^\| (`.*?) \|", page, re.M)))
    assert found == set(listed)


def test_the_version_to_cite_is_this_one() -> None:
    assert ccbench.__version__ in (ROOT / "CITATION.cff").read_text()
