"""Pure functions: tidy tables in, tidy tables out; no torch, no files."""

from ccbench.analysis.matrix import (
    confusion,
    correct_rates,
    expression_rates,
    shared_expressions,
)
from ccbench.analysis.quality import face_quality
from ccbench.analysis.tuning import (
    class_centred,
    normalised,
    peaks,
    profile_correlations,
    profiles,
    strongest,
)

__all__ = [
    "class_centred",
    "confusion",
    "correct_rates",
    "expression_rates",
    "face_quality",
    "normalised",
    "peaks",
    "profile_correlations",
    "profiles",
    "shared_expressions",
    "strongest",
]
