"""Rendered faces: an open series of action units, and databases whose truth is known.

>>> from ccbench_plugins.rendered import average_identity, render
>>> render(average_identity(), {12: 0.8, 6: 0.5}, size=64).shape
(64, 64, 3)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ccbench import hookimpl
from ccbench.hookspecs import RegisterDataset, RegisterProbe
from ccbench_plugins.rendered.errors import RenderError
from ccbench_plugins.rendered.probe import RenderedSeries
from ccbench_plugins.rendered.synthetic import BUNDLED, FAMILY, bundled

if TYPE_CHECKING:
    import click

    from ccbench_plugins.rendered.action_units import MOVEMENTS
    from ccbench_plugins.rendered.identity import (
        Identity,
        Prior,
        average_identity,
        draw_identity,
    )
    from ccbench_plugins.rendered.renderer import render
    from ccbench_plugins.rendered.scene import Background, Camera, Light

__all__ = [
    "MOVEMENTS",
    "Background",
    "Camera",
    "Identity",
    "Light",
    "Prior",
    "RenderError",
    "average_identity",
    "draw_identity",
    "render",
]

# Rendering imports OpenCV and SciPy, which "ccbench --help" does without.
_LATER = {
    "MOVEMENTS": "action_units",
    "Background": "scene",
    "Camera": "scene",
    "Identity": "identity",
    "Light": "scene",
    "Prior": "identity",
    "average_identity": "identity",
    "draw_identity": "identity",
    "render": "renderer",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)


@hookimpl
def ccbench_register_datasets(register: RegisterDataset) -> None:
    """Register the rendered databases and the builder."""
    for name in BUNDLED:
        register(bundled(name))
    register(FAMILY)


@hookimpl
def ccbench_register_probes(register: RegisterProbe) -> None:
    """Register ``rendered-au``."""
    register(RenderedSeries())


@hookimpl
def ccbench_register_commands(cli: click.Group) -> None:
    """Register ``ccbench datasets mimic``."""
    from ccbench_plugins.rendered.mimic import mimic

    cli.add_command(mimic, "datasets mimic")
