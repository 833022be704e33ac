"""The numbers of Inagaki et al. (2022), to print beside those of a run on KDEF and KRC."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ccbench_registry.sources import Share, Source, load_sources

Correlation = Annotated[float, Field(ge=-1, le=1)]
PValue = Annotated[str, Field(pattern=r"^[<=] 0\.\d+$")]
"""As printed, e.g. "< 0.0001" or "= 0.15"."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProfileCorrelation(_Part):
    """Correlation of one expression's profiles between the two databases' networks.

    Attributes:
        r_s: Spearman's, over 200 points.
        p: as printed.
        significant: after Bonferroni correction over the seven expressions.
    """

    r_s: Correlation
    p: PValue
    significant: bool


class Relation(_Part):
    """Correlation of choice rates in a swapped test with correlations of profiles.

    Attributes:
        train: database trained on.
        test: database tested on.
        r_s: Spearman's, over the cells.
        p: as printed.
        cells: number of cells of the matrix.
    """

    train: str
    test: str
    r_s: Correlation
    p: PValue
    cells: int


class Range(_Part):
    """The least and the greatest value over expressions."""

    low: float
    high: float


class Stability(Range):
    """Correlations of the profiles from fewer and from all posers.

    Attributes:
        posers: the two numbers of posers.
    """

    posers: tuple[int, int]


class Intensity(Range):
    """Mean intensities of the six basic emotions as rated by people.

    Attributes:
        scale: points of the rating scale.
        source: the study, as cited in the paper.
    """

    scale: int
    source: str


class Comparison(_Part):
    """A comparison of rates that the paper tests.

    Attributes:
        question: what was compared, in words.
        method: the test, e.g. "t test".
        p: as printed.
    """

    question: str
    method: str
    p: PValue


class Published(Source):
    """Results of a paper.

    Attributes:
        databases: their names, in the paper's order.
        runs: networks per database.
        chance: correct rate of guessing, as printed.
        test_rates: train database -> test database -> correct rate.
        train_rates: database -> correct rate in training, iterations 8,001 to 12,000.
        human_means: database -> correct rate of people.
        human_orders: database -> expressions from best to worst recognised by people.
        network_orders: database -> the same by networks trained on it.
        profile_correlations: expression -> correlation of profiles between databases.
        relations: one per swapped test.
        stability: database -> profiles from 60 against those from all posers.
        intensities: database -> rated intensity of its photographs.
        comparisons: of rates, with the paper's tests.
    """

    databases: tuple[str, str]
    runs: int
    chance: Share
    test_rates: dict[str, dict[str, Share]]
    train_rates: dict[str, Share]
    human_means: dict[str, Share]
    human_orders: dict[str, tuple[str, ...]]
    network_orders: dict[str, tuple[str, ...]]
    profile_correlations: dict[str, ProfileCorrelation]
    relations: tuple[Relation, ...]
    stability: dict[str, Stability]
    intensities: dict[str, Intensity]
    comparisons: tuple[Comparison, ...]


@cache
def published_results() -> Published:
    """Return the results of Inagaki et al. (2022).

    >>> published_results().test_rates["kdef"]
    {'kdef': 0.76, 'krc': 0.41}
    """
    (paper,) = load_sources("published", Published)
    return paper
