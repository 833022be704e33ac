"""Pure functions: tidy tables in, tidy tables out; no torch, no files."""

from ccbench.analysis.components import Components, component_distances, principal_components
from ccbench.analysis.hits import choice_bias, unbiased_hits
from ccbench.analysis.human import human_agreement, rank_orders
from ccbench.analysis.layouts import (
    correctness,
    expression_summary,
    profiles_at_highest,
    rates_by_poser,
    rates_by_run,
)
from ccbench.analysis.matrix import (
    confusion,
    correct_rates,
    expression_rates,
    shared_expressions,
)
from ccbench.analysis.prototypes import prototype_agreement
from ccbench.analysis.quality import face_quality
from ccbench.analysis.similarity import (
    confusion_relation,
    profile_stability,
    split_half,
    sums_and_differences,
    unit_correlations,
)
from ccbench.analysis.statistics import (
    Finding,
    findings_table,
    poser_findings,
    published_findings,
)
from ccbench.analysis.tuning import (
    class_centred,
    normalised,
    peaks,
    profile_correlations,
    profiles,
    strongest,
)
from ccbench.analysis.units import selective_units, selectivity, unit_profiles

__all__ = [
    "Components",
    "Finding",
    "choice_bias",
    "class_centred",
    "component_distances",
    "confusion",
    "confusion_relation",
    "correct_rates",
    "correctness",
    "expression_rates",
    "expression_summary",
    "face_quality",
    "findings_table",
    "human_agreement",
    "normalised",
    "peaks",
    "poser_findings",
    "principal_components",
    "profile_correlations",
    "profile_stability",
    "profiles",
    "profiles_at_highest",
    "prototype_agreement",
    "published_findings",
    "rank_orders",
    "rates_by_poser",
    "rates_by_run",
    "selective_units",
    "selectivity",
    "shared_expressions",
    "split_half",
    "strongest",
    "sums_and_differences",
    "unbiased_hits",
    "unit_correlations",
    "unit_profiles",
]
