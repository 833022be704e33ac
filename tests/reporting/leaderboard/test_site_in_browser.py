"""The site in a real browser: nothing overflows, nothing is asked of the network, tables sort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.analysis.leaderboard.invented import invent, submitted
from tests.reporting.test_browser import WIDTHS, browser

from ccbench.analysis.leaderboard import make_board, measure
from ccbench.reporting.leaderboard import write_site

__all__ = ["browser"]


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_sorts(browser: Any, tmp_path: Path, width: int) -> None:
    names = ("a database of a long name", "synthetic-b", "synthetic-c")
    run = submitted(invent(tmp_path / "run", names, runs=3), "a run of a rather long name")
    index = write_site(make_board([measure(run)]), tmp_path / "site")
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    for path in (index, index.parent / "run-1.html"):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert all(url.startswith("file:") for url in asked)
    assert errors == []
    page.goto(index.as_uri())
    rates = (
        "[...document.querySelectorAll('table[data-measure=own] td.value')]"
        ".map(cell => Number(cell.dataset.value))"
    )
    head = page.locator("table[data-measure=own] th", has_text="rate").locator("button")
    for ascending in (True, False):
        head.click()
        found = page.evaluate(rates)
        assert found == sorted(found, reverse=not ascending)
    context.close()
