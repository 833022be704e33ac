"""The hooks a plugin may implement.  Their docstrings are the reference.

A plugin is a module (or object) named by an entry point of the group ``ccbench``::

    [project.entry-points.ccbench]
    mylab = "mylab_ccbench"

Each hook receives a ``register`` callable (or the click group) and returns nothing.
Importing a plugin must not import torch: ``ccbench --help`` imports every plugin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pluggy

from ccbench.interfaces import Backbone, Dataset, Family, Probe

if TYPE_CHECKING:
    from pathlib import Path

    import click

PROJECT = "ccbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class RegisterDataset(Protocol):
    """Takes a dataset, or a family of them; its card's name (the prefix) is its name."""

    def __call__(self, dataset: Dataset | Family[Dataset], /) -> None:
        """Register it."""


class RegisterBackbone(Protocol):
    """Takes a backbone, or a family of them; its card's name (the prefix) is its name."""

    def __call__(self, backbone: Backbone | Family[Backbone], /) -> None:
        """Register it."""


class RegisterProbe(Protocol):
    """Takes a probe, or a family of them; its card's name (the prefix) is its name."""

    def __call__(self, probe: Probe | Family[Probe], /) -> None:
        """Register it."""


@hookspec
def ccbench_register_datasets(register: RegisterDataset) -> None:
    """Register datasets.

    Call ``register(dataset)`` once for each; see :class:`ccbench.interfaces.Dataset`.
    A database whose file names carry its labels needs no class: register
    ``ccbench.datasets.PatternDataset(card)`` with a card that has a ``[files]`` table.
    Two datasets of one name are refused, naming both packages.
    """


@hookspec
def ccbench_register_backbones(register: RegisterBackbone) -> None:
    """Register backbones.

    Call ``register(backbone)`` once for each; see
    :class:`ccbench.interfaces.Backbone`.  Import torch inside ``load``, not at the top.
    A ``Family`` registers every network behind a prefix, as ``timm:`` does.
    """


@hookspec
def ccbench_register_probes(register: RegisterProbe) -> None:
    """Register probes.

    Call ``register(probe)`` once for each; see :class:`ccbench.interfaces.Probe`.
    """


@hookspec
def ccbench_register_commands(cli: click.Group) -> None:
    """Add commands to ``ccbench``.

    Decorate functions with ``@cli.command()``; ``@cli.command("datasets NAME")`` makes
    ``ccbench datasets NAME``.  A command that would replace one of ccbench's own or another
    plugin's is refused.
    """


@hookspec
def ccbench_run_finished(run: Path) -> None:
    """Act on a finished run.

    ``run`` is the run directory: ``manifest.json`` and the Parquet tables are written,
    ``report.html`` comes after.  Open it with ``ccbench.open_run(run)``.  An exception
    raised here is reported on stderr and does not undo the run.
    """
