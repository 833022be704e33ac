"""``ccbench plugins``: what is installed, whether it keeps to the contract, why it fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccbench.testing.drawn import DRAWN_DATABASES, write_database

if TYPE_CHECKING:
    from tests.conftest import Command, Install, Outcome

HOOK = "from ccbench import hookimpl\n@hookimpl\n"


def lines(done: Outcome) -> list[str]:
    return [" ".join(line.split()) for line in done.out.splitlines()]


def findings(name: str, done: Outcome) -> list[str]:
    """Return what ``doctor`` prints below the line of a plugin or package."""
    found = lines(done)
    start = next(i for i, line in enumerate(found) if line.startswith(f"✗ {name}")) + 1
    end = next(i for i in range(start, len(found)) if found[i][0] in "✓✗C")
    return found[start:end]


# -- list


def test_hooks_with_their_plugins(ccbench: Command, lab: Path) -> None:
    shown = lines(ccbench("plugins", "list", "--hooks"))
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown if "│" in line]
    table = {row[0]: row[1] for row in cells}
    assert table["ccbench_register_backbones"] == "alexnet, mylab, timm, torchvision"
    assert table["ccbench_run_finished"] == "mylab"
    told = json.loads(ccbench("plugins", "list", "--hooks", "--json").out)
    assert {hook: ", ".join(names) for hook, names in told.items()} == table


def test_names_are_shown_as_they_are(
    ccbench: Command, site: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    # To rich, which prints, this closes what was never opened.
    install(site, "odd", {"odd[/]": "odd_x"}, odd_x=f"{HOOK}def ccbench_run_finished(run): pass")
    monkeypatch.setenv("CCBENCH_STRICT_PLUGINS", "[/]")
    for arguments in (("list",), ("list", "--hooks"), ("doctor",)):
        done = ccbench("plugins", *arguments)
        assert done.code == 0, done.err
        assert "odd[/]" in done.out
    assert "CCBENCH_STRICT_PLUGINS=[/]: " in done.out


def test_the_list_as_json(ccbench: Command, lab: Path, site: Path, install: Install) -> None:
    install(site, "broken", {"broken": "broken_json"}, broken_json="raise ValueError('no')")
    told = {
        plugin["name"]: plugin for plugin in json.loads(ccbench("plugins", "list", "--json").out)
    }
    assert told["mylab"] == {
        "name": "mylab",
        "package": "mylab-ccbench 1.0",
        "module": "mylab_ccbench",
        "provides": [
            "dataset mylab",
            "dataset labfaces:…",
            "backbone tiny",
            "probe mylab-units",
            "probe mylab-drawn",
            "commands",
        ],
        "hooks": [
            "ccbench_register_datasets",
            "ccbench_register_backbones",
            "ccbench_register_probes",
            "ccbench_register_commands",
            "ccbench_run_finished",
        ],
        "problem": "",
    }
    assert told["broken"]["problem"] == "ValueError: no"
    assert told["broken"]["provides"] == []


# -- check


def test_all_that_a_plugin_provides_is_checked(ccbench: Command, lab: Path) -> None:
    done = ccbench("plugins", "check", "mylab")
    assert done.code == 0, done.out
    found = lines(done)
    for item in ("dataset mylab", "backbone tiny", "probe mylab-units", "probe mylab-drawn"):
        assert f"{item} (plugin mylab, mylab-ccbench 1.0)" in found
    assert "– a family of datasets; check one of it, for example 'labfaces:RECIPE.toml'" in found
    assert "✓ same-bytes parts made again in another order are the same" in found
    kept = [line for line in found if line.startswith("✓")]
    assert found[-1] == f"All {len(kept)} rules are kept."
    assert len(kept) > 40
    assert "✗" not in done.out


def test_a_dataset_on_a_folder(ccbench: Command, tmp_path: Path) -> None:
    write_database(DRAWN_DATABASES["drawn-a"], tmp_path / "faces", posers=1)
    done = ccbench("plugins", "check", "drawn-b", "--root", tmp_path / "faces")
    assert (done.code, lines(done)[-1]) == (0, "All 8 rules are kept.")


def test_what_does_not_hold_is_said_line_by_line(
    ccbench: Command, site: Path, install: Install, tmp_path: Path
) -> None:
    module = (
        "from ccbench_registry import DatasetCard, Terms\n"
        "class Wrong:\n"
        "    card = DatasetCard(name='wrong', title='', terms=Terms(licence=''))\n"
        "    options = {'session': ''}\n"
        "    def samples(self, root, options):\n"
        "        raise KeyError('no such column')\n"
        f"{HOOK}def ccbench_register_datasets(register): register(Wrong())\n"
    )
    install(site, "wrong", {"wrong": "wrong_check"}, wrong_check=module)
    done = ccbench("plugins", "check", "wrong", "--root", tmp_path)
    assert done.code == 1
    assert lines(done)[1:] == [
        "✓ interface it has card, options and samples()",
        "✓ card the card is a DatasetCard",
        "✗ licence the card states the licence",
        "the card states no licence",
        "✗ options every option has a line of help",
        "the option 'session' has no line of help",
        "✗ table samples() lists photographs",
        "raised KeyError: 'no such column' (site/wrong_check.py:6)",
        "– files every photograph listed is a file (needs table)",
        "– expressions the card lists every expression found (needs table)",
        "– repeatable samples() called again gives the same (needs table)",
        "3 of 8 rules are not kept, 3 could not be looked at.",
    ]


def test_options_and_a_member_of_a_family(ccbench: Command, lab: Path, tmp_path: Path) -> None:
    done = ccbench("plugins", "check", "mylab-drawn[identities=1]")
    assert (done.code, lines(done)[-1]) == (0, "All 11 rules are kept.")
    (tmp_path / "few.toml").write_text('name = "few"\nposers = 2\n')
    done = ccbench("plugins", "check", "labfaces:few.toml")
    assert (done.code, lines(done)[-1]) == (0, "All 15 rules are kept.")


def test_weights_go_to_a_family_of_backbones(
    ccbench: Command, site: Path, install: Install, lab: Path, tmp_path: Path
) -> None:
    module = (
        "from ccbench.interfaces import Family\n"
        "from mylab_ccbench import Tiny\n"
        "def opened(rest):\n"
        "    print('opened', rest)\n"
        "    return Tiny()\n"
        f"{HOOK}def ccbench_register_backbones(register):\n"
        "    register(Family('nets', 'Networks', 'nets:small', opened))\n"
    )
    install(site, "nets", {"nets": "nets_x"}, nets_x=module)
    weights = tmp_path / "w.safetensors"
    weights.touch()
    for name in ("nets", "nets:small"):
        done = ccbench("plugins", "check", name, "--weights", weights)
        assert done.code == 0
        assert lines(done)[0] == f"opened small@{weights}"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["kdf"], "no plugin, dataset, backbone or probe 'kdf'; did you mean 'kdef'?"),
        (["timm"], "'timm' is a family of backbones; check one of it, for example 'timm:resnet18'"),
        (
            ["kdef"],
            "the dataset 'kdef' needs a folder of photographs; give --root FOLDER (without a copy: "
            "ccbench datasets mimic kdef FOLDER)",
        ),
        (["kdef", "--root", "gone"], "no such folder: gone (given with --root)"),
        (["kdef=gone"], "'kdef=gone' names a folder; give it with --root gone"),
        (["kdef[sesion=B]", "--root", "."], "'sesion'; did you mean 'session'?"),
        (["alexnet[a=b]"], "the backbone 'alexnet' has no options; drop what is in brackets"),
        (["alexnet", "--root", "."], "--root is for datasets and probes, and 'alexnet' is none"),
        (["timm:resnet18", "--weights", "gone"], "no such file: gone (given with --weights)"),
        (["alexnet", "--weights", __file__], "the backbone 'alexnet' takes no file of weights"),
        (["kdef", "--weights", __file__], "--weights is for backbones, and 'kdef' is none"),
    ],
)
def test_what_cannot_be_checked(ccbench: Command, arguments: list[str], sentence: str) -> None:
    assert sentence in ccbench("plugins", "check", *arguments).refusal


def test_a_plugin_that_was_not_loaded_cannot_be_checked(
    ccbench: Command, site: Path, install: Install
) -> None:
    install(site, "broken", {"broken": "broken_check"}, broken_check="1 / 0")
    done = ccbench("plugins", "check", "broken")
    assert done.code == 2
    assert done.err.splitlines()[-1] == (
        "ccbench: error: the plugin 'broken' was not loaded: ZeroDivisionError: division by zero "
        "('ccbench plugins doctor' says more)"
    )


# -- doctor


def test_a_healthy_installation(ccbench: Command, lab: Path) -> None:
    done = ccbench("plugins", "doctor")
    assert done.code == 0, done.out
    assert "✓ alexnet ccbench 0.1.0: backbone alexnet" in lines(done)
    loaded = [line for line in lines(done) if line.startswith("✓")]
    assert lines(done)[-1] == f"All {len(loaded)} plugins load; nothing to do."
    assert len(loaded) > 7


@pytest.mark.parametrize(
    ("source", "entry", "expected"),
    [
        (
            "import os\nimport sklaern_x\n",
            "",
            [
                "ModuleNotFoundError: No module named 'sklaern_x' (site/{module}.py:2)",
                "→ pip install sklaern_x, and add it to the dependencies of ill",
            ],
        ),
        (
            "def broken(:\n",
            "",
            [
                "SyntaxError: invalid syntax (site/{module}.py:1)",
                "→ correct it; CCBENCH_DEBUG=1 shows the traceback",
            ],
        ),
        (
            "from ccbench.samples import Smaple\n",
            "",
            [
                "ImportError: cannot import name 'Smaple' from 'ccbench.samples'",
                "→ this is ccbench 0.1.0; install a version of ill that fits it",
            ],
        ),
        (
            "",
            "no_such_module_x",
            [
                "ModuleNotFoundError: No module named 'no_such_module_x'",
                "→ the entry point names 'no_such_module_x', which ill does not hold; correct it "
                "in the package's pyproject.toml, or what is packaged, and install it again",
            ],
        ),
        (
            "",
            "{module}:plugin",
            [
                "AttributeError: module '{module}' has no attribute 'plugin'",
                "→ correct the entry point '{module}:plugin' or the module it names",
            ],
        ),
        (
            f"{HOOK}def ccbench_register_datasets(register):\n    register(42)\n",
            "",
            [
                "registering failed: TypeError: 42 is no dataset: it lacks some of card, options, "
                "samples (site/{module}.py:4)",
                "→ correct it; CCBENCH_DEBUG=1 shows the traceback",
            ],
        ),
        (
            f"import click\n{HOOK}def ccbench_register_commands(cli):\n"
            "    cli.add_command(click.Command('matrix'))\n",
            "",
            [
                "registering failed: there is a command 'matrix' already; choose another name "
                "(site/{module}.py:5)",
                "→ correct it; CCBENCH_DEBUG=1 shows the traceback",
            ],
        ),
        (
            f"{HOOK}def ccbench_register_dataset(register): pass\n",
            "",
            [
                "there is no hook 'ccbench_register_dataset'",
                "→ did you mean 'ccbench_register_datasets'?",
            ],
        ),
    ],
)
def test_an_ill_plugin(
    ccbench: Command,
    site: Path,
    install: Install,
    tmp_path: Path,
    source: str,
    entry: str,
    expected: list[str],
) -> None:
    module = f"ill_{tmp_path.name}"
    value = entry.format(module=module) or module
    install(site, "ill", {"ill": value}, **{module: source})
    done = ccbench("plugins", "doctor")
    assert done.code == 1
    problem, *rest = findings("ill", done)
    start, *remedy = [line.format(module=module) for line in expected]
    assert problem.startswith(start)
    assert rest == remedy
    assert lines(done)[-1] == "1 problem, in ill."
    assert "✓ alexnet ccbench 0.1.0: backbone alexnet" in lines(done)


def test_a_requirement_that_is_declared_but_missing(
    ccbench: Command, site: Path, install: Install
) -> None:
    install(site, "ill", {"ill": "ill_yaml"}, ill_yaml="import no_such_lib\n")
    metadata = site / "ill-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text() + "Requires-Dist: no-such-lib>=3\n")
    done = ccbench("plugins", "doctor")
    assert findings("ill", done)[1] == "→ pip install 'no-such-lib>=3' (ill asks for it)"
    assert findings("the package ill", done) == [
        "it needs no-such-lib>=3, which is not installed",
        "→ pip install 'no-such-lib>=3'",
    ]
    assert lines(done)[-1] == "2 problems, in ill."


def test_two_packages_with_one_name(ccbench: Command, site: Path, install: Install) -> None:
    install(site, "other-faces", {"kdef": "other_faces_x"}, other_faces_x="")
    done = ccbench("plugins", "doctor")
    assert done.code == 1
    assert findings("kdef", done) == [
        "other-faces 1.0 ships a plugin 'kdef' too, so that nothing is loaded",
        "→ pip uninstall other-faces",
    ]


def test_two_datasets_of_one_name(
    ccbench: Command, site: Path, install: Install, lab: Path
) -> None:
    module = (
        f"from mylab_ccbench import MyLab\n{HOOK}"
        "def ccbench_register_datasets(register): register(MyLab())\n"
    )
    install(site, "rival", {"rival": "rival_doctor"}, rival_doctor=module)
    assert findings("rival", ccbench("plugins", "doctor")) == [
        "two plugins register the dataset 'mylab': mylab-ccbench 1.0 and rival 1.0",
        "→ uninstall one of them or rename its dataset",
    ]


def test_a_plugin_that_imports_torch(
    ccbench: Command, site: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stand-in, as the real one takes seconds.
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    module = f"import torch\n{HOOK}def ccbench_run_finished(run): pass\n"
    install(site, "heavy", {"heavy": "heavy_x"}, heavy_x=module, torch="")
    done = ccbench("plugins", "doctor")
    monkeypatch.delitem(sys.modules, "torch")
    assert findings("heavy", done) == [
        "importing it imports torch, which makes every command wait for seconds",
        "→ import torch, and what imports it, inside of functions",
    ]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "CCBENCH_STRICT_PLUGINS is not set: a plugin that fails is reported and left out."),
        ("1", "CCBENCH_STRICT_PLUGINS=1: a plugin that fails stops every command."),
    ],
)
def test_strict_mode_is_named_and_does_not_stop_the_doctor(
    ccbench: Command,
    site: Path,
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
    value: str,
    sentence: str,
) -> None:
    install(site, "ill", {"ill": "ill_strictly"}, ill_strictly="1 / 0")
    monkeypatch.setenv("CCBENCH_STRICT_PLUGINS", value)
    done = ccbench("plugins", "doctor")
    assert (done.code, lines(done)[-2]) == (1, sentence)


def test_debugging_shows_the_traceback(
    ccbench: Command, site: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "ill", {"ill": "ill_debug"}, ill_debug="1 / 0")
    assert "Traceback" not in ccbench("plugins", "doctor").err
    monkeypatch.setenv("CCBENCH_DEBUG", "1")
    assert "ill_debug.py" in ccbench("plugins", "doctor").err


# -- new


def test_a_package_is_written_and_the_next_steps_are_shown(
    ccbench: Command, tmp_path: Path
) -> None:
    done = ccbench("plugins", "new", "faces", "--kind", "probe", "--out", "my package")
    assert done.code == 0
    listed = {line for line in lines(done) if line.startswith("my package/")}
    files = {p.relative_to(tmp_path) for p in (tmp_path / "my package").rglob("*") if p.is_file()}
    assert listed == {file.as_posix() for file in files}
    assert "my package/.github/workflows/tests.yml" in listed
    assert lines(done)[-4:-1] == [
        "cd 'my package'",
        "pip install -e '.[test]' && python -m pytest",
        "ccbench plugins check faces",
    ]


def test_the_folder_is_called_like_the_package(ccbench: Command, tmp_path: Path) -> None:
    assert ccbench("plugins", "new", "My_Faces", "--kind", "dataset").code == 0
    assert (tmp_path / "ccbench-my-faces" / "src" / "ccbench_my_faces" / "card.toml").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a.b", "--kind", "probe"], "'a.b' cannot be the name of a plugin; use letters"),
        (["kdef", "--kind", "dataset"], "there is a plugin 'kdef' already (ccbench 0."),
        (["drawn-a", "--kind", "dataset"], "there is a dataset 'drawn-a' already (ccbench 0."),
        (
            ["x", "--kind", "probe", "--model", "resnet18"],
            "--model resnet18 is for --kind",
        ),
        (
            ["x", "--kind", "backbone", "--model", "resnt18"],
            "timm has no model 'resnt18'; did you mean 'resnet18'?",
        ),
        (["x", "--kind", "probe", "--out", "full"], "full is not empty; give the name of a new"),
        (["x", "--kind", "probe", "--out", "file"], "file is a file; give the name of a new"),
        (["x", "--kind", "probe", "--out", "."], ". is not empty"),
    ],
)
def test_what_cannot_be_written(
    ccbench: Command, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").touch()
    (tmp_path / "file").touch()
    assert sentence in ccbench("plugins", "new", *arguments).refusal
    assert {path.name for path in tmp_path.iterdir()} == {"full", "file"}
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["kept"]
