"""``ccbench matrix``: what it refuses, what it survives, what it says."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from ccbench.results import TABLES, open_run

if TYPE_CHECKING:
    from tests.conftest import Command, FewPosers

FAST = ("-b", "tiny", "--runs", 1, "--workers", 1)


@pytest.fixture
def four(lab: Path, few_posers: FewPosers) -> Path:
    """Return a database of four posers; the backbone ``tiny`` is installed beside it."""
    return few_posers("drawn-a", 4)


# -- refused before anything is computed


def test_no_such_folder(ccbench: Command, tmp_path: Path) -> None:
    gone = tmp_path / "nowhere"
    sentence = ccbench("matrix", "-d", f"kdef={gone}").refusal
    assert sentence == f"no such folder: {gone} (given for the dataset 'kdef')"


def test_a_folder_without_any_image(ccbench: Command, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    sentence = ccbench("matrix", "-d", f"kdef={tmp_path}").refusal
    assert f"{tmp_path} holds no image file" in sentence
    assert "kdef" in sentence


def test_a_folder_without_a_matching_file(ccbench: Command, tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"holiday{number}.jpg").touch()
    sentence = ccbench("matrix", "-d", f"drawn-a={tmp_path}").refusal
    assert f"no file below {tmp_path} matches the pattern of 'drawn-a'" in sentence
    assert r"(?P<poser>p\d+)_(?P<expression>[a-z]+)\.png" in sentence
    assert sentence.endswith("holiday0.jpg, holiday1.jpg, holiday2.jpg and 2 more")


def test_a_database_without_its_folder(ccbench: Command) -> None:
    assert "-d kdef=FOLDER" in ccbench("matrix", "-d", "kdef").refusal


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-d", "kdf=."], "no dataset 'kdf'; did you mean 'kdef'?"),
        (["-d", "kdf"], "did you mean 'kdef'? (or give a TOML card or CSV manifest)"),
        (["-d", "kdef[sesion=A]=."], "the dataset 'kdef' has no option 'sesion'; did you mean"),
        (["-d", "missing.toml=."], "missing.toml"),
        (["-d", "missing.csv"], "missing.csv"),
        (["-d", "kdef="], "nothing after '='"),
        (["-b", "alexnt"], "no backbone 'alexnt'; did you mean 'alexnet'?"),
        (["-b", "timm"], "write for example 'timm:resnet18'"),
        (["--protocol", "quik"], "no protocol 'quik'; did you mean 'quick'?"),
        (["--protocol", "missing.toml"], "cannot read the protocol missing.toml"),
        (["--set", "photographs.poser=3"], "--set photographs.poser=3: the protocol has no key"),
        (["--set", "photographs.poser=3"], "did you mean 'posers'?"),
        (["--set", "spilt.train=3"], "the protocol has no table 'spilt'; did you mean 'split'?"),
        (["--set", "runs"], "--set runs: write KEY=VALUE"),
        (["--set", "runs=0"], "the protocol 'quick': 'runs'"),
        (["--set", "face.crop=wide"], "'face.crop'"),
        (["--device", "abacus"], "--device abacus cannot be used"),
    ],
)
def test_unknown_names_and_values(ccbench: Command, arguments: list[str], sentence: str) -> None:
    assert sentence in ccbench("matrix", *arguments).refusal


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["--runs", "0"], "--runs"),
        (["--seed", "-1"], "--seed"),
        (["--workers", "none"], "--workers"),
        (["--on-missing-face", "guess"], "--on-missing-face"),
    ],
)
def test_options_out_of_range(ccbench: Command, arguments: list[str], option: str) -> None:
    done = ccbench("matrix", *arguments)
    assert done.code == 2
    assert option in done.err.splitlines()[-1]


def test_one_database_twice(ccbench: Command, four: Path) -> None:
    sentence = ccbench("matrix", "-d", f"drawn-a={four}", "-d", f"drawn-a={four}", *FAST).refusal
    assert "2 databases are called 'drawn-a'" in sentence


def test_two_databases_that_share_a_photograph(
    ccbench: Command, four: Path, few_posers: FewPosers
) -> None:
    other = few_posers("drawn-b", 3)
    shutil.copy(four / "p01_happy.png", other / "p02_happy.png")
    done = ccbench("matrix", "-d", f"drawn-a={four}", "-d", f"drawn-b={other}", *FAST)
    assert "'drawn-a' and 'drawn-b' share a photograph" in done.refusal
    assert "p02_happy.png" in done.refusal


def test_two_posers_with_the_same_file(ccbench: Command, four: Path) -> None:
    shutil.copy(four / "p01_happy.png", four / "p02_happy.png")
    sentence = ccbench("matrix", "-d", f"drawn-a={four}", *FAST).refusal
    assert "p01_happy.png and p02_happy.png have the same bytes" in sentence
    assert "two posers (p01, p02)" in sentence


def test_fewer_posers_than_the_protocol_needs(
    ccbench: Command, lab: Path, small_specs: list[str]
) -> None:
    done = ccbench("matrix", "-d", small_specs[0], "--protocol", "inagaki2022", *FAST)
    assert "'drawn-a' has too few posers for the protocol 'inagaki2022'" in done.refusal
    assert "there are 10 complete posers" in done.refusal
    assert "60 are drawn" in done.refusal
    assert "--protocol quick" in done.refusal
    assert "--set photographs.posers=N" in done.refusal


def test_two_posers_cannot_be_split(ccbench: Command, lab: Path, few_posers: FewPosers) -> None:
    sentence = ccbench("matrix", "-d", f"drawn-a={few_posers('drawn-a', 2)}", *FAST).refusal
    assert "there are 2 posers; a split needs at least 3" in sentence
    assert "add photographs of more posers" in sentence


def test_output_that_cannot_be_written(ccbench: Command, four: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for out in (file, file / "run", file / "deeper" / "run"):
        sentence = ccbench("matrix", "-d", f"drawn-a={four}", *FAST, "--out", out).refusal
        assert str(out) in sentence
        assert "--out" in sentence
        assert "damaged" not in sentence
    assert file.read_bytes() == b""


def test_output_into_somebody_elses_folder(ccbench: Command, four: Path, tmp_path: Path) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter1.txt").write_text("Faces")
    sentence = ccbench("matrix", "-d", f"drawn-a={four}", *FAST, "--out", out).refusal
    assert sentence == f"{out} is not empty and holds no run; choose another --out"
    assert [path.name for path in out.iterdir()] == ["chapter1.txt"]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("no_pictures")
def test_output_into_another_run(ccbench: Command, four: Path, tmp_path: Path) -> None:
    start = ("matrix", "-d", f"drawn-a={four}", *FAST, "--out", tmp_path / "run")
    assert ccbench(*start).code == 0
    before = contents(tmp_path / "run")
    for option, reason in {
        ("--seed", "7"): "seed 0, not 7",
        ("--set", "views.test=all"): "protocol with another views",
    }.items():
        sentence = ccbench(*start, *option).refusal
        assert f"{tmp_path / 'run'} holds another run ({reason})" in sentence
        assert "--out" in sentence
    assert contents(tmp_path / "run") == before


def test_a_cache_of_another_version(ccbench: Command, four: Path, own_cache: Path) -> None:
    own_cache.mkdir()
    (own_cache / "ccbench-cache-format").write_text("99\n")
    sentence = ccbench("matrix", "-d", f"drawn-a={four}", *FAST).refusal
    assert str(own_cache) in sentence
    assert "'99'" in sentence
    assert "ccbench cache clear" in sentence


def test_a_cache_below_a_file(
    ccbench: Command, four: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CCBENCH_CACHE", str(tmp_path / "file" / "cache"))
    sentence = ccbench("matrix", "-d", f"drawn-a={four}", *FAST).refusal
    assert str(tmp_path / "file" / "cache") in sentence
    assert "CCBENCH_CACHE" in sentence


# -- survived, and said


@pytest.mark.usefixtures("no_pictures")
def test_damaged_photographs_are_left_out_and_counted(
    ccbench: Command, four: Path, tmp_path: Path
) -> None:
    (four / "p01_happy.png").write_bytes(b"")
    truncated = four / "p02_sad.png"
    truncated.write_bytes(truncated.read_bytes()[:2000])
    face = Image.open(four / "p03_angry.png").convert("L")
    mirrored = face.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    face.save(four / "p03_angry.png", format="GIF", save_all=True, append_images=[mirrored])
    (four / "p04_happy.png").write_text("not an image")
    noise = np.random.default_rng(0).integers(0, 255, (256, 256), dtype=np.uint8)
    cv2.imwrite(str(four / "p04_sad.png"), noise)
    out = tmp_path / "run"
    done = ccbench("matrix", "-d", f"drawn-a={four}", *FAST, "--out", out)
    assert done.code == 0, done.err
    table = done.out[done.out.index("Photographs") :].splitlines()
    header, values = (
        re.split(r"\s{2,}", re.sub("[┃│]", "  ", line).strip())
        for line in table[1:]
        if line.lstrip(" │").startswith(("database ", "drawn-a "))
    )
    shown = dict(zip(header, values, strict=True))
    assert shown["photographs"] == "28"
    assert shown["unreadable"] == "4"
    assert shown["no face"] == "1"
    assert shown["used"] == "23"
    assert "no face was found in 1 of 28 photographs" in done.out
    run = open_run(out)
    detail = run.photographs.set_index("photograph")["detail"]
    assert "0 bytes" in detail["p01_happy.png"]
    assert "truncated" in detail["p02_sad.png"]
    assert "an animation of 2 frames" in detail["p03_angry.png"]
    assert "not an image" in detail["p04_happy.png"]
    bad = set(run.photographs.query("status in ['unreadable', 'no face']")["photograph"])
    assert not bad & set(run.predictions["photograph"])


@pytest.mark.usefixtures("no_pictures")
def test_an_empty_file_in_each_of_two_databases_is_no_shared_photograph(
    ccbench: Command, four: Path, few_posers: FewPosers
) -> None:
    other = few_posers("drawn-b", 3)
    for folder in (four, other):
        (folder / "p01_happy.png").write_bytes(b"")
    done = ccbench("matrix", "-d", f"drawn-a={four}", "-d", f"drawn-b={other}", *FAST)
    assert done.code == 0, done.err


@pytest.mark.usefixtures("no_pictures")
def test_a_missing_face_is_an_error_when_asked(ccbench: Command, four: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (256, 256), dtype=np.uint8)
    cv2.imwrite(str(four / "p04_sad.png"), noise)
    start = ("matrix", "-d", f"drawn-a={four}", *FAST)
    sentence = ccbench(*start, "--on-missing-face", "error").refusal
    assert "no face was found in 1 photographs of 'drawn-a', for example p04_sad.png" in sentence
    assert "--on-missing-face skip or center" in sentence
    assert ccbench(*start, "--on-missing-face", "center").code == 0


@pytest.mark.usefixtures("no_pictures")
def test_a_database_without_an_expression_is_scored_on_the_shared_ones(
    ccbench: Command, four: Path, few_posers: FewPosers, tmp_path: Path
) -> None:
    other = few_posers("drawn-b", 4)
    for file in other.glob("*_surprised.png"):
        file.unlink()
    out = tmp_path / "run"
    done = ccbench("matrix", "-d", f"drawn-a={four}", "-d", f"drawn-b={other}", *FAST, "--out", out)
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    assert "drawn-b has no usable photograph of: surprised." in said
    assert "drawn-a → drawn-b is scored on the 6 shared expressions" in said
    assert "choosing among 7 (chance .14)" in said
    # The other way round, the test photographs of surprise are the ones left out.
    assert "drawn-b → drawn-a is scored on the 6 shared expressions" in said
    assert "choosing among 6 (chance .17)" in said
    table = open_run(out).predictions
    of_b = table[table["train_database"] == "drawn-b"]
    assert of_b["logit_surprised"].isna().all()
    assert "surprised" not in set(of_b["predicted"])


# -- what it says and writes


@pytest.mark.all_formats
def test_it_prints_the_matrix_and_where_everything_is(
    ccbench: Command, lab: Path, four: Path, tmp_path: Path
) -> None:
    done = ccbench("matrix", "-d", f"drawn-a={four}", "-d", "mylab", *FAST)
    assert done.code == 0
    assert done.err == ""
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.startswith("drawn-a+mylab-tiny-quick-")
    assert f"Run: {run.relative_to(tmp_path)}" in done.out
    assert f"Report: {(run / 'report.html').relative_to(tmp_path)}" in done.out
    assert {path.stem for path in run.glob("*.parquet")} == {*TABLES, "examples"}
    for number in (1, 3, 4):
        files = {path.suffix for path in (run / "figures").glob(f"figure{number}.*")}
        assert files == {".svg", ".pdf", ".png"}
    manifest = json.loads((run / "manifest.json").read_text())
    assert [entry["name"] for entry in manifest["databases"]] == ["drawn-a", "mylab"]
    assert manifest["databases"][1]["card"]["recipe"] == {"posers": 4, "seed": 0}
    assert manifest["request"]["seed"] == 0
    assert any("Inagaki" in citation for citation in manifest["citations"])


COUNT = re.compile(r"^\W+(faces|features|heads)\b.*? (\d+)\W+(\d+) ", re.MULTILINE)


def test_dry_run_says_that_it_made_photographs(ccbench: Command, lab: Path) -> None:
    command = ("matrix", "-d", "mylab", *FAST, "--dry-run")
    said = "The photographs of mylab had to be made for this estimate"
    first = ccbench(*command)
    assert first.code == 0, first.err
    assert said in first.out
    assert said not in ccbench(*command).out


@pytest.mark.usefixtures("no_pictures")
def test_dry_run_writes_no_run_and_counts_what_the_run_does(
    ccbench: Command, four: Path, few_posers: FewPosers, own_cache: Path, tmp_path: Path
) -> None:
    start = ("matrix", "-d", f"drawn-a={four}", *FAST, "--out", tmp_path / "run")

    def counts(*more: object) -> dict[str, tuple[int, int]]:
        done = ccbench(*start, *more, "--dry-run")
        assert done.code == 0, done.err
        assert "About" in done.out
        return {name: (int(a), int(b)) for name, a, b in COUNT.findall(done.out)}

    def heads() -> int:
        return len(list(own_cache.glob("heads/*/*/entry.json")))

    views = 28 * 5  # two sizes, each plain and mirrored, and the plain view for the test
    assert counts() == {"faces": (0, 28), "features": (0, views), "heads": (0, 1)}
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "runs").exists()
    assert heads() == 0
    assert ccbench(*start).code == 0
    assert heads() == 1
    assert counts() == {"faces": (28, 0), "features": (views, 0), "heads": (1, 0)}
    other = few_posers("drawn-b", 3)
    more = ("-d", f"drawn-b={other}", "--runs", 3)
    promised = counts(*more)
    assert promised == {
        "faces": (28, 21),
        "features": (views, 21 * 5),
        "heads": (1, 5),
    }
    assert ccbench(*start, *more).code == 0
    assert heads() == 1 + 5
