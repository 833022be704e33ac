"""A protocol, databases and a backbone in; a finished run directory out; resumes."""

from ccbench.runner.databases import Database, open_databases
from ccbench.runner.estimate import Estimate, estimate
from ccbench.runner.matrix import run_matrix
from ccbench.runner.observer import Observer, Silent
from ccbench.runner.request import Request

__all__ = [
    "Database",
    "Estimate",
    "Observer",
    "Request",
    "Silent",
    "estimate",
    "open_databases",
    "run_matrix",
]
