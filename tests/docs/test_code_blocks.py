"""Every code block of the pages is run, loaded, or plainly no code.

Commands are run as they are written but for what the tables below say: licensed photographs,
large networks and long runs have small stand-ins.  A block or a command that no line of the
tables covers fails, and so does a line of the tables that covers nothing.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.docs.pages import BLOCKS, ROOT, Block
from tests.docs.workplace import furnish

from ccbench.bundles import write_bundle
from ccbench.results import Run

if TYPE_CHECKING:
    from tests.conftest import Command

STAND_INS = (
    # what a page names                     what is there instead; {place} is a temporary folder
    (r"^nim-faces\.toml=nim faces$", "mylab.toml=/photos/mylab"),
    (r"^nim faces$", "/photos/named"),
    (r"^synthetic-a$", "drawn-a=/photos/drawn-a"),
    (r"/photos/", "{place}/photos/"),
    (r"/images/", "{place}/images/"),
    (r"\bmylab\.(csv|toml)\b", r"{place}/mylab.\1"),
    (r"\bmine\.toml$", "{place}/mine.toml"),
    (r"^timm:resnet18$", "timm:test_resnet@{place}/weights/test_resnet.pth"),
    (r"^timm:resnet\d+\b", "timm:test_resnet"),
    (r"(?<!\})/weights/\w+\.", "{place}/weights/test_resnet."),
    (r"^torchvision:vgg16@vgg16-\w+\.pth", "torchvision:vgg16@{place}/weights/squeezenet1_1.pth"),
    (r"@features\.23$", "[layer=features.12,weights={place}/weights/squeezenet1_1.pth]"),
    (r"^torchvision:vgg16\b", "torchvision:squeezenet1_1"),
)
TWO = "-d drawn-a={place}/photos/drawn-a -d drawn-b={place}/photos/drawn-b"
DRY = "--dry-run --workers 1"
FEW = (
    "--set photographs.posers=10 --set split.train=6 --set split.validation=2 --set split.test=2 "
    "--set head.hidden=[8,8]"
)


@dataclass(frozen=True)
class Rule:
    """How a command is run.

    Attributes:
        command: regular expression for the whole of it; the first rule that matches counts.
        add: what is appended.
        swap: what is replaced in it, and by what.
        run_by: "FILE: TEXT": it is not run here, but by what this file has in this text.
    """

    command: str
    add: str = ""
    swap: tuple[str, str] | None = None
    run_by: str = ""


RULES = (
    # A whole run, with the laboratory's fast backbone.
    Rule("ccbench matrix", f"{TWO} -b tiny --runs 2 --workers 1"),
    # Others up to the point where the work begins: all files and weights are opened.
    Rule("ccbench matrix .*--protocol inagaki2022 --dry-run", f"-b tiny --workers 1 {FEW}"),
    Rule("ccbench matrix --protocol inagaki2022", f"{TWO} -b tiny {DRY} {FEW}"),
    Rule("ccbench matrix .*--dry-run", "-b tiny --workers 1"),
    Rule("ccbench matrix -b .*", f"{TWO} {DRY}"),
    Rule("ccbench matrix --set .*", f"{TWO} -b tiny {DRY}"),
    Rule("ccbench matrix -d .* --probe-layer .*", DRY),
    Rule("ccbench matrix -d .*", f"-b tiny {DRY}"),
    # Quick as they are.
    Rule("ccbench (datasets|backbones) (list|show)( .*)?"),
    Rule("ccbench datasets accept .*"),
    Rule("ccbench datasets check kdef=/photos/KDEF", "--workers 1"),
    Rule("ccbench plugins new .*"),
    Rule("ccbench (export|cite|bundle) runs/.*"),
    Rule("ccbench report runs/NAME --against .*", "--workers 1"),
    Rule("ccbench (verify|leaderboard) .*"),
    Rule("ccbench datasets new .* --yes", "--workers 1"),
    Rule(
        "ccbench datasets new .*",
        "--name mine --title Mine --country FI --licence consent --citation none --yes --workers 1",
    ),
    # Fewer and smaller pictures.
    Rule(
        "ccbench datasets generate drawn-a .*",
        "--workers 1",
        ("generate drawn-a", "generate mylab"),
    ),
    Rule(
        "ccbench datasets mimic .*",
        "--workers 1 --size-factor 0.2 --no-quirks",
        ("kdef faces/kdef --posers 10", "krc faces/kdef --posers 3"),
    ),
    Rule("ccbench datasets check kdef=faces/kdef", "--workers 1", ("kdef=", "krc=")),
    Rule("ccbench probes render .*", "--workers 1", ("rendered-au", "mylab-drawn")),
    Rule(r"ccbench probes check facegen\[pattern=.*", "", ("=/images/facegen", "=/images/named")),
    Rule("ccbench probes check .*"),
    # Other programs.
    Rule(r"python3 -m venv \.venv", "--without-pip", ("python3", "{python}")),
    Rule(r"\. \.venv/bin/activate"),
    Rule(
        r"pip install \.",
        "--quiet --no-index --no-deps --no-build-isolation --target site",
        ("pip install .", "{python} -m pip install {root}"),
    ),
    # What is run elsewhere.
    Rule("ccbench report runs/NAME", run_by='tests/cli/test_report.py: ccbench("report", copied)'),
    Rule("ccbench bench", run_by='tests/cli/test_bench.py: ccbench("bench"'),
    Rule(
        r"pip install -e '\.\[test\]'|python -m pytest( -n auto --dist loadfile)?",
        run_by=r".ci/run: grep -m1 '^pip install.*python -m pytest' README.md",
    ),
    Rule("python tests/benchmarks/.*", run_by="tests/benchmarks/bench_training.py: def main"),
    Rule("cd ccbench-myfaces", run_by="tests/test_scaffold.py: cwd=root / kind"),
    Rule(
        "nice python docs/simulations/.*",
        run_by="tests/analysis/statistics/test_false_positives.py: simulations",
    ),
    Rule(r"pip install -e '\.\[(dev|docs)\]'", run_by=".ci/run: pip install --quiet -e '.[dev]'"),
    Rule(r"ruff check \.", run_by=".ci/run: ruff check ."),
    Rule(r"ruff format --check \.", run_by=".ci/run: ruff format --check ."),
    Rule("mypy", run_by=".ci/run: mypy"),
    Rule("lint-imports", run_by=".ci/run: lint-imports"),
    Rule("CCBENCH_NEEDS_BROWSER=1 .*", run_by=".ci/run: CCBENCH_NEEDS_BROWSER=1 python -m pytest"),
    Rule("CCBENCH_NEEDS_DOCS=1 .*", run_by=".ci/run: CCBENCH_NEEDS_DOCS=1 python -m pytest"),
    Rule("sphinx-build .*", run_by='tests/docs/test_site.py: "-W", "--keep-going"'),
    Rule(r"\.ci/run", run_by=".ci/run: What CI runs"),
)


def rule_of(words: list[str]) -> Rule:
    """Return the rule for a command."""
    for rule in RULES:
        if re.fullmatch(rule.command, " ".join(words)) or re.fullmatch(
            rule.command, shlex.join(words)
        ):
            return rule
    pytest.fail(f"no rule in {Path(__file__).name} says how to test '{' '.join(words)}'")


@pytest.fixture(scope="session")
def place(
    drawn_folders: dict[str, Path],
    lab_folder: Path,
    session_cache: Path,
    tiny_run: Run,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return a folder with all stand-ins: a finished run with a probe, and a bundle of another."""
    from ccbench.runner import run_matrix

    place = tmp_path_factory.mktemp("place")
    (place / "photos").mkdir()
    for name, folder in drawn_folders.items():
        (place / "photos" / name).symlink_to(folder)
    furnish(place, drawn_folders)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(lab_folder)
        run_matrix(
            [f"{name}={folder}" for name, folder in drawn_folders.items()],
            backbone="tiny",
            runs=3,
            probes=["mylab-units"],
            probe_layers=["0"],
            out=place / "runs" / "mine",
            cache=session_cache,
        )
    write_bundle(tiny_run, place / "theirs.ccb")
    return place


@pytest.fixture
def desk(
    place: Path,
    tiny_run: Run,
    lab: Path,
    session_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Path:
    """Return the current folder: ``runs/`` in it has the finished runs, under all their names."""
    monkeypatch.setenv("CCBENCH_CACHE", str(session_cache))
    # How exactly a dry run times this machine is of no interest here.
    monkeypatch.setattr("ccbench.runner.timing._VIEWS", 2)
    monkeypatch.setattr("ccbench.runner.timing._LONGEST", 0.0)
    shutil.copytree(tiny_run.path, tmp_path / "runs" / "TWO")
    for name in ("mine", "NAME", "ALL", "ONE"):
        shutil.copytree(place / "runs" / "mine", tmp_path / "runs" / name)
    shutil.copy(place / "theirs.ccb", tmp_path)
    return tmp_path


def small(words: list[str], rule: Rule, place: Path) -> list[str]:
    """Return a command with its stand-ins."""
    if rule.swap:
        old, new = rule.swap
        line = "\0".join(words)
        assert old.replace(" ", "\0") in line, f"{rule} does not fit {line}"
        words = line.replace(old.replace(" ", "\0"), new.replace(" ", "\0")).split("\0")
    for pattern, instead in STAND_INS:
        words = [re.sub(pattern, instead, word) for word in words]
    values = {"{place}": str(place), "{root}": str(ROOT), "{python}": sys.executable}
    words = [*words, *rule.add.split()]
    for name, value in values.items():
        words = [word.replace(name, value) for word in words]
    return words


SHELL = [block for block in BLOCKS if block.language == "sh"]
DRY_RUNS: set[tuple[str, ...]] = set()
CODE = [block for block in BLOCKS if block.language in ("python", "toml")]


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_do_what_they_say(block: Block, ccbench: Command, place: Path, desk: Path) -> None:
    for written in block.commands:
        rule = rule_of(written)
        if rule.run_by:
            file, _, text = rule.run_by.partition(": ")
            assert text in (ROOT / file).read_text(encoding="utf-8"), rule
            continue
        words = small(written, rule, place)
        if "--dry-run" in words:
            # It leaves nothing behind: of several that are equal with their stand-ins, one is run.
            if tuple(words) in DRY_RUNS:
                continue
            DRY_RUNS.add(tuple(words))
        if words[0] == "ccbench":
            done = ccbench(*words[1:])
            assert done.code == 0, f"{shlex.join(words)}\n{done.out}\n{done.err}"
        else:
            subprocess.run(["bash", "-c", shlex.join(words)], check=True, env=os.environ)


def run(code: str, **names: object) -> dict[str, Any]:
    """Execute a block; return its names."""
    exec(compile(code, "block", "exec"), names)
    return names


def a_small_run(code: str, place: Path) -> None:
    drawn = [f"{name}={place / 'photos' / name}" for name in ("drawn-a", "drawn-b")]
    assert '["synthetic-a", "synthetic-b"]' in code
    code = code.replace('["synthetic-a", "synthetic-b"]', repr(drawn))
    code, count = re.subn(r"runs=\d+", 'runs=2, backbone="tiny"', code)
    assert count == 1
    assert run(code)["run"].databases == ("drawn-a", "drawn-b")


def as_it_is(code: str, place: Path) -> None:
    run(code)


def a_portrait(code: str, place: Path) -> None:
    assert run(code)["portrait"].shape == (300, 240, 3)


def a_command(code: str, place: Path) -> None:
    import click
    from click.testing import CliRunner

    from ccbench import hookimpl

    group = click.Group()
    run(code, hookimpl=hookimpl)["ccbench_register_commands"](group)
    assert CliRunner().invoke(group, ["hello"]).output == "hello from mylab\n"


def photographs_of_a_part(code: str, place: Path) -> None:
    import numpy as np

    from ccbench_registry import EXPRESSIONS

    names = {"EXPRESSIONS": EXPRESSIONS, "picture": lambda *_: np.zeros((8, 8, 3), np.uint8)}
    dataset = run(code, **names)["Rendered"]()
    dataset.generate(dataset.parts - 1, Path())
    assert {file.name for file in Path().glob("p60_*.png")} == {f"p60_{e}.png" for e in EXPRESSIONS}


def a_conformance_test(code: str, place: Path) -> None:
    from ccbench.plugins import load_plugins

    names = run(code, MyDataset=lambda: load_plugins().dataset("drawn-a"))
    names["test_contract"](place / "photos" / "drawn-a")


def an_entry_point(code: str, place: Path) -> None:
    assert list(tomllib.loads(code)["project"]["entry-points"]["ccbench"]) == ["mylab"]


def a_dataset_in_five_lines(code: str, place: Path) -> None:
    from ccbench.datasets import dataset_from_card

    assert len(code.strip().splitlines()) == 5
    Path("mylab.toml").write_text(code)
    table = dataset_from_card(Path("mylab.toml")).samples(place / "photos" / "mylab", {})
    found = {row.path.name: (row.poser, row.expression) for row in table}
    assert found["P01_joy_front.png"] == ("P01", "happy")
    assert found["P02_afraid_front.png"] == ("P02", "fearful")


def a_recipe(code: str, place: Path) -> None:
    from ccbench_plugins.rendered.recipe import read_recipe

    assert read_recipe(code, "docs/rendered.md").jitter.strength == (0.5, 1.0)


def a_leaderboard(code: str, place: Path) -> None:
    board = run(code)["board"]
    assert [run.name for run in board.runs] == ["ONE", "theirs"]
    assert Path("site/leaderboard.csv").is_file()


TRIALS: Mapping[tuple[str, str], Callable[[str, Path], None]] = {
    # page, and what only this block of it has: how it is tried
    ("README.md", "run_matrix("): a_small_run,
    ("README.md", 'name = "mylab"'): a_dataset_in_five_lines,
    ("docs/start.md", "run_matrix("): a_small_run,
    ("docs/leaderboards.md", "make_board("): a_leaderboard,
    ("docs/plugins.md", "[project.entry-points.ccbench]"): an_entry_point,
    ("docs/plugins.md", "def hello():"): a_command,
    ("docs/plugins.md", "class Rendered:"): photographs_of_a_part,
    ("docs/plugins.md", "def test_contract("): a_conformance_test,
    ("docs/probes.md", "selective_units("): as_it_is,
    ("docs/rendered.md", "portrait = render("): a_portrait,
    ("docs/rendered.md", "[expressions]"): a_recipe,
    ("docs/statistics.md", "poser_findings("): as_it_is,
}


def a_file_of_a_package(block: Block) -> bool:
    """Whether ``tests/test_scaffold.py`` compares and runs it, in a package of that name."""
    return bool(re.match(r"ccbench-my(faces|net|units)/", block.file))


@pytest.mark.parametrize(
    "block", [block for block in CODE if not a_file_of_a_package(block)], ids=str
)
def test_code_does_what_it_says(block: Block, place: Path, desk: Path) -> None:
    trials = [t for (page, text), t in TRIALS.items() if page == block.page and text in block.text]
    assert len(trials) == 1, f"TRIALS of {Path(__file__).name} has {len(trials)} lines for {block}"
    trials[0](block.text, place)


def test_every_block_is_code_that_is_tried_or_plain_text() -> None:
    odd = {
        str(block): block.language
        for block in BLOCKS
        if block.language not in ("sh", "python", "toml", "text") and block.language[:1] != "{"
    }
    assert odd == {}
    for page in {block.page for block in BLOCKS}:
        fences = re.findall("^ *(?:```|~~~)", (ROOT / page).read_text(encoding="utf-8"), re.M)
        assert len(fences) == 2 * sum(block.page == page for block in BLOCKS), page


def test_no_line_of_the_tables_is_left_over() -> None:
    commands = [words for block in SHELL for words in block.commands]
    used = {rule_of(words).command for words in commands}
    assert [rule.command for rule in RULES if rule.command not in used] == []
    texts = {(b.page, key) for b in CODE for key in TRIALS if key[0] == b.page and key[1] in b.text}
    assert {key for _, key in texts} == set(TRIALS)
    written = [word for words in commands for word in words]
    assert [p for p, _ in STAND_INS if not any(re.search(p, word) for word in written)] == []
