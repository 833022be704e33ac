"""Bundles that were tampered with, honestly hashed or not, are rejected for the right reason."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.analysis.leaderboard.invented import invent

from ccbench.bundles import BUNDLE, Verdict, open_measured, verify_bundle
from ccbench.bundles.archive import pack, unpack
from ccbench.bundles.checks import CHECKS
from ccbench.bundles.numbers import stated_numbers
from ccbench.bundles.tables import UnreadableError, read_manifest, read_member
from ccbench.bundles.writing import as_json, bundle_bytes, digest, submission
from ccbench.exceptions import BundleError
from ccbench.results import MANIFEST, table_bytes
from ccbench.runner import run_matrix
from ccbench_registry import EXPRESSIONS

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a bundle of a run on two databases, with a probe."""
    return bundle_bytes(invent(tmp_path_factory.mktemp("honest") / "run"))


def described(members: Members) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(members[BUNDLE])
    return found


def hashed(members: Members, **changes: Any) -> bytes:
    """Pack members with hashes that fit them."""
    value = described(members) | changes
    value["members"] = {n: digest(data) for n, data in sorted(members.items()) if n != BUNDLE}
    return pack({**members, BUNDLE: as_json(value)})


def edited(
    members: Members, table: str, edit: Callable[[pd.DataFrame], pd.DataFrame | None]
) -> Members:
    """Change a table; ``edit`` may change it in place."""
    frame = read_member(table, members[f"{table}.parquet"])
    found = edit(frame)
    return {**members, f"{table}.parquet": table_bytes(frame if found is None else found)}


def put(table: Any, row: int, column: str, value: object) -> None:
    """Change one cell."""
    table.loc[row, column] = value


def remade(members: Members) -> bytes:
    """Pack members with hashes and numbers that fit them: what a careful forger would do."""
    from ccbench.analysis.leaderboard import measure

    tables = {
        name.removesuffix(".parquet"): read_member(name.removesuffix(".parquet"), data)
        for name, data in members.items()
        if name.endswith(".parquet")
    }
    run = submission("", json.loads(members[MANIFEST]), tables)
    return hashed(members, numbers=stated_numbers(measure(run)))


def faults(data: bytes) -> dict[str, str]:
    verdict: Verdict = verify_bundle(data, "lab.ccb")
    assert not verdict.accepted
    return {line.what: line.detail for line in verdict.faults}


def test_an_honest_bundle_is_accepted(honest: bytes) -> None:
    verdict = verify_bundle(honest, "lab.ccb")
    assert verdict.accepted
    assert verdict.faults == ()
    assert {line.section for line in verdict.lines} == {"file", "tables", "numbers"}
    stated = described(unpack(honest))["numbers"]
    assert [line.what for line in verdict.lines if line.section == "numbers"] == list(stated)
    assert verdict.measured is not None


def test_a_changed_prediction(honest: bytes) -> None:
    def flatter(table: pd.DataFrame) -> None:
        wrong = table.index[table["predicted"] != table["expression"]][:5]
        table.loc[wrong, "predicted"] = table.loc[wrong, "expression"]

    members = edited(unpack(honest), "predictions", flatter)
    found = faults(pack(members))
    assert found["predictions.parquet is as bundled"] == (
        "it was changed after bundling (SHA-256 differs)"
    )
    # With new hashes, choices do not fit logits, and numbers not predictions.
    found = faults(hashed(members))
    assert "predictions.parquet is as bundled" not in found
    assert found["every choice is the largest logit"].startswith("5 choices are not")
    assert any(what.startswith("correct rate") for what in found)
    # With new numbers as well, choices still do not fit logits.
    assert set(faults(remade(members))) == {"every choice is the largest logit"}


def test_changed_logits_that_fit_their_choices_are_found_by_the_numbers(honest: bytes) -> None:
    def better(table: pd.DataFrame) -> None:
        wrong = table.index[table["predicted"] != table["expression"]][:5]
        for row in wrong:
            shown = table["expression"][row]
            put(table, row, f"logit_{shown}", np.float32(99))
            put(table, row, "predicted", shown)

    members = edited(unpack(honest), "predictions", better)
    found = faults(hashed(members))
    assert all(what.startswith(("correct rate", "own", "swapped", "drop", "in-group"))
               for what in found)  # fmt: skip
    assert found
    assert all(detail.startswith("stated ") for detail in found.values())
    # What no verification can see: an invention that is consistent throughout.
    assert verify_bundle(remade(members), "lab.ccb").accepted


def test_changed_numbers(honest: bytes) -> None:
    members = unpack(honest)
    stated = described(members)["numbers"]
    changes: dict[str, tuple[str, object]] = {
        "correct rate: trained on here, tested on there": ("mean", 0.9),
        "own rate: here": ("estimate", 0.99),
        "own rate: there": ("low", 0.5),
        "swapped rate: here": ("counted", 60),
        "swapped rate: there": ("estimate", "NaN"),
        "drop: here": ("estimate", True),
        "drop: there": ("high", None),
        "tuning agreement (series): here": ("estimate", 0.1),
    }
    for number, (key, value) in changes.items():
        stated[number][key] = value
    found = faults(hashed(members, numbers=stated))
    assert set(found) == set(changes)
    for number, (key, _) in changes.items():
        assert found[number].startswith(f"stated {key} ")
        assert f"; computed {key} " in found[number]


def test_a_missing_or_an_invented_number(honest: bytes) -> None:
    members = unpack(honest)
    stated = described(members)["numbers"]
    del stated["own rate: here"]
    stated["own rate: nowhere"] = {"estimate": 1.0}
    found = faults(hashed(members, numbers=stated))
    assert found["own rate: here"].startswith("the bundle does not state it; it is estimate")
    assert found["own rate: nowhere"] == "the bundle states it, the tables do not give it"


def test_a_changed_manifest(honest: bytes) -> None:
    members = unpack(honest)
    manifest = json.loads(members[MANIFEST])
    manifest["databases"][0]["posers"] = 600
    members[MANIFEST] = as_json(manifest)
    what = "manifest.json is as bundled"
    assert faults(pack(members))[what] == "it was changed after bundling (SHA-256 differs)"
    assert faults(hashed(members)) == {
        "counts of the manifest and of runs are those of the tables": (
            "the manifest says posers 600 of here, it is 10"
        )
    }
    manifest["request"]["databases"] = ["here", "elsewhere"]
    members[MANIFEST] = as_json(manifest)
    assert (
        "the request here, elsewhere"
        in (faults(hashed(members))["manifest and tables are about the same databases"])
    )
    assert faults(hashed({**members, MANIFEST: b"no JSON"}))[
        "manifest.json is the manifest of a run"
    ]


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("request", "weights"), None, "request.weights is of another type"),
        (("request", "protocol", "runs"), True, "request.protocol.runs is of another type"),
        (("request", "probes"), {}, "the probes are not those of the request"),
        (("request", "contents"), {"here": 1}, "request.contents is not of hashes"),
        (("databases",), [{"name": "here"}], "databases.card.title is missing"),
        (("machine",), [], "machine.system is missing"),
    ],
)
def test_a_manifest_of_something_else(
    honest: bytes, path: tuple[str, ...], value: object, reason: str
) -> None:
    manifest = json.loads(unpack(honest)[MANIFEST])
    part = manifest
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(UnreadableError) as caught:
        read_manifest(as_json(manifest))
    assert str(caught.value) == reason


def test_a_missing_and_an_extra_member(honest: bytes) -> None:
    members = unpack(honest)
    del members["splits.parquet"]
    members["face.png"] = b"a photograph"
    found = faults(pack(members))
    assert found["splits.parquet is as bundled"] == "it is missing"
    assert found["face.png is as bundled"] == "it is not listed in bundle.json"
    found = faults(hashed(members))
    assert found == {
        "there are no other members than those of a run": "face.png",
        "splits.parquet is the table splits of a run": "it is missing",
    }


@pytest.mark.parametrize("share", [0.02, 0.5, 0.999])
def test_a_file_that_is_cut_short(honest: bytes, share: float) -> None:
    cut = honest[: int(len(honest) * share)]
    assert faults(cut) == {"the file is whole": "it is cut short or damaged"}


def test_bytes_that_are_not_the_members(honest: bytes) -> None:
    assert "would not have written" in faults(honest + b"more")["the file is whole"]
    middle = len(honest) // 2
    damaged = honest[:middle] + bytes([honest[middle] ^ 1]) + honest[middle + 1 :]
    assert "Bad CRC-32" in faults(damaged)["the file is whole"]
    for kind, reason in ((zipfile.ZIP_DEFLATED, "compressed"), (zipfile.ZIP_STORED, "written")):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", kind) as archive:
            for name, data in unpack(honest).items():
                archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, kind)
        assert reason in faults(buffer.getvalue())["the file is whole"]
    buffer = io.BytesIO(honest)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(BUNDLE, "{}")
    assert "two members of one name" in faults(buffer.getvalue())["the file is whole"]
    broken = {**unpack(honest), BUNDLE: b"{}"}
    assert "KeyError" in faults(pack(broken))["bundle.json describes the bundle"]


@pytest.mark.parametrize("data", [b"", b"my thesis", pack({BUNDLE: b"{}"})[:20]])
def test_what_is_no_bundle(data: bytes) -> None:
    with pytest.raises(BundleError, match="x is no bundle; make one with: ccbench bundle RUN"):
        verify_bundle(data, "x")


def test_a_bundle_of_another_ccbench(honest: bytes) -> None:
    reads = "this ccbench reads format 3"
    with pytest.raises(BundleError, match=rf"of format 4, {reads}; install ccbench 9\.0, which"):
        verify_bundle(hashed(unpack(honest), format=4, ccbench="9.0"), "x")
    for older in (1, 2):
        with pytest.raises(BundleError, match=rf"of format {older}, {reads}; pack its run again"):
            verify_bundle(hashed(unpack(honest), format=older), "x")


def test_a_poser_who_was_trained_on(honest: bytes) -> None:
    members = unpack(honest)
    splits = read_member("splits", members["splits.parquet"])
    here = (splits["database"] == "here") & (splits["run"] == 0)
    trained = splits[here & (splits["part"] == "train")].index[0]
    tested = splits[here & (splits["part"] == "test")].index[0]

    def swap(table: pd.DataFrame) -> None:
        put(table, trained, "part", "test")
        put(table, tested, "part", "train")

    found = faults(remade(edited(members, "splits", swap)))
    what = "no poser was tested in a run that trained on that poser"
    assert found[what].startswith("14 answers are to posers that were trained on, e.g. ")
    assert splits["poser"][tested] in found[what]
    assert "every network was tested once on each photograph of its test posers" in found


def drop_answer(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(index=3)


def repeat_answer(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.iloc[[3]]])


def relabel(table: pd.DataFrame) -> None:
    row = table.index[table["predicted"] != table["expression"]][0]
    put(table, row, "expression", table["predicted"][row])


def drop_run(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["run"] != 3) | (table["train_database"] != "here")]


def no_logit(table: pd.DataFrame) -> None:
    unit = next(name for name in EXPRESSIONS if name != table["predicted"][0])
    put(table, 0, f"logit_{unit}", np.nan)


def unknown_choice(table: pd.DataFrame) -> None:
    put(table, 0, "predicted", "bored")


def two_parts(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.iloc[[0]].assign(part="test")])


def more_training(table: pd.DataFrame) -> None:
    row = table.index[table["part"] == "validation"][0]
    put(table, row, "part", "train")


def hide(table: pd.DataFrame) -> None:
    table.loc[table["poser"] == "P001", "used"] = False


def same_name(table: pd.DataFrame) -> None:
    put(table, 1, "photograph", table["photograph"][0])


def more_posers(table: pd.DataFrame) -> None:
    put(table, 0, "train_posers", 60)


def other_response(table: pd.DataFrame) -> None:
    put(table, 5, "response", table["response"][5] + 1)


def twice(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.iloc[[5]]])


def unprobed(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["run"] != 1) | (table["database"] != "there")]


@pytest.mark.parametrize(
    ("table", "edit", "what", "reason"),
    [
        ("predictions", drop_answer, "tested once on each photograph", "is missing"),
        ("predictions", repeat_answer, "tested once on each photograph", "answers are there twice"),
        ("predictions", relabel, "tested once on each photograph", "is missing"),
        ("predictions", drop_run, "every network of every run", "has 3 runs, the protocol 4"),
        ("predictions", no_logit, "networks have units", "networks of here lack logits of"),
        ("predictions", unknown_choice, "largest logit", "1 choices are not"),
        ("splits", two_parts, "in one part of each split", "posers are in two parts"),
        ("splits", more_training, "in one part of each split", "not (7, 1, 2)"),
        ("photographs", hide, "in one part of each split", "splits other posers"),
        ("photographs", same_name, "tested once", "two photographs have one name"),
        ("runs", more_posers, "counts of the manifest", "says train_posers 60, it is 7"),
        ("responses", other_response, "minus those to the null image", "1 responses are not"),
        ("responses", twice, "minus those to the null image", "2 responses are not"),
        ("responses", unprobed, "answered to every probe", "run 1 of there are missing"),
    ],
)
def test_tables_that_no_run_leaves(
    honest: bytes,
    table: str,
    edit: Callable[[pd.DataFrame], pd.DataFrame | None],
    what: str,
    reason: str,
) -> None:
    members = edited(unpack(honest), table, edit)
    names = [name.removesuffix(".parquet") for name in members if name.endswith(".parquet")]
    tables = {name: read_member(name, members[f"{name}.parquet"]) for name in names}
    manifest = json.loads(members[MANIFEST])
    found = {line: check(manifest, tables) for line, check in CHECKS}
    (detail,) = (detail for line, detail in found.items() if what in line)
    assert reason in detail


def test_every_check_is_part_of_the_verdict(honest: bytes) -> None:
    lines = [line.what for line in verify_bundle(honest, "x").lines if line.section == "tables"]
    assert lines == [what for what, _ in CHECKS]


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda t: t.drop(columns="poser"), "it has no column poser"),
        (lambda t: t.assign(run=t["run"].astype(float)), "run is not a whole number"),
        (lambda t: t.assign(poser=1), "poser is not text"),
        (lambda t: t.assign(logit_sad="high"), "logit_sad is not a number"),
        (lambda t: t.assign(expression="bored"), "there is an expression that is none"),
        (lambda t: t.assign(poser=None), "values of poser are missing"),
        (lambda t: t.iloc[:0], "it has no rows"),
    ],
)
def test_tables_of_another_kind(
    honest: bytes, edit: Callable[[pd.DataFrame], pd.DataFrame], reason: str
) -> None:
    found = faults(hashed(edited(unpack(honest), "predictions", edit)))
    assert found["predictions.parquet is the table predictions of a run"] == reason
    members = {**unpack(honest), "predictions.parquet": b"no Parquet"}
    assert "it cannot be read" in " ".join(faults(hashed(members)).values())


@pytest.fixture(scope="module")
def mixed(
    small_specs: list[str],
    session_cache: Path,
    lab_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> bytes:
    """Return the bundle of a run that trained on a mixture too."""
    out = tmp_path_factory.mktemp("mixed") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(lab_folder)
        train = ["drawn-a:3+drawn-b:1"]
        options: dict[str, Any] = {"runs": 2, "out": out, "cache": session_cache}
        return bundle_bytes(run_matrix(small_specs, backbone="tiny", train=train, **options))


def test_networks_of_a_mixture_are_verified_and_not_ranked(mixed: bytes) -> None:
    verdict = verify_bundle(mixed, "lab.ccb")
    assert verdict.faults == ()
    name = "drawn-a:0.75+drawn-b:0.25"
    stated = described(unpack(mixed))["numbers"]
    assert f"correct rate: trained on {name}, tested on drawn-a" in stated
    assert f"own rate: {name}" not in stated
    splits = read_member("splits", unpack(mixed)["splits.parquet"])
    part = splits[splits["database"] == name]
    assert set(part["source"]) == {"drawn-a", "drawn-b"}
    # Two people of one pseudonym may be in it.
    assert len(part) == 2 * (7 + 1)
    for row in part.itertuples():
        alone = splits[(splits["database"] == row.source) & (splits["run"] == row.run)]
        assert list(alone[alone["poser"] == row.poser]["part"]) == [row.part]


def other_person(table: pd.DataFrame) -> None:
    mixed = table["source"] != table["database"]
    row = table.index[mixed & (table["part"] == "train")][0]
    alone = table[(table["database"] == table["source"][row]) & (table["run"] == table["run"][row])]
    put(table, row, "poser", alone[alone["part"] == "test"]["poser"].iloc[0])


def other_source(table: pd.DataFrame) -> None:
    put(table, 0, "source", "drawn-b")


def unknown_source(table: pd.DataFrame) -> None:
    table.loc[table["source"] == "drawn-b", "source"] = "elsewhere"


def with_test_posers(table: pd.DataFrame) -> pd.DataFrame:
    row = table.index[table["part"] == "test"][0]
    mixture = table["database"].iloc[-1]
    return pd.concat([table, table.loc[[row]].assign(database=mixture)])


@pytest.mark.parametrize(
    ("edit", "what", "reason"),
    [
        (other_person, "in one part of each split", "1 posers of mixtures are in another part"),
        (other_person, "no poser was tested in a run", "answers are to posers that were trained"),
        (other_source, "in one part of each split", "1 posers are of another database"),
        (unknown_source, "about the same databases", "sources of splits drawn-a, elsewhere"),
        (with_test_posers, "in one part of each split", "a mixture has test posers"),
    ],
)
def test_splits_that_no_mixture_has(
    mixed: bytes, edit: Callable[[pd.DataFrame], pd.DataFrame | None], what: str, reason: str
) -> None:
    members = edited(unpack(mixed), "splits", edit)
    names = [name.removesuffix(".parquet") for name in members if name.endswith(".parquet")]
    tables = {name: read_member(name, members[f"{name}.parquet"]) for name in names}
    found = {line: check(json.loads(members[MANIFEST]), tables) for line, check in CHECKS}
    (detail,) = (detail for line, detail in found.items() if what in line)
    assert reason in detail


def test_a_leaderboard_takes_no_rejected_bundle(honest: bytes, tmp_path: Path) -> None:
    path = tmp_path / "lab.ccb"
    path.write_bytes(honest)
    (measured,) = open_measured([path])
    assert measured.submission.name == "lab"
    members = unpack(honest)
    stated = described(members)["numbers"]
    stated["own rate: here"]["estimate"] = 0.99
    path.write_bytes(hashed(members, numbers=stated))
    with pytest.raises(BundleError, match=r"lab.ccb is rejected: own rate: here – no: stated"):
        open_measured([path])
    path.write_text("my thesis")
    with pytest.raises(BundleError, match="is no bundle"):
        open_measured([path])
