"""Why a plugin did not load: every entry point looked at on its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

from ccbench.diagnosis.findings import Finding
from ccbench.diagnosis.hooks import check_hooks
from ccbench.diagnosis.imports import distribution_name, explain_import, raised_in_it
from ccbench.diagnosis.packages import check_installations, check_requirements
from ccbench.exceptions import DuplicateNameError
from ccbench.plugins.blame import show_traceback
from ccbench.plugins.entries import distinct_entry_points, package
from ccbench.plugins.loading import call_hook, load_entry, no_plugins

if TYPE_CHECKING:
    import click

    from ccbench.plugins import Plugins


@dataclass(frozen=True)
class Patient:
    """An entry point that was looked at.

    Attributes:
        name: of the plugin.
        package: distribution that ships it, with version.
        provides: what it registered.
        findings: what is wrong with it.
    """

    name: str
    package: str
    provides: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Attributes:
        patients: one for each entry point.
        packages: distribution and what is wrong with it as a whole.
    """

    patients: tuple[Patient, ...]
    packages: tuple[tuple[str, Finding], ...]

    @property
    def problems(self) -> int:
        """How many things are wrong."""
        return len(self.packages) + sum(len(patient.findings) for patient in self.patients)


def diagnose(commands: click.Group, folder: Path) -> Diagnosis:
    """Load every plugin, and look for what keeps any from working.

    Args:
        commands: what plugins add their commands to; it refuses those that are taken.
        folder: where the user is; see :func:`ccbench.diagnosis.packages.check_installations`.
    """
    plugins = no_plugins()
    entries = distinct_entry_points()
    patients = []
    for entry in entries:
        before = len(plugins.found)
        findings = tuple(_examine(entry, entries, plugins, commands))
        provides = plugins.found[-1].provides if len(plugins.found) > before else ()
        patients.append(Patient(entry.name, package(entry), provides, findings))
    return Diagnosis(tuple(patients), tuple(_packages(entries, folder)))


def _examine(
    entry: EntryPoint, entries: Iterable[EntryPoint], plugins: Plugins, commands: click.Group
) -> Iterator[Finding]:
    rivals = [other for other in entries if other.name == entry.name and other is not entry]
    if rivals:
        names = [distribution_name(entry), distribution_name(rivals[0])]
        yield Finding(
            f"{package(rivals[0])} ships a plugin '{entry.name}' too, so that nothing is loaded",
            f"pip uninstall {' or '.join(name for name in names if name != 'ccbench')}",
        )
        return
    light = "torch" not in sys.modules
    try:
        module = entry.load()
    except (Exception, SystemExit) as error:
        show_traceback(error)
        yield explain_import(entry, error)
        return
    if light and "torch" in sys.modules:
        yield Finding(
            "importing it imports torch, which makes every command wait for seconds",
            "import torch, and what imports it, inside of functions",
        )
    unfit = list(check_hooks(module))
    yield from unfit
    if not unfit:
        yield from _register(entry, plugins, commands)


def _register(entry: EntryPoint, plugins: Plugins, commands: click.Group) -> Iterator[Finding]:
    try:
        plugin = load_entry(plugins, entry)
        if plugin.error:
            raise plugin.error
        call_hook(plugins, "ccbench_register_commands", entry.name, cli=commands)
    except DuplicateNameError as error:
        problem, _, remedy = str(error).partition("; ")
        yield Finding(problem, remedy)
    except (Exception, SystemExit) as error:
        show_traceback(error)
        yield raised_in_it(entry, error)


def _packages(entries: Iterable[EntryPoint], folder: Path) -> Iterator[tuple[str, Finding]]:
    shipping = {entry.dist.name: entry.dist for entry in entries if entry.dist}
    for name, distribution in sorted(shipping.items()):
        for finding in check_requirements(distribution):
            yield name, finding
    yield from check_installations(folder)


def strict_sentence() -> str:
    """Say what ``CCBENCH_STRICT_PLUGINS`` does at present."""
    from ccbench.plugins.entries import STRICT, strict_mode

    if strict_mode():
        return f"{STRICT}={os.environ[STRICT]}: a plugin that fails stops every command."
    return f"{STRICT} is not set: a plugin that fails is reported and left out."
