"""``ccbench bundle``, ``verify`` and ``leaderboard``, as a laboratory would use them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.analysis.leaderboard.invented import invent

from ccbench.bundles import BUNDLE
from ccbench.bundles.archive import pack, unpack

if TYPE_CHECKING:
    from tests.conftest import Command


@pytest.fixture
def labs(tmp_path: Path) -> tuple[Path, Path]:
    """Return the run directories of two laboratories."""
    invent(tmp_path / "mine", runs=3)
    invent(tmp_path / "yours", runs=3, seed=1, backbone="other", overrides=["head.ridge=0.5"])
    return tmp_path / "mine", tmp_path / "yours"


def test_two_labs_merge_their_runs(
    ccbench: Command, labs: tuple[Path, Path], tmp_path: Path
) -> None:
    bundles = [tmp_path / "a.ccb", tmp_path / "b.ccb"]
    for lab, bundle in zip(labs, bundles, strict=True):
        done = ccbench("bundle", lab, "--out", bundle)
        assert (done.code, done.out) == (0, f"{bundle}\n")
    done = ccbench("verify", bundles[0])
    assert done.code == 0
    assert done.out.splitlines()[-1].startswith("Accepted: all ")
    assert "  ok  own rate: here: estimate " in done.out
    done = ccbench("leaderboard", *bundles, labs[0], "--out", tmp_path / "site")
    assert done.code == 0
    assert "Protocol quick: head.ridge = 0.5" in done.out
    assert "mine is the same run as a; it counts once." in done.out
    assert done.out.splitlines()[-1] == f"Site: {tmp_path / 'site' / 'index.html'}"
    done = ccbench("leaderboard", *bundles, "--format", "csv")
    assert {row["run"] for row in csv.DictReader(io.StringIO(done.out))} == {"a", "b"}
    assert done.err == "ccbench: The runs are of 2 protocols; entries are ranked only within one.\n"
    assert ccbench("leaderboard", *bundles, "--strict").refusal == (
        "the runs are of 2 protocols (Protocol quick: head.ridge = 0.0001; Protocol quick: "
        "head.ridge = 0.5); give runs of one, or leave out --strict"
    )


def test_a_rejected_bundle_is_exit_code_1_with_the_reason(
    ccbench: Command, labs: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "lab.ccb"
    ccbench("bundle", labs[0], "--out", path)
    members = unpack(path.read_bytes())
    value = json.loads(members[BUNDLE])
    value["numbers"]["own rate: here"]["estimate"] = 0.99
    path.write_bytes(pack({**members, BUNDLE: json.dumps(value).encode()}))
    done = ccbench("verify", path)
    assert (done.code, done.err) == (1, "")
    assert "  NO  own rate: here: stated estimate 0.9900; computed estimate " in done.out
    assert done.out.splitlines()[-1].startswith("Rejected: 1 of ")
    assert "lab.ccb is rejected: own rate: here" in ccbench("leaderboard", path).refusal


def test_refusals_are_one_sentence(
    ccbench: Command, labs: tuple[Path, Path], tmp_path: Path
) -> None:
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("mine")
    gone = tmp_path / "gone"
    assert ccbench("verify", thesis).refusal == (
        f"{thesis} is no bundle; make one with: ccbench bundle RUN"
    )
    assert ccbench("verify", gone).refusal == f"no such file: {gone}"
    assert "give another file" in ccbench("bundle", labs[0], "--out", thesis).refusal
    assert "no such run directory" in ccbench("bundle", gone).refusal
    assert "no such run directory" in ccbench("leaderboard", gone).refusal
    assert "thesis.txt is no bundle" in ccbench("leaderboard", thesis).refusal
    lost = tmp_path / "lost.ccb"
    assert ccbench("leaderboard", lost).refusal == f"no such file: {lost}"
    assert ccbench("leaderboard").code == 2
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis").write_text("mine")
    refused = ccbench("leaderboard", labs[0], "--out", tmp_path / "full")
    assert "is not empty and holds no leaderboard" in refused.refusal


def test_an_encoding_without_the_minus_sign_loses_nothing(
    labs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, ccbench_process: Command
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = ccbench_process("leaderboard", labs[0])
    assert (done.code, done.err) == (0, "")
    assert "\\u2212." in done.out
