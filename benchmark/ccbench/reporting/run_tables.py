"""The tables of a report, each an analysis of a run's tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ccbench.analysis import class_centred, confusion, correct_rates
from ccbench.analysis.components import component_distances, principal_components
from ccbench.analysis.hits import unbiased_hits
from ccbench.analysis.human import human_agreement, norms_of, rank_orders
from ccbench.analysis.layouts import expression_summary, safe_names
from ccbench.analysis.prototypes import prototype_agreement
from ccbench.analysis.similarity import confusion_relation, profile_stability, unit_correlations
from ccbench.analysis.statistics import Finding, findings_table
from ccbench.analysis.tuning import peaks, profile_correlations, profiles
from ccbench.analysis.units import selective_units
from ccbench.reporting.mixtures import of_databases
from ccbench.reporting.published import published_comparison
from ccbench.reporting.tables import Column, ReportTable
from ccbench.results import Run
from ccbench_registry.prototypes import prototype_tables
from ccbench_registry.published import published_results

# Columns of several tables.
_DATABASE = Column("database", "database")
_EXPRESSION = Column("expression", "expression")
_SHOWN, _CHOSEN = Column("expression", "shown"), Column("predicted", "chosen")
_TESTS = Column("photographs", "tests", "count")
_SD = Column("sd", "SD", "rate")
_OUTPUT = Column("expression", "unit")
_AU = Column("action_unit", "AU", "count")
_POINTS = Column("points", "points", "count")
_PROBE = Column("probe", "probe")
_RS = Column("r_s", "r_s", "signed")
_P = Column("p", "p", "p")
_PAIR = (Column("train_database", "trained on"), Column("test_database", "tested on"))
_UNIT = (_PROBE, _DATABASE, _OUTPUT)
_BETWEEN = (_DATABASE, Column("other", "other"))


def rate_tables(run: Run) -> list[ReportTable]:
    """Return the tables of correct rates and confusions."""
    predictions = run.predictions
    return [
        ReportTable(
            "correct_rates",
            "Correct rates",
            "Mean and SD over runs of the mean of the per-expression rates.",
            correct_rates(predictions),
            (
                *_PAIR,
                Column("mean", "correct rate", "rate"),
                _SD,
                Column("runs", "runs", "count"),
                Column("chance", "chance", "rate"),
                _TESTS,
            ),
        ),
        ReportTable(
            "expression_rates",
            "Correct rates per expression",
            "Mean and SD over runs.",
            expression_summary(predictions),
            (
                *_PAIR,
                _EXPRESSION,
                _TESTS,
                _SD,
                Column("mean", "correct rate", "rate"),
            ),
        ),
        ReportTable(
            "unbiased_hits",
            "Unbiased hit rates",
            "Wagner's (1993) Hu = hits² / (times shown × times chosen) also counts how often a "
            "label is given wrongly: a network that calls everything sad recognises nothing.",
            unbiased_hits(predictions),
            (
                *_PAIR,
                _EXPRESSION,
                Column("hit_rate", "hit rate", "rate"),
                Column("hu", "Hu", "rate"),
                Column("chance", "chance of Hu", "rate"),
            ),
        ),
        ReportTable(
            "confusion",
            "Confusions",
            "All runs pooled; rate is of the photographs of the expression shown.",
            confusion(predictions),
            (
                *_PAIR,
                _SHOWN,
                _CHOSEN,
                Column("count", "times", "count"),
                Column("rate", "rate", "rate"),
            ),
        ),
    ]


def tuning_tables(run: Run, found: pd.DataFrame) -> list[ReportTable]:
    """Return the tables of tunings; none in a run without a probe.

    Args:
        run: the run.
        found: ``profiles`` of its responses.
    """
    if found.empty:
        return []
    between = of_databases(run, found, "database")
    tables = [
        ReportTable(
            "peaks",
            "Peaks and troughs",
            "Of each unit and action unit the response of largest magnitude, and the intensity "
            "where it is.",
            peaks(found),
            (
                *_UNIT,
                _AU,
                Column("intensity", "intensity", "rate"),
                Column("response", "response", "number"),
            ),
        ),
        ReportTable(
            "profile_correlations",
            "Correlations of profiles between databases",
            "Spearman's r_s over all action units and intensities above 0.",
            profile_correlations(between),
            (
                _PROBE,
                *_BETWEEN,
                _OUTPUT,
                _POINTS,
                _RS,
            ),
        ),
        ReportTable(
            "unit_correlations",
            "Correlations of all units",
            "Spearman's r_s of every unit's profile with every unit's, as in Figure 9.",
            unit_correlations(between),
            (
                _PROBE,
                _DATABASE,
                _OUTPUT,
                Column("other", "other"),
                Column("other_expression", "its unit"),
                _RS,
            ),
        ),
    ]
    cells = confusion_relation(between, confusion(run.predictions))
    if len(cells):
        tables.append(
            ReportTable(
                "profiles_and_confusions",
                "Profile correlations beside choice rates",
                "One row per cell of Figure 9.",
                cells,
                (
                    _PROBE,
                    *_PAIR,
                    _SHOWN,
                    _CHOSEN,
                    _RS,
                    Column("rate", "choice rate", "rate"),
                ),
            )
        )
    parts = [(str(probe), part) for probe, part in between.groupby("probe", sort=False)]
    for (probe, part), safe in zip(parts, safe_names(p for p, _ in parts), strict=True):
        several = found["probe"].nunique() > 1
        tables += _component_tables(part, f"_{safe}" if several else "", f" ({probe})" * several)
    return tables


def _component_tables(found: pd.DataFrame, suffix: str, of: str) -> list[ReportTable]:
    parts = principal_components(found)
    if not parts.names:
        return []
    shares = ", ".join(f"{100 * share:.0f} %" for share in parts.explained)
    numbers = tuple(Column(name, name.upper(), "number") for name in parts.names)
    tables = [
        ReportTable(
            f"component_scores{suffix}",
            f"Principal components: units{of}",
            f"The points of Figure 10; the components carry {shares} of the variance.",
            parts.scores,
            (_DATABASE, _OUTPUT, *numbers),
        ),
        ReportTable(
            f"component_loadings{suffix}",
            f"Principal components: action units{of}",
            "How much each action unit counts in each component.",
            parts.loadings,
            (_AU, *numbers),
        ),
    ]
    distances = component_distances(parts)
    if len(distances):
        tables.append(
            ReportTable(
                f"component_distances{suffix}",
                f"Distances in component space{of}",
                "Between the units of one expression in two databases.",
                distances,
                (*_BETWEEN, _OUTPUT, Column("distance", "distance", "number")),
            )
        )
    return tables


def literature_tables(run: Run, found: pd.DataFrame) -> list[ReportTable]:
    """Return the comparisons with people, with tables of action units, and with the paper."""
    tables = []
    norms = norms_of(run.databases)
    people = human_agreement(run.predictions, norms)
    if len(people):
        tables.append(
            ReportTable(
                "human_agreement",
                "Networks and people",
                "Rank correlation between how well networks and human raters recognise the "
                "expressions of the same database. "
                + " ".join(f"{n.database}: {n.raters} ({n.certainty})." for n in norms.values()),
                people,
                (
                    _DATABASE,
                    Column("source", "norms"),
                    Column("network_mean", "networks", "rate"),
                    Column("human_mean", "people", "rate"),
                    _RS,
                    _P,
                ),
            )
        )
    tables.append(
        ReportTable(
            "rank_orders",
            "Order of the expressions",
            "How well the networks of each database recognise its own expressions, best first.",
            rank_orders(run.predictions),
            (
                _DATABASE,
                Column("rank", "rank", "number"),
                _EXPRESSION,
                Column("correct_rate", "correct rate", "rate"),
            ),
        )
    )
    if len(found):
        tables.append(_prototypes(found))
    return tables


def _prototypes(found: pd.DataFrame) -> ReportTable:
    titles = "; ".join(f"{table.name}: {table.title}" for table in prototype_tables())
    return ReportTable(
        "prototype_agreement",
        "Tunings and published action units",
        "AUC: probability that a unit responds more to an action unit that a table lists for its "
        "expression than to another (.50 by chance; class-centred responses at the highest "
        f"intensity); p is one-sided, permutes action units and is not corrected. {titles}.",
        prototype_agreement(class_centred(found), prototype_tables()),
        (
            *_UNIT,
            Column("table", "table"),
            Column("auc", "AUC", "rate"),
            _RS,
            _P,
        ),
    )


def published_table(run: Run) -> ReportTable | None:
    """Return the paper's numbers beside those of a run on its databases; else ``None``."""
    frame = published_comparison(run, published_results())
    if frame.empty:
        return None
    return ReportTable(
        "published",
        "The paper's numbers beside these",
        "Inagaki et al. (2022) probed with a FaceGen series of their own.",
        frame,
        (
            Column("quantity", "quantity"),
            Column("paper", "paper", "signed"),
            Column("here", "here", "signed"),
            Column("difference", "difference", "signed"),
        ),
    )


def unit_tables(run: Run) -> list[ReportTable]:
    """Return how many units of measured layers prefer each action unit."""
    if run.units.empty:
        return []
    return [
        ReportTable(
            "selective_units",
            "Action-unit selectivity inside the backbone",
            "How many units (channels) of a layer respond most to an action unit, at least twice "
            "as much as to the others on average.",
            selective_units(run.units),
            (
                _PROBE,
                Column("layer", "layer"),
                _AU,
                Column("units", "units", "count"),
                Column("share", "share", "rate"),
            ),
        )
    ]


def stability_table(found: pd.DataFrame, other: Run) -> ReportTable:
    """Return how alike the tunings of two runs are, e.g. with 60 posers and with all.

    Args:
        found: ``profiles`` of the run reported.
        other: the run it is held against.
    """
    return ReportTable(
        "profile_stability",
        f"The same units in {other.path.name}",
        "Spearman's r_s of profiles between this run and the other (paper: 60 posers against all, "
        ".967 to .998).",
        profile_stability(found, profiles(other.responses)),
        (*_UNIT, _POINTS, _RS),
    )


def findings_tables(findings: Sequence[Finding]) -> list[ReportTable]:
    """Return all tests as a table for the file; nothing of it is shown as a table."""
    note = "Every test, as published and to new posers."
    return [ReportTable("statistics", "All tests", note, findings_table(findings), ())]
