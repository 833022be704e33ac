"""The error of this plugin."""

from __future__ import annotations

from ccbench.exceptions import CcbenchError


class RenderError(CcbenchError):
    """What was asked for cannot be rendered: action unit, intensity, size or recipe."""
