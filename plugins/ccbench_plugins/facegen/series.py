"""From listed files to a series that can be run, or one sentence why not."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ccbench.exceptions import ImageError, ProbeError
from ccbench.interfaces import ProbeSeries, Stimulus
from ccbench.preprocessing import decode_grey, grey_from_bgr
from ccbench.probing import not_growing, null_distance
from ccbench_plugins.facegen.listing import Listing, Picture
from ccbench_registry import ProbeCard

Pixels = NDArray[np.uint8]
Unit = tuple[int, int]
_MOST = 5


def read_series(listing: Listing, card: ProbeCard, *, partial: bool) -> ProbeSeries:
    """Check what is listed, read it, and check the images.

    Args:
        listing: the files.
        card: of the probe; its action units have to be there.
        partial: whether fewer action units are enough.

    Returns:
        The series in the order of the listing, one null image an identity, with a card that
        says which action units and levels it has.

    Raises:
        ProbeError: see :func:`check_complete` and :func:`read_identity`.
    """
    check_complete(listing, card.action_units, partial=partial)
    found: dict[Picture, Pixels] = {}
    for pictures in _by_identity(listing.pictures).values():
        found |= read_identity(pictures)
    stimuli = [
        Stimulus(
            identity=picture.identity,
            action_unit=picture.units[0],
            intensity=picture.level,
            pixels=found[picture],
            second_unit=picture.units[1],
            texture=picture.texture,
        )
        # A manifest may list one null image for every action unit.
        for picture in dict.fromkeys(listing.pictures)
        if picture in found
    ]
    units = {picture.units[0] for picture in found if picture.level and not picture.units[1]}
    levels = {picture.level for picture in found if not picture.units[1]}
    shown = {"action_units": tuple(sorted(units)), "intensities": tuple(sorted(levels))}
    return ProbeSeries.of(stimuli, card.model_copy(update=shown))


def check_complete(listing: Listing, wanted: Sequence[int], *, partial: bool) -> None:
    """Refuse a series with gaps.

    Responses are averaged over identities and compared between action units, so that all
    need the same levels, and all identities the same action units.

    Raises:
        ProbeError: an image listed twice, an identity without a null image, or an action unit
            or level that is missing.
    """
    source, hint = listing.source, _unmatched(listing)
    shown: dict[str, dict[Unit, dict[float, Picture]]] = {}
    for picture in listing.pictures:
        levels = shown.setdefault(picture.identity, {}).setdefault(picture.units, {})
        other = levels.setdefault(picture.level, picture)
        if other is not picture and picture.level:
            raise ProbeError(
                f"{other.path} and {picture.path} both show {_what(picture)}; leave one, or give "
                f"another identity to another face or texture"
            )
    for identity, units in shown.items():
        if (0, 0) not in units:
            raise ProbeError(
                f"{source} has no null image of '{identity}' (level 0 of any AU, or AU 0), which "
                f"its responses are measured from; render the face without any AU{hint}"
            )
    singles = {unit for units in shown.values() for unit in units if unit[0] and not unit[1]}
    pairs = {unit for units in shown.values() for unit in units if unit[1]}
    if not singles:
        raise ProbeError(f"{source} has null images only; render the action units too{hint}")
    expected = singles if partial else {(unit, 0) for unit in wanted}
    lacking = _some(
        [
            f"{', '.join(map(_name, sorted(absent)))} of '{identity}'"
            for identity, units in shown.items()
            if (absent := (expected | pairs) - units.keys())
        ]
    )
    if lacking:
        rescue = "" if partial else ", or give 'facegen[partial=yes]' where fewer are meant"
        raise ProbeError(f"{source} lacks {lacking}; render what is missing{rescue}{hint}")
    gaps = _some([*_gaps(shown, singles), *_gaps(shown, pairs)])
    if gaps:
        raise ProbeError(
            f"{source} lacks {gaps}; all action units of all identities need the same levels, so "
            f"render what is missing{hint}"
        )


def _gaps(shown: Mapping[str, Mapping[Unit, Mapping[float, Picture]]], of: set[Unit]) -> list[str]:
    """Say which levels some of these units have and others lack."""
    levels = {level for units in shown.values() for unit in of for level in units[unit]}
    found = []
    for identity, units in shown.items():
        for unit in sorted(of):
            lacks = [f"{level:g}" for level in sorted(levels - units[unit].keys())]
            if lacks:
                found.append(f"{_name(unit)} of '{identity}' at level {' and '.join(lacks)}")
    return found


def read_identity(pictures: Sequence[Picture]) -> dict[Picture, Pixels]:
    """Read the images of one identity: one null image, and all others.

    Raises:
        ProbeError: an image that cannot be read or has another size, null images that differ,
            or a difference from the null image that does not grow with the level.
    """
    null, *others = dict.fromkeys(picture for picture in pictures if not picture.level)
    blank = read_pixels(null.path)
    for other in others:
        pixels = read_pixels(other.path)
        _check_size(other, pixels, null, blank)
        if not np.array_equal(pixels, blank):
            raise ProbeError(
                f"{null.path} and {other.path} should both be the null image of "
                f"'{null.identity}' but differ; render the face without any AU once, with the "
                f"same camera and light, and use it for both"
            )
    found, grey = {null: blank}, grey_from_bgr(blank)
    curves: dict[Unit, dict[float, float]] = {}
    for picture in pictures:
        if picture.level:
            pixels = read_pixels(picture.path)
            _check_size(picture, pixels, null, blank)
            found[picture] = pixels
            distance = null_distance(grey_from_bgr(pixels), grey)
            curves.setdefault(picture.units, {})[picture.level] = distance
    paths = {(picture.units, picture.level): picture for picture in found}
    for unit, curve in curves.items():
        falls = not_growing(curve)
        if falls:
            picture = paths[unit, falls[0]]
            raise ProbeError(
                f"{picture.path}, {_what(picture)}, differs no more from the null image than the "
                f"level before; check that it shows that level, or render it again"
            )
    return found


def read_pixels(path: Path) -> Pixels:
    """Read an image: uint8 (height, width, 3) BGR where it is in colour, else grey.

    Transparency is laid over mid grey and 16 bit scaled to 8, as in photographs.

    Raises:
        ProbeError: a file that cannot be read, or is no image.
    """
    try:
        data = path.read_bytes()
        grey = decode_grey(data)
    except OSError as error:
        raise ProbeError(f"cannot read {path}: {error.strerror or error}; check it") from None
    except ImageError as error:
        raise ProbeError(f"{path} cannot be used: {error}; render it again") from None
    image: Image.Image = Image.open(io.BytesIO(data))
    if image.mode != "RGB" or "transparency" in image.info:
        return grey
    return np.ascontiguousarray(np.asarray(ImageOps.exif_transpose(image), np.uint8)[..., ::-1])


def _check_size(picture: Picture, pixels: Pixels, null: Picture, blank: Pixels) -> None:
    (height, width), (rows, columns) = pixels.shape[:2], blank.shape[:2]
    if (height, width) != (rows, columns):
        raise ProbeError(
            f"{picture.path} has {width} x {height} pixels, the null image {null.path} has "
            f"{columns} x {rows}; all images of an identity need one size, as they are cropped "
            f"alike: render it again"
        )


def _by_identity(pictures: Sequence[Picture]) -> dict[str, list[Picture]]:
    found: dict[str, list[Picture]] = {}
    for picture in pictures:
        found.setdefault(picture.identity, []).append(picture)
    return found


def _name(unit: Unit) -> str:
    return f"AU{unit[0]}" + (f"+{unit[1]}" if unit[1] else "")


def _what(picture: Picture) -> str:
    return f"{_name(picture.units)} of '{picture.identity}' at level {picture.level:g}"


def _unmatched(listing: Listing) -> str:
    """Return what may explain a gap: images whose names do not match."""
    count = len(listing.unmatched)
    if not count:
        return ""
    return (
        f" (the name{'s' * (count != 1)} of {count} image{'s' * (count != 1)} "
        f"{'do' if count != 1 else 'does'} not match the pattern, for example "
        f"{listing.unmatched[0].name})"
    )


def _some(parts: list[str]) -> str:
    rest = len(parts) - _MOST
    return ", ".join(parts[:_MOST]) + (f" and {rest} more" if rest > 0 else "")
