"""Runs for a leaderboard, from run directories and from bundles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ccbench.bundles.archive import SUFFIX, read
from ccbench.bundles.verification import printable, verify_bundle
from ccbench.bundles.writing import public_run, submission
from ccbench.exceptions import BundleError
from ccbench.results import open_run

if TYPE_CHECKING:
    from ccbench.analysis.leaderboard import Measured


def open_measured(paths: Sequence[str | Path]) -> list[Measured]:
    """Open run directories and bundles, and measure them; a bundle is verified first.

    Raises:
        RunError: a run directory that cannot be read.
        BundleError: a file that is no bundle, or one that is rejected, with the first reason.
    """
    return [_open(Path(path)) for path in paths]


def _open(path: Path) -> Measured:
    from ccbench.analysis.leaderboard import measure

    if path.is_dir() or not (path.exists() or path.suffix == SUFFIX):
        run = open_run(path)
        name = path.resolve().name
        return measure(submission(printable(name), *public_run(run)))
    verdict = verify_bundle(read_bundle(path), path.name)
    if not verdict.accepted or verdict.measured is None:
        fault = verdict.faults[0]
        raise BundleError(
            f"{path} is rejected: {fault.what} – no: {fault.detail}; for all of it: ccbench verify "
            f"{path}"
        )
    measured = verdict.measured
    return replace(measured, submission=replace(measured.submission, name=printable(path.stem)))


def read_bundle(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        BundleError: there is none, or it cannot be read.
    """
    try:
        return read(path)
    except FileNotFoundError:
        raise BundleError(f"no such file: {path}") from None
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror or error}") from None
