"""A figure with the words that go with it."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Illustration:
    """One figure of a report.

    Attributes:
        name: of its files, e.g. "figure3".
        title: a sentence.
        figure: what is drawn.
        caption: how to read it: databases, sample sizes, runs, what lines and bands are.
        alt: what somebody who cannot see it should know.
    """

    name: str
    title: str
    figure: Figure
    caption: str
    alt: str
