"""What is wrong with a plugin, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        problem: what, with the place in the plugin's code where it is known.
        remedy: what to do.
    """

    problem: str
    remedy: str
