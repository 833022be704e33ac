"""Which pictures of a sequence stand for it: its neutral start, and its expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ccbench.exceptions import DatasetError
from ccbench.samples import folded
from ccbench_registry import Frames


@dataclass(frozen=True)
class Named:
    """A photograph and what its name says.

    Attributes:
        path: the file.
        columns: free columns.
        label: the database's own code or word of the expression.
        word: the expression where it is known in words, whatever the code; "" otherwise.
    """

    path: Path
    columns: dict[str, str]
    label: str
    word: str = field(default="")


def choose_frames(
    photographs: Sequence[Named], spec: Frames, groups: Sequence[str]
) -> tuple[list[Named], str]:
    """Take the pictures of sequences that show something definite.

    Args:
        photographs: pictures of all sequences.
        spec: which to take.
        groups: columns that come from the names; those but the number tell sequences apart.

    Returns:
        The pictures, and a warning about sequences without a neutral start, or "".

    Raises:
        DatasetError: a picture without a number.
    """
    names = [name for name in groups if name not in {"expression", spec.column}]
    sequences: dict[tuple[str, ...], list[tuple[int, Named]]] = {}
    for photograph in photographs:
        rest = [folded(photograph.columns[name]) for name in names]
        key = (str(photograph.path.parent), photograph.label, *rest)
        try:
            number = int(photograph.columns[spec.column])
        except ValueError:
            raise DatasetError(
                f"{photograph.path}: '{photograph.columns[spec.column]}' is no number of a "
                f"picture; the pattern's group '{spec.column}' has to be digits, \\d+, always"
            ) from None
        sequences.setdefault(key, []).append((number, photograph))
    chosen, headless = [], 0
    for frames in sequences.values():
        frames.sort(key=lambda frame: (frame[0], frame[1].path))
        # A sequence of which only late pictures were kept starts with no neutral face.
        starts = frames[0][0] <= 1
        if spec.first and starts:
            first = frames.pop(0)[1]
            chosen.append(Named(first.path, first.columns, first.label, spec.first))
        headless += bool(spec.first) and not starts
        if frames:
            chosen.append(_expressive(frames, spec.nearest))
    warning = ""
    if headless:
        warning = (
            f"{headless} of {len(sequences)} sequences lack their first picture (number 0 or 1), "
            f"so they give no {spec.first} photograph"
        )
    return chosen, warning


def _expressive(frames: Sequence[tuple[int, Named]], nearest: int | None) -> Named:
    if nearest is None:
        return frames[-1][1]
    return min(frames, key=lambda frame: (abs(frame[0] - nearest), frame[0]))[1]
