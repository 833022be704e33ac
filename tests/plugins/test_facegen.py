"""The probe ``facegen``: a folder that a laboratory rendered, read or refused in one sentence."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ccbench.cache import Cache
from ccbench.exceptions import ProbeError
from ccbench.interfaces import Probe, ProbeSeries
from ccbench.plugins import load_plugins
from ccbench.preprocessing import decode_grey
from ccbench.testing import check_probe
from ccbench.testing.drawn import draw_face, draw_identity
from ccbench_plugins import facegen
from ccbench_registry import ACTION_UNITS

if TYPE_CHECKING:
    from tests.conftest import Command, FewPosers

AUS = tuple(unit.number for unit in ACTION_UNITS)
LEVELS = (0.5, 1.0)
SIZE = 96


@cache
def drawn(who: str, unit: int, level: float) -> NDArray[np.uint8]:
    """Return a drawn face; an action unit darkens a place of its own on it."""
    pixels = draw_face(draw_identity("facegen", int(who[1:])), {}, size=SIZE).copy()
    if unit:
        row, column = divmod(AUS.index(unit), 5)
        y, x = 40 + 8 * row, 32 + 7 * column
        place = pixels[y : y + 4, x : x + 4]
        place[:] = np.round(place * (1 - 0.4 * level))
    return pixels


def save(path: Path, pixels: NDArray[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return path


def shown(who: Sequence[str], aus: Sequence[int]) -> Iterator[tuple[str, int, float]]:
    for name in who:
        yield name, 0, 0.0
        yield from ((name, unit, level) for unit in aus for level in LEVELS)


def by_names(root: Path, who: Sequence[str] = ("p1", "p2"), aus: Sequence[int] = AUS) -> Path:
    for name, unit, level in shown(who, aus):
        save(root / f"{name}_AU{unit:02}_{round(100 * level):03}.png", drawn(name, unit, level))
    return root


def by_manifest(root: Path, who: Sequence[str] = ("p1", "p2"), aus: Sequence[int] = AUS) -> Path:
    rows = [("identity", "texture", "au", "level", "path")]
    for name, unit, level in shown(who, aus):
        path = f"{name}/{unit}-{level}.png"
        save(root / path, drawn(name, unit, level))
        rows.append((name, "pale", str(unit), str(level), path))
    write(root, rows)
    return root


def write(root: Path, rows: Sequence[Sequence[str]]) -> None:
    with (root / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def change(root: Path, edit: Callable[[list[list[str]]], object]) -> None:
    with (root / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    edit(rows)
    write(root, rows)


def read(root: Path | None, **options: str) -> ProbeSeries:
    return facegen.FaceGenSeries().stimuli(root, options)


def refused(root: Path | None, **options: str) -> str:
    with pytest.raises(ProbeError) as caught:
        read(root, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def factors(series: ProbeSeries) -> list[tuple[str, int, int, float]]:
    return [(s.identity, s.action_unit, s.second_unit, s.intensity) for s in series.stimuli]


def same(one: ProbeSeries, other: ProbeSeries) -> None:
    assert factors(one) == factors(other)
    assert one.null == other.null
    for ours, theirs in zip(one.stimuli, other.stimuli, strict=True):
        assert ours.pixels.dtype == theirs.pixels.dtype
        assert np.array_equal(ours.pixels, theirs.pixels)


# -- what is read


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


# -- what is refused


def test_no_folder(tmp_path: Path) -> None:
    assert refused(None).endswith("give their folder, facegen=FOLDER")
    (tmp_path / "manifest.csv").touch()
    assert refused(tmp_path / "manifest.csv").startswith(f"{tmp_path / 'manifest.csv'} is a file;")


def test_nothing_to_read(tmp_path: Path) -> None:
    sentence = refused(tmp_path)
    assert f"{tmp_path} has no manifest.csv and no file whose name matches" in sentence
    assert "(found: no image)" in sentence
    for number in range(5):
        save(tmp_path / f"smile{number}.png", drawn("p1", 0, 0.0))
    sentence = refused(tmp_path)
    assert "(found: smile0.png, smile1.png, smile2.png and 2 more)" in sentence
    assert "such as anna_AU12_050.png" in sentence
    assert "has no file whose name matches x(" in refused(
        tmp_path, pattern=r"x(?P<identity>.)(?P<au>.)(?P<level>.)"
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"pattern": "(?P<identity>"}, "is no regular expression ("),
        ({"pattern": "(?P<who>.)(?P<au>.)(?P<level>.)"}, "has no group 'identity'; write (?P<ide"),
        ({"pattern": "(?P<identity>.)(?P<au>.)(?P<levl>.)"}, "(did you mean 'levl'?)"),
        ({"partial": "maybe"}, "'facegen[partial=maybe]': give yes or no"),
    ],
)
def test_options_with_values_they_cannot_have(
    tmp_path: Path, options: dict[str, str], sentence: str
) -> None:
    by_names(tmp_path, ["p1"])
    assert sentence in refused(tmp_path, **options)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("p1_AU43_050.png", "the AU '43' is none of the 20 action units; give 1, 2, 4, 5"),
        ("p1_AU12_101.png", "the level '101' is no level; give 000 to 100 (per cent)"),
    ],
)
def test_names_that_say_what_cannot_be(tmp_path: Path, name: str, sentence: str) -> None:
    path = save(by_names(tmp_path, ["p1"]) / name, drawn("p1", 12, 1.0))
    assert refused(tmp_path).startswith(f"{path}: {sentence}")


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("au", "smile", "the AU 'smile' is none of the 20 action units"),
        ("au", "3", "the AU '3' is none of"),
        ("au", "6+6", "the AU '6+6' is none of"),
        ("au", "0+6", "the AU '0+6' is none of"),
        ("au", "1+4+6", "the AU '1+4+6' is none of"),
        ("au", "-4", "the AU '-4' is none of"),
        ("au", "", "the column 'au' is empty"),
        ("level", "strong", "the level 'strong' is no level; give 0 to 1"),
        ("level", "1.1", "the level '1.1' is no level"),
        ("level", "50", "the level '50' is no level"),
        ("level", "-0.5", "the level '-0.5' is no level"),
        ("level", "nan", "the level 'nan' is no level"),
        ("level", "0,5", "the level '0,5' is no level"),
        ("level", "", "the column 'level' is empty"),
        ("identity", " ", "the column 'identity' is empty"),
        ("path", "", "the column 'path' is empty"),
    ],
)
def test_lines_that_say_what_cannot_be(
    tmp_path: Path, column: str, value: str, sentence: str
) -> None:
    by_manifest(tmp_path, ["p1"])
    change(tmp_path, lambda rows: rows[3].__setitem__(rows[0].index(column), value))
    assert refused(tmp_path).startswith(f"{tmp_path / 'manifest.csv'}, line 4: {sentence}")


@pytest.mark.parametrize("column", ["identity", "texture", "au", "level", "path"])
def test_a_manifest_without_a_column(tmp_path: Path, column: str) -> None:
    by_manifest(tmp_path, ["p1"])
    change(tmp_path, lambda rows: rows[0].__setitem__(rows[0].index(column), "other"))
    sentence = refused(tmp_path)
    assert f"{tmp_path / 'manifest.csv'} has no column '{column}'" in sentence
    assert "must name identity, texture, au, level, path" in sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no column 'identity' (its columns: none)"),
        (b"identity,texture,au,level,path\n", "lists no image; give one line an image"),
        (b"identity,texture,au,level,path,au\n", "has more than one column 'au'"),
        (b"identity,texture,au,level,path\np1,,1\n", "line 2 has 3 fields, its first line names 5"),
        (b'identity,texture,au,level,path\n"p1"x,,1,0,a\n', "line 2: "),
        (b"identity,texture,au,level,path\n\xff\xfe", "is not UTF-8 text; save it as CSV UTF-8"),
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "manifest.csv").write_bytes(content)
    found = refused(tmp_path)
    assert str(tmp_path / "manifest.csv") in found
    assert sentence in found


def test_files_that_are_missing(tmp_path: Path) -> None:
    by_manifest(tmp_path, ["p1"])
    (tmp_path / "p1" / "4-0.5.png").unlink()
    sentence = refused(tmp_path)
    assert (
        f"lists 1 file that does not exist, for example {tmp_path / 'p1' / '4-0.5.png'}" in sentence
    )
    (tmp_path / "p1" / "4-1.0.png").unlink()
    assert "lists 2 files that do not exist" in refused(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"no image at all", "not an image that can be read"),
        (None, "damaged or truncated"),
    ],
)
@pytest.mark.parametrize("name", ["p1_AU00_000.png", "p1_AU12_050.png"])
def test_files_that_cannot_be_read(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = by_names(tmp_path, ["p1"]) / name
    path.write_bytes(path.read_bytes()[:500] if content is None else content)
    sentence = refused(tmp_path)
    assert sentence.startswith(f"{path} cannot be used: {reason}")
    assert sentence.endswith("render it again")


def test_an_identity_without_a_null_image(tmp_path: Path) -> None:
    by_names(tmp_path)
    (tmp_path / "p2_AU00_000.png").unlink()
    assert refused(tmp_path).startswith(f"{tmp_path} has no null image of 'p2' (level 0 of any AU")


def test_two_null_images_that_differ(tmp_path: Path) -> None:
    by_names(tmp_path)
    other = save(tmp_path / "p1_AU12_000.png", drawn("p1", 12, 0.5))
    sentence = refused(tmp_path)
    assert sentence.startswith(f"{tmp_path / 'p1_AU00_000.png'} and {other} should both be the")
    assert "'p1' but differ" in sentence


def test_one_action_unit_and_level_twice(tmp_path: Path) -> None:
    by_names(tmp_path)
    other = save(tmp_path / "more" / "p1_AU12_050.png", drawn("p1", 12, 0.5))
    sentence = refused(tmp_path)
    assert str(other) in sentence
    assert f"{tmp_path / 'p1_AU12_050.png'}" in sentence
    assert "both show AU12 of 'p1' at level 0.5; leave one" in sentence


def test_levels_that_are_missing(tmp_path: Path) -> None:
    by_names(tmp_path)
    (tmp_path / "p1_AU12_050.png").unlink()
    (tmp_path / "p2_AU27_100.png").rename(tmp_path / "p2_AU27_1.png")
    sentence = refused(tmp_path)
    assert f"{tmp_path} lacks AU12 of 'p1' at level 0.5, AU27 of 'p2' at level 1; all" in sentence
    assert "(the name of 1 image does not match the pattern, for example p2_AU27_1.png)" in sentence


def test_action_units_that_are_missing(tmp_path: Path) -> None:
    by_names(tmp_path, aus=[unit for unit in AUS if unit not in {11, 16}])
    sentence = refused(tmp_path)
    assert f"{tmp_path} lacks AU11, AU16 of 'p1', AU11, AU16 of 'p2'; render" in sentence
    assert "or give 'facegen[partial=yes]' where fewer are meant" in sentence
    nothing = by_names(tmp_path / "nulls", aus=())
    assert "has null images only; render the action units too" in refused(nothing, partial="yes")


def test_sizes_that_differ(tmp_path: Path) -> None:
    by_names(tmp_path)
    path = save(tmp_path / "p2_AU12_050.png", drawn("p2", 12, 0.5)[:90])
    null = tmp_path / "p2_AU00_000.png"
    assert refused(tmp_path).startswith(
        f"{path} has 96 x 90 pixels, the null image {null} has 96 x 96; all images of an identity"
    )
    # Of two identities they may.
    for file in tmp_path.glob("p2_*"):
        file.unlink()
    for who, unit, level in shown(["p2"], AUS):
        name = f"{who}_AU{unit:02}_{round(100 * level):03}.png"
        save(tmp_path / name, cv2.resize(drawn(who, unit, level), (64, 64)))
    assert {stimulus.pixels.shape[0] for stimulus in read(tmp_path).stimuli} == {64, SIZE}


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_a_change_that_does_not_grow(tmp_path: Path, level: float) -> None:
    by_names(tmp_path)
    # The highest level shows the face without the action unit, or as at the level before.
    path = save(tmp_path / "p2_AU12_100.png", drawn("p2", 12 if level else 0, level))
    assert refused(tmp_path).startswith(
        f"{path}, AU12 of 'p2' at level 1, differs no more from the null image than the level"
    )


# -- commands and runs


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
