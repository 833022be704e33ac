"""A Methods section for a paper, from the manifest of the run that it describes."""

from __future__ import annotations

from ccbench.reporting.methods.analysis import describe_software, describe_statistics
from ccbench.reporting.methods.facts import Facts, read_facts
from ccbench.reporting.methods.material import describe_databases, describe_faces
from ccbench.reporting.methods.probes import describe_probes
from ccbench.reporting.methods.procedure import describe_network, describe_tests
from ccbench.results import Run

__all__ = ["Facts", "methods_paragraphs", "read_facts"]


def methods_paragraphs(run: Run) -> tuple[str, ...]:
    """Return a Methods section, ready to be pasted into a paper.

    Everything in it is what this very run did: databases, faces, network, training and
    tests, probes (none without one), statistics, software.  Works are cited in the style of
    the American Psychological Association; ``ccbench.reporting.citations.reference_list``
    has all of them.

    Returns:
        Plain text, one string a paragraph.

    Raises:
        RunError: the manifest is of another version of ccbench.
    """
    facts = read_facts(run)
    return (
        describe_databases(facts),
        describe_faces(facts),
        describe_network(facts),
        describe_tests(facts),
        *describe_probes(facts),
        describe_statistics(facts),
        describe_software(facts),
    )
