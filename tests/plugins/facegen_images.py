"""Folders as a laboratory may render them for the probe ``facegen``, and what is read from them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ccbench.exceptions import ProbeError
from ccbench.interfaces import ProbeSeries
from ccbench.testing.drawn import draw_face, draw_identity
from ccbench_plugins import facegen
from ccbench_registry import ACTION_UNITS

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
