"""What the keys of faces, features and heads hold: all that their numbers depend on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import PIL
import pytest
import torch
from tests import test_features as tf
from tests.training import tasks

from ccbench.augmentation import View
from ccbench.cache import Cache
from ccbench.faces import FaceTask, Photograph
from ccbench.features import make_features
from ccbench.preprocessing import FaceRecipe
from ccbench.training import Engine


def test_the_key_names_the_engine() -> None:
    engines = (tasks.REFERENCE, tasks.FLOAT32, Engine("float32", 8), Engine("bfloat16", 4))
    assert len({tasks.task_of(engine=engine).key for engine in engines}) == len(engines)


def test_the_key_of_faces_says_how_they_are_standardised() -> None:
    photographs = (Photograph(Path("a.png"), "1"), Photograph(Path("b.png"), "2"))
    task = FaceTask(photographs, FaceRecipe())
    changes: tuple[dict[str, Any], ...] = (
        {"size": 96},
        {"mean": 120.0},
        {"sd": 30.0},
        {"crop": 1.2},
        {"center_missing": True},
    )
    others = [replace(task, recipe=replace(task.recipe, **change)) for change in changes]
    others += [
        replace(task, photographs=photographs[::-1]),
        replace(task, photographs=photographs[:1]),
    ]
    assert len({task.key, *(other.key for other in others)}) == 1 + len(others)


@pytest.mark.parametrize("change", [{"recipe": "pool-2"}, {"feature_shape": (8,)}])
def test_another_recipe_of_a_backbone_has_features_of_its_own(change: dict[str, Any]) -> None:
    task, _ = tf.task_of(Cache())
    assert replace(task, backbone=replace(task.backbone, **change)).key != task.key


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("ccbench.features.identity", "RECIPE"),
        ("ccbench.features.identity", "VIEWS_RECIPE"),
        ("ccbench.features.identity", "FACE_RECIPE"),
    ],
)
def test_another_version_of_the_code_has_features_of_its_own(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, _ = tf.task_of(Cache())
    before = task.key
    monkeypatch.setattr(f"{module}.{name}", "another")
    assert task.key != before


@pytest.mark.parametrize("library", [PIL, np, cv2, torch])
def test_another_version_of_a_library_has_features_of_its_own(
    library: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, _ = tf.task_of(Cache())
    faces, features = task.faces[0].key, task.key
    monkeypatch.setattr(library, "__version__", "0.0")
    assert (task.faces[0].key != faces) == (library is not torch)
    assert task.key != features


def test_what_lies_beyond_a_moved_face_is_of_its_mean() -> None:
    cache = Cache()
    task, pixels = tf.task_of(cache)
    views = (View(1.0, (5.0, 6.0)), View(0.8, (0.0, 0.0), True))
    task = replace(task, views=views)
    make_features(task, cache, tf.extractor(tf.Network()), "cpu")
    expected = tf.naive(pixels, views).astype(np.float16)
    assert np.allclose(tf.stored(task, cache), expected, rtol=2**-10, atol=1e-6)
