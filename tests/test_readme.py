"""The README and docs hold code that works."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import ccbench
from ccbench.plugins import load_plugins
from ccbench.runner import open_databases
from ccbench.runner.observer import Silent
from ccbench.testing.drawn import DRAWN_DATABASES, draw_photograph

ROOT = Path(__file__).parent.parent


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def test_five_lines_of_toml_are_a_dataset(tmp_path: Path) -> None:
    import cv2

    (card,) = blocks("README.md", "toml")
    assert len(card.strip().splitlines()) == 5
    (tmp_path / "mylab.toml").write_text(card, encoding="utf-8")
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    image = draw_photograph(DRAWN_DATABASES["drawn-a"], 1, "happy")
    for name in ("P01_joy_front.png", "P02_afraid_front.png"):
        assert cv2.imwrite(str(photographs / name), image)
    spec = f"{tmp_path / 'mylab.toml'}={photographs}"
    from ccbench.cache import Cache

    (database,) = open_databases([spec], load_plugins(), Cache(), Silent())
    assert [(s.poser, s.expression) for s in database.table] == [
        ("P01", "happy"),
        ("P02", "fearful"),
    ]


def test_the_python_example_runs(
    monkeypatch: pytest.MonkeyPatch,
    small_specs: list[str],
    session_cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (example,) = blocks("README.md", "python")
    assert len(example.strip().splitlines()) <= 10
    # The same code on ten drawn posers instead of sixty rendered ones.
    example = example.replace('["synthetic-a", "synthetic-b"]', repr(small_specs))
    assert repr(small_specs) in example
    monkeypatch.setenv("CCBENCH_CACHE", str(session_cache))
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "train_database" in printed
    assert (tmp_path / printed.strip().splitlines()[-1]).is_file()


def test_the_rendering_example_renders() -> None:
    namespace: dict[str, object] = {}
    exec(compile(blocks("docs/rendered.md", "python")[0], "docs/rendered.md", "exec"), namespace)
    assert namespace["portrait"].shape == (300, 240, 3)  # type: ignore[attr-defined]


def test_the_recipe_of_the_docs_is_one() -> None:
    from ccbench_plugins.rendered.recipe import read_recipe

    recipe = read_recipe(blocks("docs/rendered.md", "toml")[0], "docs/rendered.md")
    assert recipe.jitter.strength == (0.5, 1.0)


def test_the_pages_that_are_linked_exist() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_ci_calls_the_readme_s_test_command() -> None:
    pattern = re.search(r"grep -m1 '(.+?)' README.md", (ROOT / ".ci/run").read_text())
    assert pattern
    commands = [
        line
        for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
        if re.search(pattern[1], line)
    ]
    assert len(commands) == 1
    assert shutil.which("python")
    assert ccbench.__version__ in (ROOT / "CITATION.cff").read_text()
