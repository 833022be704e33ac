"""Recipes, synthetic databases, the rendered probe, and what recipes should produce."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ccbench.interfaces import GeneratedDataset, GeneratedProbe
from ccbench.runner.databases import Database
from ccbench.runner.persons import kin
from ccbench.testing import check_dataset
from ccbench_plugins.rendered import RenderError, probe
from ccbench_plugins.rendered.probe import LEVELS, RenderedSeries, equalised_intensity
from ccbench_plugins.rendered.recipe import Recipe, load_recipe, read_recipe
from ccbench_plugins.rendered.synthetic import (
    BUNDLED,
    FAMILY,
    SyntheticDataset,
    bundled,
    draw_poser,
    photographs,
)
from ccbench_plugins.rendered.validation import (
    contrasts,
    expected_differences,
    expected_signs,
    hits,
)
from ccbench_registry import EXPRESSIONS

TEXT = """
name = "tiny-faces"
title = "Tiny"
seed = 7
posers = 3
[expressions]
neutral = {}
happy = { AU6 = 0.7, AU12 = 0.9 }
surprised = { AU1 = 0.8, AU2 = 0.8 }
angry = { AU4 = 0.9 }
sad = { AU15 = 0.8 }
afraid = { AU5 = 0.8, AU20 = 0.8 }
disgusted = { AU9 = 0.9 }
[taking]
width = 96
height = 112
"""


def recipe(**changes: object) -> Recipe:
    return read_recipe(TEXT, "test").model_copy(update=changes)


def test_the_bundled_recipes_are_what_the_validation_page_says() -> None:
    a, b, c = (bundled(name).source for name in BUNDLED)
    assert a.expressions == c.expressions
    assert a.population == b.population
    assert a.taking == b.taking
    assert a.jitter == b.jitter == c.jitter
    alike = {name for name in EXPRESSIONS if a.expressions[name] == b.expressions[name]}
    assert alike == {"neutral", "happy", "surprised"}
    assert 22 in a.expressions["angry"]
    assert 22 not in b.expressions["angry"]
    assert len({a.seed, b.seed, c.seed}) == 3


def test_words_for_expressions_are_understood() -> None:
    assert recipe().expressions["fearful"] == {5: 0.8, 20: 0.8}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("sad = { AU15 = 0.8 }\n", "", "lacks sad; give all seven"),
        ("AU15", "AU3", "has 'AU3' in 'sad'; choose from AU1, AU2"),
        ("AU15 = 0.8", "AU15 = 1.8", "has AU15 = 1.8 in 'sad'; give 0 to 1"),
        ("AU15 = 0.8", 'AU15 = "much"', "has AU15 = 'much' in 'sad'; give 0 to 1"),
        ("sad =", "sda =", "has the expression 'sda'"),
        ("posers = 3", "poser = 3", "unknown key 'poser' (did you mean 'posers'?)"),
        ("width = 96", "widht = 96", "unknown key 'taking.widht' (did you mean 'width'?)"),
        ("seed = 7", "seed = -7", "'seed'"),
        ("[expressions]", "[expressions", "is not valid TOML"),
        ("happy = { AU6 = 0.7, AU12 = 0.9 }", "happy = 1", "has 'happy' without action units"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_sentence(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(RenderError) as caught:
        load_recipe(path)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_recipe_that_is_not_there_is_named() -> None:
    with pytest.raises(RenderError, match=r"cannot read the recipe no-such\.toml: No such file"):
        FAMILY.open("no-such.toml")


def test_a_database_has_what_its_recipe_says(tmp_path: Path) -> None:
    dataset = SyntheticDataset(recipe())
    assert isinstance(dataset, GeneratedDataset)
    for part in range(dataset.parts):
        dataset.generate(part, tmp_path)
    table = dataset.samples(tmp_path, {})
    assert {sample.poser for sample in table} == {"p01", "p02", "p03"}
    assert len(table) == 21
    image = cv2.imread(str(table[0].path))
    assert image is not None
    assert image.shape == (112, 96, 3)
    truth = json.loads((tmp_path / "p02.json").read_text())
    by_file = {entry["file"]: entry["action_units"] for entry in truth["photographs"]}
    assert set(by_file) == {f"p02_{name}.jpg" for name in EXPRESSIONS}
    assert not table.unmatched


def test_parts_give_equal_bytes_in_any_order(tmp_path: Path) -> None:
    dataset = SyntheticDataset(recipe())
    for name, order in (("one", (0, 1)), ("other", (1, 0))):
        (tmp_path / name).mkdir()
        for part in order:
            dataset.generate(part, tmp_path / name)
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


def test_the_recipe_text_changes_with_the_recipe() -> None:
    assert SyntheticDataset(recipe()).recipe == SyntheticDataset(recipe()).recipe
    assert SyntheticDataset(recipe()).recipe != SyntheticDataset(recipe(seed=8)).recipe


def test_one_seed_and_population_are_the_same_people_in_any_recipe(tmp_path: Path) -> None:
    changes = {"name": "other", "taking": recipe().taking.model_copy(update={"noise": 0.02})}
    sources = [recipe(), recipe(**changes), recipe(name="new", seed=8)]
    opened = []
    for source in sources:
        dataset = SyntheticDataset(source)
        root = tmp_path / source.name
        root.mkdir()
        for poser in range(1, 4):
            (root / f"p{poser:02d}_happy.jpg").touch()
        opened.append(Database(source.name, dataset.card, dataset.samples(root, {}), ()))
    assert draw_poser(sources[0], 1) == draw_poser(sources[1], 1) != draw_poser(sources[2], 1)
    assert kin(opened) == [[0, 1], [2]]


@pytest.mark.parametrize("name", ["wall", "key_height", "key", "fill", "ambient"])
@pytest.mark.parametrize("value", ["[0.9, 0.3]", "[-0.1, 0.3]", "[0.1, inf]", "[nan, 0.3]"])
def test_a_range_from_high_to_low_is_refused(name: str, value: str) -> None:
    with pytest.raises(RenderError, match=rf"'taking\.{name}' is a range such as .* low to high"):
        read_recipe(f"{TEXT}{name} = {value}\n", "test")


def test_a_recipe_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(TEXT, encoding="utf-8-sig")
    assert load_recipe(tmp_path / "mine.toml") == recipe()


def test_the_dataset_keeps_the_contract(tmp_path: Path) -> None:
    dataset = SyntheticDataset(recipe())
    for part in range(dataset.parts):
        dataset.generate(part, tmp_path)
    check_dataset(dataset, tmp_path)


def test_intensities_follow_the_recipe_on_average() -> None:
    source = recipe(posers=400)
    shown = [photographs(source, poser)[EXPRESSIONS.index("happy")] for poser in range(1, 401)]
    mean12 = np.mean([photograph.action_units.get(12, 0.0) for photograph in shown])
    jitter = source.jitter
    expected = 0.9 * np.mean(jitter.strength) * (1 - jitter.omission)
    assert mean12 == pytest.approx(expected, abs=0.06)
    others = [
        sum(unit not in source.expressions["happy"] for unit in photograph.action_units)
        for photograph in shown
    ]
    assert max(others) == jitter.others
    assert all(0 < value <= 1 for photograph in shown for value in photograph.action_units.values())
    assert all(27 not in photograph.action_units for photograph in shown), (
        "the mouth never opens wide by accident"
    )


def test_another_recipe_of_one_expression_changes_no_other_photograph() -> None:
    one = photographs(recipe(), 2)
    changed = {**recipe().expressions, "sad": {17: 0.8, 24: 0.3}}
    other = photographs(recipe(expressions=changed), 2)
    same = [a == b for a, b in zip(one, other, strict=True)]
    assert same == [name != "sad" for name in EXPRESSIONS]


def test_expected_signs_are_those_of_the_contrasts() -> None:
    source = bundled("synthetic-a").source
    signs = expected_signs(source)
    # By hand, from the recipe: AU22 is .7 in angry and nowhere else: .7 - .1 = .6.
    assert contrasts(source)["angry", 22] == pytest.approx(0.6)
    assert signs["angry", 22] == 1
    # AU1: .8 + .8 + .6 over seven is .314; happy shows none.
    assert contrasts(source)["happy", 1] == pytest.approx(-2.2 / 7)
    assert signs["happy", 1] == -1
    assert ("neutral", 22) not in signs
    naive = {
        (name, unit): round(
            formula.get(unit, 0) - sum(f.get(unit, 0) for f in source.expressions.values()) / 7, 9
        )
        for name, formula in source.expressions.items()
        for unit in range(1, 28)
    }
    assert signs == {
        key: 1 if value > 0 else -1
        for key, value in naive.items()
        if value >= 0.35 or value <= -0.20
    }


def test_recipes_that_are_alike_should_not_differ() -> None:
    a, b, c = (bundled(name).source for name in BUNDLED)
    assert expected_differences(a, c) == {}
    differences = expected_differences(a, b)
    assert differences["angry", 22] == 1
    assert not any(name in {"happy", "surprised", "neutral"} for name, _ in differences)
    assert expected_differences(b, a) == {key: -sign for key, sign in differences.items()}


def test_hits_count_signs() -> None:
    expected = {("sad", 1): 1, ("sad", 4): -1, ("happy", 12): 1}
    assert hits(expected, {("sad", 1): 0.2, ("sad", 4): 0.1, ("happy", 12): 0.0}) == 1


def test_the_series_has_its_images() -> None:
    probe = RenderedSeries()
    assert isinstance(probe, GeneratedProbe)
    options = {"size": "96"}
    series = probe.stimuli(None, options)
    assert len(series.stimuli) == 1 + 20 * 10
    assert {s.intensity for s in series.stimuli} == set(LEVELS)
    assert set(series.null) == {"female-caucasian"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"identities": "5"}, "give 1, 4 or 6"),
        ({"equalised": "perhaps"}, "give yes or no"),
        ({"size": "10"}, "give 96 to 2048"),
        ({"pairs": "6+12/1"}, "'1' is no pair of action units"),
        ({"pairs": "6+6"}, "'6+6' is no pair"),
        ({"identity": "1"}, "no option 'identity'"),
    ],
)
def test_wrong_options_of_the_series_are_refused(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(RenderError) as caught:
        RenderedSeries().recipe(options)
    assert sentence in str(caught.value)


def test_options_make_more_identities_and_pairs() -> None:
    parts = RenderedSeries().parts({"identities": "4", "pairs": "12+6/1+4"})
    assert len(parts) == 4 * (1 + 20 + 2)
    found = RenderedSeries().generate("female-asian 6+12", {"size": "96"})
    assert [(s.action_unit, s.second_unit, s.intensity) for s in found] == [
        (6, 12, 0.5),
        (6, 12, 1.0),
    ]
    assert len(RenderedSeries().parts({"pairs": "all"})) == 1 + 20 + 190


def test_a_folder_is_refused() -> None:
    with pytest.raises(RenderError, match="give no folder"):
        RenderedSeries().stimuli(Path("somewhere"), {})


def test_equalised_levels_change_the_image_alike() -> None:
    probe = RenderedSeries()
    plain = {"size": "128"}
    null = probe.generate("female-caucasian null", plain)[0].pixels.astype(float).mean(2)

    def change(unit: int, options: dict[str, str]) -> float:
        full = probe.generate(f"female-caucasian {unit}", options)[-1]
        return float(np.abs(full.pixels.astype(float).mean(2) - null).mean())

    units = (5, 12, 27)
    raw = [change(unit, plain) for unit in units]
    equal = [change(unit, {**plain, "equalised": "yes"}) for unit in units]
    assert max(raw) > 2.5 * min(raw)
    assert max(equal) < 1.25 * min(equal)
    levels = [equalised_intensity("female-caucasian", 27, level) for level in LEVELS]
    assert levels == sorted(levels)
    assert levels[0] == 0.0


def faces(image: NDArray[np.uint8], cascade: str) -> int:
    """Count the faces that a Haar cascade finds at OpenCV's stock settings."""
    folder = Path(cv2.__file__).parent / "data"
    classifier = cv2.CascadeClassifier(str(folder / f"haarcascade_frontalface_{cascade}.xml"))
    return len(classifier.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)))


@pytest.mark.parametrize("name", BUNDLED)
def test_a_face_detector_finds_one_face_in_each_photograph(name: str, tmp_path: Path) -> None:
    bundled(name).generate(11, tmp_path)
    images = [
        np.asarray(cv2.imread(str(path)), np.uint8) for path in sorted(tmp_path.glob("*.jpg"))
    ]
    assert len(images) == len(EXPRESSIONS)
    for cascade in ("default", "alt2"):
        assert [faces(image, cascade) for image in images] == [1] * len(images)


def test_a_face_detector_finds_one_face_in_all_that_moves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert LEVELS[-1] == 1.0
    monkeypatch.setattr(probe, "LEVELS", (0.0, 1.0))
    pixels = [one.pixels for one in RenderedSeries().stimuli(None, {}).stimuli if one.intensity]
    assert len(pixels) == 20
    for cascade in ("default", "alt2"):
        assert {faces(image, cascade) for image in pixels} == {1}
