"""Figures 3 and 4: what is drawn is what the predictions say."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from tests.reporting.figures import invented
from tests.reporting.figures.looks import cells, drawn_in, panel, panels

from ccbench.reporting.figures import figure3, figure4
from ccbench_registry import EXPRESSIONS


def chosen(table: pd.DataFrame, train: str, test: str, shown: str, unit: str) -> float:
    """Return the share of the photographs shown that were taken for ``unit``, by counting."""
    hits = total = 0
    for row in table.to_dict("records"):
        if (row["train_database"], row["test_database"], row["expression"]) == (train, test, shown):
            total += 1
            hits += row["predicted"] == unit
    return hits / total


def rates(table: pd.DataFrame, train: str, test: str) -> dict[str, list[float]]:
    """Return the correct rates of the runs, per expression, by counting."""
    found: dict[str, list[float]] = {}
    for run, name in itertools.product(sorted(set(table["run"])), EXPRESSIONS):
        part = table[table["run"] == run]
        if (part["expression"] == name).any():
            found.setdefault(name, []).append(chosen(part, train, test, name, name))
    return found


def test_own_matrices_hold_the_rates() -> None:
    table = invented.predictions(2)
    figure = figure3(table)
    for name in ("kdef", "krc"):
        axes = panel(figure, f"confusion {name} → {name}")
        drawn = drawn_in(axes)
        numbers = cells(axes)
        for (i, shown), (j, unit) in itertools.product(
            enumerate(EXPRESSIONS), enumerate(EXPRESSIONS)
        ):
            rate = chosen(table, name, name, shown, unit)
            assert drawn[i, j] == pytest.approx(rate, abs=1e-12)
            assert numbers.get((i, j), "0") == str(round(100 * rate))


def test_swapped_matrices_are_those_of_their_titles() -> None:
    table = invented.predictions(3)
    figure = figure4(table)
    assert len(panels(figure, "confusion")) == 6
    for train, test in itertools.permutations(invented.NAMES[:3], 2):
        axes = panel(figure, f"confusion {train} → {test}")
        drawn = drawn_in(axes)
        assert drawn[1, 3] == pytest.approx(chosen(table, train, test, "happy", "sad"), abs=1e-12)
        assert drawn[4, 4] == pytest.approx(chosen(table, train, test, "angry", "angry"), abs=1e-12)
        assert axes.get_title().startswith(train[:5])
        assert axes.get_title().endswith(test[-4:])


def test_bars_are_means_and_lines_reach_one_sd() -> None:
    table = invented.predictions(1, runs=4)
    axes = panel(figure3(table), "rates kdef")
    found = rates(table, "kdef", "kdef")
    heights = [bar.get_height() for bar in axes.patches]  # type: ignore[attr-defined]
    assert heights == pytest.approx([np.mean(found[name]) for name in EXPRESSIONS], abs=1e-12)
    spans = [lines.get_segments()[0][:, 1] for lines in axes.collections]  # type: ignore[attr-defined]
    for span, name in zip(spans, EXPRESSIONS, strict=True):
        mean, sd = np.mean(found[name]), np.std(found[name], ddof=1)
        assert list(span) == pytest.approx([mean - sd, mean + sd], abs=1e-12)
    by_run = np.mean([found[name] for name in EXPRESSIONS], axis=0)
    mean, sd = by_run.mean(), by_run.std(ddof=1)
    assert axes.get_title() == f"mean {mean:.2f} ± {sd:.2f}".replace("0.", ".")
    assert axes.lines[0].get_ydata()[0] == pytest.approx(1 / 7)  # type: ignore[index]


def test_dots_of_swapped_tests_are_means_in_the_colour_of_the_test() -> None:
    table = invented.predictions(3)
    figure = figure4(table)
    axes = panel(figure, "rates kdef")
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(dots) == 2 * 8
    found = rates(table, "kdef", "krc")
    legend = panel(figure, "legend").get_legend()
    assert legend is not None
    names = [text.get_text() for text in legend.get_texts()]
    colour = legend.legend_handles[names.index("on krc")].get_color()  # type: ignore[union-attr]
    own = [float(np.ravel(dot.get_ydata())[0]) for dot in dots if dot.get_color() == colour]
    expected = [np.mean(found[name]) for name in EXPRESSIONS]
    assert own == pytest.approx([*expected, np.mean(expected)], abs=1e-12)


def test_a_missing_class_is_grey_and_not_scored() -> None:
    table = invented.predictions(2, missing=("krc", "sad"))
    figure = figure3(table)
    mask = np.isnan(drawn_in(panel(figure, "confusion krc → krc")))
    sad = EXPRESSIONS.index("sad")
    assert mask[sad].all()
    assert mask[:, sad].all()
    assert mask.sum() == 13
    assert len(panel(figure, "rates krc").patches) == 6
    chance = panel(figure, "rates krc").lines[0].get_ydata()
    assert float(np.ravel(chance)[0]) == pytest.approx(1 / 6)
    # Trained without sad, tested with it: the row is not scored, as nobody could choose it.
    assert np.isnan(drawn_in(panel(figure4(table), "confusion krc → kdef"))[sad]).all()


def test_databases_without_a_common_expression_say_so() -> None:
    table = invented.predictions(2, runs=1)
    other = table["test_database"] == "krc"
    here = [f"logit_{name}" for name in EXPRESSIONS[:3]]
    there = [f"logit_{name}" for name in EXPRESSIONS[3:]]
    table = table[other ^ table["expression"].isin(EXPRESSIONS[:3])].copy()
    table.loc[table["train_database"] == "kdef", there] = np.nan
    table.loc[table["train_database"] == "krc", here] = np.nan
    texts = [text.get_text() for text in panel(figure4(table), "confusion kdef → krc").texts]
    assert texts == ["no expression\nin common"]


def test_one_run_has_no_sd() -> None:
    figure = figure3(invented.predictions(1, runs=1))
    assert not panel(figure, "rates kdef").collections
    assert "±" not in panel(figure, "rates kdef").get_title()
