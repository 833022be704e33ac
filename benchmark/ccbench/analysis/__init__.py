"""Pure functions: tidy tables in, tidy tables out; no torch, no files."""

from ccbench.analysis.matrix import (
    confusion,
    correct_rates,
    expression_rates,
    shared_expressions,
)
from ccbench.analysis.quality import face_quality

__all__ = [
    "confusion",
    "correct_rates",
    "expression_rates",
    "face_quality",
    "shared_expressions",
]
