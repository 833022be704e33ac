"""How much memory there is for processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ccbench.processor import control_groups

PROCESS = 600 * 2**20
"""Bytes of a worker process before it has anything to do."""
_LIMIT_FILES = (
    ("memory.max", "memory.current"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes"),
)
"""Of control groups (containers, batch systems), versions 2 and 1: limit and use."""


def free_memory() -> int:
    """Return the bytes that this process and others of its group may still take."""
    import psutil

    available: int = psutil.virtual_memory().available
    return min([available, *_left_in_groups()])


def held_memory(processes: Sequence[int]) -> list[int]:
    """Return the bytes that each process has for itself.

    Args:
        processes: their numbers; those that are gone are left out.
    """
    import psutil

    held = []
    for number in processes:
        try:
            process = psutil.Process(number)
            try:
                held.append(int(process.memory_full_info().uss))
            except psutil.AccessDenied:
                # macOS tells the superuser only; what is shared counts twice then.
                held.append(int(process.memory_info().rss))
        except psutil.NoSuchProcess:
            continue
    return held


def room(free: int, held: Sequence[int]) -> int:
    """Return the bytes that worker processes may take in all.

    What those that are there already hold is not free, but they need not find it again.

    Args:
        free: bytes.
        held: by each process that is there.
    """
    return free + sum(min(each, PROCESS) for each in held)


def processes_at_once(wanted: int, held: Sequence[int] = ()) -> int:
    """Return how many processes memory allows, at most ``wanted`` and at least one.

    Args:
        wanted: how many are asked for.
        held: bytes that each process holds that is there already.
    """
    return max(1, min(wanted, room(free_memory(), held) // PROCESS))


def _left_in_groups() -> Iterator[int]:
    """Yield what each control group of this process leaves, from its own up to the root."""
    for folder in control_groups("memory"):
        for limit, used in _LIMIT_FILES:
            try:
                left = int((folder / limit).read_text()) - int((folder / used).read_text())
            except (OSError, ValueError):
                continue
            yield max(0, left + _reclaimable(folder))


def _reclaimable(folder: Path) -> int:
    """Return the bytes of files that a control group keeps in memory only as long as it can."""
    try:
        lines = (folder / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    stat = {name: int(value) for name, _, value in (line.partition(" ") for line in lines)}
    return sum(
        stat.get(f"total_{name}", stat.get(name, 0)) for name in ("inactive_file", "active_file")
    )
