"""Exported tables: read back, explained, printed, and never in place of other work."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import pytest
from tests.analysis.test_matrix import UNEVEN, table
from tests.reporting.manifests import PROBE, make_manifest
from tests.reporting.test_tuning import responses

from ccbench.analysis import correct_rates, profile_correlations, profiles
from ccbench.cli.export import export
from ccbench.exceptions import RunError
from ccbench.reporting.citations import reference_list
from ccbench.reporting.exports import FORMATS, Format, export_tables, write_export
from ccbench.reporting.exports.folder import MARKER
from ccbench.reporting.exports.printed import _labels
from ccbench.reporting.latex import latex_table
from ccbench.results import Run, write_table

PREDICTIONS = [
    "correctness_long",
    "rates_long",
    "rates_by_poser_wide",
    "rates_by_run_wide",
    "correct_rates",
    "expression_rates",
    "confusion",
]
RESPONSES = ["responses_long", "profiles_wide", "profile_correlations"]


def make_run(
    folder: Path,
    databases: Mapping[str, Sequence[str]],
    *,
    runs: int = 3,
    probe: pd.DataFrame | None = None,
) -> Run:
    """Return a run with predictions, and responses if they are given."""
    manifest = make_manifest(
        list(databases), "quick", [f"runs={runs}"], probes=[PROBE] if probe is not None else []
    )
    write_table(folder, "predictions", table(databases, np.random.default_rng(5), runs=runs))
    if probe is not None:
        write_table(folder, "responses", probe)
    return Run(folder, manifest)


@pytest.fixture
def probed(tmp_path: Path) -> Run:
    """Return a run of two databases with a probe; a name with all that LaTeX minds."""
    names = {"drawn-a": ("happy", "angry", "sad"), "drawn-b": ("happy", "angry", "sad")}
    return make_run(tmp_path / "run", names, probe=responses())


@pytest.fixture
def uneven(tmp_path: Path) -> Run:
    """Return a run of four databases that lack expressions, without a probe."""
    return make_run(tmp_path / "uneven", UNEVEN, runs=2)


@pytest.fixture
def small(tmp_path: Path) -> Run:
    """Return a run that is exported in no time, for tests of the folders of an export."""
    return make_run(tmp_path / "small", {"drawn-a": ("happy", "sad")}, runs=1)


def test_which_tables_there_are(probed: Run, uneven: Run, tmp_path: Path) -> None:
    assert [t.name for t in export_tables(probed)] == PREDICTIONS + RESPONSES
    assert [t.name for t in export_tables(uneven)] == PREDICTIONS
    alone = make_run(
        tmp_path / "one",
        {"drawn-a": ("happy", "angry")},
        probe=responses().query("database == 'drawn-a'"),
    )
    assert [t.name for t in export_tables(alone)] == PREDICTIONS + RESPONSES[:2]


def test_every_column_is_explained_and_safe(probed: Run, uneven: Run, tiny_run: Run) -> None:
    for run in (probed, uneven, tiny_run):
        for exported in export_tables(run):
            assert list(exported.columns) == list(exported.frame.columns), exported.name
            for name, what in exported.columns.items():
                assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
                assert what


def test_summaries_are_those_of_the_analysis(probed: Run) -> None:
    frames = {exported.name: exported.frame for exported in export_tables(probed)}
    pd.testing.assert_frame_equal(frames["correct_rates"], correct_rates(probed.predictions))
    expected = profile_correlations(profiles(probed.responses))
    pd.testing.assert_frame_equal(frames["profile_correlations"], expected)


@pytest.mark.parametrize("which", ["probed", "uneven"])
def test_csv_and_parquet_read_back_as_they_were(which: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(which)
    tables = export_tables(run)
    csv, parquet = (write_export(run, kind)[0].parent for kind in ("csv", "parquet"))
    for exported in tables:
        found = pd.read_parquet(parquet / f"{exported.name}.parquet")
        pd.testing.assert_frame_equal(found, exported.frame, check_dtype=False, check_exact=True)
        read = pd.read_csv(csv / f"{exported.name}.csv", dtype=str, keep_default_na=False)
        assert list(read) == list(exported.frame)
        for name in exported.frame:
            column = exported.frame[name]
            if column.dtype.kind == "f":
                numbers = np.array([float(cell or "nan") for cell in read[name]])
                # Each is the shortest decimal that is read as the same number of its width.
                values = column.to_numpy()
                np.testing.assert_array_equal(numbers.astype(values.dtype), values)
            else:
                assert read[name].tolist() == [str(value) for value in column]
        text = (csv / f"{exported.name}.csv").read_bytes()
        assert b"\r" not in text
        assert b"nan" not in text.lower()


def test_posers_named_by_numbers_or_na_survive(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"kdef": ("happy", "sad"), "krc": ("happy", "sad")})
    changed = run.predictions.replace({"poser": {"p0": "007", "p1": "NA", "p2": 'a "b", c'}})
    write_table(run.path, "predictions", changed)
    run = Run(run.path, run.manifest)
    folder = write_export(run)[0].parent
    read = pd.read_csv(folder / "correctness_long.csv", dtype={"poser": str}, keep_default_na=False)
    assert read["poser"].tolist() == changed["poser"].tolist()
    script = (folder / "analysis.R").read_text()
    assert 'poser = "character"' in script
    assert 'na.strings = ""' in script


def test_the_same_run_gives_the_same_bytes(probed: Run, tmp_path: Path) -> None:
    for kind in FORMATS:
        one, two = (write_export(probed, kind, tmp_path / f"{kind}{i}") for i in (1, 2))
        assert [path.name for path in one] == [path.name for path in two]
        assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
        assert (one[0].parent / MARKER).read_bytes() == (two[0].parent / MARKER).read_bytes()


def test_the_readme_names_every_file_and_column(probed: Run) -> None:
    tables = export_tables(probed)
    for kind in FORMATS:
        written = write_export(probed, kind)
        readme = (written[0].parent / "README.txt").read_text(encoding="utf-8")
        for path in written:
            assert path.name == "README.txt" or path.name in readme
        for entry in reference_list(probed):
            assert entry in readme
        if kind != "latex":
            for exported in tables:
                for name, what in exported.columns.items():
                    assert re.search(rf"^    {name} +{re.escape(what)}$", readme, re.M)


def test_latex_is_whole(probed: Run, uneven: Run, tmp_path: Path) -> None:
    single = make_run(tmp_path / "single", {"a": ("happy", "sad")}, runs=1)
    for run in (probed, single, uneven):
        written = [path for path in write_export(run, "latex") if path.suffix == ".tex"]
        for path in written:
            text = path.read_text(encoding="utf-8")
            check_latex(text)
            assert "nan" not in text
    # Of the last.
    labels = [
        label
        for path in written
        for label in re.findall(r"\\label\{(.*?)\}", path.read_text(encoding="utf-8"))
    ]
    assert len(labels) == len(set(labels)) == 2 + len(UNEVEN) ** 2


def check_latex(text: str) -> None:
    """Check that environments and braces close, specials are escaped, and rows are full."""
    opened: list[str] = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if what == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened
    plain = re.sub(r"\\[\\&%$#_{}]", "", text)
    depth = 0
    for letter in plain:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    assert depth == 0
    for tabular in re.findall(r"\\begin\{tabular\}\{([lr]+)\}(.*?)\\end\{tabular\}", text, re.S):
        lines = [line for line in tabular[1].strip().splitlines() if not line.endswith("rule")]
        assert len(lines) > 1
        for line in lines:
            assert line.endswith(r" \\")
            assert len(re.findall(r"(?<!\\)&", line)) == len(tabular[0]) - 1
            assert not re.search(r"(?<!\\)[%#_^]", line.replace("$-$", ""))


def test_latex_of_awkward_names() -> None:
    names = ["kdef[session=A_B]", "100% & #1", "{x}", "a\\b~^", "Öst–日本"]
    text = latex_table(["name", "n"], [[name, "−.50"] for name in names], names[1], "tab:x")
    check_latex(text)
    assert r"kdef[session=A\_B] & $-$.50 \\" in text
    assert r"100\% \& \#1 & " in text
    assert r"{\"{O}}st--日本" in text


def test_latex_has_the_numbers(probed: Run) -> None:
    folder = write_export(probed, "latex")[0].parent
    text = (folder / "correct_rates.tex").read_text()
    for row in correct_rates(probed.predictions).to_dict("records"):
        mean, sd = (f"{row[name]:.2f}".removeprefix("0") for name in ("mean", "sd"))
        assert f"{row['train_database']} & {row['test_database']} & {mean} & {sd} & .33" in text
    # By hand: means over the runs of tests.reporting.test_tuning's responses.
    assert r"AU4 brow lowerer & $-$2.00 & 3.00 \\" in (folder / "profiles_wide.tex").read_text()
    assert (
        r"drawn-a & drawn-b & 1.00 & $-$1.00 \\"
        in (folder / "profile_correlations.tex").read_text()
    )


def test_the_script_fits_the_model_that_the_run_allows(probed: Run, tmp_path: Path) -> None:
    script = (write_export(probed)[0].parent / "analysis.R").read_text()
    squeezed = " ".join(script.split())
    assert (
        "correct ~ train_database * test_database * expression + (1 | poser) + "
        "(1 | poser:expression) + (1 | poser:expression:train_database) + (1 | network),"
        in squeezed
    )
    assert 'databases <- c("drawn-a", "drawn-b")' in script
    # In the registry's order.
    assert 'expressions <- c("happy", "sad", "angry")' in script
    columns = {t.name: t.columns for t in export_tables(probed)}["correctness_long"]
    assert set(re.findall(r"answers\$(\w+)", script)) <= {*columns, "network"}
    assert script.count("(") == script.count(")")
    assert (
        "arrow::read_parquet"
        in (write_export(probed, "parquet")[0].parent / "analysis.R").read_text()
    )
    # A factor of one level, or a random effect of one, is an error in R.
    single = make_run(tmp_path / "one", {"a": ("happy", "sad")}, runs=1)
    small = " ".join((write_export(single)[0].parent / "analysis.R").read_text().split())
    assert "correct ~ expression + (1 | poser) + (1 | poser:expression)," in small
    assert "$network" not in small
    assert "simpler" not in small


def test_an_earlier_export_is_replaced(small: Run, tmp_path: Path) -> None:
    out = tmp_path / "tables"
    write_export(small, "csv", out)
    write_export(small, "latex", out)
    names = {path.name for path in out.iterdir()}
    assert "correct_rates.tex" in names
    assert not any(name.endswith((".csv", ".R")) for name in names)


def edit_script(folder: Path) -> None:
    (folder / "analysis.R").write_text("# mine")


def add_notes(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")


def add_folder(folder: Path) -> None:
    (folder / "figures").mkdir()


@pytest.mark.parametrize(
    ("touch", "name"),
    [(edit_script, "analysis.R"), (add_notes, "notes.txt"), (add_folder, "figures")],
)
def test_what_the_user_did_is_kept(small: Run, touch: Any, name: str) -> None:
    folder = write_export(small)[0].parent
    touch(folder)
    before = {path.name for path in folder.iterdir()}
    with pytest.raises(RunError, match=r"was changed or added after the export") as caught:
        write_export(small)
    assert str(folder / name) in str(caught.value)
    assert {path.name for path in folder.iterdir()} == before


def test_folders_of_something_else_are_refused(
    small: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    assert write_export(small, "csv", taken)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.docx").write_text("x")
    for marker in (None, "[]", "not JSON", json.dumps({"files": 3})):
        if marker is not None:
            (other / MARKER).write_text(marker)
        with pytest.raises(RunError, match="is not empty and holds no export"):
            write_export(small, "csv", other)
    with pytest.raises(RunError, match="is not empty and holds no export"):
        write_export(small, "csv", small.path)
    with pytest.raises(RunError, match="is a file; give a folder"):
        write_export(small, "csv", other / "thesis.docx")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(RunError, match="is the current folder"):
        write_export(small, "csv", Path())
    assert (other / "thesis.docx").read_text() == "x"


def test_nothing_half_written_is_left(
    small: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "tables"
    write_export(small, "csv", out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ccbench.reporting.folders.write_json", full)
    with pytest.raises(RunError, match="No space left on device; give a folder you can write"):
        write_export(small, "latex", out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_formats_are_those_of_the_command() -> None:
    (option,) = (option for option in export.params if option.name == "kind")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == FORMATS


def test_a_finished_run(tiny_run: Run, tmp_path: Path) -> None:
    kind: Format
    for kind in FORMATS:
        assert write_export(tiny_run, kind, tmp_path / kind)
    read = pd.read_csv(tmp_path / "csv" / "correctness_long.csv")
    assert len(read) == len(tiny_run.predictions)
    rate = read.groupby(["train_database", "test_database", "run", "expression"])["correct"].mean()
    means = rate.groupby(level=[0, 1, 2]).mean().groupby(level=[0, 1]).mean()
    for row in correct_rates(tiny_run.predictions).to_dict("records"):
        assert means[row["train_database"], row["test_database"]] == pytest.approx(
            row["mean"], abs=1e-12
        )


def test_names_without_latin_letters_have_labels_of_their_own() -> None:
    pairs = [("日本", "中国"), ("中国", "日本"), ("a", "b-c"), ("a-b", "c"), ("kdef", "krc")]
    assert _labels("confusion", pairs) == [
        "tab:confusion-1",
        "tab:confusion-2",
        "tab:confusion-a-b-c-1",
        "tab:confusion-a-b-c-2",
        "tab:confusion-kdef-krc",
    ]
