"""Runs in one file: without photographs or names, to be sent, merged and verified."""

from ccbench.bundles.archive import BUNDLE, SUFFIX
from ccbench.bundles.opening import open_measured, read_bundle
from ccbench.bundles.verification import Line, Verdict, verify_bundle
from ccbench.bundles.writing import write_bundle

__all__ = [
    "BUNDLE",
    "SUFFIX",
    "Line",
    "Verdict",
    "open_measured",
    "read_bundle",
    "verify_bundle",
    "write_bundle",
]
