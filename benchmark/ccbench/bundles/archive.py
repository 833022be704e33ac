"""The file format: a zip archive whose bytes follow from its members.

Members are stored uncompressed (the tables are compressed already) with a fixed time, in a
fixed order, so that equal members give equal bytes on any machine, and any byte of the file
that belongs to no member is found by writing it again.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

BUNDLE = "bundle.json"
"""The first member: hashes of the others, and the numbers that were measured on them."""
SUFFIX = ".ccb"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAGIC = b"PK\x03\x04"
_NAME = 30
"""Where the name of the first member is in the file."""
START = _NAME + len(BUNDLE)
"""How many bytes tell a bundle from anything else."""


class NoBundleError(Exception):
    """A file that does not begin as a bundle does."""


class DamagedError(Exception):
    """A bundle that is cut short or holds more than its members; the message says what."""


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return the bytes of a bundle.

    Args:
        members: name -> content; :data:`BUNDLE` among them.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in (BUNDLE, *sorted(members.keys() - {BUNDLE})):
            entry = zipfile.ZipInfo(name, _EPOCH)
            # The same on every system.
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, members[name])
    return buffer.getvalue()


def begins(data: bytes) -> bool:
    """Whether a file, of which :data:`START` bytes are enough, begins as a bundle does."""
    return data.startswith(_MAGIC) and data[_NAME:START] == BUNDLE.encode()


def read(path: Path) -> bytes:
    """Return the bytes of a bundle; of anything else, a film or a device, its first ones.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(START)
        return start + file.read() if begins(start) else start


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the members of a bundle.

    Raises:
        NoBundleError: it never was one.
        DamagedError: it is cut short, or bytes were changed or added outside of its members.
    """
    if not begins(data):
        raise NoBundleError
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len({entry.filename for entry in entries}) < len(entries):
                raise DamagedError("it holds two members of one name")
            # What is compressed may unfold to any size.
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise DamagedError("it holds compressed members, which ccbench never writes")
            # And so may members that share their bytes.
            if sum(entry.file_size for entry in entries) > len(data):
                raise DamagedError("its members are larger than the file")
            members = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError) as error:
        reason = "" if "not a zip file" in str(error) else f" ({error})"
        raise DamagedError(f"it is cut short or damaged{reason}") from None
    if BUNDLE not in members or pack(members) != data:
        raise DamagedError("it holds bytes that ccbench would not have written")
    return members
