"""Terms of licensed databases: accepted once, by content; never asked about others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccbench.exceptions import TermsError, UnknownNameError
from ccbench.plugins import Plugins, load_plugins
from ccbench.runner import run_matrix
from ccbench.runner.terms import accept, licensed, refuse_unaccepted, terms_digest, unaccepted
from ccbench_registry import DatasetCard, Terms

if TYPE_CHECKING:
    from tests.conftest import Command

CARD = DatasetCard(name="faces", title="Faces", terms=Terms(licence="researchers only"))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a user who has accepted nothing yet."""
    monkeypatch.setenv("CCBENCH_CONFIG", str(tmp_path / "settings"))
    return tmp_path / "settings"


@pytest.fixture
def plugins(lab: Path) -> Plugins:
    return load_plugins()


def changed(licence: str) -> DatasetCard:
    return CARD.model_copy(update={"terms": Terms(licence=licence)})


# --- whom ccbench asks about --------------------------------------------------------------


def test_only_licensed_databases_of_a_plugin_are_asked_about(
    plugins: Plugins, tmp_path: Path
) -> None:
    card = tmp_path / "kdef.toml"
    card.write_text(
        'name = "kdef"\ntitle = "My copy"\nterms = { licence = "my own" }\n'
        "[files]\npattern = '(?P<poser>.)(?P<expression>.)'\n"
    )
    specs = [
        "kdef[session=A]=/a",
        "kdef[session=B]=/b",
        "krc=list.csv",
        "drawn-a",  # may be passed on
        "mylab",  # makes its own photographs
        "mylab=/folder",
        "mine.csv",
        "mine=list.csv",
        f"{card}=/a",
    ]
    assert [card.name for card in licensed(specs, plugins)] == ["kdef", "krc"]
    with pytest.raises(UnknownNameError, match="did you mean 'kdef'"):
        licensed(["kdf=/a"], plugins)


# --- what is remembered -------------------------------------------------------------------


def test_terms_are_accepted_once_until_they_change(settings: Path) -> None:
    assert unaccepted([CARD]) == [CARD]
    accept(CARD)
    assert unaccepted([CARD]) == []
    assert refuse_unaccepted([CARD]) == {"faces": terms_digest(CARD)}
    stricter = changed("researchers only, in one laboratory")
    assert unaccepted([stricter]) == [stricter]
    accept(stricter)
    # Two versions of ccbench may share the settings.
    assert unaccepted([CARD, stricter]) == []
    kept = json.loads((settings / "accepted-terms.json").read_text())
    assert kept == {"faces": [terms_digest(CARD), terms_digest(stricter)]}
    before = (settings / "accepted-terms.json").stat().st_mtime_ns
    accept(CARD)
    assert (settings / "accepted-terms.json").stat().st_mtime_ns == before


def test_a_title_or_note_more_is_no_change_of_terms() -> None:
    same = CARD.model_copy(update={"title": "Faces, 2nd edition", "notes": ("new",)})
    assert terms_digest(same) == terms_digest(CARD)
    assert terms_digest(changed("anyone")) != terms_digest(CARD)


def test_what_is_not_accepted_is_refused_with_what_to_do(settings: Path) -> None:
    other = CARD.model_copy(update={"name": "more"})
    with pytest.raises(TermsError) as error:
        refuse_unaccepted([CARD, other])
    for word in (
        "the terms of 'faces' and 'more' have not been accepted",
        "--accept-licence faces --accept-licence more",
        "'ccbench datasets accept faces more'",
    ):
        assert word in str(error.value)


@pytest.mark.parametrize("text", ["{", "[]", '{"faces": 3}'])
def test_damaged_settings_are_said(settings: Path, text: str) -> None:
    settings.mkdir()
    (settings / "accepted-terms.json").write_text(text)
    with pytest.raises(TermsError, match=r"accepted-terms.json is damaged .*; delete it"):
        unaccepted([CARD])


def test_settings_that_cannot_be_written_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CCBENCH_CONFIG", str(tmp_path / "file"))
    with pytest.raises(TermsError, match=r"cannot write .*point CCBENCH_CONFIG to a folder"):
        accept(CARD)


# --- runs ---------------------------------------------------------------------------------


def test_python_is_refused_too_before_anything_is_read(settings: Path, tmp_path: Path) -> None:
    with pytest.raises(TermsError, match="the terms of 'kdef' have not been accepted"):
        run_matrix([f"kdef={tmp_path / 'nowhere'}"], out=tmp_path / "run")


def test_a_run_shows_the_terms_and_asks_once(
    ccbench: Command, settings: Path, tmp_path: Path
) -> None:
    start = ("matrix", "-d", f"kdef={tmp_path / 'nowhere'}")
    asked = ccbench(*start)
    assert "have not been accepted yet" in asked.refusal
    for word in (
        "Terms of Karolinska",
        "Researchers only",
        "redistribution: no",
        "Cite: Lundqvist",
    ):
        assert word in asked.out
    assert "have not been accepted yet" in ccbench(*start, "--dry-run").refusal
    assert not settings.exists()
    answered = ccbench(*start, "--accept-licence", "kdef")
    assert "ccbench will not ask about kdef again" in answered.out
    assert "no such folder" in answered.refusal
    again = ccbench(*start)
    assert "no such folder" in again.refusal
    assert "Terms of" not in again.out
    unknown = ccbench(*start, "--accept-licence", "kdf").refusal
    assert (
        "--accept-licence kdf: no such database is given with -d; did you mean 'kdef'?" in unknown
    )


def test_somebody_at_a_terminal_is_asked(
    ccbench: Command, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = ("matrix", "-d", f"kdef={tmp_path / 'nowhere'}")
    answers = iter([False, True])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda question: next(answers))
    assert "have not been accepted yet" in ccbench(*start).refusal
    assert "no such folder" in ccbench(*start).refusal
    assert "no such folder" in ccbench(*start).refusal


def test_where_standard_input_is_closed_nobody_is_asked(
    ccbench: Command, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    sentence = ccbench("matrix", "-d", f"kdef={tmp_path / 'nowhere'}").refusal
    assert "have not been accepted yet" in sentence


def test_terms_can_be_accepted_beforehand(ccbench: Command, settings: Path) -> None:
    done = ccbench("datasets", "accept", "kdef", "drawn-a", "krc")
    assert done.code == 0, done.err
    for word in (
        "Terms of Karolinska",
        "kdef: accepted.",
        "drawn-a: nothing to accept.",
        "krc: acc",
    ):
        assert word in done.out
    assert json.loads((settings / "accepted-terms.json").read_text()).keys() == {"kdef", "krc"}
    assert "did you mean 'kdef'?" in ccbench("datasets", "accept", "kdf").refusal


def test_the_manifest_says_which_terms_were_accepted(
    plugins: Plugins, drawn_folders: dict[str, Path], tmp_path: Path
) -> None:
    # Drawn faces under a licensed database's name.
    listed = tmp_path / "list.csv"
    rows = [
        f"{file},{file.name[:3]},{file.stem[4:]}"
        for file in sorted(drawn_folders["drawn-a"].glob("p0[1-4]*.png"))
    ]
    listed.write_text("\n".join(["path,poser,expression", *rows]))
    run = run_matrix([f"krc={listed}", "mylab"], backbone="tiny", runs=1, out=tmp_path / "run")
    (card,) = licensed(["krc=list.csv"], plugins)
    accepted = [entry["accepted_terms"] for entry in run.manifest["databases"]]
    assert accepted == [terms_digest(card), None]
