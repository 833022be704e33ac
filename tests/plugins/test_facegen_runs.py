"""The probe ``facegen`` in commands and in runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tests.plugins.facegen_images import SIZE, by_manifest, by_names, drawn, save

from ccbench.interfaces import Probe
from ccbench.plugins import load_plugins

if TYPE_CHECKING:
    from tests.conftest import Command, FewPosers


def test_it_is_registered_and_says_whose_work_it_is() -> None:
    probe = load_plugins(quiet=True).probe("facegen")
    assert isinstance(probe, Probe)
    assert "commercial" in probe.card.terms.licence
    assert not probe.card.terms.redistribution
    assert "Inagaki" in str(probe.card.citations[0])
    assert any("AKDEF" in note for note in probe.card.notes)
    assert (len(probe.card.action_units), len(probe.card.intensities)) == (20, 11)


def test_list_names_it(ccbench: Command) -> None:
    done = ccbench("probes", "list")
    assert done.code == 0
    assert re.search(r"facegen\W+Your own images of 20 action units", done.out)
    assert "facegen[partial=…]: yes: fewer than the 20 action units are enough" in done.out


def test_check_says_that_a_folder_is_ready(ccbench: Command, tmp_path: Path) -> None:
    done = ccbench("probes", "check", f"facegen={by_names(tmp_path / 'full', ['p1'])}")
    assert done.code == 0, done.out
    assert "41 images of 1 identity" in done.out
    assert "Ready to run" in done.out
    few = by_manifest(tmp_path / "few", aus=(4, 12))
    done = ccbench("probes", "check", f"facegen[partial=yes]={few}")
    assert done.code == 0, done.out
    assert "Ready to run" in done.out


def test_check_leaves_with_2_on_a_broken_folder(ccbench: Command, tmp_path: Path) -> None:
    by_names(tmp_path, ["p1"])
    (tmp_path / "p1_AU12_100.png").unlink()
    sentence = ccbench("probes", "check", f"facegen={tmp_path}").refusal
    assert sentence.startswith(f"{tmp_path} lacks AU12 of 'p1' at level 1;")
    # An image in which nobody finds a face can be run, as the null image makes the crop.
    save(tmp_path / "p1_AU12_100.png", np.full((SIZE, SIZE), 30, np.uint8))
    done = ccbench("probes", "check", f"facegen={tmp_path}")
    assert done.code == 2
    assert "no frontal face found in 1 image: AU12 of 'p1' at intensity 1" in done.out


def test_a_run_reads_it_as_the_probe_that_wrote_it(
    ccbench: Command, lab: Path, few_posers: FewPosers, tmp_path: Path
) -> None:
    from ccbench.runner import run_matrix

    assert ccbench("probes", "render", "mylab-drawn", tmp_path / "images").code == 0
    probes = ["mylab-drawn", f"facegen[partial=yes]={tmp_path / 'images'}"]
    database = f"drawn-a={few_posers('drawn-a', 4)}"
    run = run_matrix([database], backbone="tiny", runs=1, out=tmp_path / "run", probes=probes)
    table = run.responses
    ours = table[table["probe"] == "facegen[partial=yes]"].drop(columns="probe")
    theirs = table[table["probe"] == "mylab-drawn"].drop(columns="probe")
    assert len(ours) == 10 * 7
    assert ours.reset_index(drop=True).equals(theirs.reset_index(drop=True))
    card = run.manifest["probes"][1]["card"]
    assert (card["name"], card["action_units"]) == ("facegen", [4, 12])


def test_a_run_refuses_a_broken_folder_before_it_begins(
    ccbench: Command, lab: Path, few_posers: FewPosers, own_cache: Path, tmp_path: Path
) -> None:
    root = by_names(tmp_path / "images", ["p1"])
    save(root / "p1_AU12_100.png", drawn("p1", 12, 0.5))
    database = ("-d", f"drawn-a={few_posers('drawn-a', 4)}", "-b", "tiny")
    done = ccbench("matrix", *database, "-p", f"facegen={root}", "--out", tmp_path / "run")
    assert "AU12 of 'p1' at level 1, differs no more" in done.refusal
    assert not (tmp_path / "run").exists()
    assert not (own_cache / "faces").exists()
    wrong = ccbench("matrix", *database, "-p", f"facegen[patern=x]={root}").refusal
    assert "the probe 'facegen' has no option 'patern'; did you mean 'pattern'?" in wrong
