"""From a run to a bundle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ccbench
from ccbench import atomic
from ccbench.bundles.archive import BUNDLE, SUFFIX, DamagedError, NoBundleError, pack, read, unpack
from ccbench.bundles.numbers import stated_numbers
from ccbench.bundles.public import LEFT_OUT, public_manifest, public_tables
from ccbench.bundles.tables import UnreadableError, read_manifest
from ccbench.exceptions import BundleError, RunError
from ccbench.results import MANIFEST, Run, table_bytes

if TYPE_CHECKING:
    import pandas as pd

    from ccbench.analysis.leaderboard import Submission

FORMAT = 3
"""Raised when bundles of before can no longer be read, or when a number is computed otherwise."""


def write_bundle(run: Run, out: Path | None = None) -> Path:
    """Write a run into one file, without photographs, names of people or of files.

    The same run gives the same bytes.

    Args:
        run: a finished run.
        out: the file; by default ``<name of the run>.ccb`` in the run directory.

    Returns:
        The file.

    Raises:
        RunError: a table is missing or damaged.
        BundleError: the run would be rejected, or the file is something else or cannot be
            written.
    """
    path = out if out is not None else run.path / f"{run.path.resolve().name}{SUFFIX}"
    _refuse_work(path, run)
    data = bundle_bytes(run)
    _refuse_rejected(data, run)
    try:
        atomic.write_bytes(path, data)
    except OSError as error:
        raise BundleError(
            f"cannot write {path}: {error.strerror or error}; give a file you can write with --out"
        ) from None
    return path


def _refuse_rejected(data: bytes, run: Run) -> None:
    """Refuse a run that nobody would accept, here and not where it was sent to."""
    from ccbench.bundles.verification import verify_bundle

    faults = verify_bundle(data, str(run.path)).faults
    if faults:
        raise BundleError(
            f"the run in {run.path} would be rejected: {faults[0].what} – no: {faults[0].detail}; "
            f"start it again, it resumes"
        )


def _refuse_work(path: Path, run: Run) -> None:
    """Refuse to replace what is no bundle of this run, which would not be made again."""
    if path.is_dir():
        raise BundleError(f"{path} is a folder; give the name of a file with --out")
    if path.exists() and not path.is_file():
        # A pipe would be waited for, for ever.
        raise BundleError(f"{path} is a device or a pipe; give the name of a file with --out")
    try:
        members = unpack(read(path))
    except FileNotFoundError:
        return
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror or error}") from None
    except NoBundleError:
        raise BundleError(
            f"{path} is there already and is no bundle; give another file with --out"
        ) from None
    except DamagedError:
        # What is left of a bundle is nobody's work.
        return
    # In its own folder lies what the run was before it was started with other options.
    own = path.resolve().parent == run.path.resolve()
    if not own and _request(members.get(MANIFEST, b"")) != public_run(run)[0]["request"]:
        raise BundleError(
            f"{path} is there already and is the bundle of another run; give another file with "
            f"--out"
        )


def _request(manifest: bytes) -> Any:
    """Return what the run of a bundle was asked for; ``None`` if that cannot be read."""
    try:
        return json.loads(manifest)["request"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def bundle_bytes(run: Run) -> bytes:
    """Return a run as the bytes of a bundle."""
    from ccbench.analysis.leaderboard import measure

    manifest, tables = public_run(run)
    members = {f"{name}.parquet": table_bytes(frame) for name, frame in tables.items()}
    members[MANIFEST] = as_json(manifest)
    numbers = stated_numbers(measure(submission("", manifest, tables)))
    members[BUNDLE] = as_json(describe(members, numbers))
    return pack(members)


def public_run(run: Run) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return manifest and tables of a run without names of people and of files.

    Raises:
        RunError: a table is missing or damaged, or the manifest or a table is of another form.
        BundleError: a photograph or poser of one table is not in the table of photographs.
    """
    try:
        return read_manifest(as_json(public_manifest(run))), public_tables(run)
    except (
        LookupError, TypeError, AttributeError, ValueError, StopIteration, UnreadableError
    ) as error:  # fmt: skip
        reason = f"{error}" if isinstance(error, UnreadableError) else f"{error!r}"
        raise RunError(
            f"the manifest or a table in {run.path} is of another form: {reason}; start the run "
            f"again, it resumes"
        ) from None


def describe(members: Mapping[str, bytes], numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of ``bundle.json``."""
    return {
        "format": FORMAT,
        "ccbench": ccbench.__version__,
        "members": {name: digest(data) for name, data in sorted(members.items())},
        "left_out": list(LEFT_OUT),
        "numbers": numbers,
    }


def submission(
    name: str, manifest: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]
) -> Submission:
    """Return what a leaderboard needs of public tables."""
    import pandas as pd

    from ccbench.analysis.leaderboard import Submission
    from ccbench.results import RESPONSE_COLUMNS

    photographs = tables["photographs"]
    return Submission(
        name=name,
        manifest=manifest,
        predictions=tables["predictions"],
        responses=tables.get("responses", pd.DataFrame(columns=list(RESPONSE_COLUMNS))),
        posers={
            str(database): tuple(sorted(set(part["poser"])))
            for database, part in photographs.groupby("database", sort=False)
        },
    )


def digest(data: bytes) -> str:
    """Return the SHA-256 of a member."""
    return hashlib.sha256(data).hexdigest()


def as_json(value: Mapping[str, Any]) -> bytes:
    """Return JSON; equal values give equal bytes."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
