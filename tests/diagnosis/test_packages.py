"""Packages whose requirements are not met, or whose installation is older than their source."""

from __future__ import annotations

import json
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccbench.diagnosis.packages import check_installations, check_requirements

if TYPE_CHECKING:
    from tests.conftest import Install

PYPROJECT = """\
[project]
name = "{name}"
version = "1.0"
[project.entry-points.ccbench]
{plugins}
"""


def source(folder: Path, name: str, **plugins: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(f'{plugin} = "{module}"' for plugin, module in plugins.items())
    (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name, plugins=lines))
    return folder


def from_folder(site: Path, name: str, folder: Path, *, editable: bool) -> None:
    told = {"url": folder.as_uri(), "dir_info": {"editable": True} if editable else {}}
    metadata = site / f"{name.replace('-', '_')}-1.0.dist-info"
    (metadata / "direct_url.json").write_text(json.dumps(told))


def installations(name: str, folder: Path) -> list[tuple[str, str]]:
    return [(f.problem, f.remedy) for who, f in check_installations(folder) if who == name]


@pytest.mark.parametrize("editable", [True, False])
def test_a_plugin_that_was_added_after_the_installation(
    site: Path, install: Install, tmp_path: Path, editable: bool
) -> None:
    folder = source(tmp_path / "my lab", "my-lab", one="one_x", two="two_x")
    install(site, "my-lab", {"one": "one_x"}, one_x="")
    from_folder(site, "my-lab", folder, editable=editable)
    ((problem, remedy),) = installations("my-lab", tmp_path)
    assert problem == "its pyproject.toml has the plugin 'two', which is not installed yet"
    option = "-e " if editable else ""
    assert remedy == f"install it again: pip install {option}'{folder}'"


def test_a_plugin_that_was_removed_or_moved(site: Path, install: Install, tmp_path: Path) -> None:
    folder = source(tmp_path / "lab", "lab", kept="kept_x", moved="new_x")
    install(site, "lab", {"kept": "kept_x", "moved": "old_x", "gone": "gone_x"})
    from_folder(site, "lab", folder, editable=True)
    assert [problem for problem, _ in installations("lab", tmp_path)] == [
        "its pyproject.toml no longer has the plugin 'gone'",
        "its pyproject.toml names 'new_x' for the plugin 'moved', the installation 'old_x'",
    ]


def test_an_installation_that_is_up_to_date(site: Path, install: Install, tmp_path: Path) -> None:
    folder = source(tmp_path / "lab", "lab", one="one_x")
    install(site, "lab", {"one": "one_x"})
    from_folder(site, "lab", folder, editable=True)
    assert installations("lab", folder) == []


def test_a_package_in_this_folder_that_is_not_installed(tmp_path: Path) -> None:
    folder = source(tmp_path / "lab", "lab-faces", one="one_x", two="two_x")
    ((problem, remedy),) = installations("lab-faces", folder)
    assert problem == "the package in this folder has the plugins one, two and is not installed"
    assert remedy == "pip install -e ."


@pytest.mark.parametrize(
    "text", ["not TOML", '[project]\nname = "x"\ndynamic = ["entry-points"]\n', ""]
)
def test_a_folder_that_says_nothing_about_plugins(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert installations("x", tmp_path) == []


def test_requirements_that_are_not_met(site: Path, install: Install) -> None:
    install(site, "asking", {"asking": "asking_x"})
    metadata = site / "asking-1.0.dist-info" / "METADATA"
    wanted = (
        "ccbench>=99",
        "no-such-thing>=2",
        "numpy",
        'no-such-other; extra == "test"',
        'no-such-other; python_version < "3"',
    )
    metadata.write_text(metadata.read_text() + "".join(f"Requires-Dist: {w}\n" for w in wanted))
    version, missing = check_requirements(distribution("asking"))
    assert version.problem.startswith("it needs ccbench>=99, and ccbench 0.")
    assert "a version of asking that goes with ccbench 0." in version.remedy
    assert missing.problem == "it needs no-such-thing>=2, which is not installed"
    assert missing.remedy == "pip install 'no-such-thing>=2'"


@pytest.mark.parametrize(
    "text",
    [
        "project = 5",
        '[project]\nname = "x"\nentry-points = "ccbench"',
        '[project]\nname = "x"\ndynamic = 5',
        '[project]\nname = "x"\n[project.entry-points]\nccbench = ["a"]',
        '[project]\nname = "x"\n[project.entry-points.ccbench]\na = 5',
        '[project]\nname = ""\n[project.entry-points.ccbench]\na = "b"',
    ],
)
def test_a_folder_whose_pyproject_no_installer_takes(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert not installations("x", tmp_path) + installations("", tmp_path)


@pytest.mark.parametrize("text", ["[]", "5", '{"url": "file:///x", "dir_info": "editable"}', "{"])
def test_an_installation_that_does_not_say_where_it_is_from(
    site: Path, install: Install, tmp_path: Path, text: str
) -> None:
    install(site, "my-lab", {"one": "one_x"}, one_x="")
    (site / "my_lab-1.0.dist-info" / "direct_url.json").write_text(text)
    assert installations("my-lab", tmp_path) == []
