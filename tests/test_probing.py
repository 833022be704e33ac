"""Stimuli in the cache, and their crop by the null image."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ccbench.augmentation import PLAIN
from ccbench.cache import Cache
from ccbench.exceptions import ProbeError
from ccbench.faces import SHARD, read_faces
from ccbench.features import BackboneIdentity
from ccbench.interfaces import ProbeSeries, Stimulus
from ccbench.preprocessing import FaceRecipe, decode_grey, standardise
from ccbench.probing import (
    PartTask,
    Series,
    describe,
    feature_order,
    make_stimulus_faces,
    null_boxes,
    read_series,
    stimuli_key,
    stimulus_faces,
    stimulus_features,
    store_stimuli,
)
from ccbench.testing.drawn import draw_face, draw_identity

RECIPE = FaceRecipe(size=64)
GREY = np.full((40, 30), 128, np.uint8)
WHO = draw_identity("probe", 1)


def face(units: dict[int, float], who: object = WHO) -> NDArray[np.uint8]:
    return draw_face(who, units, size=128)  # type: ignore[arg-type]


def series(*stimuli: Stimulus) -> Series:
    cache = Cache()
    return read_series("au", [store_stimuli("au", stimuli, cache)], cache)


@pytest.fixture
def smiles(own_cache: Path) -> tuple[Stimulus, ...]:
    other = draw_identity("probe", 2)
    return (
        Stimulus("p2", 12, 1.0, face({12: 1.0}, other)),
        Stimulus("p1", 12, 1.0, face({12: 1.0}), texture="pale"),
        Stimulus("p1", 0, 0.0, face({})),
        Stimulus("p1", 1, 0.5, face({1: 0.5, 4: 0.5}), second_unit=4),
        Stimulus("p2", 0, 0.0, face({}, other)),
    )


def test_what_is_stored_is_read(smiles: tuple[Stimulus, ...]) -> None:
    found = series(*smiles)
    assert found.identities == ("p2", "p1")
    assert found.null == {"p1": 2, "p2": 4}
    assert found.baseline.tolist() == [4, 2, 2, 2, 4]
    for stored, stimulus in zip(found.stimuli, smiles, strict=True):
        assert np.array_equal(stored.pixels(), stimulus.pixels)
        for name in ("identity", "action_unit", "second_unit", "intensity", "texture"):
            assert getattr(stored, name) == getattr(stimulus, name)


def test_parts_are_put_together_in_their_order(smiles: tuple[Stimulus, ...]) -> None:
    cache = Cache()
    for key, part in (("a" * 40, smiles[:2]), ("b" * 40, smiles[2:])):
        store_stimuli("au", part, cache, key)
    whole = read_series("au", ["a" * 40, "b" * 40], cache)
    assert [s.digest for s in whole.stimuli] == [s.digest for s in series(*smiles).stimuli]
    assert read_series("au", ["b" * 40, "a" * 40], cache).null == {"p1": 0, "p2": 2}


def test_grey_images_stay_grey(own_cache: Path) -> None:
    grey = face({})[:, :, 0].copy()
    (stored,) = series(Stimulus("p1", 0, 0.0, grey)).stimuli
    assert np.array_equal(stored.pixels(), grey)


def test_the_key_says_all_that_matters(smiles: tuple[Stimulus, ...]) -> None:
    key = stimuli_key(smiles)
    assert stimuli_key(tuple(smiles)) == key
    changed = smiles[0].pixels.copy()
    changed[0, 0, 0] ^= 1
    for change in (
        {"pixels": changed},
        {"identity": "p3"},
        {"action_unit": 6},
        {"second_unit": 6},
        {"intensity": 0.9},
        {"texture": "tan"},
    ):
        other = dataclasses.replace(smiles[0], **change)
        assert stimuli_key((other, *smiles[1:])) != key, change
    part = PartTask("au", (("identities", "2"),), "recipe 1", "p1")
    assert dataclasses.replace(part, part="p2").key != part.key
    assert dataclasses.replace(part, recipe="recipe 2").key != part.key
    assert dataclasses.replace(part, options=()).key != part.key


def test_a_series_is_cropped_by_its_null_image(smiles: tuple[Stimulus, ...]) -> None:
    import cv2

    found, cache = series(*smiles), Cache()
    faces = stimulus_faces(found, RECIPE)
    # Every identity apart, in order of first appearance.
    assert [len(part.task.photographs) for part in faces] == [2, 3]
    boxes = {}
    for name, index in found.null.items():
        _, file = cv2.imencode(".png", smiles[index].pixels)
        alone = standardise(file.tobytes(), RECIPE)
        boxes[name] = alone.box
        make_stimulus_faces(faces[found.identities.index(name)], cache)
    assert null_boxes(found, RECIPE) == boxes
    rows = np.concatenate([read_faces(part.task, cache) for part in faces])
    ordered = rows[feature_order(found)]
    for index, stimulus in enumerate(smiles):
        # Written out for one image: the crop of the null, then as every photograph.
        from ccbench.preprocessing import crop_square, equalise

        _, file = cv2.imencode(".png", stimulus.pixels)
        box = boxes[stimulus.identity]
        assert box is not None
        expected, _ = equalise(crop_square(decode_grey(file.tobytes()), box, 64), 128.0, 32.0)
        assert np.array_equal(ordered[index], expected), index


def test_another_null_image_names_its_series_anew(smiles: tuple[Stimulus, ...]) -> None:
    shifted = np.roll(smiles[2].pixels, 9, axis=1)
    other = (*smiles[:2], dataclasses.replace(smiles[2], pixels=shifted), *smiles[3:])
    before, after = (stimulus_faces(series(*some), RECIPE) for some in (smiles, other))
    # That of the other identity stays, and that of the moved one is cropped elsewhere.
    assert before[0].task.key == after[0].task.key
    assert before[1].task.key != after[1].task.key
    assert before[1].box[0] + 9 == pytest.approx(after[1].box[0], abs=3)


def test_features_are_of_the_untouched_view(own_cache: Path) -> None:
    units = [i / 40 for i in range(1, SHARD + 1)]
    images = [Stimulus("p1", 12, level, face({12: level})) for level in units]
    faces = stimulus_faces(series(Stimulus("p1", 0, 0.0, face({})), *images), RECIPE)
    backbone = BackboneIdentity("b", "w", "r", "l", 64, (0, 0, 0), (1, 1, 1), (3,), "cpu")
    tasks = stimulus_features(faces, backbone)
    assert [task.rows for task in tasks] == [tuple((0, row) for row in range(SHARD)), ((0, 0),)]
    assert {task.views for task in tasks} == {(PLAIN,)}
    assert len({task.key for task in tasks}) == 2


NULL = Stimulus("p1", 0, 0.0, GREY)


@pytest.mark.parametrize(
    ("stimuli", "sentence"),
    [
        ((), "the probe 'au' has no images"),
        ((Stimulus("p1", 12, 1.0, GREY),), "no null image of 'p1'"),
        ((NULL, NULL), "two null images of 'p1'"),
        (
            (NULL, Stimulus("p1", 12, 1.0, GREY), Stimulus("p1", 12, 1.0, GREY)),
            "shows AU12 of 'p1' at intensity 1 twice",
        ),
        (
            (NULL, Stimulus("p1", 12, 0.3, GREY.T.copy())),
            "AU12 of 'p1' at intensity 0.3 at 40 x 30 pixels, its null image has 30 x 40",
        ),
        ((NULL, Stimulus("p1", 12, 1.5, GREY)), "intensities go from 0 to 1"),
        ((NULL, Stimulus("p1", 12, float("nan"), GREY)), "intensities go from 0 to 1"),
        ((Stimulus("p1", 0, 0.5, GREY),), "a null image shows none"),
        ((Stimulus("p1", 0, 0.0, GREY.astype(np.float32)),), "as float32 (40, 30); give uint8"),
        ((Stimulus("p1", 0, 0.0, np.zeros((4, 4, 4), np.uint8)),), "as uint8 (4, 4, 4)"),
        ((Stimulus("p1", 0, 0.0, np.zeros((0, 4), np.uint8)),), "without a pixel"),
    ],
)
def test_what_cannot_be_used_is_said(
    own_cache: Path, stimuli: tuple[Stimulus, ...], sentence: str
) -> None:
    with pytest.raises(ProbeError) as caught:
        series(*stimuli)
    assert sentence in str(caught.value)


def test_a_null_image_without_a_face(own_cache: Path) -> None:
    empty = series(NULL)
    with pytest.raises(ProbeError, match="no frontal face found in the null image of 'p1'"):
        stimulus_faces(empty, RECIPE)
    centred = null_boxes(empty, dataclasses.replace(RECIPE, center_missing=True))
    assert centred == {"p1": (15.0, 20.0, 30.0)}
    (part,) = stimulus_faces(empty, dataclasses.replace(RECIPE, center_missing=True))
    with pytest.raises(ProbeError, match="a single grey level"):
        make_stimulus_faces(part, Cache())


def test_a_pair_is_described_as_one() -> None:
    assert describe(Stimulus("p1", 1, 0.5, GREY, second_unit=4)) == "AU1+4 of 'p1' at intensity 0.5"
    assert describe(NULL) == "the null image of 'p1'"


def test_a_series_finds_its_null_images() -> None:
    smile = Stimulus("p1", 12, 1.0, GREY)
    assert ProbeSeries.of([smile, NULL]).null == {"p1": 1}
    with pytest.raises(ValueError, match="two null images"):
        ProbeSeries.of([NULL, smile, NULL])
    with pytest.raises(ValueError, match="no null image"):
        ProbeSeries.of([smile])


def test_images_that_come_one_by_one_are_kept() -> None:
    cache = Cache()
    key = store_stimuli("au", (stimulus for stimulus in (NULL,)), cache, "abc")
    assert len(read_series("au", [key], cache).stimuli) == 1


def test_a_null_image_has_no_action_unit() -> None:
    level = Stimulus("p1", 12, 0.0, GREY)
    with pytest.raises(ValueError, match="image 0 is not the null image of 'p1'"):
        ProbeSeries((level,), {"p1": 0})
