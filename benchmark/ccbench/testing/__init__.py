"""For plugin authors and tests: conformance checks and drawn databases."""

from ccbench.testing.conformance import (
    check_backbone,
    check_dataset,
    check_generated,
    check_probe,
)

__all__ = ["check_backbone", "check_dataset", "check_generated", "check_probe"]
