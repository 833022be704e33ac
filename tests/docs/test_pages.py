"""Pages lead somewhere, and CI does what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.pages import DOCS, PAGES, ROOT

import ccbench

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


def test_the_version_to_cite_is_this_one() -> None:
    assert ccbench.__version__ in (ROOT / "CITATION.cff").read_text()
