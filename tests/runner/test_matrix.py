"""``run_matrix``: equal arguments give equal bytes, and the tables say what was done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from tests.runner.heard import Heard

from ccbench import open_run
from ccbench.exceptions import BackboneError, CcbenchError, LeakageError, SplitError
from ccbench.features import BackboneIdentity
from ccbench.plugins import load_plugins
from ccbench.protocol import load_protocol
from ccbench.results import TABLES, Run
from ccbench.runner import run_matrix, work
from ccbench_registry import EXPRESSIONS

if TYPE_CHECKING:
    from tests.conftest import FewPosers


def tables(run: Run) -> dict[str, bytes]:
    return {name: (run.path / f"{name}.parquet").read_bytes() for name in TABLES}


@pytest.fixture
def databases(lab: Path, few_posers: FewPosers) -> list[str]:
    return [f"{name}={few_posers(name, 4)}" for name in ("drawn-a", "drawn-b")]


def test_twice_from_an_empty_cache_gives_the_same_bytes(
    databases: list[str], few_posers: FewPosers, tmp_path: Path
) -> None:
    runs = [
        run_matrix(
            databases, backbone="tiny", runs=2, out=tmp_path / name, cache=tmp_path / name[0]
        )
        for name in ("1-run", "2-run")
    ]
    assert tables(runs[0]) == tables(runs[1])
    # Nor does it matter where the photographs lie.
    moved = [
        f"{name}={few_posers(name, 4, tmp_path / 'moved' / name)}" for name in runs[0].databases
    ]
    third = run_matrix(moved, backbone="tiny", runs=2, out=tmp_path / "3", cache=tmp_path / "3c")
    assert tables(third) == tables(runs[0])


def test_another_seed_gives_other_splits(databases: list[str], tmp_path: Path) -> None:
    one, two = (
        run_matrix(databases, backbone="tiny", runs=3, seed=seed, out=tmp_path / str(seed))
        for seed in (0, 1)
    )
    assert not one.table("splits").equals(two.table("splits"))


def test_order_of_databases_changes_no_number(databases: list[str], tmp_path: Path) -> None:
    keys = ["train_database", "test_database", "run", "photograph"]
    there, back = (
        run_matrix(order, backbone="tiny", runs=2, out=tmp_path / str(index))
        .predictions.sort_values(keys)
        .reset_index(drop=True)
        for index, order in enumerate((databases, databases[::-1]))
    )
    pd.testing.assert_frame_equal(there, back, check_exact=True)


def test_the_real_backbone_reads_drawn_faces(small_run: Run) -> None:
    table = small_run.predictions
    hit = table["expression"] == table["predicted"]
    for name in small_run.databases:
        own = hit[(table["train_database"] == name) & (table["test_database"] == name)]
        assert own.mean() > 2 / len(EXPRESSIONS), name


def test_the_tables_agree_with_each_other(small_run: Run) -> None:
    predictions, splits = small_run.predictions, small_run.table("splits")
    heads, photographs = small_run.table("runs"), small_run.photographs
    count = len(small_run.databases)
    assert len(heads) == count * 3
    assert heads["cell"].is_unique
    # Every head is scored on the test posers of every database, and on nobody else.
    pairs = predictions.groupby(["train_database", "test_database", "run"]).size()
    assert len(pairs) == count * count * 3
    held = splits[splits["part"] == "test"].groupby(["database", "run"])["poser"]
    test = {key: set(posers) for key, posers in held}
    for (_, *key), part in predictions.groupby(["train_database", "test_database", "run"]):
        assert set(part["poser"]) == test[tuple(key)]
    # A poser is in one part of a run.
    assert not splits.duplicated(["database", "run", "poser"]).any()
    assert splits.groupby(["database", "run"])["poser"].nunique().eq(10).all()
    # What was predicted is the unit with the highest response.
    logits = predictions[[f"logit_{name}" for name in EXPRESSIONS]]
    assert logits.notna().all(axis=None)
    highest = [EXPRESSIONS[index] for index in logits.to_numpy().argmax(axis=1)]
    assert highest == predictions["predicted"].tolist()
    # Every photograph is accounted for.
    assert len(photographs) == count * 70
    used = photographs[photographs["used"]]
    assert set(zip(predictions["test_database"], predictions["photograph"], strict=True)) <= set(
        zip(used["database"], used["photograph"], strict=True)
    )
    curves = small_run.curves
    assert set(curves["part"]) == {"train", "validation"}
    assert curves["correct_rate"].between(0, 1).all()


def test_the_manifest_says_how_it_was_made(small_run: Run) -> None:
    manifest = small_run.manifest
    assert manifest["request"]["protocol"]["runs"] == 3
    assert manifest["backbone"]["card"]["name"] == "alexnet"
    assert len(manifest["backbone"]["weights_digest"]) == 64
    assert manifest["backbone"]["precision"] in {"float32", "bfloat16"}
    assert manifest["versions"]["torch"] != "unknown"
    assert {"faces", "features", "heads"} <= manifest["seconds"].keys()
    assert any("Krizhevsky" in text for text in manifest["citations"])
    assert [entry["posers"] for entry in manifest["databases"]] == [10, 10]


def test_tables_can_be_asked_with_sql(small_run: Run) -> None:
    found = small_run.query("select count(*) as n from predictions where predicted = expression")
    hits = (small_run.predictions["predicted"] == small_run.predictions["expression"]).sum()
    assert int(found["n"][0]) == int(hits)


def test_open_run_reads_what_was_written(small_run: Run) -> None:
    assert open_run(small_run.path).manifest == small_run.manifest
    assert open_run(str(small_run.path)).databases == ("drawn-a", "drawn-b")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"databases": []}, "no database was given"),
        ({"runs": 0}, "--runs 0"),
        ({"seed": -1}, "--seed -1"),
        ({"backbone": "tinny"}, "did you mean 'tiny'?"),
        ({"protocol": "quik"}, "did you mean 'quick'?"),
    ],
)
def test_bad_arguments(
    databases: list[str], arguments: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    given: dict[str, object] = {"databases": databases, "backbone": "tiny", "out": tmp_path / "run"}
    given.update(arguments)
    with pytest.raises(CcbenchError, match=sentence.replace("?", r"\?")):
        run_matrix(**given)  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_posers_of_two_selections_of_one_database_are_split_together(
    databases: list[str], few_posers: FewPosers, tmp_path: Path
) -> None:
    root = databases[0].partition("=")[2]
    other = few_posers("drawn-a", 4, tmp_path / "other")
    for file in other.glob("*.png"):
        # The same posers in other files, as two sessions of one database have them.
        file.write_bytes(file.read_bytes() + b"\0")
    twice = [f"drawn-a[poser=*]={root}", f"drawn-a={other}"]
    run = run_matrix(twice, backbone="tiny", runs=4, out=tmp_path / "run")
    assert run.manifest["same_posers"] == [["drawn-a[poser=*]", "drawn-a"]]
    parts = run.table("splits").groupby(["run", "poser"])["part"]
    assert parts.size().eq(2).all()
    assert parts.nunique().eq(1).all()
    assert run.predictions.groupby("run")["poser"].nunique().eq(1).all()


def test_a_file_in_two_selections_is_refused_before_faces_are_looked_for(
    databases: list[str], tmp_path: Path
) -> None:
    root = databases[0].partition("=")[2]
    twice = [f"drawn-a[poser=p01+p02+p03]={root}", f"drawn-a={root}"]
    with pytest.raises(LeakageError, match=r"both read .*p01_neutral\.png: .*choose options"):
        run_matrix(twice, backbone="tiny", runs=1, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_too_few_posers_leaves_no_finished_run(databases: list[str], tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(SplitError, match="there are 4 posers, the split needs 60"):
        run_matrix(
            databases,
            backbone="tiny",
            protocol=load_protocol(
                "quick", ["split.train=40", "split.validation=8", "split.test=12"]
            ),
            out=out,
        )
    assert not (out / "manifest.json").exists()
    # The folder is free for a protocol that fits.
    assert run_matrix(databases, backbone="tiny", runs=1, out=out).path == out


def test_an_observer_hears_every_unit_of_every_stage(databases: list[str], tmp_path: Path) -> None:
    heard = Heard()
    run_matrix(databases, backbone="tiny", runs=2, out=tmp_path / "run", observer=heard)
    assert heard.stages == [
        ("reading photographs", 56),
        ("finding faces", 2),
        ("computing features", 2),
        ("preparing heads", 2),
        ("training heads", 4),
        ("writing tables", 1),
    ]
    assert heard.done[:5] == pytest.approx([56, 2, 2, 2, 4])
    assert {"drawn-a", "drawn-b, run 2"} <= heard.details


@pytest.mark.usefixtures("lab")
def test_one_network_is_kept_and_loaded_again_when_its_weights_are_others() -> None:
    extractor = load_plugins().backbone("tiny").load("cpu")
    identity = BackboneIdentity.of("tiny", extractor, "cpu")
    work.keep_extractor("old", "cpu", extractor)
    work.keep_extractor("tiny", "cpu", extractor)
    assert set(work._extractors) == {("tiny", "cpu")}
    assert work.loaded_extractor(identity, "cpu") is extractor
    work.keep_extractor("tiny", "cpu", replace(extractor, weights_digest="others"))
    assert work.loaded_extractor(identity, "cpu").weights_digest == identity.weights
    with pytest.raises(BackboneError, match="the weights of 'tiny' changed during the run"):
        work.loaded_extractor(replace(identity, weights="gone"), "cpu")
