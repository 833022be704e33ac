"""The packages that ``ccbench plugins new`` writes: installed, they pass their own tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ccbench.exceptions import PluginError
from ccbench.scaffold import Names, names_of, write_package

DOCS = Path(__file__).parents[1] / "docs" / "plugins.md"
# timm's smallest network: what is tried are the package's files, not the network.
KINDS: Mapping[str, str | None] = {"dataset": None, "backbone": "test_vit", "probe": None}


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("faces", Names("faces", "ccbench-faces", "ccbench_faces", "Faces")),
        ("My_lab-2", Names("My_lab-2", "ccbench-my-lab-2", "ccbench_my_lab_2", "MyLab2")),
        # Neither a class nor a module may begin with a digit, and "class" is a keyword.
        ("3faces", Names("3faces", "ccbench-3faces", "ccbench_3faces", "Faces3faces")),
        ("class", Names("class", "ccbench-class", "ccbench_class", "Class")),
        ("true", Names("true", "ccbench-true", "ccbench_true", "FacesTrue")),
    ],
)
def test_names_follow_from_the_name(name: str, names: Names) -> None:
    assert names_of(name) == names
    assert names.package.isidentifier()
    assert names.words.isidentifier()


@pytest.mark.parametrize("name", ["", "-a", "a-", "a b", "a.b", "a/b", "émotions", "a\n", ".."])
def test_names_that_no_package_can_have(name: str) -> None:
    with pytest.raises(PluginError, match="cannot be the name of a plugin; use letters"):
        names_of(name)


@pytest.mark.parametrize(("name", "better"), [("ccbench-faces", "faces"), ("CCBench_x-y", "x-y")])
def test_the_prefix_is_not_doubled(name: str, better: str) -> None:
    with pytest.raises(PluginError, match=f"'ccbench plugins new {better}'"):
        names_of(name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_has_no_name_that_its_module_needs(kind: str, tmp_path: Path) -> None:
    import ast

    write_package(names_of("plain"), kind, tmp_path / "plain")
    imported = {
        alias.name
        for file in (tmp_path / "plain" / "src").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name != "Plain"
    }
    assert "Path" in imported
    assert imported.isdisjoint({names_of(name).words for name in imported})


def test_a_folder_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PluginError, match=r"cannot write to .*; give another folder"):
        write_package(names_of("faces"), "probe", tmp_path / "file" / "inside")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    written = write_package(names_of("faces"), "dataset", tmp_path / "out")
    assert written.files
    assert all((tmp_path / "out" / file).is_file() for file in written.files)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_is_left_of_the_templates(tmp_path: Path, kind: str) -> None:
    written = write_package(names_of("3-lab"), kind, tmp_path / "out")
    for file in written.files:
        text = (tmp_path / "out" / file).read_text(encoding="utf-8")
        assert not re.search(r"{%|(?<!\$){{", text), file
        assert "\n\n\n\n" not in text
        assert not text or (text.endswith("\n") and not text.endswith("\n\n")), file
        if file.suffix == ".py":
            compile(text, str(file), "exec")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a folder with a package of each kind, and one that pip installed them into."""
    root, site = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("site")
    for kind, model in KINDS.items():
        write_package(names_of(f"new-{kind}"), kind, root / kind, model=model)
    options = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", site)
    folders = [root / kind for kind in KINDS]
    command = [sys.executable, "-m", "pip", "install", *options, *folders]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return root, site


@pytest.mark.parametrize("kind", KINDS)
def test_the_package_passes_its_own_tests(installed: tuple[Path, Path], kind: str) -> None:
    root, site = installed
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=root / kind,
        env={**os.environ, "PYTHONPATH": path, "CCBENCH_STRICT_PLUGINS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counted = re.search(r"(\d+) passed", done.stdout)
    assert counted
    assert int(counted[1]) >= 4
    assert "skipped" not in done.stdout


@pytest.mark.parametrize(
    ("kind", "name"), [("dataset", "myfaces"), ("backbone", "mynet"), ("probe", "myunits")]
)
def test_the_docs_show_the_packages_as_they_are_written(
    tmp_path: Path, kind: str, name: str
) -> None:
    write_package(names_of(name), kind, tmp_path / "out")
    page = DOCS.read_text(encoding="utf-8")
    shown = re.findall(rf"`(\S*{name}/\S+)`:\n\n```\w+\n(.*?)```", page, re.S)
    assert len(shown) >= 2
    for file, text in shown:
        inside = file.partition("/")[2]
        assert text == (tmp_path / "out" / inside).read_text(encoding="utf-8"), file
