"""The report in a real browser: nothing overflows, nothing fails, nothing is asked of the network.

Needs Chromium and the extra ``browser``; where ``CCBENCH_NEEDS_BROWSER`` is set, as in CI,
it fails without them instead of being left out.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from ccbench.reporting import write_report
from ccbench.reporting.html import FILE
from ccbench.results import Run

if TYPE_CHECKING:
    from tests.reporting.conftest import Invent

NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = (1280, 400)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Chromium."""
    program = next((path for name in NAMES if (path := shutil.which(name))), None)
    if program is None and "CCBENCH_NEEDS_BROWSER" not in os.environ:
        pytest.skip("no Chromium on this machine")
    if "CCBENCH_NEEDS_BROWSER" not in os.environ:
        pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    assert program, "CCBENCH_NEEDS_BROWSER is set, but there is no Chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """A page that is open, and what it said and asked for."""

    def __init__(self, browser: Any, run: Run, width: int, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.file = (run.path / FILE).absolute().as_uri()
        self.page.goto(self.file)
        self.page.wait_for_load_state("networkidle")

    def ask(self, script: str) -> Any:
        """Evaluate JavaScript on the page."""
        return self.page.evaluate(script)


@pytest.fixture(scope="module")
def report(invent: Invent) -> Run:
    """Return a run of three databases, one of a long name, one without two expressions."""
    names = ("here", "a-database-with-a-rather-long-name[session=both]", "there")
    run = invent(names, missing={"there": ("neutral", "surprised")})
    write_report(run)
    return run


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_fails_or_asks(
    browser: Any, report: Run, width: int, scheme: str
) -> None:
    visit = Visit(browser, report, width, color_scheme=scheme)
    assert visit.ask("document.documentElement.scrollWidth") <= width
    assert visit.said == []
    assert [url for url in visit.asked if not url.startswith("data:")] == [visit.file]
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.alt)"
    assert visit.ask(broken) == []
    assert visit.ask("document.images.length") >= 9


def test_the_matrix_shows_the_confusions_of_the_cell_under_the_pointer(
    browser: Any, report: Run
) -> None:
    visit = Visit(browser, report, 1280)
    shown = "[...document.querySelectorAll('.confusions figure:not([hidden]) h3')]"
    titles = f"{shown}.map(h => h.textContent.trim())"
    assert visit.ask(titles) == ["here → here"]
    visit.page.hover(".matrix td[data-pair]:nth-child(4)")
    assert visit.ask(titles) == ["here → there"]
    visit.page.focus(".matrix tr:nth-child(3) td[data-pair]:nth-child(2)")
    assert visit.ask(titles) == ["there → here"]


def test_tables_are_sorted_by_a_click(browser: Any, report: Run) -> None:
    visit = Visit(browser, report, 1280)
    head = "table.sortable[data-name=expression_rates] th:last-of-type"
    values = (
        "[...document.querySelectorAll('table.sortable[data-name=expression_rates] tbody tr')]"
        ".map(r => r.lastElementChild.dataset.value).filter(v => v !== '').map(Number)"
    )
    visit.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
    for ascending in (True, False):
        visit.page.click(f"{head} button")
        found = visit.ask(values)
        assert len(found) > 10
        assert found == sorted(found, reverse=not ascending)


def test_tables_can_be_downloaded(browser: Any, report: Run) -> None:
    visit = Visit(browser, report, 1280, accept_downloads=True)
    with visit.page.expect_download() as waiting:
        visit.page.click("a[download='correct_rates.csv'] >> visible=true")
    table = pd.read_csv(waiting.value.path())
    assert len(table) == 9
    assert set(table["train_database"]) == set(report.databases)


def test_it_prints(browser: Any, report: Run) -> None:
    visit = Visit(browser, report, 1280)
    pdf = visit.page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") > 5
