"""Sentences on statistics and software."""

from __future__ import annotations

import math

from ccbench.analysis.statistics.to_new_posers import DRAWS, PERMUTATIONS
from ccbench.reporting.methods.facts import Facts
from ccbench.reporting.words import listed, number

_SOFTWARE = {
    "torch": "PyTorch",
    "torchvision": "torchvision",
    "opencv-python": "OpenCV",
    "pillow": "Pillow",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "pandas": "pandas",
}
_FEWEST_RUNS = 3


def describe_statistics(facts: Facts) -> str:
    """Say what was tested, and to what a result generalises."""
    runs = facts.protocol.runs
    spread = (
        "Correct rates are given as means and standard deviations over runs."
        if runs > 1
        else "Correct rates are those of a single run, without a standard deviation over runs."
    )
    if not facts.several:
        return f"{spread} With one database there was nothing to compare."
    if runs < _FEWEST_RUNS:
        few = "With fewer than three runs, rates were not tested over runs and have no intervals."
        profiles = [f"Of what is published ({facts.bibliography.cite_paper()}): {_cells()}"]
        return " ".join(
            [spread, few, *(profiles * _probed(facts)), *_new_posers(facts, intervals=False)]
        )
    shared = f"Because the {number(runs)} runs of a database shared the same posers, every "
    ways = "comparison of databases was made in two ways where both are possible."
    return " ".join([spread, shared + ways, *_published(facts), *_new_posers(facts)])


def _published(facts: Facts) -> list[str]:
    sentences = [
        f"The first, “as published” ({facts.bibliography.cite_paper()}), took runs as independent "
        f"replicates: rates were compared by t tests and by two-way analyses of variance (database "
        f"× expression, and own or swapped test × expression). It asks whether other random splits "
        f"of the same photographs would give the same result."
    ]
    if _probed(facts):
        sentences.append(_cells())
    return [*sentences, "The second, “to new posers”, asks whether other posers would."]


def _cells() -> str:
    return (
        "Profile correlations, and their relation to the confusion matrices of the swapped "
        "tests, were tested with every point or cell as a separate observation, and the p "
        "values of the profile correlations corrected by Bonferroni's method."
    )


def _new_posers(facts: Facts, *, intervals: bool = True) -> list[str]:
    sentences = [
        "The answers to each poser were averaged over runs. Rates on the posers of two databases "
        "were compared by permuting posers between the databases, and rates of two sets of "
        "networks on the same posers by flipping the signs of the posers' differences "
        f"({PERMUTATIONS:,} times each). Where the text calls a drop to other databases shown, p "
        "values were corrected for the number of swapped tests by Holm's method."
    ]
    if intervals:
        sentences.append(
            f"The 95% confidence intervals of rates came from a bootstrap-t over posers ({DRAWS:,} "
            f"samples; the standard error counts runs and posers), and t tests corrected for the "
            f"overlap of runs (Nadeau and Bengio's) are given as a sensitivity analysis."
        )
    sentences.append(
        "Whether a difference depends on the expression was tested by an ANOVA-type statistic with "
        "the same permutations."
    )
    if _probed(facts):
        sets = {frozenset(database.expressions) for database in facts.databases}
        orders = f" (all {math.factorial(len(min(sets))):,} orders)" if len(sets) == 1 else ""
        sentences.append(
            f"Profile correlations were tested by permuting AUs, each with all of its intensities, "
            f"and corrected by Holm's method, with intervals from bootstrap samples of AUs; their "
            f"relation to the confusion matrices was tested "
            f"by permuting the labels of the expressions{orders}."
        )
    return sentences


def _probed(facts: Facts) -> bool:
    return bool(facts.manifest.get("probes"))


def describe_software(facts: Facts) -> str:
    """Say with what it was computed, and how to get the same numbers again."""
    manifest = facts.manifest
    versions = {k: v for k, v in manifest.get("versions", {}).items() if v != "unknown"}
    named = [f"{label} {versions[key]}" for key, label in _SOFTWARE.items() if key in versions]
    if str(manifest["request"].get("backbone", "")).startswith("timm:") and "timm" in versions:
        named.append(f"timm {versions['timm']}")
    language = f"Python {versions['python']}" if "python" in versions else "Python"
    device = str(manifest["request"].get("device", "cpu"))
    where = "a CPU" if device == "cpu" else "a GPU"
    used = f" with {listed(named)}" if named else ""
    return (
        f"The computations were made in {language}{used}, on {where}. All random choices followed "
        f"from the seed {manifest['request']['seed']}. The manifest of the run has the hashes of "
        f"photographs, labels and weights."
    )
