"""How a run tells what it is doing."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Told what is running; the command line draws progress bars from it."""

    def stage(self, name: str, total: int) -> None:
        """Begin a stage of ``total`` units; the one before has ended."""

    def advance(self, amount: float, detail: str = "") -> None:
        """Count ``amount`` more units as done; ``detail`` says which is running."""

    def note(self, sentence: str) -> None:
        """Tell the user a sentence."""


class Silent:
    """An observer that says nothing."""

    def stage(self, name: str, total: int) -> None:
        """Ignore it."""

    def advance(self, amount: float, detail: str = "") -> None:
        """Ignore it."""

    def note(self, sentence: str) -> None:
        """Ignore it."""


class TaskProgress:
    """Turns (task index, fraction done) into units of the current stage.

    Args:
        observer: told the differences.
        details: what each task is.
    """

    def __init__(self, observer: Observer, details: list[str]) -> None:
        self._observer = observer
        self._details = details
        self._done = [0.0] * len(details)

    def __call__(self, index: int, fraction: float) -> None:
        """Report that a task is done so far."""
        if fraction > self._done[index]:
            self._observer.advance(fraction - self._done[index], self._details[index])
            self._done[index] = fraction
