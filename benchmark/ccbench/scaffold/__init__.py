"""Packages to make a plugin from: complete, installable, with tests that pass."""

from ccbench.scaffold.names import Names, names_of, refuse_taken
from ccbench.scaffold.package import MODEL, Written, write_package

__all__ = ["MODEL", "Names", "Written", "names_of", "refuse_taken", "write_package"]
