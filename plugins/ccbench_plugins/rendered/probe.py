"""The rendered AU series: one action unit at a time, on averaged faces (paper, "Stimuli")."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ccbench.cache import content_key
from ccbench.interfaces import ProbeSeries, Stimulus
from ccbench_plugins.rendered.action_units import MOVEMENTS
from ccbench_plugins.rendered.errors import RenderError
from ccbench_plugins.rendered.versions import RENDERER
from ccbench_registry import ProbeCard, Terms, suggestion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ccbench_plugins.rendered.identity import Identity

NAME = "rendered-au"
CODE = "rendered-au-1"
"""Version of everything in this module that changes an image."""
LEVELS = tuple(round(0.1 * step, 1) for step in range(11))
PAIR_LEVELS = (0.5, 1.0)
FRAMING = 0.40
SIZE = 288
_MEASURED_SIZE = 128
_WHO: Mapping[int, tuple[str, ...]] = {
    1: ("female-caucasian",),
    4: ("female-caucasian", "male-caucasian", "female-asian", "male-asian"),
    6: (
        "female-caucasian",
        "male-caucasian",
        "female-asian",
        "male-asian",
        "female-african",
        "male-african",
    ),
}
_SHARES = {
    "african": (1.0, 0.0, 0.0),
    "asian": (0.0, 1.0, 0.0),
    "caucasian": (0.0, 0.0, 1.0),
}


@dataclass(frozen=True)
class Settings:
    """Values of the options.

    Attributes:
        identities: names of the averaged faces.
        equalised: whether levels are levels of pixel change.
        pairs: action units shown two at a time.
        size: side of the images, pixels.
    """

    identities: tuple[str, ...]
    equalised: bool
    pairs: tuple[tuple[int, int], ...]
    size: int


def probe_identity(name: str) -> Identity:
    """Return an averaged young face, e.g. "female-asian"."""
    from ccbench_plugins.rendered.identity import average_identity

    sex, ethnicity = name.split("-")
    return average_identity(float(sex == "male"), 0.1, _SHARES[ethnicity])


class RenderedSeries:
    """The probe ``rendered-au``."""

    card = ProbeCard(
        name=NAME,
        title="Rendered faces, 20 action units one at a time, 11 intensities",
        terms=Terms(licence="CC0-1.0 (rendered by ccbench)", redistribution=True),
        notes=(
            "An averaged young woman by default, as in the paper, whose series came from FaceGen.",
        ),
        action_units=tuple(MOVEMENTS),
        intensities=LEVELS,
    )
    options: Mapping[str, str] = {
        "identities": "how many averaged faces: 1 (default), 4 (sex x Caucasian, Asian) or 6",
        "equalised": "yes: intensities rescaled so that all action units change the image alike",
        "pairs": "all, or such as 6+12/1+4: action units shown together, at .5 and 1",
        "size": f"side of the images, pixels (default {SIZE})",
    }

    def settings(self, options: Mapping[str, str]) -> Settings:
        """Read the options.

        Raises:
            RenderError: a value that an option cannot have.
        """
        for name in options:
            if name not in self.options:
                hint = suggestion(name, self.options)
                raise RenderError(f"the probe '{NAME}' has no option '{name}'; {hint}")
        count = options.get("identities", "1")
        if count not in {str(number) for number in _WHO}:
            raise RenderError(f"'{NAME}[identities={count}]': give 1, 4 or 6")
        equalised = options.get("equalised", "no")
        if equalised not in {"yes", "no"}:
            raise RenderError(f"'{NAME}[equalised={equalised}]': give yes or no")
        size = options.get("size", str(SIZE))
        if not (size.isdecimal() and 96 <= int(size) <= 2048):
            raise RenderError(f"'{NAME}[size={size}]': give 96 to 2048 pixels")
        return Settings(
            _WHO[int(count)], equalised == "yes", _pairs(options.get("pairs", "")), int(size)
        )

    def recipe(self, options: Mapping[str, str]) -> str:
        """Return everything that decides the images."""
        return content_key("rendered-au", code=[CODE, RENDERER], settings=self.settings(options))

    def parts(self, options: Mapping[str, str]) -> Sequence[str]:
        """Name the parts: each identity's null image and each action unit or pair."""
        settings = self.settings(options)
        units = ["null", *(str(unit) for unit in MOVEMENTS)]
        units += [f"{first}+{second}" for first, second in settings.pairs]
        return [f"{who} {unit}" for who in settings.identities for unit in units]

    def generate(self, part: str, options: Mapping[str, str]) -> Sequence[Stimulus]:
        """Render a part."""
        settings = self.settings(options)
        who, what = part.split(" ")
        identity = probe_identity(who)
        if what == "null":
            return [Stimulus(who, 0, 0.0, _image(identity, {}, settings.size), texture=who)]
        units = [int(word) for word in what.split("+")]
        levels = LEVELS[1:] if len(units) == 1 else PAIR_LEVELS
        return [
            Stimulus(
                identity=who,
                action_unit=units[0],
                intensity=level,
                pixels=_image(identity, _shown(who, units, level, settings), settings.size),
                second_unit=units[1] if len(units) == 2 else 0,
                texture=who,
            )
            for level in levels
        ]

    def stimuli(self, root: Path | None, options: Mapping[str, str]) -> ProbeSeries:
        """Render the whole series.

        Raises:
            RenderError: a folder was given.
        """
        if root is not None:
            raise RenderError(f"the probe '{NAME}' renders its own images; give no folder")
        return ProbeSeries.of(list(self._all(options)))

    def _all(self, options: Mapping[str, str]) -> Iterator[Stimulus]:
        for part in self.parts(options):
            yield from self.generate(part, options)


def _pairs(text: str) -> tuple[tuple[int, int], ...]:
    if text in {"", "none"}:
        return ()
    if text == "all":
        return tuple(itertools.combinations(MOVEMENTS, 2))
    found = []
    for word in text.split("/"):
        first, plus, second = word.partition("+")
        units = [int(part) if part.strip().isdecimal() else 0 for part in (first, second)]
        if not plus or any(unit not in MOVEMENTS for unit in units) or units[0] == units[1]:
            raise RenderError(
                f"'{NAME}[pairs={text}]': '{word}' is no pair of action units; write all, or "
                f"such as 6+12/1+4"
            )
        found.append((min(units), max(units)))
    return tuple(dict.fromkeys(found))


def _image(identity: Identity, shown: Mapping[int, float], size: int) -> NDArray[np.uint8]:
    import numpy as np

    from ccbench_plugins.rendered.renderer import render
    from ccbench_plugins.rendered.scene import Camera

    # One take: the sensor's noise is the same in all images and drops out of differences.
    image = render(identity, shown, size, camera=Camera(framing=FRAMING))
    return np.ascontiguousarray(image[..., ::-1])


def _shown(who: str, units: Sequence[int], level: float, settings: Settings) -> dict[int, float]:
    if not settings.equalised:
        return dict.fromkeys(units, level)
    return {unit: equalised_intensity(who, unit, level) for unit in units}


def equalised_intensity(who: str, unit: int, level: float) -> float:
    """Return the intensity at which an action unit changes the image by a given amount.

    A level of 1 is the mean absolute change, in grey levels, of the action unit that changes
    the image least at intensity 1, so that every action unit can reach it.

    Args:
        who: name of the identity.
        unit: FACS number.
        level: 0 to 1.
    """
    import numpy as np

    wanted = level * min(_change(who, other, 1.0) for other in MOVEMENTS)
    changes = [_change(who, unit, step) for step in LEVELS]
    return round(float(np.interp(wanted, changes, LEVELS)), 4)


@lru_cache(maxsize=4096)
def _change(who: str, unit: int, intensity: float) -> float:
    """Mean absolute difference from the null image, grey levels."""
    import numpy as np

    difference = _measured(who, unit, intensity) - _measured(who, unit, 0.0)
    return float(np.abs(difference).mean())


@lru_cache(maxsize=64)
def _measured(who: str, unit: int, intensity: float) -> NDArray[np.float64]:
    shown = {unit: intensity} if intensity else {}
    mean: NDArray[np.float64] = _image(probe_identity(who), shown, _MEASURED_SIZE).mean(2)
    return mean
