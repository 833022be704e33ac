"""A run, printed and as a page: tables and pictures from the tables of the run alone."""

from ccbench.reporting.html import write_report
from ccbench.reporting.summary import Summary, summarise
from ccbench.reporting.terminal import print_run
from ccbench.reporting.tuning import Tuning, summarise_tuning

__all__ = ["Summary", "Tuning", "print_run", "summarise", "summarise_tuning", "write_report"]
