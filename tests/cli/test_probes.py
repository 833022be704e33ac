"""``ccbench probes`` and ``ccbench matrix -p``."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from ccbench.interfaces import ProbeSeries, Stimulus
from ccbench.plugins import load_plugins
from ccbench.testing.drawn import draw_face, draw_identity

if TYPE_CHECKING:
    from tests.conftest import Command, FewPosers, Install

pytestmark = pytest.mark.usefixtures("lab")
CARD = '{"name": "odd", "action_units": (4, 12), "intensities": (0.0, 0.5, 1.0)}'
ODD = f"""
from ccbench import hookimpl
from ccbench.interfaces import ProbeSeries, Stimulus
from mylab_ccbench import Smiles

class Odd:
    card = Smiles.card.model_copy(update={CARD})
    options = {{"fault": "what is wrong"}}

    def stimuli(self, root, options):
        import numpy as np
        images = list(Smiles().stimuli(None, {{}}).stimuli)
        fault = options["fault"]
        if fault == "level":
            gone = ("p2", 4, 0.5)
            images = [i for i in images if (i.identity, i.action_unit, i.intensity) != gone]
        if fault == "unit":
            images = [i for i in images if i.action_unit != 12]
        if fault == "grows":
            same = images[0].pixels
            images[4] = Stimulus("p1", 12, 1.0, same)
        if fault == "face":
            images[4] = Stimulus("p1", 12, 1.0, np.full_like(images[0].pixels, 128))
        if fault == "null":
            images = images[1:]
        return ProbeSeries.of(images)

@hookimpl
def ccbench_register_probes(register):
    register(Odd())
"""


@pytest.fixture
def odd(tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "odd", "odd", {"odd": "odd_ccbench"}, odd_ccbench=ODD)
    monkeypatch.syspath_prepend(tmp_path / "odd")


def test_list_names_the_probes_and_their_options(ccbench: Command) -> None:
    done = ccbench("probes", "list")
    assert done.code == 0
    assert "mylab-units" in done.out
    assert "Brows and smiles" in done.out
    assert "mylab-drawn[identities=…]: how many faces: 1 or 2 (default)" in done.out


def test_a_good_probe_is_ready(ccbench: Command) -> None:
    done = ccbench("probes", "check", "mylab-units")
    assert done.code == 0, done.err
    assert "Ready to run" in done.out
    assert "10 images of 2 identities" in done.out
    # The change of AU12 at the highest level, worked out anew.
    series = load_plugins().probe("mylab-units").stimuli(None, {})
    changes = []
    for stimulus in series.stimuli:
        if (stimulus.action_unit, stimulus.intensity) == (12, 1.0):
            null = series.stimuli[series.null[stimulus.identity]]
            greys = [
                np.asarray(Image.fromarray(s.pixels[:, :, ::-1]).convert("L"), np.float64)
                for s in (stimulus, null)
            ]
            changes.append(np.abs(greys[0] - greys[1]).mean())
    (row,) = [line for line in done.out.splitlines() if "AU12 lip corner puller" in line]
    assert f"{np.mean(changes):.2f}" in row
    assert "yes" in row


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("level", "AU4 of 'p2' is missing at intensity 0.5"),
        ("unit", "AU12 of 'p1' is missing"),
        ("grows", "AU12 of 'p1' differs no more from the null image at 1"),
        ("face", "no frontal face found in 1 image: AU12 of 'p1' at intensity 1"),
    ],
)
@pytest.mark.usefixtures("odd")
def test_what_does_not_hold_is_said(ccbench: Command, fault: str, sentence: str) -> None:
    done = ccbench("probes", "check", f"odd[fault={fault}]")
    assert done.code == 2, done.err
    assert sentence in done.out
    assert "Ready to run" not in done.out


@pytest.mark.usefixtures("odd")
def test_a_probe_without_a_null_image_is_refused(ccbench: Command) -> None:
    done = ccbench("probes", "check", "odd[fault=null]")
    assert done.code == 2
    assert done.err.endswith(
        "the probe 'odd[fault=null]' gives no usable series: the identity 'p1' has no null image\n"
    )


def test_render_writes_a_folder_that_others_can_read(ccbench: Command, tmp_path: Path) -> None:
    out = tmp_path / "images"
    done = ccbench("probes", "render", "mylab-drawn", out)
    assert done.code == 0, done.err
    series = load_plugins().probe("mylab-units").stimuli(None, {})
    with (out / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["identity", "texture", "au", "level", "path"]
    shown = {(row["identity"], row["au"], float(row["level"])): row["path"] for row in rows}
    assert len(rows) == len(shown) == len(series.stimuli)
    for stimulus in series.stimuli:
        path = shown[stimulus.identity, str(stimulus.action_unit), stimulus.intensity]
        written = cv2.imread(str(out / path))
        assert written is not None
        assert np.array_equal(written, stimulus.pixels)
    assert shown["p1", "12", 0.5] == "p1/AU12_0.5.png"
    assert shown["p2", "4", 1.0] == "p2/AU4_1.0.png"
    assert shown["p1", "0", 0.0] == "p1/null.png"
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert files == {*shown.values(), "manifest.csv", "contact_sheet.png"}


def test_pairs_and_textures_are_in_the_manifest(tmp_path: Path, own_cache: Path) -> None:
    from ccbench.cache import Cache
    from ccbench.probing import read_series, store_stimuli
    from ccbench.runner import Silent
    from ccbench.runner.probe_images import contact_sheet, write_series

    who = draw_identity("probe", 1)
    images = [
        Stimulus("p1", 0, 0.0, draw_face(who, {}), texture="pale"),
        Stimulus("p1", 1, 0.3, draw_face(who, {1: 0.3, 4: 0.3}), second_unit=4, texture="pale"),
    ]
    series = read_series("au", [store_stimuli("au", images, Cache())], Cache())
    write_series(series, tmp_path / "out", Silent())
    assert (tmp_path / "out" / "manifest.csv").read_text().splitlines() == [
        "identity,texture,au,level,path",
        "p1,pale,0,0.0,p1/null.png",
        "p1,pale,1+4,0.3,p1/AU1+4_0.3.png",
    ]
    # One row of two faces: the null image at 0, the pair at 0.3.
    sheet = np.asarray(contact_sheet(series))
    left, right = sheet[-90:-10, -188:-102], sheet[-90:-10, -92:-6]
    assert not np.array_equal(left, right)
    assert left.std() > 10
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / "contact_sheet.png")), sheet)


def test_a_name_that_no_folder_can_have_writes_nothing(tmp_path: Path, own_cache: Path) -> None:
    from ccbench.cache import Cache
    from ccbench.exceptions import ProbeError
    from ccbench.probing import read_series, store_stimuli
    from ccbench.runner import Silent
    from ccbench.runner.probe_images import write_series

    null = Stimulus("../p1", 0, 0.0, np.zeros((8, 8), np.uint8))
    series = read_series("au", [store_stimuli("au", [null], Cache())], Cache())
    with pytest.raises(ProbeError, match=r"'\.\./p1' cannot name a folder"):
        write_series(series, tmp_path / "out", Silent())
    assert not (tmp_path / "out").exists()


def test_render_refuses_a_folder_that_is_used(
    ccbench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    refused = ccbench("probes", "render", "mylab-drawn", tmp_path).refusal
    assert refused == f"{tmp_path} is not empty; give the name of a new folder"
    refused = ccbench("probes", "render", "mylab-drawn", tmp_path / "mine.txt").refusal
    assert "is a file" in refused
    (tmp_path / "empty").mkdir()
    # It would be replaced under the feet of the user's shell.
    monkeypatch.chdir(tmp_path / "empty")
    for here in (".", tmp_path / "empty"):
        refused = ccbench("probes", "render", "mylab-drawn", here).refusal
        assert refused == f"{here} is the current folder; give the name of a new folder"
    monkeypatch.chdir(tmp_path)
    assert ccbench("probes", "render", "mylab-drawn[identities=1]", tmp_path / "empty").code == 0
    assert (tmp_path / "empty" / "p1" / "null.png").is_file()


@pytest.mark.parametrize(
    ("probe", "sentence"),
    [
        ("mylab-units=.", "names a folder, whose images are there already"),
        ("mylab-unit", "did you mean 'mylab-units'?"),
        ("mylab-drawn[identities=7]", "has 1 or 2 identities"),
    ],
)
def test_render_says_what_it_cannot_write(
    ccbench: Command, tmp_path: Path, probe: str, sentence: str
) -> None:
    assert sentence in ccbench("probes", "render", probe, tmp_path / "out").refusal
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_pictures")
def test_matrix_prints_what_the_units_are_tuned_to(
    ccbench: Command, few_posers: FewPosers, tmp_path: Path
) -> None:
    chosen = [part for n in ("drawn-a", "drawn-b") for part in ("-d", f"{n}={few_posers(n, 5)}")]
    options = ("-b", "tiny", "--runs", "1", "--workers", "1", "--out", tmp_path / "run")
    done = ccbench("matrix", *chosen, *options, "-p", "mylab-units")
    assert done.code == 0, done.err
    assert "What the units are tuned to (probe mylab-units)" in done.out
    again = ccbench("matrix", *chosen, *options).refusal
    assert "holds another run (with the probe mylab-units)" in again


def test_a_series_of_a_plugin_is_a_probe_series() -> None:
    assert isinstance(load_plugins().probe("mylab-units").stimuli(None, {}), ProbeSeries)
