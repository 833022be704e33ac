"""What a run tells, and what it leaves in the cache."""

from __future__ import annotations

from pathlib import Path


class Heard:
    """An observer that keeps what it is told.

    Attributes:
        stages: names and units promised, in order.
        done: units done of each stage.
        details: which units.
        sentences: for the user.
    """

    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []
        self.done: list[float] = []
        self.details: set[str] = set()
        self.sentences: list[str] = []

    def stage(self, name: str, total: int) -> None:
        self.stages.append((name, total))
        self.done.append(0.0)

    def advance(self, amount: float, detail: str = "") -> None:
        self.done[-1] += amount
        self.details.add(detail)

    def note(self, sentence: str) -> None:
        self.sentences.append(sentence)


def entries(cache: Path, kind: str) -> dict[str, int]:
    """Return the finished entries of a kind, with the time each was written."""
    found = cache.glob(f"{kind}/*/[0-9a-f]*/entry.json")
    return {path.parent.name: path.stat().st_mtime_ns for path in found}
