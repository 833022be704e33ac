"""What goes into a bundle, and what does not."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from tests.analysis.leaderboard.invented import NAMES, invent, submitted

from ccbench.analysis import correct_rates
from ccbench.analysis.leaderboard import measure
from ccbench.bundles import BUNDLE, open_measured, verify_bundle, write_bundle
from ccbench.bundles.archive import unpack
from ccbench.bundles.public import public_manifest, public_tables
from ccbench.exceptions import BundleError, RunError
from ccbench.protocol import load_protocol
from ccbench.results import MANIFEST, Run, open_run, write_table
from ccbench.runner import run_matrix

if TYPE_CHECKING:
    from tests.conftest import FewPosers

BACKBONE = "timm:resnet18@/home/anna/weights of mine/net.safetensors"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run on a free and a licensed database, with photographs in its folder."""
    found = invent(tmp_path_factory.mktemp("bundled") / "lab", backbone=BACKBONE)
    write_table(found.path, "examples", pd.DataFrame({"png": [b"a photograph"]}))
    (found.path / "report.html").write_text("a photograph")
    (found.path / "figures").mkdir()
    return found


@pytest.fixture(scope="module")
def members(run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    path = write_bundle(run, tmp_path_factory.mktemp("out") / "lab.ccb")
    return unpack(path.read_bytes())


def test_a_bundle_holds_tables_and_manifest_alone(members: dict[str, bytes]) -> None:
    tables = ("curves", "photographs", "predictions", "responses", "runs", "splits")
    assert set(members) == {BUNDLE, MANIFEST, *(f"{name}.parquet" for name in tables)}
    described = json.loads(members[BUNDLE])
    assert described["members"] == {
        name: hashlib.sha256(data).hexdigest() for name, data in members.items() if name != BUNDLE
    }


def test_it_states_the_numbers_of_the_run(run: Run, members: dict[str, bytes]) -> None:
    numbers = json.loads(members[BUNDLE])["numbers"]
    for row in correct_rates(run.predictions).to_dict("records"):
        key = f"correct rate: trained on {row['train_database']}, tested on {row['test_database']}"
        assert numbers[key]["mean"] == row["mean"]
        assert numbers[key]["sd"] == row["sd"]
    # Pseudonyms are in the order of names, so that draws go to the same posers.
    titles = {"own": "own rate", "swapped": "swapped rate", "drop": "drop"}
    told = 0
    for value in measure(submitted(run)).values:
        if value.measure in titles:
            stated = numbers[f"{titles[value.measure]}: {value.subject}"]
            ends = (value.estimate, value.low, value.high)
            # An interval that cannot be estimated is none.
            wanted = [None if math.isnan(end) else end for end in ends]
            assert [stated[key] for key in ("estimate", "low", "high")] == wanted
            told += None not in wanted
    assert told


def test_the_same_run_gives_the_same_bytes(run: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "another name"
    shutil.copytree(run.path, elsewhere)
    one = write_bundle(run, tmp_path / "one.ccb").read_bytes()
    assert write_bundle(open_run(elsewhere)) == elsewhere / "another name.ccb"
    assert (elsewhere / "another name.ccb").read_bytes() == one


def test_no_names_of_people_folders_or_licensed_files(members: dict[str, bytes]) -> None:
    plain = b"".join(members.values()).decode("latin-1")
    for name in ("anna", "weights of mine", "a photograph"):
        assert name not in plain
    read = {name: data for name, data in members.items() if name.endswith(".parquet")}
    for name, data in read.items():
        frame = _frame(data)
        for column in frame.select_dtypes(exclude="number"):
            values = " ".join(map(str, frame[column].unique()))
            if (name, column) in {
                # Free photographs keep their names.
                ("photographs.parquet", "photograph"),
                ("photographs.parquet", "sha256"),
                ("predictions.parquet", "photograph"),
            }:
                of = "database" if "photographs" in name else "test_database"
                values = " ".join(frame[frame[of] == "there"][column].unique())
            assert not any(poser in values for poser in NAMES), (name, column)
    manifest = members[MANIFEST].decode()
    assert "timm:resnet18@net.safetensors" in manifest
    kept = {e["name"]: e for e in json.loads(manifest)["databases"]}
    assert "warnings" in kept["here"]
    assert not {"warnings", "unmatched"} & set(kept["there"])


def _frame(data: bytes) -> pd.DataFrame:
    import io

    return pd.read_parquet(io.BytesIO(data))


def test_pseudonyms_follow_the_names_and_fit_all_tables(run: Run) -> None:
    tables = public_tables(run)
    shown, splits = tables["photographs"], tables["splits"]
    for database in run.databases:
        real = run.photographs[run.photographs["database"] == database]["poser"]
        public = shown[shown["database"] == database]["poser"]
        pairs = sorted(set(zip(real, public, strict=True)))
        assert [name for _, name in pairs] == [f"P{n:03}" for n in range(1, len(pairs) + 1)]
        mine = run.table("splits")["database"] == database
        in_splits = zip(run.table("splits")[mine]["poser"], splits[mine]["poser"], strict=True)
        assert sorted(set(in_splits)) == pairs
    free = shown["database"] == "here"
    assert list(shown[free]["photograph"]) == list(run.photographs[free]["photograph"])
    assert list(shown[free]["sha256"]) == list(run.photographs[free]["sha256"])
    assert list(shown[~free]["photograph"])[:2] == ["0001", "0002"]
    assert set(shown[~free]["sha256"]) == {""}
    assert not {"detail", "box_x"} & set(shown.columns)


def test_public_tables_say_the_same_as_the_runs(run: Run) -> None:
    before, after = run.predictions, public_tables(run)["predictions"]
    same = [name for name in before.columns if name not in {"photograph", "poser"}]
    pd.testing.assert_frame_equal(before[same], after[same])
    for names in (["poser"], ["photograph"]):
        keys = ["test_database", *names]
        one, other = (frame.groupby(keys).ngroup() for frame in (before, after))
        assert len(set(zip(one, other, strict=True))) == one.nunique() == other.nunique()


def test_a_real_run_is_bundled_and_verified(tiny_run: Run, tmp_path: Path) -> None:
    path = write_bundle(tiny_run, tmp_path / "tiny.ccb")
    assert verify_bundle(path.read_bytes(), "tiny").faults == ()


def test_only_bundles_are_replaced(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "thesis.ccb"
    mine.write_text("my thesis")
    with pytest.raises(BundleError, match=r"thesis.ccb is there already and is no bundle"):
        write_bundle(run, mine)
    assert mine.read_text() == "my thesis"
    with pytest.raises(BundleError, match="is a folder; give the name of a file"):
        write_bundle(run, tmp_path)
    path = write_bundle(run, tmp_path / "lab.ccb")
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert write_bundle(run, path).read_bytes() == whole
    with pytest.raises(BundleError, match="cannot"):
        write_bundle(run, mine / "below a file.ccb")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BundleError, match="pipe is a device or a pipe; give the name of a file"):
        write_bundle(run, tmp_path / "pipe")


def test_the_bundle_of_another_run_is_not_replaced(run: Run, tmp_path: Path) -> None:
    path = write_bundle(run, tmp_path / "lab.ccb")
    theirs = path.read_bytes()
    other = invent(tmp_path / "other", backbone="another")
    with pytest.raises(BundleError, match=r"lab.ccb is there already and is the bundle of another"):
        write_bundle(other, path)
    assert path.read_bytes() == theirs
    # What the run itself was before lies in its folder.
    own = other.path / "other.ccb"
    own.write_bytes(theirs)
    assert write_bundle(other) == own
    assert own.read_bytes() != theirs


@pytest.mark.parametrize(
    ("backbone", "public"),
    [
        ("timm:net[weights=/home/anna/w.pt]", "timm:net[weights=w.pt]"),
        ("timm:net[layer=a/b,weights=~/anna/w.pt,pool=avg]", None),
        ("timm:net@/home/anna@lab/w.pt[layer=top]", "timm:net@w.pt[layer=top]"),
        ("timm:net@C:\\anna\\w.pt", "timm:net@w.pt"),
        ("timm:net@anna/w.pt", "timm:net@w.pt"),
        ("timm:local-dir:/home/anna/net", "timm:local-dir:net"),
        ("torchvision:vgg16@features.23", "torchvision:vgg16@features.23"),
    ],
)
def test_no_folder_of_weights_however_it_is_given(
    tmp_path: Path, backbone: str, public: str | None
) -> None:
    run = invent(tmp_path / "run", runs=3, backbone=backbone)
    card = run.manifest["backbone"]["card"]
    card["weights"] = str(Path("~/anna/w.pt").expanduser())
    manifest = public_manifest(run)
    assert "anna" not in json.dumps(manifest["backbone"]) + manifest["request"]["backbone"]
    assert public is None or manifest["request"]["backbone"] == public


def test_no_file_names_of_a_card(tmp_path: Path) -> None:
    run = invent(tmp_path / "run", runs=3)
    for entry in run.manifest["databases"]:
        entry["card"]["files"] = {"pattern": "x", "renames": {"Anna.png": "Anna_sad.png"}}
        entry["left_out"] = {"expression 'Anna'": 2, "another angle": 3}
    kept = {entry["name"]: entry for entry in public_manifest(run)["databases"]}
    assert "Anna" not in json.dumps(kept["there"])
    assert kept["there"]["left_out"] == {"files": 5}
    assert kept["here"]["card"]["files"]["renames"]
    # Where names of files are personal data, whatever the terms.
    run.manifest["databases"][0]["card"]["files"]["conceal"] = ["name"]
    assert "Anna" not in json.dumps(public_manifest(run))


def test_a_run_whose_tables_do_not_fit_is_refused(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.path, folder)
    write_table(folder, "splits", run.table("splits").assign(poser="nobody"))
    with pytest.raises(BundleError, match="names the poser nobody of 'here'"):
        public_tables(open_run(folder))


def test_a_run_that_would_be_rejected_is_not_sent(tmp_path: Path) -> None:
    run = invent(tmp_path / "run", runs=3)
    flattered = run.predictions.assign(predicted=run.predictions["expression"])
    write_table(run.path, "predictions", flattered)
    out = tmp_path / "lab.ccb"
    with pytest.raises(BundleError, match=r"would be rejected: every choice is the largest logit"):
        write_bundle(open_run(run.path), out)
    assert not out.exists()


@pytest.mark.parametrize("path", ["request.contents", "versions", "databases.0.card", "machine"])
def test_a_manifest_that_lacks_something(tmp_path: Path, path: str) -> None:
    run = invent(tmp_path / "run", runs=3)
    manifest = json.loads(json.dumps(run.manifest))
    *parts, last = path.split(".")
    inner = manifest
    for part in parts:
        inner = inner[int(part) if part.isdigit() else part]
    del inner[last]
    (run.path / MANIFEST).write_text(json.dumps(manifest))
    for refused in (lambda: open_measured([run.path]), lambda: write_bundle(open_run(run.path))):
        with pytest.raises(
            RunError, match=r"(another form|manifest of a run): .* start the run again"
        ):
            refused()


def test_the_manifest_of_the_run_is_left_alone(run: Run) -> None:
    before = json.dumps(run.manifest)
    public_manifest(run)
    assert json.dumps(run.manifest) == before


def test_runs_that_use_some_of_the_posers_are_bundled(
    lab: Path, few_posers: FewPosers, tmp_path: Path
) -> None:
    settings = ["split.train=3", "split.validation=1", "split.test=2", "runs=2"]
    run = run_matrix(
        [f"drawn-a={few_posers('drawn-a', 8)}"],
        backbone="tiny",
        protocol=load_protocol("quick", settings),
        out=tmp_path / "some",
    )
    assert verify_bundle(write_bundle(run).read_bytes(), "some").accepted


def test_databases_that_share_some_posers_are_bundled(
    lab: Path, few_posers: FewPosers, tmp_path: Path
) -> None:
    root = few_posers("drawn-a", 10)
    for path in root.iterdir():
        # Two posers were photographed on one day only, two on the other, six on both.
        poser, rest = path.stem.split("_", 1)
        shown = "1" * (int(poser[1:]) <= 8) + "2" * (int(poser[1:]) >= 3)
        for day in shown:
            (tmp_path / "days").mkdir(exist_ok=True)
            data = path.read_bytes() + b" " * int(day)
            (tmp_path / "days" / f"{poser}_{rest}_{day}.png").write_bytes(data)
    card = tmp_path / "mine.toml"
    card.write_text(
        'name = "mine"\ntitle = "Mine"\nterms.licence = "ours"\n[files]\n'
        "pattern = '(?P<poser>p\\d+)_(?P<expression>[a-z]+)_(?P<day>\\d)\\.png'\n"
    )
    days = [f"{card}[day={day}]={tmp_path / 'days'}" for day in (1, 2)]
    weights = ["split.train=0.4", "split.validation=0.3", "split.test=0.3", "runs=3"]
    run = run_matrix(
        days,
        backbone="tiny",
        protocol=load_protocol("quick", weights),
        out=tmp_path / "two days",
    )
    assert run.manifest["same_posers"]
    assert verify_bundle(write_bundle(run).read_bytes(), "two").accepted
