"""``ccbench datasets list | show | check``."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from ccbench_registry import EXPRESSIONS

if TYPE_CHECKING:
    from tests.conftest import Command, FewPosers, Outcome


def listed(done: Outcome) -> dict[str, list[str]]:
    """Return name -> cells of the rows that have all cells."""
    assert done.code == 0, done.err
    rows = [re.split(r"  +", line.strip()) for line in done.out.splitlines()[1:]]
    return {row[0]: row for row in rows if len(row) == 7}


def test_list_says_where_from_how_read_and_what_is_missing(ccbench: Command) -> None:
    done = ccbench("datasets", "list")
    rows = listed(done)
    assert list(rows) == sorted(rows)
    title = "Karolinska Directed Emotional Faces"
    assert rows["kdef"] == ["kdef", "SE", "70", "pattern", "–", "no", title]
    assert rows["krc"][1:6] == ["JP", "74", "pattern", "–", "no"]
    assert rows["drawn-a"][1:6] == ["–", "60", "generated", "–", "yes"]
    assert rows["faces"][1:6] == ["DE", "171", "pattern", "surprised", "no"]
    assert rows["cfd"][1:6] == ["US,IN", "827", "pattern", "3 of 7", "no"]
    assert rows["umea"][1:6] == ["SE", "60", "manifest", "–", "no"]
    assert rows["eb_plus"][4] == "?"
    assert "synthetic:…" in done.out
    assert "manifest = naming not known, -d NAME=list.csv" in " ".join(done.out.split())


@pytest.mark.parametrize("width", [80, 100, 200])
def test_list_keeps_one_line_a_dataset(
    ccbench: Command, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = ccbench("datasets", "list").out.splitlines()
    table = out[: next(n for n, line in enumerate(out) if "databases of" in line)]
    assert all(len(line) <= width for line in out)
    names = [line.split()[0] for line in table[1:]]
    assert len(names) == len(set(names)) > 60
    (faces,) = [line for line in table if line.startswith("faces ")]
    assert faces.split()[1:6] == ["DE", "171", "pattern", "surprised", "no"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--country", "jp"), {"aist", "jacfee", "jaffe", "krc", "riken"}),
        (("--country", "CN"), {"cfaps", "oulu_casia", "tsinghua_fed"}),
        (("--country", "SE"), {"kdef", "umea"}),
        (("--expression", "pride"), {"adfes", "gemep"}),
        (("--country", "DE", "--expression", "surprise"), {"mpi_fev"}),
        (("--licence", "release agreement"), {"faces"}),
        (("--country", "JP", "--licence", "non-commercial"), {"jaffe", "krc"}),
    ],
)
def test_list_can_be_restricted(
    ccbench: Command, options: tuple[str, ...], names: set[str]
) -> None:
    assert set(listed(ccbench("datasets", "list", *options))) == names


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--country", "XX"), "--country XX: no database; give one of the codes BR, CA, CH"),
        (("--expression", "hapiness"), "no such expression; did you mean 'happiness'?"),
        (("--country", "JP", "--licence", "CC0"), "no database passes; drop one of --country"),
    ],
)
def test_restrictions_that_leave_nothing(
    ccbench: Command, options: tuple[str, ...], sentence: str
) -> None:
    assert sentence in ccbench("datasets", "list", *options).refusal


def test_show_says_terms_citation_and_options(ccbench: Command) -> None:
    done = ccbench("datasets", "show", "kdef")
    assert done.code == 0
    for label, text in (
        ("Country", "SE"),
        ("Posers", "70"),
        ("Terms", "Researchers only"),
        ("  pass on", "no"),
        ("  modify", "unknown"),
        ("Human norms", "KDEF"),
        ("To get it", "Ask for the database"),
    ):
        assert re.search(rf"^{label} +{text}", done.out, re.M), label
    assert "Lundqvist" in done.out
    assert "session:" in done.out
    assert "from memory" not in done.out


def test_show_says_what_nobody_has_checked_and_what_selects_a_group(
    ccbench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    stoic = ccbench("datasets", "show", "stoic").out
    assert re.search(r"^Posers +10 \(from memory\)", stoic, re.M)
    umea = ccbench("datasets", "show", "umea").out
    assert re.search(r"^Posers +60 *$", umea, re.M)
    assert "manifest: -d umea=list.csv; its file naming is not known" in umea
    rafd = ccbench("datasets", "show", "rafd").out
    assert "Moroccan Dutch men, 18 posers: -d 'rafd[group=Moroccan]=FOLDER'" in rafd
    assert "verified (tried on lists of real names)" in rafd
    faces = ccbench("datasets", "show", "faces").out
    assert "only the posers 004, 066, 079, 116, 140, 168" in faces
    assert re.search(r"^Lacks +surprised", faces, re.M)
    drawn = ccbench("datasets", "show", "drawn-a").out
    assert "generated: -d drawn-a, no folder needed" in drawn


def test_show_prints_names_in_brackets_as_they_are(ccbench: Command, tmp_path: Path) -> None:
    card = tmp_path / "mine.toml"
    card.write_text(
        'name = "mine"\n'
        'title = "Faces [bold] of [/] ours"\n'
        'notes = ["see [red]the wiki[/red]"]\n'
        'terms = { licence = "ask [us]", request = "at [our] door" }\n'
        "[files]\n"
        "pattern = '(?P<poser>\\d+)_(?P<expression>[a-z]+)\\.png'\n"
    )
    done = ccbench("datasets", "show", card)
    assert done.code == 0, done.err
    for text in ("Faces [bold] of [/] ours", "[red]the wiki[/red]", "ask [us]", "at [our] door"):
        assert text in done.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "kdf"), "no dataset 'kdf'; did you mean 'kdef'?"),
        (("check", "kdef=nowhere"), "no such folder: nowhere"),
        (("check", "kdef[sex=F"), "cannot read the dataset 'kdef[sex=F'"),
        (("check", "kdef[sexes=F]=."), "no option 'sexes'; did you mean 'sex'?"),
    ],
)
def test_bad_input(ccbench: Command, arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in ccbench("datasets", *arguments).refusal


def test_show_prints_the_recipe(ccbench: Command) -> None:
    done = ccbench("datasets", "show", "drawn-b")
    assert done.code == 0, done.err
    shown = done.out[done.out.index("Recipe") :]
    for line in ("    neutral: –", "    sad: 4 = 0.8, 7 = 0.6, 17 = 0.9", "  posers: 60"):
        assert f"\n{line}\n" in shown
    assert "Recipe" not in ccbench("datasets", "show", "kdef").out


def test_generate_writes_a_plain_folder(ccbench: Command, lab: Path, tmp_path: Path) -> None:
    (tmp_path / "my few.toml").write_text('name = "few"\nposers = 3\n')
    out = tmp_path / "new" / "few faces"
    done = ccbench("datasets", "generate", "labfaces:my few.toml", out, "--workers", 1)
    assert done.code == 0, done.err
    assert f"21 files in {out}\n" in done.out
    assert "making photographs" in done.out
    names = sorted(path.name for path in out.iterdir())
    assert names == sorted(f"p{n:02}_{e}.png" for n in (1, 2, 3) for e in EXPRESSIONS)
    # As it says, and for a shell.
    (given,) = [line for line in done.out.splitlines() if line.startswith("To use them")]
    spec = shlex.split(given.partition(" -d ")[2])
    assert spec == [f"labfaces:my few.toml={out}"]
    found = ccbench("datasets", "check", *spec, "--workers", 1)
    assert found.code == 0, found.err
    assert "21 photographs of 3 posers" in found.out
    # Copies: the cache does not change with them.
    kept = (out / names[0]).read_bytes()
    (out / names[0]).write_bytes(b"")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert ccbench("datasets", "generate", "labfaces:my few.toml", empty).code == 0
    assert (empty / names[0]).read_bytes() == kept


@pytest.mark.parametrize(
    ("name", "out", "sentence"),
    [
        ("mylab", "full", "full is not empty; give the name of a new folder"),
        ("mylab", "full/file", "full/file is a file; give the name of a new folder"),
        ("mylab", "../here", "../here is the current folder; give the name of a new folder"),
        ("mylab", "full/file/below", "full/file/below"),
        ("kdef", "new", "the dataset 'kdef' does not make its own photographs"),
        ("mylab=full", "new", "to make them give the name alone: mylab"),
        ("labfaces", "new", "write for example 'labfaces:RECIPE.toml'"),
        ("mylb", "new", "did you mean 'mylab'?"),
    ],
)
def test_generate_refuses(
    ccbench: Command,
    lab: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    out: str,
    sentence: str,
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    (tmp_path / "here").mkdir()
    if out == "../here":
        monkeypatch.chdir(tmp_path / "here")
    assert sentence in ccbench("datasets", "generate", name, out, "--workers", 1).refusal
    assert (tmp_path / "full" / "file").read_text() == "mine"
    assert not (tmp_path / "new").exists()


def test_check_of_a_good_database(ccbench: Command, few_posers: FewPosers) -> None:
    done = ccbench("datasets", "check", f"drawn-a={few_posers('drawn-a', 3)}", "--workers", 1)
    assert done.code == 0, done.err
    assert "21 photographs of 3 posers" in done.out
    assert "3 of 3 posers are complete" in done.out
    assert "Ready to run." in done.out
    assert "BSD-3-Clause" in done.out


def test_check_tells_everything_that_is_wrong(ccbench: Command, few_posers: FewPosers) -> None:
    root = few_posers("drawn-a", 3)
    (root / "p01_happy.png").write_bytes(b"")
    (root / "p02_sad.png").unlink()
    shutil.copy(root / "p03_sad.png", root / "holiday.png")
    shutil.copy(root / "p03_angry.png", root / "p02_angry.png")
    noise = np.random.default_rng(0).integers(0, 255, (256, 256), dtype=np.uint8)
    cv2.imwrite(str(root / "p03_happy.png"), noise)
    cv2.imwrite(str(root / "p03_fearful.png"), np.zeros((256, 256), np.uint8))
    done = ccbench("datasets", "check", f"drawn-a={root}", "--workers", 1)
    assert done.code == 1
    assert "20 photographs of 3 posers" in done.out
    assert "0 of 3 posers are complete" in done.out
    for line in (
        "p01: no happy",
        "p02: no sad",
        "p03: no happy, fearful",
        "holiday.png",
        "p02_angry.png = p03_angry.png",
        "p01_happy.png: the file is empty (0 bytes)",
        "p03_fearful.png: mean grey level 0.0 of 255",
    ):
        assert f"\n  {line}" in done.out
    assert "No face found (1)" in done.out
    refused = " ".join(done.out[done.out.index("A run would refuse it:") :].split())
    assert "p02_angry.png and p03_angry.png have the same bytes but belong to two" in refused


def test_check_refuses_what_a_run_refuses(ccbench: Command, few_posers: FewPosers) -> None:
    done = ccbench("datasets", "check", f"drawn-a={few_posers('drawn-a', 2)}")
    assert done.code == 1
    assert "A run would refuse it: the database 'drawn-a' has too few posers" in done.out
    assert "Ready to run" not in done.out
