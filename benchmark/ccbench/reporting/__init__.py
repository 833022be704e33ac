"""A run, printed and as a page: tables and pictures from the tables of the run alone."""

from ccbench.reporting.html import write_report
from ccbench.reporting.summary import Summary, summarise
from ccbench.reporting.terminal import print_run

__all__ = ["Summary", "print_run", "summarise", "write_report"]
