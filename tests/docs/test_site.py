"""The site is built without a warning and without the network, and nothing is left out of it.

Needs the extra ``docs``; where ``CCBENCH_NEEDS_DOCS`` is set, as in CI, it fails without it
instead of being left out.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from html import unescape
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from tests.docs.pages import BLOCKS, DOCS, ROOT

from ccbench.cli import cli
from ccbench.interfaces import Family
from ccbench.plugins import load_plugins
from ccbench_registry import DatasetCard, databases

PUBLIC = {
    # what exports names: its page
    "ccbench": "ccbench",
    "ccbench.analysis": "analysis",
    "ccbench.analysis.leaderboard": "leaderboard",
    "ccbench.backbones": "backbones",
    "ccbench.bundles": "bundles",
    "ccbench.datasets": "datasets",
    "ccbench.plugins": "plugins",
    "ccbench.reporting": "reporting",
    "ccbench.reporting.figures": "reporting",
    "ccbench.reporting.leaderboard": "leaderboard",
    "ccbench.testing": "testing",
    "ccbench.testing.drawn": "testing",
    "ccbench_plugins.rendered": "rendered",
    "ccbench_registry": "registry",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as CI does."""
    if find_spec("sphinx") is None and "CCBENCH_NEEDS_DOCS" not in os.environ:
        pytest.skip("the extra 'docs' is not installed")
    out = tmp_path_factory.mktemp("site")
    options = ("-W", "--keep-going", "-q", "-b", "html", "-d", f"{out}-doctrees")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(DOCS), str(out)],
        capture_output=True,
        text=True,
        check=False,
        # Whatever would be fetched fails.
        env={**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def html(site: Path, page: str) -> str:
    return (site / f"{page}.html").read_text(encoding="utf-8")


def ids(text: str) -> set[str]:
    return set(re.findall(r'\bid="([^"]+)"', text))


def test_every_page_is_in_the_table_of_contents(site: Path) -> None:
    pages = {page.relative_to(DOCS).with_suffix(".html").as_posix() for page in DOCS.rglob("*.md")}
    linked = set(
        re.findall(r'class="[^"]*reference internal" href="([^"#]+)"', html(site, "index"))
    )
    assert pages - linked == {"index.html"}


def test_nothing_comes_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|link)\b[^>]*?(?:src|href)="([^"]+)"', page.read_text())
        assert [address for address in loaded if re.match(r"(https?:)?//", address)] == [], page


def bundled() -> dict[str, DatasetCard]:
    """Return the cards of the registry and of the bundled plugins."""
    plugins = load_plugins()
    return {
        name: plugins.dataset(name).card
        for plugin in plugins.found
        if plugin.module.startswith("ccbench_plugins.")
        for kind, name in plugin.items
        if kind == "dataset" and not isinstance(plugins.datasets.get(name), Family)
    }


def anchor(name: str) -> str:
    return name.replace("_", "-")


def bare(text: str) -> str:
    """Return the text of HTML or of a card without tags and spaces."""
    return re.sub(r"\s", "", unescape(re.sub(r"</?[a-z][^>]*>", "", text)))


def test_every_bundled_database_is_in_the_catalogue(site: Path) -> None:
    cards = bundled()
    assert set(cards) > {*databases(), "kdef", "krc", "drawn-a", "synthetic-c"}
    text = html(site, "catalogue")
    sections = dict(
        re.findall(
            r'<section id="([\w-]+)">(?:\s|<span[^>]+></span>)*<h3>(.*?)</section>', text, re.S
        )
    )
    assert set(sections) == set(map(anchor, cards))
    for name, card in cards.items():
        section = bare(sections[anchor(name)])
        for said in (card.title, card.terms.licence, card.terms.request, *card.notes):
            assert re.sub(r"\s", "", said) in section, (name, said)
        for citation in card.citations:
            assert re.sub(r"\s", "", str(citation)) in section, (name, citation)
        assert ("(frommemory)" in section) == bool(card.from_memory), name


def test_every_database_is_in_the_table_under_its_countries(site: Path) -> None:
    table = html(site, "catalogue").partition("<tbody>")[2].partition("</tbody>")[0]
    listed = re.findall(r'<tr.*?<p>(.*?)</p>.*?href="#([^"]+)"', table, re.S)
    places = {name: [place for place, link in listed if link == anchor(name)] for name in bundled()}
    assert sum(map(len, places.values())) == len(listed)
    assert places["cfd"] == ["India", "United States"]
    assert places["krc"] == ["Japan"]
    assert places["synthetic-a"] == ["drawn or rendered"]
    assert places["afew"] == ["no one country"]
    for name, card in bundled().items():
        assert len(places[name]) == max(1, len(card.countries)), name


def commands(command: click.Command, name: str, context: click.Context) -> dict[str, click.Command]:
    found = {name: command}
    for inner in command.list_commands(context) if isinstance(command, click.Group) else ():
        assert isinstance(command, click.Group)
        below = command.get_command(context, inner)
        assert below
        found |= commands(below, f"{name} {inner}", context)
    return found


def test_every_command_and_option_is_in_the_reference(site: Path) -> None:
    text = html(site, "reference/commands")
    sections = dict(re.findall("<h2>(.*?)<a.*?</h2>(.*?)</section>", text, re.S))
    found = commands(cli, "ccbench", click.Context(cli))
    assert set(sections) == set(found)
    assert "ccbench datasets mimic" in found
    for name, command in found.items():
        for option in (each for each in command.params if isinstance(each, click.Option)):
            assert option.opts[0] in sections[name], f"{name} {option.opts[0]}"


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_reference(site: Path, module: str) -> None:
    found = ids(html(site, f"reference/api/{PUBLIC[module]}"))
    exported = set(import_module(module).__all__) - {"__version__"}
    assert {name for name in exported if f"{module}.{name}" not in found} == set()


def test_whatever_the_pages_import_is_in_the_reference(site: Path) -> None:
    found = {name for page in site.glob("reference/api/*.html") for name in ids(page.read_text())}
    imported = {
        f"{statement.module}.{alias.name}"
        for block in BLOCKS
        if block.language == "python"
        for statement in ast.walk(ast.parse(block.text))
        if isinstance(statement, ast.ImportFrom) and statement.module
        if re.match(r"ccbench(_registry|_plugins)?(\.|$)", statement.module)
        for alias in statement.names
    }
    assert "ccbench.run_matrix" in imported
    assert imported - found == set()


def test_a_place_for_something_unknown_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(DOCS / "_ext")
    from sphinx.errors import ExtensionError

    from ccbench_docs import fill

    place = "<!-- made when the site is built: {} -->\nInstead.\n<!-- end -->\n"
    with pytest.raises(ExtensionError, match="nothing called 'cats' is made"):
        fill(place.format("cats"))
    assert "Instead" not in fill(place.format("countries"))


def test_ci_builds_the_site() -> None:
    assert "CCBENCH_NEEDS_DOCS=1 python -m pytest -q tests/docs" in (ROOT / ".ci/run").read_text()
