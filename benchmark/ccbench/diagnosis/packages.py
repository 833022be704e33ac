"""What is wrong with the packages of plugins: requirements, and installations out of date."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from packaging.requirements import InvalidRequirement, Requirement

from ccbench.diagnosis.findings import Finding
from ccbench.plugins.entries import GROUP


def check_requirements(distribution: Distribution) -> Iterator[Finding]:
    """Yield the requirements of a distribution that what is installed does not meet."""
    for text in distribution.requires or []:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        needed = f"{requirement.name}{requirement.specifier}"
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            yield Finding(f"it needs {needed}, which is not installed", f"pip install '{needed}'")
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            yield Finding(
                f"it needs {needed}, and {requirement.name} {installed} is installed",
                f"pip install '{needed}', or a version of {distribution.name} that goes with "
                f"{requirement.name} {installed}",
            )


def check_installations(folder: Path) -> Iterator[tuple[str, Finding]]:
    """Yield the packages whose source folder declares other plugins than are installed.

    Args:
        folder: where the user is; a package in it that is not installed at all is found too.

    Yields:
        Name of the distribution, and what is wrong.
    """
    for distribution in distributions():
        source = _source(distribution)
        if distribution.name is None or source is None:
            continue
        where, editable = source
        declared = _declared(where)
        if declared is None:
            continue
        installed = {
            entry.name: entry.value for entry in distribution.entry_points.select(group=GROUP)
        }
        option = "-e " if editable else ""
        again = f"install it again: pip install {option}{shlex.quote(str(where))}"
        for name in sorted(set(declared) | set(installed)):
            if name not in installed:
                problem = f"its pyproject.toml has the plugin '{name}', which is not installed yet"
            elif name not in declared:
                problem = f"its pyproject.toml no longer has the plugin '{name}'"
            elif declared[name] != installed[name]:
                problem = (
                    f"its pyproject.toml names '{declared[name]}' for the plugin '{name}', the "
                    f"installation '{installed[name]}'"
                )
            else:
                continue
            yield distribution.name, Finding(problem, again)
    yield from _not_installed(folder)


def _not_installed(folder: Path) -> Iterator[tuple[str, Finding]]:
    declared = _declared(folder)
    name = _project(folder).get("name")
    if not declared or not isinstance(name, str) or not name:
        return
    try:
        version(name)
    except PackageNotFoundError:
        yield (
            name,
            Finding(
                f"the package in this folder has the plugin{'s' * (len(declared) > 1)} "
                f"{', '.join(sorted(declared))} and is not installed",
                "pip install -e .",
            ),
        )


def _source(distribution: Distribution) -> tuple[Path, bool] | None:
    """Return the folder that a distribution was installed from, and whether it is editable."""
    try:
        told = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return None
    if not (isinstance(told, dict) and isinstance(told.get("dir_info"), dict)):
        return None
    address = urlsplit(str(told.get("url", "")))
    if address.scheme != "file":
        return None
    editable = bool(told["dir_info"].get("editable"))
    return Path(url2pathname(unquote(address.path))), editable


def _declared(folder: Path) -> Mapping[str, str] | None:
    """Return the plugins that a folder's pyproject.toml declares; ``None`` without one."""
    project = _project(folder)
    dynamic = project.get("dynamic")
    if not project or (isinstance(dynamic, list) and "entry-points" in dynamic):
        return None
    plugins: object = project.get("entry-points")
    plugins = plugins.get(GROUP) if isinstance(plugins, dict) else None
    # What is of another type no installer takes; that is theirs to say.
    return (
        {name: value for name, value in plugins.items() if isinstance(value, str)}
        if isinstance(plugins, dict)
        else {}
    )


def _project(folder: Path) -> Mapping[str, Any]:
    try:
        read = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    project = read.get("project")
    return project if isinstance(project, dict) else {}
