"""Every comparison of the paper in two columns: *as published* and *to new posers*.

The 40 runs of a database reuse the same 60 posers.  The published tests take runs as
independent replicates and so answer whether other random splits of the same photographs
would give the same; the second column asks whether other posers would.  docs/statistics.md
says what is resampled and how often each test errs.
"""

from ccbench.analysis.statistics.finding import Finding, findings_table
from ccbench.analysis.statistics.published import published_findings
from ccbench.analysis.statistics.to_new_posers import poser_findings

__all__ = ["Finding", "findings_table", "poser_findings", "published_findings"]
