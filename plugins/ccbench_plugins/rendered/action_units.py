"""From action units (Ekman, Friesen & Hager, 2002) to displacements and wrinkles."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

from ccbench_plugins.rendered.errors import RenderError

LOG = logging.getLogger(__name__)
Ethnicity = tuple[float, float, float]
ETHNICITIES = ("african", "asian", "caucasian")
"""Names of MakeHuman's three poles, between which identities are mixed."""


@dataclass(frozen=True)
class Movement:
    """What an action unit does at intensity 1.

    Attributes:
        pairs: face units that exist for both sides, name without side -> weight.
        units: face units of the middle -> weight.
        ethnic: targets that exist per ethnicity -> weight.
        local: local shape targets -> weight.
        wrinkles: wrinkle -> depth.
    """

    pairs: Mapping[str, float]
    units: Mapping[str, float]
    ethnic: Mapping[str, float]
    local: Mapping[str, float]
    wrinkles: Mapping[str, float]

    def targets(self, ethnicity: Ethnicity) -> dict[str, float]:
        """Return target -> weight for a mixture of ethnicities."""
        weights = {f"fu/{name}": weight for name, weight in self.units.items()}
        for name, weight in self.pairs.items():
            weights[f"fu/{name}Left"] = weights[f"fu/{name}Right"] = weight
        for name, weight in self.ethnic.items():
            for pole, share in zip(ETHNICITIES, ethnicity, strict=True):
                if share > 0:
                    weights[f"ex/{pole}/{name}"] = weight * share
        weights.update({f"lo/{name}": weight for name, weight in self.local.items()})
        return weights


def _movement(
    pairs: Mapping[str, float] | None = None,
    units: Mapping[str, float] | None = None,
    ethnic: Mapping[str, float] | None = None,
    local: Mapping[str, float] | None = None,
    wrinkles: Mapping[str, float] | None = None,
) -> Movement:
    return Movement(pairs or {}, units or {}, ethnic or {}, local or {}, wrinkles or {})


MOVEMENTS: Mapping[int, Movement] = {
    1: _movement(
        units={"browInnerUp": 0.95},
        ethnic={"eyebrows-left-inner-up": 0.75, "eyebrows-right-inner-up": 0.75},
        wrinkles={"forehead_inner": 1.15},
    ),
    2: _movement(
        {"browOuterUp": 0.95},
        ethnic={"eyebrows-left-extern-up": 0.15, "eyebrows-right-extern-up": 0.15},
        wrinkles={"forehead_outer": 1.15},
    ),
    4: _movement(
        {"browDown": 1.15},
        ethnic={"eyebrows-left-down": 0.25, "eyebrows-right-down": 0.25},
        wrinkles={"glabella": 1.1},
    ),
    5: _movement({"eyeWide": 1.05}, wrinkles={"lid_fold": 0.9}),
    6: _movement(
        {"cheekSquint": 1.3, "eyeSquint": 0.12},
        wrinkles={"crow": 1.15, "bag": 1.15, "cheek_lift": 1.0},
    ),
    7: _movement(
        {"eyeSquint": 0.75},
        ethnic={"eye-left-slit": 0.05, "eye-right-slit": 0.05},
        wrinkles={"underlid": 1.3},
    ),
    9: _movement(
        {"noseSneer": 1.5, "mouthUpperUp": 0.25},
        ethnic={"eyebrows-left-down": 0.3, "eyebrows-right-down": 0.3},
        wrinkles={"nosebridge": 1.3, "nasolabial_up": 0.7},
    ),
    10: _movement(
        {"mouthUpperUp": 1.15},
        ethnic={"mouth-elevation": 0.35},
        wrinkles={"nasolabial_up": 0.8},
    ),
    11: _movement(
        {"mouthUpperUp": 0.3},
        local={"mouth-laugh-lines-in": 1.0, "l-cheek-inner-incr": 0.4, "r-cheek-inner-incr": 0.4},
        wrinkles={"nasolabial_inner": 1.2},
    ),
    12: _movement(
        # More of the corner puller would fold the cheek's mesh over itself.
        {"mouthSmile": 0.9},
        ethnic={"mouth-corner-puller": 0.12},
        local={"l-cheek-volume-incr": 0.35, "r-cheek-volume-incr": 0.35},
        wrinkles={"smile": 1.4},
    ),
    15: _movement(
        {"mouthFrown": 1.0}, ethnic={"mouth-depression": 0.45}, wrinkles={"marionette": 0.7}
    ),
    16: _movement({"mouthLowerDown": 1.6}, wrinkles={"chin_boss": 0.3}),
    17: _movement(
        units={"mouthShrugLower": 1.1, "mouthShrugUpper": 0.35},
        local={"chin-height-decr": 0.3, "chin-prominent-incr": 0.12},
        wrinkles={"chin_bumps": 1.0, "chin_boss": 0.8},
    ),
    20: _movement(
        {"mouthStretch": 1.0}, ethnic={"mouth-retraction": 0.4}, wrinkles={"stretch": 0.7}
    ),
    22: _movement(units={"mouthFunnel": 0.8, "mouthPucker": 0.3}, ethnic={"mouth-eversion": 0.25}),
    23: _movement(
        units={"mouthRollLower": 0.45, "mouthRollUpper": 0.4, "mouthPucker": 0.4},
        wrinkles={"puckers": 1.5},
    ),
    24: _movement(
        units={"mouthRollLower": 0.8, "mouthRollUpper": 0.65, "mouthShrugLower": 0.35},
        wrinkles={"chin_boss": 0.4},
    ),
    25: _movement({"mouthUpperUp": 0.4, "mouthLowerDown": 0.75}, units={"jawOpen": 0.08}),
    26: _movement({"mouthLowerDown": 0.15}, units={"jawOpen": 0.5}),
    27: _movement(
        units={"jawOpen": 0.55, "mouthFunnel": 0.15},
        ethnic={"mouth-open": 0.5},
        local={"l-cheek-volume-decr": 0.4, "r-cheek-volume-decr": 0.4},
        wrinkles={"hollow": 0.3},
    ),
}
"""Action unit -> what it does at intensity 1."""

PARTING = frozenset({10, 16, 22, 25, 26, 27})
"""Action units that part the lips; under all others the lips keep touching."""
JAW_LIMIT = 0.75
"""Most that the jaw's unit opens it when AU25, AU26 and AU27 combine (AU27 alone: 0.55)."""
BLINK_LIMIT = 0.9
UPPER_LIP_LIMIT, LOWER_LIP_LIMIT = 1.25, 1.7
"""Most that AU10, AU16 and AU25 part the lips together; beyond, the gums' rims show."""
_LIMITS = {
    "fu/jawOpen": JAW_LIMIT,
    "fu/mouthUpperUpLeft": UPPER_LIP_LIMIT,
    "fu/mouthUpperUpRight": UPPER_LIP_LIMIT,
    "fu/mouthLowerDownLeft": LOWER_LIP_LIMIT,
    "fu/mouthLowerDownRight": LOWER_LIP_LIMIT,
    "fu/eyeBlinkLeft": BLINK_LIMIT,
    "fu/eyeBlinkRight": BLINK_LIMIT,
}
_WRINKLE_POWER = 0.9
_SMILE_BARES = {"fu/mouthUpperUp": 0.7, "fu/mouthLowerDown": 0.3}
"""How far a full smile draws parted lips off the teeth."""


@dataclass(frozen=True)
class Expression:
    """Displacements and wrinkles of a combination of action units.

    Attributes:
        targets: displacements that leave the lips closed, target -> weight.
        parting: displacements that part the lips, target -> weight.
        parted: 0 (lips kept together) to 1 (nothing holds them).
        wrinkles: wrinkle -> depth.
    """

    targets: Mapping[str, float]
    parting: Mapping[str, float]
    parted: float
    wrinkles: Mapping[str, float]


def check_action_units(action_units: Mapping[int, float]) -> dict[int, float]:
    """Return the intensities as floats, sorted by action unit.

    Raises:
        RenderError: an action unit that cannot be rendered, or an intensity outside 0 to 1.
    """
    checked = {}
    for unit in sorted(action_units):
        if unit not in MOVEMENTS:
            known = ", ".join(str(number) for number in MOVEMENTS)
            raise RenderError(f"there is no action unit {unit!r} to render; choose from {known}")
        intensity = float(action_units[unit])
        if not (math.isfinite(intensity) and 0 <= intensity <= 1):
            raise RenderError(
                f"AU{unit} has the intensity {action_units[unit]}; give a number from 0 to 1"
            )
        checked[unit] = intensity
    return checked


def combine(action_units: Mapping[int, float], ethnicity: Ethnicity) -> Expression:
    """Add up what action units do.

    Displacements add; of a wrinkle that several make, the deepest counts.  What would open
    jaw or lips or close the lids beyond their limits is clamped, and said in the log.

    Args:
        action_units: FACS number -> intensity, 0 to 1.
        ethnicity: of the face, African, Asian and Caucasian shares.

    Raises:
        RenderError: see :func:`check_action_units`.
    """
    targets: dict[str, float] = {}
    parting: dict[str, float] = {}
    wrinkles: dict[str, float] = {}
    for unit, intensity in check_action_units(action_units).items():
        if not intensity:
            continue
        movement = MOVEMENTS[unit]
        into = parting if unit in PARTING else targets
        for name, weight in movement.targets(ethnicity).items():
            into[name] = into.get(name, 0.0) + weight * intensity
        for name, depth in movement.wrinkles.items():
            wrinkles[name] = max(wrinkles.get(name, 0.0), depth * intensity**_WRINKLE_POWER)
    parted = min(1.0, float(sum(action_units.get(unit, 0) for unit in sorted(PARTING))))
    smile = float(action_units.get(12, 0)) * parted**0.5
    for lip, weight in _SMILE_BARES.items() if smile else ():
        for name in (f"{lip}Left", f"{lip}Right"):
            parting[name] = parting.get(name, 0.0) + weight * smile
    for name, limit in _LIMITS.items():
        of = parting if name in parting else targets
        if of.get(name, 0.0) > limit:
            if not name.endswith("Right"):  # the left side has been told of
                LOG.warning(
                    "%s: %s of %.2f is clamped to %.2f",
                    " + ".join(f"AU{unit} {value:g}" for unit, value in action_units.items()),
                    name.removeprefix("fu/").removesuffix("Left"),
                    of[name],
                    limit,
                )
            of[name] = limit
    return Expression(targets, parting, parted, wrinkles)
