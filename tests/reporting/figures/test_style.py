"""Colours, measures and settings."""

from __future__ import annotations

import itertools
import threading

import matplotlib
import pytest
from matplotlib.colors import to_rgb

from ccbench.reporting.figures.style import (
    COLOURS,
    MARKERS,
    colour_map,
    database_colours,
    database_fills,
    fit,
    ink_on,
    journal_style,
    text_width,
)
from ccbench_registry import EXPRESSIONS


def luminance(colour: tuple[float, ...]) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_every_expression_has_a_marker_of_its_own() -> None:
    assert tuple(MARKERS) == EXPRESSIONS
    assert len(set(MARKERS.values())) == 7


@pytest.mark.parametrize("name", ["Blues", "PRGn", "RdBu_r"])
def test_numbers_in_cells_contrast_with_them(name: str) -> None:
    for step in range(256):
        ground = colour_map(name)(step / 255)
        light, dark = sorted((luminance(to_rgb(ink_on(ground))), luminance(ground)), reverse=True)
        # WCAG's AA for text.
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_positive_tunings_are_green_and_negative_ones_purple() -> None:
    red, green, blue, _ = colour_map("PRGn")(0.9)
    assert green > max(red, blue)
    red, green, blue, _ = colour_map("PRGn")(0.1)
    assert green < min(red, blue)


def test_databases_keep_their_colours_and_differ() -> None:
    names = [f"lab{place}" for place in range(8)]
    colours = database_colours(names)
    assert database_colours(names[:3]).items() <= colours.items()
    assert len(set(COLOURS)) == 8
    fills = database_fills(names)
    assert len({(colours[name], fills[name]) for name in names}) == 8
    for one, other in itertools.combinations(COLOURS, 2):
        assert sum(abs(a - b) for a, b in zip(to_rgb(one), to_rgb(other), strict=True)) > 0.3


def test_text_fits_the_room_it_is_given() -> None:
    name = "photographs-of-our-own-laboratory"
    for room in (12.0, 20.0, 30.0):
        assert text_width(fit(name, room), 7.0) <= room
    assert fit(name, 200.0) == name


def test_the_users_settings_neither_matter_nor_change() -> None:
    with matplotlib.rc_context({"font.size": 23.0, "axes.grid": True}):
        before = dict(matplotlib.rcParams)
        with journal_style():
            assert matplotlib.rcParams["font.size"] == 7.0
            assert not matplotlib.rcParams["axes.grid"]
        assert dict(matplotlib.rcParams) == before


def test_threads_wait_for_each_other() -> None:
    order = []

    def other() -> None:
        with journal_style():
            order.append("other")

    with journal_style():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(timeout=0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]
