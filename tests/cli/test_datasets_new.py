"""``ccbench datasets new``: a person at a terminal, options alone, and refusals."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from ccbench.datasets import dataset_from_card
from ccbench.datasets.card_text import card_text
from ccbench_registry import (
    EXPRESSIONS,
    Citation,
    DatasetCard,
    FilePattern,
    Terms,
    load_card,
)

if TYPE_CHECKING:
    from tests.conftest import Command, FewPosers

FACTS = (
    "--name", "ours", "--title", "Our faces", "--country", "fi", "--licence", "consent form",
    "--citation", "",
)  # fmt: skip
CODES = dict(zip(EXPRESSIONS, ("NE", "HA", "FE", "SA", "AN", "SP", "DI"), strict=True))


class Typing(Protocol):
    """Makes standard input a terminal at which somebody types these lines."""

    def __call__(self, *lines: str) -> None: ...


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Typing:
    """Return a function that puts a person at the terminal."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def begin(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", Terminal("".join(line + "\n" for line in lines)))

    return begin


@pytest.fixture
def photographs(few_posers: FewPosers, tmp_path: Path) -> Path:
    """Return a folder of three drawn posers, named as NimStim is, and two other files."""
    folder = tmp_path / "our faces"
    folder.mkdir()
    for path in few_posers("drawn-a", 3).glob("*.png"):
        poser, expression = path.stem.split("_")
        number = int(poser[1:])
        shutil.copy(path, folder / f"{number:02}{'FMF'[number - 1]}_{CODES[expression]}_O.PNG")
    shutil.copy(folder / "01F_NE_O.PNG", folder / "montage.png")
    (folder / ".hidden.png").touch()
    (folder / "notes.txt").touch()
    return folder


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_a_person_gets_a_card_that_runs(
    ccbench: Command, typing: Typing, photographs: Path, tmp_path: Path
) -> None:
    typing("y", "", "", "Our faces", "Finland", "fi", "consent form", "A (2020). B. doi:10.1/x")
    done = ccbench("datasets", "new", photographs, "--workers", 1)
    assert done.code == 0, done.err
    # What was found, before any question.
    before, _, after = done.out.partition("Are the names read rightly?")
    assert "22 image files" in before
    assert "It reads 21 of 22 names" in before
    assert "01F_AN_O.PNG" in before
    assert "montage.png" in before
    assert ".hidden.png" not in done.out
    shown = squeezed(before)
    assert "SP 3 surprised" in shown
    assert "sex who is shown 2 F, M" in shown
    assert "21 photographs: 3 posers × 7 expressions" in after
    assert "'Finland' is no country; give two letters such as SE or JP" in after
    # The title may not be empty.
    assert after.count("Title") == 2
    # The card reads back as the same table, and was checked.
    card = load_card(Path("our-faces.toml"), DatasetCard)
    assert (card.name, card.title, card.country, card.posers) == (
        "our-faces", "Our faces", "FI", 3,
    )  # fmt: skip
    assert card.terms.licence == "consent form"
    assert card.citations == (Citation(text="A (2020). B.", doi="10.1/x"),)
    table = dataset_from_card(Path("our-faces.toml")).samples(photographs, {})
    assert {(s.poser, s.expression, s.path.name) for s in table} == {
        (f"{n:02}{sex}", expression, f"{n:02}{sex}_{code}_O.PNG")
        for n, sex in ((1, "F"), (2, "M"), (3, "F"))
        for expression, code in CODES.items()
    }
    assert "3 of 3 posers are complete" in after
    assert "Ready to run." in after
    # What comes next can be pasted into a shell.
    command = after.splitlines()[-1]
    spec = f"our-faces.toml={photographs}"
    assert shlex.split(command) == [
        "ccbench", "matrix", "-d", spec, "-d", "synthetic-a",
    ]  # fmt: skip
    checked = ccbench("datasets", "check", spec, "--workers", 1)
    assert checked.code == 0
    assert "21 photographs of 3 posers" in checked.out


def test_a_name_whose_card_is_there_is_asked_again_before_the_rest(
    ccbench: Command, typing: Typing, photographs: Path
) -> None:
    Path("our-faces.toml").write_text("mine")
    typing("y", "", "others", "Our faces", "fi", "consent form", "")
    done = ccbench("datasets", "new", photographs, "--workers", 1)
    assert done.code == 0, done.err
    assert "our-faces.toml exists; give another" in done.out.partition("Title")[0]
    assert Path("our-faces.toml").read_text() == "mine"
    assert load_card(Path("others.toml"), DatasetCard).title == "Our faces"


def test_options_alone_do_the_same(ccbench: Command, photographs: Path, tmp_path: Path) -> None:
    out = tmp_path / "cards" / "card [1].toml"
    done = ccbench(
        "datasets", "new", photographs, *FACTS, "--yes", "--out", out, "--workers", 1
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "?" not in squeezed(done.out).partition("Wrote")[0].replace("(?P", "")
    card = load_card(out, DatasetCard)
    assert card.citations == ()
    assert card.files is not None
    assert card.files.poser == "{number}{sex}"
    assert shlex.split(done.out.splitlines()[-1])[3] == f"{out}={photographs}"
    # The comments are for people: files of each code, as they are spelt.
    assert 'SP = "surprised"  # 3 files' in out.read_text()


def test_a_card_a_run_would_refuse_is_kept_and_said(ccbench: Command, photographs: Path) -> None:
    shutil.copy(photographs / "01F_NE_O.PNG", photographs / "02M_NE_O.PNG")
    done = ccbench("datasets", "new", photographs, *FACTS, "--yes", "--workers", 1)
    assert done.code == 1
    assert "A run would refuse it" in done.out
    assert Path("ours.toml").exists()
    assert "When that is corrected:" in done.out
    assert shlex.split(done.out.splitlines()[-1])[:3] == ["ccbench", "datasets", "check"]


def test_gaps_and_several_photographs_are_said(
    ccbench: Command, typing: Typing, tmp_path: Path
) -> None:
    names = [f"P{p}_{e}_{t}.png" for p in range(1, 6) for e in EXPRESSIONS for t in (1, 2)]
    names = [name for name in names if not name.startswith("P3_sad")]
    typing("y")  # and then the person leaves
    done = ccbench("datasets", "new", touch(tmp_path / "faces", *names))
    assert done.code == 1
    assert "68 photographs: 5 posers × 7 expressions" in done.out
    assert "34 times a poser shows an expression in several photographs (up to 2)" in done.out
    assert "P3 has no sad" in done.out


def test_equal_posers_are_asked_for(ccbench: Command, typing: Typing, tmp_path: Path) -> None:
    names = [f"{a:02}_{b:02}_{e}.png" for a in range(1, 6) for b in range(1, 6) for e in CODES]
    folder = touch(tmp_path / "faces", *names)
    typing("part2", "n", "poser", "part9", "poser", "part1+part2", "y")
    done = ccbench("datasets", "new", folder)
    assert "part1 5: 01, 02, 03, …" in squeezed(done.out)
    assert "(?P<part1>\\d+)_(?P<poser>\\d+)_(?P<expression>[a-z]+)" in done.out
    assert "no such part; did you mean" in done.out
    assert "25 posers × 7 expressions" in done.out
    refusal = ccbench_without_terminal(ccbench, folder)
    assert "choose with --poser part1 or --poser part2" in refusal


def ccbench_without_terminal(ccbench: Command, folder: Path, *options: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(""))
        return ccbench("datasets", "new", folder, *FACTS, "--yes", *options).refusal


def test_codes_nobody_can_know_are_asked_for(
    ccbench: Command, typing: Typing, tmp_path: Path
) -> None:
    names = [f"{p:02}_{code}.png" for p in range(11, 16) for code in range(1, 8)]
    folder = touch(tmp_path / "faces", *names)
    typing("part2", "neutral", "hapy", "joy", "fear", "sad", "anger", "surprise", "-", "y")
    done = ccbench("datasets", "new", folder)
    assert "'hapy' is no expression; did you mean 'happy'?" in done.out
    assert "5 posers × 6 expressions" in done.out
    typing("none")
    assert "list the photographs in a CSV file" in ccbench("datasets", "new", folder).err
    refusal = ccbench_without_terminal(ccbench, folder)
    assert "say what its codes mean with --label CODE=EXPRESSION" in refusal
    labels = [f"--label={n}={name}" for n, name in enumerate(EXPRESSIONS[:6], 1)]
    refusal = ccbench_without_terminal(ccbench, folder, *labels)
    assert refusal.startswith("what '7' in the names means is not sure; say it with --label 7=EXPR")


def test_doubtful_and_unknown_codes_are_asked_for(
    ccbench: Command, typing: Typing, tmp_path: Path
) -> None:
    names = [f"P{p}_{e}.png" for p in range(1, 6) for e in ("joy", "fear", "digust", "zest")]
    folder = touch(tmp_path / "faces", *names)
    typing("y", "", "-")
    done = ccbench("datasets", "new", folder)
    assert "'digust' (5 files) shows which expression (- for none) [disgusted]" in done.out
    assert "5 posers × 3 expressions" in done.out
    # --yes takes the guess, but there is none for "zest".
    assert "say it with --label zest=EXPRESSION" in ccbench_without_terminal(ccbench, folder)
    typing()
    done = ccbench("datasets", "new", folder, "--yes", "--label", "zest=")
    assert "5 posers × 3 expressions" in done.out


def test_the_pattern_may_be_given_or_corrected(
    ccbench: Command, typing: Typing, tmp_path: Path
) -> None:
    names = [f"{p}{e}.png" for p in range(1, 6) for e in ("joy", "fear", "sad")]
    folder = touch(tmp_path / "faces", *names)
    mine = r"(?P<id>\d)(?P<expression>[a-z]+)\.png"
    typing("n", "pattern", "(", "pattern", mine.replace("id", "poser"), "y")
    done = ccbench("datasets", "new", folder)
    assert "is not a regular expression" in done.out
    assert done.out.count("(?P<poser>\\d)(?P<expression>[a-z]+)") >= 1
    assert "5 posers × 3 expressions" in done.out
    typing("y")
    done = ccbench("datasets", "new", folder, "--pattern", mine, "--poser", "id")
    assert "5 posers × 3 expressions" in done.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "give --yes to read the names by the pattern (?P<poser>P\\d+)_(?P<expression>"),
        (("--yes",), "give --title, --country, --licence and --citation"),
        (("--yes", *FACTS[4:]), "give --title"),
        (("--yes", *FACTS, "--name", "a b"), "--name 'a b' is no name"),
        (("--yes", *FACTS, "--country", "Sweden"), "--country 'Sweden' is no country"),
        (("--yes", *FACTS, "--title", " "), "--title ' ' is empty"),
        (
            ("--yes", *FACTS, "--poser", "prt1"),
            "--poser prt1: the names have no such part",
        ),
        (("--yes", *FACTS, "--label", "zest"), "--label zest: write --label CODE=EXPRESSION"),
        (
            ("--yes", *FACTS, "--label", "joy=hapy"),
            "--label joy=hapy: 'hapy' is no",
        ),
        (
            ("--yes", *FACTS, "--label", "yoj=sad"),
            "no file has the code 'yoj'",
        ),
        (("--yes", *FACTS, "--pattern", "(?P<expression>x)(?P<poser>y)"), "matches --pattern"),
        (("--yes", *FACTS, "--pattern", "(?P<poser>y)"), "needs a named group (?P<expression>...)"),
        (("--yes", *FACTS, "--pattern", "("), "is not a regular expression"),
        (
            ("--yes", *FACTS, "--out", "card.txt"),
            "the name of a card ends in .toml",
        ),
        (("--yes", *FACTS, "--out", "folder.toml"), "folder.toml: that is a folder"),
        (("--yes", *FACTS, "--out", "taken.toml"), "taken.toml exists; give another --out, or --f"),
        (
            ("--yes", *FACTS, "--out", "taken.toml/new.toml"),
            "new.toml cannot be written",
        ),
    ],
)
def test_without_a_terminal_nothing_is_asked(
    ccbench: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    options: tuple[str, ...],
    sentence: str,
) -> None:
    names = [f"P{p}_{e}.png" for p in range(1, 6) for e in ("joy", "fear", "sad")]
    folder = touch(tmp_path / "faces", *names)
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "taken.toml").write_text("mine")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n" * 20))
    assert sentence in ccbench("datasets", "new", folder, *options).refusal
    assert (tmp_path / "taken.toml").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".toml") == [
        "folder.toml", "taken.toml",
    ]  # fmt: skip


def test_a_taken_card_is_told_before_anything_is_asked_and_may_be_forced(
    ccbench: Command, typing: Typing, photographs: Path
) -> None:
    Path("ours.toml").write_text("mine")
    typing("y")
    done = ccbench("datasets", "new", photographs, "--name", "ours")
    assert done.code == 2
    assert done.out == ""
    assert "ours.toml exists" in done.refusal
    typing()
    done = ccbench("datasets", "new", photographs, *FACTS, "--yes", "--force", "--workers", 1)
    assert done.code == 0, done.err
    assert load_card(Path("ours.toml"), DatasetCard).title == "Our faces"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ((), "holds no image file"),
        (("notes.txt", ".hidden.png"), "holds no image file"),
        (("a_joy.png",), "holds one image file, a_joy.png; a database needs several posers"),
        ([f"IMG_{n}.jpg" for n in range(20)], "no part of the names reads as expressions"),
        ([f"P1_{e}.jpg" for e in EXPRESSIONS], "no part of the names looks like a poser"),
    ],
)
def test_folders_that_are_no_database(
    ccbench: Command, tmp_path: Path, files: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "faces").mkdir()
    folder = touch(tmp_path / "faces", *files)
    assert sentence in ccbench_without_terminal(ccbench, folder)
    assert "no such folder" in ccbench_without_terminal(ccbench, tmp_path / "nowhere")


def test_a_name_that_is_no_text(ccbench: Command, tmp_path: Path) -> None:
    folder = touch(tmp_path / "faces", "a_joy.png")
    try:
        (folder / os.fsdecode(b"b\xff_joy.png")).touch()
    except OSError:
        pytest.skip("this file system takes no such name")
    assert "is not UTF-8; rename the file" in ccbench_without_terminal(ccbench, folder)


@pytest.mark.parametrize(
    "text",
    ["plain", "it's", 'a "quoted" one', r"C:\faces", "it's \\d", "ü 顔\t\x7f", "a\u2028b", ""],
)
def test_cards_are_read_back_as_they_were_written(text: str, tmp_path: Path) -> None:
    card = DatasetCard(
        name="mine",
        title=text,
        country="",
        posers=3,
        expressions=("happy", "sad"),
        naming="verified",
        terms=Terms(licence=text, redistribution=True),
        citations=(Citation(text=text), Citation(text="b", doi="10.1/x")),
        files=FilePattern(
            pattern=r"(?P<view>o'b)(?P<poser>\w)_(?P<expression>.+)\.png",
            labels={"an": "angry", text.lower() or "1": "sad", "x y": "", "7": "happy"},
        ),
    )
    path = tmp_path / "card.toml"
    path.write_text(card_text(card, {"AN": 3}, "`ccbench datasets new`"), encoding="utf-8")
    assert load_card(path, DatasetCard) == card
    assert "AN" in tomllib.loads(path.read_text(encoding="utf-8"))["files"]["labels"]
    # The commented line is a valid one.
    (line,) = [line for line in path.read_text().splitlines() if "keep" in line]
    assert tomllib.loads(line.removeprefix("# ")) == {"keep": {"view": ["..."]}}
