"""What is known about facial-expression databases, backbones and probes.

Cards (typed descriptions), the vocabulary of expressions and action units, and
catalogues with near-miss suggestions.  Nothing here imports the harness or torch.
"""

from ccbench_registry.cards import (
    BackboneCard,
    Card,
    Citation,
    DatasetCard,
    HumanNorms,
    PoserGroup,
    ProbeCard,
    Terms,
    load_card,
)
from ccbench_registry.catalog import Catalog, suggestion
from ccbench_registry.databases import databases
from ccbench_registry.errors import (
    CardError,
    CcbenchError,
    DuplicateNameError,
    UnknownNameError,
)
from ccbench_registry.file_patterns import (
    FilePattern,
    Frames,
    IgnoredFiles,
    LabelFiles,
    LabelTable,
)
from ccbench_registry.vocabulary import (
    ACTION_UNITS,
    EXPRESSIONS,
    OTHER_EXPRESSIONS,
    ActionUnit,
    canonical_expression,
)

__all__ = [
    "ACTION_UNITS",
    "EXPRESSIONS",
    "OTHER_EXPRESSIONS",
    "ActionUnit",
    "BackboneCard",
    "Card",
    "CardError",
    "Catalog",
    "CcbenchError",
    "Citation",
    "DatasetCard",
    "DuplicateNameError",
    "FilePattern",
    "Frames",
    "HumanNorms",
    "IgnoredFiles",
    "LabelFiles",
    "LabelTable",
    "PoserGroup",
    "ProbeCard",
    "Terms",
    "UnknownNameError",
    "canonical_expression",
    "databases",
    "load_card",
    "suggestion",
]
