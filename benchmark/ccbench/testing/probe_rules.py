"""What a probe has to keep to."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ccbench.interfaces import GeneratedProbe, Probe, ProbeSeries, Stimulus
from ccbench.testing.suite import Suite, and_more
from ccbench_registry import ProbeCard


@dataclass
class ProbeCase:
    """A probe, the folder of its images where it reads one, and options."""

    probe: Probe
    root: Path | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def series(self) -> ProbeSeries:
        """The images."""
        return self.probe.stimuli(self.root, self.options)


@dataclass
class MadeProbeCase(ProbeCase):
    """A probe that is to make its images."""

    probe: GeneratedProbe

    @cached_property
    def made(self) -> tuple[Sequence[Stimulus], Sequence[Sequence[Stimulus]]]:
        """The last part, made before any other; and all parts, made in order after it."""
        parts = self.probe.parts(self.options)
        last = self.make(parts[-1])
        return last, [self.make(part) for part in parts]

    @cached_property
    def series(self) -> ProbeSeries:
        """The images of all parts."""
        return ProbeSeries.of([stimulus for part in self.made[1] for stimulus in part])

    def make(self, part: str) -> Sequence[Stimulus]:
        """Have a part made."""
        return tuple(self.probe.generate(part, self.options))


_ITEM, _READ, _SERIES = Suite[ProbeCase](), Suite[ProbeCase](), Suite[ProbeCase]()
_MADE = Suite[MadeProbeCase]()


@_ITEM.rule("it has card, options and stimuli()")
def _interface(case: ProbeCase) -> Iterator[str]:
    if not isinstance(case.probe, Probe):
        yield f"{case.probe!r} lacks a member of the Probe interface"


@_ITEM.rule("the card is a ProbeCard", "interface")
def _card(case: ProbeCase) -> Iterator[str]:
    if not isinstance(case.probe.card, ProbeCard):
        yield "card is not a ProbeCard"


@_ITEM.rule("the card's intensities have 0, the null image", "card")
def _null(case: ProbeCase) -> Iterator[str]:
    if 0 not in case.probe.card.intensities:
        yield "the card's intensities lack 0, the null image"


@_MADE.rule("the recipe is the same text every time", "interface")
def _recipe(case: MadeProbeCase) -> Iterator[str]:
    recipe = case.probe.recipe(case.options)
    if not recipe:
        yield "recipe is empty; name a version of what makes the images"
    elif case.probe.recipe(case.options) != recipe:
        yield "two calls gave different recipes"


@_MADE.rule("there are parts, each with a name of its own", "interface")
def _parts(case: MadeProbeCase) -> Iterator[str]:
    parts = case.probe.parts(case.options)
    if not parts:
        yield "there are no parts"
    if len(set(parts)) < len(parts):
        yield "two parts have one name"


@_MADE.rule("a part is the same whatever was made before", "parts")
def _same_part(case: MadeProbeCase) -> Iterator[str]:
    last, made = case.made
    if pickle.dumps(last) != pickle.dumps(made[-1]):
        yield f"two calls differ in the part '{case.probe.parts(case.options)[-1]}'"


@_SERIES.rule("each identity has one null image", "interface")
def _series(case: ProbeCase) -> Iterator[str]:
    if not isinstance(case.series, ProbeSeries):
        yield f"stimuli() gave a {type(case.series).__name__}"
    elif not case.series.stimuli:
        yield "there are no images"


@_SERIES.rule("the images show the action units of the card", "card", "series")
def _units(case: ProbeCase) -> Iterator[str]:
    card = case.series.card or case.probe.card
    units = {stimulus.action_unit for stimulus in case.series.stimuli if stimulus.intensity}
    if units != set(card.action_units):
        yield f"the stimuli show the action units {units}, the card says {card.action_units}"


@_SERIES.rule("intensities are from 0 to 1", "series")
def _intensities(case: ProbeCase) -> Iterator[str]:
    outside = [s.intensity for s in case.series.stimuli if not 0 <= s.intensity <= 1]
    if outside:
        yield f"intensity {and_more(list(map(str, outside)))} outside 0..1"


@_SERIES.rule("pixels are uint8", "series")
def _pixels(case: ProbeCase) -> Iterator[str]:
    found = sorted({stimulus.pixels.dtype.name for stimulus in case.series.stimuli} - {"uint8"})
    if found:
        yield f"pixels are not uint8 but {and_more(found)}"


@_SERIES.rule("the images of an identity have one size", "series")
def _size(case: ProbeCase) -> Iterator[str]:
    null = {who: case.series.stimuli[index] for who, index in case.series.null.items()}
    differ = [
        stimulus.identity
        for stimulus in case.series.stimuli
        if stimulus.pixels.shape[:2] != null[stimulus.identity].pixels.shape[:2]
    ]
    if differ:
        yield f"images of {and_more(list(dict.fromkeys(differ)))} differ in size"


@_READ.rule("stimuli() called again gives the same", "series")
def _repeatable(case: ProbeCase) -> Iterator[str]:
    again = case.probe.stimuli(case.root, case.options)
    if pickle.dumps(again.stimuli) != pickle.dumps(case.series.stimuli):
        yield "two calls differ"


PROBE = Suite[ProbeCase]([*_ITEM.rules, *_SERIES.rules, *_READ.rules])
"""Of one that reads its images, or makes them at once."""
GENERATED_PROBE = Suite[MadeProbeCase](
    [*_ITEM.rules, *_MADE.rules, *_SERIES.after("same-part")],
)
"""Of one that makes its images in parts."""
