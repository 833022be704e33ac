"""What tunings a recipe should produce, written down before any network is trained.

The rule knows the recipes of all classes: a unit is excited by what its own expression shows
more than the others do, and inhibited by what several others show and its own does not.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccbench_plugins.rendered.action_units import MOVEMENTS
from ccbench_plugins.rendered.recipe import Recipe

EXCITED = 0.35
"""Contrast from which a positive response is expected."""
INHIBITED = -0.20
"""Contrast down to which a negative response is expected."""
DIFFERENT = 0.40
"""Difference of contrasts between two recipes from which a difference is expected."""
Signs = dict[tuple[str, int], int]
"""(expression, action unit) -> 1 or -1; what is not expected either way is not in it."""


def contrasts(recipe: Recipe) -> dict[tuple[str, int], float]:
    """Return the intensity in each expression minus its mean over the seven.

    Returns:
        (expression, action unit) -> contrast, -1 to 1.
    """
    found = {}
    for unit in MOVEMENTS:
        shown = {name: formula.get(unit, 0.0) for name, formula in recipe.expressions.items()}
        mean = sum(shown.values()) / len(shown)
        found.update({(name, unit): value - mean for name, value in shown.items()})
    return found


def expected_signs(recipe: Recipe) -> Signs:
    """Return the signs of the responses that a recipe should produce, at intensity 1.

    Responses are those of class-centred profiles: logits are defined up to an offset.
    """
    signs: Signs = {}
    for key, contrast in contrasts(recipe).items():
        # Rounded: .35 summed from tenths shall be .35.
        if round(contrast, 6) >= EXCITED:
            signs[key] = 1
        elif round(contrast, 6) <= INHIBITED:
            signs[key] = -1
    return signs


def expected_differences(one: Recipe, other: Recipe) -> Signs:
    """Return the signs of (response under ``one``) - (response under ``other``)."""
    first, second = contrasts(one), contrasts(other)
    signs: Signs = {}
    for key, contrast in first.items():
        difference = round(contrast - second[key], 6)
        if abs(difference) >= DIFFERENT:
            signs[key] = 1 if difference > 0 else -1
    return signs


def hits(expected: Signs, found: Mapping[tuple[str, int], float]) -> int:
    """Count the expected signs that the responses have.

    Args:
        expected: the signs.
        found: (expression, action unit) -> response.
    """
    return sum(found[key] * sign > 0 for key, sign in expected.items())
