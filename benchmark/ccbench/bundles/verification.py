"""Whether a bundle is whole, consistent, and states the numbers that its tables give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ccbench.bundles.archive import BUNDLE, DamagedError, NoBundleError, unpack
from ccbench.bundles.checks import CHECKS, FIRST
from ccbench.bundles.numbers import agree, stated_numbers, written
from ccbench.bundles.public import expected_tables
from ccbench.bundles.tables import UnreadableError, read_manifest, read_member, strict_json
from ccbench.bundles.writing import FORMAT, digest, submission
from ccbench.exceptions import BundleError
from ccbench.results import MANIFEST

if TYPE_CHECKING:
    import pandas as pd

    from ccbench.analysis.leaderboard import Measured

_LONGEST = 1000
_LONGEST_VERSION = 40
"""Signs of what a bundle says that are printed."""


@dataclass(frozen=True)
class Line:
    """One thing that was verified.

    Attributes:
        section: "file", "tables" or "numbers".
        what: was verified.
        holds: whether it does.
        detail: the numbers, or what is wrong.
    """

    section: str
    what: str
    holds: bool
    detail: str = ""

    def __post_init__(self) -> None:
        """Write what strangers say so that it cannot pass for something else on a terminal."""
        object.__setattr__(self, "what", printable(self.what))
        object.__setattr__(self, "detail", printable(self.detail))


def printable(text: str) -> str:
    r"""Return text without signs that a terminal obeys, and not too much of it.

    >>> print(printable("own rate\nAccepted: all 90 lines hold.\x1b[2J"))
    own rate\nAccepted: all 90 lines hold.\x1b[2J
    """
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(s if s.isprintable() else repr(s)[1:-1] for s in cut)


@dataclass(frozen=True, eq=False)
class Verdict:
    """What came out.

    Attributes:
        lines: in the order verified.
        measured: the run, where its tables could be read.
    """

    lines: tuple[Line, ...]
    measured: Measured | None = None

    @property
    def accepted(self) -> bool:
        """Whether everything holds."""
        return all(line.holds for line in self.lines)

    @property
    def faults(self) -> tuple[Line, ...]:
        """What does not hold."""
        return tuple(line for line in self.lines if not line.holds)


class _RejectedError(Exception):
    """Nothing more can be verified."""


def verify_bundle(data: bytes, name: str) -> Verdict:
    """Verify a bundle: its members, their consistency, and every number computed again.

    Args:
        data: the file.
        name: of the run, and of the file in messages.

    Raises:
        BundleError: the file is no bundle, or one of a newer ccbench.
    """
    lines: list[Line] = []
    try:
        members, stated = _members(data, name, lines)
        manifest = _manifest(members, lines)
        tables = _tables(members, manifest, lines)
        _check(manifest, tables, lines)
        measured = _numbers(name, manifest, tables, stated, lines)
    except _RejectedError:
        return Verdict(tuple(lines))
    return Verdict(tuple(lines), measured)


def _members(data: bytes, name: str, lines: list[Line]) -> tuple[dict[str, bytes], Any]:
    try:
        members = unpack(data)
    except NoBundleError:
        raise BundleError(f"{name} is no bundle; make one with: ccbench bundle RUN") from None
    except DamagedError as error:
        raise _stop(lines, "file", "the file is whole", str(error)) from None
    lines.append(Line("file", "the file is whole", holds=True))
    try:
        described = strict_json(members[BUNDLE])
        version, hashes, stated = (described[key] for key in ("format", "members", "numbers"))
        if not (isinstance(hashes, dict) and isinstance(stated, dict)):
            raise TypeError("members and numbers are to be named")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"{BUNDLE} describes the bundle"
        raise _stop(lines, "file", what, f"{type(error).__name__}: {error}") from None
    if version != FORMAT:
        wrote = printable(f"{described.get('ccbench')}"[:_LONGEST_VERSION])
        older = isinstance(version, int) and version < FORMAT
        advice = "pack its run again" if older else f"install ccbench {wrote}, which wrote it"
        raise BundleError(
            f"{name} is a bundle of format {printable(f'{version}'[:_LONGEST_VERSION])}, this "
            f"ccbench reads format {FORMAT}; {advice}"
        )
    for member in sorted({*hashes, *members} - {BUNDLE}):
        fault = ""
        if member not in members:
            fault = "it is missing"
        elif member not in hashes:
            fault = f"it is not listed in {BUNDLE}"
        elif digest(members[member]) != hashes[member]:
            fault = "it was changed after bundling (SHA-256 differs)"
        lines.append(Line("file", f"{member} is as bundled", not fault, fault))
    return members, stated


def _manifest(members: Mapping[str, bytes], lines: list[Line]) -> dict[str, Any]:
    what = f"{MANIFEST} is the manifest of a run"
    try:
        manifest = read_manifest(members.get(MANIFEST, b""))
    except UnreadableError as error:
        raise _stop(lines, "file", what, str(error)) from None
    lines.append(Line("file", what, holds=True))
    return manifest


def _tables(
    members: Mapping[str, bytes], manifest: Mapping[str, Any], lines: list[Line]
) -> dict[str, pd.DataFrame]:
    names = expected_tables(manifest)
    odd = sorted(members.keys() - {BUNDLE, MANIFEST, *(f"{name}.parquet" for name in names)})
    what = "there are no other members than those of a run"
    lines.append(Line("file", what, not odd, ", ".join(odd)))
    tables = {}
    for name in names:
        what = f"{name}.parquet is the table {name} of a run"
        try:
            tables[name] = read_member(name, members[f"{name}.parquet"])
        except KeyError:
            lines.append(Line("file", what, holds=False, detail="it is missing"))
        except UnreadableError as error:
            lines.append(Line("file", what, holds=False, detail=str(error)))
    if len(tables) < len(names):
        raise _RejectedError
    return tables


def _check(
    manifest: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], lines: list[Line]
) -> None:
    for what, check in CHECKS:
        try:
            fault = check(manifest, tables)
        except Exception as error:
            # Checks rely on each other: what an earlier one found may stop a later one.
            fault = f"it cannot be checked ({type(error).__name__}: {error})"
        lines.append(Line("tables", what, not fault, fault))
        if fault and check in FIRST:
            # Tables that do not even fit each other may ask for any amount of work.
            raise _RejectedError


def _numbers(
    name: str,
    manifest: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    stated: Mapping[str, Any],
    lines: list[Line],
) -> Measured:
    from ccbench.analysis.leaderboard import measure

    try:
        measured = measure(submission(name, manifest, tables))
        computed = stated_numbers(measured)
    except Exception as error:
        what = "the numbers can be computed"
        raise _stop(lines, "numbers", what, f"{type(error).__name__}: {error}") from None
    for what in dict.fromkeys((*computed, *stated)):
        here, there = computed.get(what), stated.get(what)
        if here is None:
            detail = "the bundle states it, the tables do not give it"
            lines.append(Line("numbers", what, holds=False, detail=detail))
        elif not isinstance(there, dict) or there.keys() != here.keys():
            detail = f"the bundle does not state it; it is {written(here)}"
            lines.append(Line("numbers", what, holds=False, detail=detail))
        else:
            wrong = [key for key in here if not agree(there[key], here[key])]
            detail = written(here)
            if wrong:
                said = written({key: there[key] for key in wrong})
                detail = f"stated {said}; computed {written({key: here[key] for key in wrong})}"
            lines.append(Line("numbers", what, not wrong, detail))
    return measured


def _stop(lines: list[Line], section: str, what: str, fault: str) -> _RejectedError:
    lines.append(Line(section, what, holds=False, detail=fault))
    return _RejectedError()
