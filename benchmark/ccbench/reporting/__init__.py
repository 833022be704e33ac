"""A run, printed and as a page: tables and pictures from the tables of the run alone."""

from ccbench.reporting.citations import bibtex, reference_list
from ccbench.reporting.exports import write_export
from ccbench.reporting.html import write_report
from ccbench.reporting.methods import methods_paragraphs
from ccbench.reporting.published import published_comparison
from ccbench.reporting.summary import Summary, summarise
from ccbench.reporting.terminal import print_run
from ccbench.reporting.tuning import Tuning, summarise_tuning

__all__ = [
    "Summary",
    "Tuning",
    "bibtex",
    "methods_paragraphs",
    "print_run",
    "published_comparison",
    "reference_list",
    "summarise",
    "summarise_tuning",
    "write_export",
    "write_report",
]
