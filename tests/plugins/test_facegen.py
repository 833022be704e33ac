"""The probe ``facegen``: a folder that a laboratory rendered is read as it was meant."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.plugins.facegen_images import (
    AUS,
    LEVELS,
    SIZE,
    by_manifest,
    by_names,
    change,
    drawn,
    factors,
    read,
    refused,
    same,
    save,
    shown,
)

from ccbench.cache import Cache
from ccbench.plugins import load_plugins
from ccbench.preprocessing import decode_grey
from ccbench.testing import check_probe
from ccbench_plugins import facegen


@pytest.mark.parametrize("layout", [by_names, by_manifest])
def test_a_folder_is_a_series(tmp_path: Path, layout: Callable[[Path], Path]) -> None:
    series = read(layout(tmp_path))
    assert factors(series) == [(who, unit, 0, x) for who, unit, x in shown(("p1", "p2"), AUS)]
    for stimulus in series.stimuli:
        wanted = drawn(stimulus.identity, stimulus.action_unit, stimulus.intensity)
        assert np.array_equal(stimulus.pixels, wanted)
        assert stimulus.texture == ("pale" if layout is by_manifest else "")
    assert series.null == {"p1": 0, "p2": 41}
    assert series.card is not None
    assert series.card.action_units == AUS
    assert series.card.intensities == (0.0, *LEVELS)


@pytest.mark.parametrize("layout", [by_names, by_manifest])
def test_it_keeps_to_the_contract(tmp_path: Path, layout: Callable[[Path], Path]) -> None:
    check_probe(load_plugins(quiet=True).probe("facegen"), layout(tmp_path))


def test_what_rendered_au_writes_is_read_as_it_was(tmp_path: Path, own_cache: Path) -> None:
    from ccbench.probing import read_series, store_stimuli
    from ccbench.runner import Silent
    from ccbench.runner.probe_images import write_series

    rendered = load_plugins(quiet=True).probe("rendered-au")
    series = rendered.stimuli(None, {"size": "112", "pairs": "6+12/1+4"})
    key = store_stimuli("rendered-au", series.stimuli, Cache())
    write_series(read_series("rendered-au", [key], Cache()), tmp_path / "out", Silent())
    found = read(tmp_path / "out")
    same(found, series)
    assert [s.texture for s in found.stimuli] == [s.texture for s in series.stimuli]
    assert len(found.stimuli) == 1 + 20 * 10 + 2 * 2
    # The same images are the same entry of the cache: nothing is computed again.
    assert store_stimuli("facegen", found.stimuli, Cache()) == key
    assert found.card is not None
    assert found.card.intensities == rendered.card.intensities == facegen.CARD.intensities


@pytest.mark.parametrize("layout", [by_names, by_manifest])
def test_the_order_is_not_that_of_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: Callable[[Path], Path]
) -> None:
    first = read(layout(tmp_path))
    usual = Path.rglob

    def shuffled(self: Path, pattern: str) -> list[Path]:
        found = sorted(usual(self, pattern))
        random.Random(1).shuffle(found)
        return found

    monkeypatch.setattr(Path, "rglob", shuffled)
    same(read(tmp_path), first)


def test_the_order_of_a_manifest_is_kept(tmp_path: Path) -> None:
    by_manifest(tmp_path)
    change(tmp_path, lambda rows: rows.__setitem__(slice(1, None), rows[:0:-1]))
    found = read(tmp_path)
    assert factors(found) == [(w, u, 0, x) for w, u, x in [*shown(("p1", "p2"), AUS)][::-1]]


def test_the_null_image_may_be_listed_for_every_action_unit(tmp_path: Path) -> None:
    # Once more for one file, and as files of their own with the same pixels.
    by_manifest(tmp_path, ["p1"])
    change(tmp_path, lambda rows: rows.extend(["p1", "pale", str(u), "0", rows[1][4]] for u in AUS))
    named = by_names(tmp_path / "named", ["p1"])
    (named / "p1_AU00_000.png").unlink()
    for unit in AUS:
        save(named / f"p1_AU{unit:02}_000.png", drawn("p1", 0, 0.0))
    same(read(tmp_path), read(named))
    # Whatever the level of action unit 0 is said to be.
    for path in named.glob("*_000.png"):
        path.unlink()
    save(named / "p1_AU00_100.png", drawn("p1", 0, 0.0))
    same(read(tmp_path), read(named))


def test_names_may_be_those_of_other_folders_endings_and_cases(tmp_path: Path) -> None:
    by_names(tmp_path / "plain", ["p1"])
    for path in sorted((tmp_path / "plain").iterdir()):
        stem = path.stem.replace("_AU0", "_au").replace("p1_", "Anna_Maria_")
        pixels = cv2.imread(str(path))
        assert pixels is not None
        save(tmp_path / "odd" / "women" / f"{stem}.TIFF", pixels)
    (tmp_path / "odd" / "women" / "notes.txt").touch()
    save(tmp_path / "odd" / ".thumbs" / "p1_AU12_050.png", drawn("p1", 0, 0.0))
    plain, odd = read(tmp_path / "plain"), read(tmp_path / "odd")
    assert {stimulus.identity for stimulus in odd.stimuli} == {"Anna_Maria"}
    for one, other in zip(plain.stimuli, odd.stimuli, strict=True):
        assert np.array_equal(one.pixels, other.pixels)


def test_a_pattern_of_ones_own_reads_other_names(tmp_path: Path) -> None:
    for who, unit, level in shown(("p1", "p2"), AUS):
        save(tmp_path / who / f"{level}-{unit}-pale.png", drawn(who, unit, level))
    # A manifest that something else left there is not read.
    (tmp_path / "manifest.csv").write_text("file,label\n")
    pattern = r"(?P<identity>p\d)/(?P<level>[\d.]+)-(?P<au>\d+)-(?P<texture>[a-z]{2,9})\.png"
    found = read(tmp_path, pattern=pattern)
    same(found, read(by_names(tmp_path / "named")))
    assert {stimulus.texture for stimulus in found.stimuli} == {"pale"}


def test_pairs_of_action_units_need_levels_of_their_own(tmp_path: Path) -> None:
    by_manifest(tmp_path, ["p1"])
    save(tmp_path / "pair.png", drawn("p1", 12, 1.0) // 2)
    change(tmp_path, lambda rows: rows.append(["p1", "", "12+6", "1", "pair.png"]))
    found = read(tmp_path)
    assert factors(found)[-1] == ("p1", 6, 12, 1.0)
    assert found.card is not None
    assert found.card.action_units == AUS


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_manifest_may_come_from_a_spreadsheet(tmp_path: Path, delimiter: str) -> None:
    wanted = read(by_manifest(tmp_path))
    text = (tmp_path / "manifest.csv").read_text().replace("/", "\\").replace(",", delimiter)
    lines = [f" {delimiter} ".join(line.split(delimiter)) for line in text.splitlines()]
    (tmp_path / "manifest.csv").write_text("\r\n".join([*lines, delimiter * 4, ""]), "utf-8-sig")
    same(read(tmp_path), wanted)


def test_images_of_other_kinds_are_read_as_photographs_are(tmp_path: Path) -> None:
    by_names(tmp_path / "plain", ["p1"])
    grey = tmp_path / "grey"
    for who, unit, level in shown(["p1"], AUS):
        colour = drawn(who, unit, level)
        flat = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
        name = f"{who}_AU{unit:02}_{round(100 * level):03}"
        alpha = np.full((SIZE, SIZE, 1), 255, np.uint8)
        alpha[:8] = 0
        save(grey / f"{name}.png", flat)
        save(tmp_path / "deep" / f"{name}.png", flat.astype(np.uint16) * 257)
        save(tmp_path / "clear" / f"{name}.png", np.concatenate([colour, alpha], axis=2))
        save(tmp_path / "jpeg" / f"{name}.jpg", colour)
    flats = read(grey)
    assert flats.stimuli[0].pixels.shape == (SIZE, SIZE)
    same(read(tmp_path / "deep"), flats)
    for one in read(tmp_path / "clear").stimuli:
        assert (one.pixels[:8] == 128).all()
    for one, other in zip(read(tmp_path / "jpeg").stimuli, flats.stimuli, strict=True):
        assert one.pixels.shape == (SIZE, SIZE, 3)
        close = cv2.cvtColor(one.pixels, cv2.COLOR_BGR2GRAY).astype(float) - other.pixels
        assert np.abs(close).mean() < 6
    data = (grey / "p1_AU12_050.png").read_bytes()
    (stimulus,) = [s for s in flats.stimuli if (s.action_unit, s.intensity) == (12, 0.5)]
    assert np.array_equal(stimulus.pixels, decode_grey(data))


def test_fewer_action_units_are_read_when_said_so(tmp_path: Path) -> None:
    by_names(tmp_path, aus=(4, 12))
    assert re.search(
        r"lacks AU1, AU2, AU5, .*, AU27 of 'p1', AU1, .*facegen\[partial=yes\]", refused(tmp_path)
    )
    found = read(tmp_path, partial="yes")
    assert {stimulus.action_unit for stimulus in found.stimuli} == {0, 4, 12}
    assert found.card is not None
    assert found.card.action_units == (4, 12)
    (tmp_path / "p2_AU04_050.png").unlink()
    (tmp_path / "p2_AU04_100.png").unlink()
    assert f"{tmp_path} lacks AU4 of 'p2'; render" in refused(tmp_path, partial="yes")
