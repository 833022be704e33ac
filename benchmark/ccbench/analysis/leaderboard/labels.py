"""Names on a leaderboard: one name for one thing, whatever the labs call it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import ascii_uppercase

from ccbench.analysis.leaderboard.submissions import Submission

_DIGITS = 8
"""Of a hash, enough to tell things apart on one board."""


class Labels:
    """Labels of backbones, databases and probes, apart where one name has several contents.

    Args:
        submissions: all runs of the board.
    """

    def __init__(self, submissions: Sequence[Submission]) -> None:
        self._weights = _several(
            (run.request["backbone"], run.request["weights"]) for run in submissions
        )
        self._contents = _several(
            pair for run in submissions for pair in run.request["contents"].items()
        )
        self._probes = _several(
            pair for run in submissions for pair in run.request.get("probes", {}).items()
        )
        self.notes = tuple(self._note(name, submissions) for name in self._contents)

    def backbone(self, run: Submission) -> str:
        """Return e.g. "alexnet", or "alexnet (weights 03d5632d)"."""
        name, weights = str(run.request["backbone"]), str(run.request["weights"])
        return f"{name} (weights {weights[:_DIGITS]})" if name in self._weights else name

    def database(self, run: Submission, name: str) -> str:
        """Return e.g. "kdef", or "kdef (photographs B)"."""
        if not self.several(name):
            return name
        return f"{name} (photographs {self._letter(name, run.request['contents'][name])})"

    def probe(self, run: Submission, name: str) -> str:
        """Return e.g. "rendered-au", or "rendered-au (images 0cb63eac)"."""
        digest = str(run.request["probes"][name])
        return f"{name} (images {digest[:_DIGITS]})" if name in self._probes else name

    def several(self, database: str) -> bool:
        """Whether runs have different photographs or labels under this name."""
        return database in self._contents

    def _letter(self, name: str, digest: str) -> str:
        # After Z the hash itself, which nobody will ever see.
        place = self._contents[name].index(digest)
        return ascii_uppercase[place] if place < len(ascii_uppercase) else digest[:_DIGITS]

    def _note(self, name: str, submissions: Sequence[Submission]) -> str:
        parts = []
        for digest in self._contents[name]:
            runs = [r.name for r in submissions if r.request["contents"].get(name) == digest]
            letter = self._letter(name, digest)
            parts.append(f"{letter} (contents {digest[:_DIGITS]}…) in {', '.join(runs)}")
        return (
            f"Runs have different photographs or labels under the name {name}: "
            f"{'; '.join(parts)}. Their rates are of different posers and are not pooled."
        )


def _several(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the names that come with more than one hash, and their hashes."""
    found: dict[str, list[str]] = {}
    for name, digest in pairs:
        if digest not in found.setdefault(name, []):
            found[name].append(digest)
    return {name: digests for name, digests in found.items() if len(digests) > 1}
