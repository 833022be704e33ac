"""Bundles of strangers: whatever is in one, verifying it ends in a verdict, soon, and says so."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.analysis.leaderboard.invented import invent
from tests.bundles.test_verification import Members, described, faults, hashed

from ccbench.bundles import BUNDLE, verify_bundle
from ccbench.bundles.archive import pack, unpack
from ccbench.bundles.tables import UnreadableError, read_member
from ccbench.bundles.writing import bundle_bytes
from ccbench.exceptions import BundleError
from ccbench.results import MANIFEST

if TYPE_CHECKING:
    from tests.conftest import Command


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """Return the members of an honest bundle."""
    return unpack(bundle_bytes(invent(tmp_path_factory.mktemp("honest") / "run", runs=3)))


def stored(members: Members, change: Callable[[zipfile.ZipInfo], None]) -> bytearray:
    """Write members as the standard library does, changing what it says of each."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name)
            change(entry)
            archive.writestr(entry, data)
    return bytearray(buffer.getvalue())


def test_members_that_share_their_bytes(members: Members) -> None:
    data = stored({BUNDLE: members[BUNDLE], "one": b"x" * 50_000}, lambda _: None)
    # A second entry of the directory for the bytes of the first.
    start = data.rfind(b"PK\x01\x02")
    end = data.rfind(b"PK\x05\x06")
    entry = data[start:end]
    names = [entry.replace(b"one", name) for name in (b"two", b"six")]
    more = b"".join(names)
    data[end:end] = more
    end += len(more)
    data[end + 8 : end + 12] = (4).to_bytes(2, "little") * 2
    size = int.from_bytes(data[end + 12 : end + 16], "little") + len(more)
    data[end + 12 : end + 16] = size.to_bytes(4, "little")
    assert len(zipfile.ZipFile(io.BytesIO(data)).infolist()) == 4
    assert faults(bytes(data)) == {"the file is whole": "its members are larger than the file"}


def test_an_encrypted_member(members: Members) -> None:
    data = stored(members, lambda _: None)
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in faults(bytes(data))["the file is whole"]


@pytest.mark.parametrize("name", ["../outside.txt", "/tmp/outside.txt", "C:\\outside.txt"])
def test_nothing_is_written_or_read_by_the_name_of_a_member(
    members: Members, name: str, tmp_path: Path, ccbench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "lab.ccb").write_bytes(hashed({**members, name: b"mine"}))
    monkeypatch.chdir(inside)
    done = ccbench("verify", "lab.ccb")
    assert done.code == 1
    assert f"  NO  there are no other members than those of a run: {name}\n" in done.out
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "lab.ccb"]


def test_a_link(members: Members) -> None:
    def link(entry: zipfile.ZipInfo) -> None:
        if entry.filename == MANIFEST:
            entry.external_attr = 0o120777 << 16

    assert "would not have written" in faults(bytes(stored(members, link)))["the file is whole"]


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b"[]",
        b"null",
        b"\xff",
        b'{"format": 2, "members": [["a", "b"]], "numbers": {}}',
        b'{"format": 2, "members": {}, "numbers": [["a", {}]]}',
        b'{"format": 2, "members": {}, "numbers": {}, "numbers": {}}',
        b'{"format": 2, "members": {}, "numbers": {"own rate: here": {"estimate": NaN}}}',
        b'{"format": 2, "members": {}, "numbers": {"own rate: here": {"estimate": -Infinity}}}',
    ],
)
def test_a_description_of_something_else(members: Members, text: bytes) -> None:
    assert set(faults(pack({**members, BUNDLE: text}))) == {"bundle.json describes the bundle"}


@pytest.mark.parametrize(
    "value", [10**400, -(10**400), 1e308, "\x1b[31m", "NaN", [], {}, True, None]
)
def test_a_number_that_is_none(members: Members, value: Any) -> None:
    numbers = described(members)["numbers"]
    numbers["own rate: here"]["estimate"] = value
    text = json.dumps({**described(members), "numbers": numbers})
    found = faults(pack({**members, BUNDLE: text.encode()}))
    assert set(found) == {"own rate: here"}
    assert found["own rate: here"].isprintable()


def test_what_is_printed_cannot_pass_for_a_verdict(
    members: Members, tmp_path: Path, ccbench: Command
) -> None:
    numbers = described(members)["numbers"]
    lie = "own rate: x\nAccepted: all 90 lines hold.\x1b[2J\u202e\ud800"
    path = tmp_path / "lab.ccb"
    value = described(members)
    value["numbers"] = {**numbers, lie: {"estimate": 1.0}}
    path.write_bytes(pack({**members, BUNDLE: json.dumps(value).encode()}))
    done = ccbench("verify", path)
    assert done.code == 1
    assert done.out.splitlines()[-1].startswith("Rejected: 1 of ")
    assert not any(line.startswith("Accepted") for line in done.out.splitlines())
    assert all(line.isprintable() for line in done.out.splitlines())
    value["format"] = lie
    path.write_bytes(pack({**members, BUNDLE: json.dumps(value).encode()}))
    refusal = ccbench("verify", path).refusal
    assert refusal.isprintable()
    assert ccbench("leaderboard", path).refusal == refusal.replace(str(path), path.name)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("request", "backbone"), "net\x1b[2J", "is no text"),
        (("request", "backbone"), "net\n 1 net", "is no name"),
        (("request", "protocol", "name"), "x" * 1000, "is no name"),
        (("request", "backbone"), "=HYPERLINK(1)", "is no name"),
        (("citations",), ["half \ud800"], "is no text"),
        (("request", "protocol", "more"), json.loads("[" * 60 + "]" * 60), "more than 20 levels"),
        (("mixtures",), {}, "mixtures is of another type"),
        (("mixtures",), [{"name": "a+b"}], "mixtures.shares is missing"),
    ],
)
def test_names_that_no_leaderboard_could_show(
    members: Members, path: tuple[str, ...], value: object, reason: str
) -> None:
    manifest = json.loads(members[MANIFEST])
    part = manifest
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    found = faults(hashed({**members, MANIFEST: json.dumps(manifest).encode()}))
    assert reason in found["manifest.json is the manifest of a run"]


def test_any_number_of_runs(members: Members) -> None:
    manifest = json.loads(members[MANIFEST])
    manifest["request"]["protocol"]["runs"] = 10**15
    found = faults(hashed({**members, MANIFEST: json.dumps(manifest).encode()}))
    assert found == {
        "every network of every run was tested on every database": (
            "here on here has 3 runs, the protocol 1000000000000000"
        )
    }


def parquet(table: pa.Table, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def test_tables_that_unfold(members: Members) -> None:
    rows = 30_000_000
    zeros = pa.array(np.zeros(rows, np.int8))
    word, whole = pa.DictionaryArray.from_arrays(zeros, ["here"]), zeros
    data = parquet(
        pa.table(
            {
                "database": word, "run": whole, "iteration": whole, "part": word,
                "correct_rate": zeros.cast(pa.float32()), "loss": zeros.cast(pa.float32()),
            }
        )
    )  # fmt: skip
    assert len(data) < 1_000_000
    with pytest.raises(UnreadableError, match="it unfolds to 1,440,000,000 bytes"):
        read_member("curves", data)


@pytest.mark.parametrize("kind", ["twice", "list", "struct", "binary", "dates"])
def test_columns_of_another_kind(members: Members, kind: str) -> None:
    table = pq.read_table(io.BytesIO(members["predictions.parquet"]))
    place, rows = table.column_names.index("poser"), len(table)
    run = table.column_names.index("run")
    odd = {
        "twice": table.append_column("poser", table.column("poser")),
        "list": table.set_column(place, "poser", pa.array([["P001"]] * rows)),
        "struct": table.set_column(place, "poser", pa.array([{"name": "P001"}] * rows)),
        "binary": table.set_column(place, "poser", table.column("poser").cast(pa.binary())),
        "dates": table.set_column(run, "run", table.column("run").cast(pa.timestamp("us"))),
    }[kind]
    reason = {"twice": "two columns poser", "dates": "not a whole number"}.get(kind, "not text")
    with pytest.raises(UnreadableError, match=reason):
        read_member("predictions", parquet(odd))


def test_bytes_changed_at_random(members: Members) -> None:
    rng = random.Random(0)
    whole = pack(members)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            # As often in the directory at the end as anywhere.
            place = rng.choice([rng.randrange(len(data)), -rng.randrange(1, 1200)])
            data[place] = rng.randrange(256)
        try:
            verdict = verify_bundle(bytes(data), "lab.ccb")
        except BundleError:
            continue
        assert not verdict.accepted or data == whole
    for _ in range(60):
        name = rng.choice([name for name in members if name.endswith(".parquet")])
        damaged = bytearray(members[name])
        for _ in range(rng.randint(1, 8)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        with_fault = hashed({**members, name: bytes(damaged)}, numbers={})
        assert not verify_bundle(with_fault, "lab.ccb").accepted


def test_a_device_or_a_film_is_not_read_into_memory(ccbench: Command, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(2**40)
    for command in ("verify", "leaderboard"):
        assert "film.mp4 is no bundle" in ccbench(command, film).refusal
