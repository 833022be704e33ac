"""The house is as drawn: plugin folders, layers, and a light front door."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "torchvision", "timm", "pandas", "scipy", "pyarrow")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_plugin_folders_and_entry_points_agree(project: dict[str, Any]) -> None:
    declared: dict[str, str] = project["project"]["entry-points"]["ccbench"]
    installed = {
        entry.name: entry.value
        for entry in entry_points(group="ccbench")
        if entry.dist and entry.dist.name == "ccbench"
    }
    assert installed == declared, "install again: pip install -e ."
    folders = {
        f"ccbench_plugins.{path.parent.name}"
        for path in (ROOT / "plugins" / "ccbench_plugins").glob("*/__init__.py")
    }
    assert folders == set(declared.values())


def test_every_module_has_a_layer(project: dict[str, Any]) -> None:
    (contract,) = [
        contract
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == ["ccbench"]
    ]
    assert contract["exhaustive"] is True
    listed = [name.strip() for layer in contract["layers"] for name in layer.split(":")]
    assert len(listed) == len(set(listed))
    modules = {
        path.stem if path.is_file() else path.name
        for path in (ROOT / "benchmark" / "ccbench").iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    }
    assert set(listed) == modules


def test_only_the_three_packages_are_source_roots(project: dict[str, Any]) -> None:
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert all((ROOT / package / "__init__.py").is_file() for package in packages)
    roots = {str(Path(package).parent) for package in packages}
    assert roots == set(project["tool"]["hatch"]["build"]["dev-mode-dirs"])
    for root in roots:
        names = {p.name for p in (ROOT / root).iterdir() if any(p.glob("*.py"))}
        assert names == {Path(package).name for package in packages if package.startswith(root)}


@pytest.mark.parametrize(
    "code",
    [
        "import ccbench, ccbench.cli, ccbench_registry",
        # With all plugins loaded, as the list of commands needs them.
        "from ccbench.cli import cli; cli.main(['--help'], standalone_mode=False)",
        "from ccbench.cli import cli; cli.main(['datasets', 'list'], standalone_mode=False)",
        "from ccbench.cli import cli; cli.main(['datasets', 'show', 'krc'], standalone_mode=False)",
    ],
)
def test_the_front_door_imports_nothing_heavy(code: str) -> None:
    check = f"{code}; import sys; print('heavy:', *sorted(set(sys.modules) & {set(HEAVY)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy:"


def _seconds(*arguments: str) -> float:
    """Time a start of Python; waiting for a busy machine does not count."""
    start, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    waited, now = time.perf_counter() - start, os.times()
    computed = now.children_user + now.children_system
    computed -= before.children_user + before.children_system
    return min(waited, computed) if computed else waited


def test_help_answers_within_half_a_second() -> None:
    # One fast answer is enough.  On a slow machine Python itself takes its time to start: about
    # a sixth of what the help takes.
    plain = "import click, pluggy, importlib.metadata, json, pathlib"
    times: list[float] = []
    starts: list[float] = []
    while len(times) < 12 and (not times or min(times) >= max(0.5, 10 * min(starts))):
        times.append(_seconds("-m", "ccbench", "--help"))
        starts.append(_seconds("-c", plain))
    assert min(times) < max(0.5, 10 * min(starts)), (times, starts)
