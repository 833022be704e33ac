"""Figure 2: learning curves, and dots where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reporting.figures import invented
from tests.reporting.figures.looks import panel, panels

from ccbench.reporting.figures import figure2

STEPS = (100, 200, 300)


def test_lines_are_means_over_runs_and_bands_reach_one_sd() -> None:
    table = invented.curves(2, runs=4, iterations=STEPS)
    figure = figure2(table)
    for measure, name, part in (("correct_rate", "kdef", "train"), ("loss", "krc", "validation")):
        axes = panel(figure, f"{measure} {name}")
        label = {"train": "training", "validation": "validation"}[part]
        (line,) = [line for line in axes.lines if line.get_label() == label]
        assert list(line.get_xdata()) == list(STEPS)  # type: ignore[arg-type]
        for place, step in enumerate(STEPS):
            by_run = [
                row[measure]
                for row in table.to_dict("records")
                if (row["database"], row["part"], row["iteration"]) == (name, part, step)
            ]
            assert len(by_run) == 4
            mean, sd = np.mean(by_run), np.std(by_run, ddof=1)
            assert np.asarray(line.get_ydata())[place] == pytest.approx(mean, abs=1e-12)
            band = axes.collections[0 if part == "train" else 1].get_paths()[0].vertices
            edges = sorted({round(float(y), 9) for x, y in np.asarray(band) if x == step})
            assert [edges[0], edges[-1]] == pytest.approx([mean - sd, mean + sd], abs=1e-8)


def test_all_databases_have_the_same_scale() -> None:
    figure = figure2(invented.curves(3, iterations=STEPS))
    for measure in ("correct_rate", "loss"):
        limits = {panel(figure, label).get_ylim() for label in panels(figure, measure)}
        assert len(limits) == 1


def test_a_solved_head_has_dots() -> None:
    table = invented.curves(2, runs=5)
    axes = panel(figure2(table), "loss")
    for place, (name, part) in enumerate(
        (name, part) for name in ("kdef", "krc") for part in ("train", "validation")
    ):
        by_run = table[(table["database"] == name) & (table["part"] == part)]["loss"]
        small = axes.lines[2 * place]
        dot = axes.lines[2 * place + 1]
        assert list(small.get_xdata()) == list(by_run)  # type: ignore[arg-type]
        assert float(np.ravel(dot.get_xdata())[0]) == pytest.approx(by_run.mean(), abs=1e-12)
        assert (dot.get_markerfacecolor() == "white") == (part == "validation")
    assert [text.get_text() for text in axes.get_yticklabels()] == ["", ""]


@pytest.mark.parametrize("iterations", [(0,), STEPS])
def test_one_run_has_no_sd(iterations: tuple[int, ...]) -> None:
    figure = figure2(invented.curves(1, runs=1, iterations=iterations))
    # A band of no height along each curve; after one iteration there is no curve.
    assert any(axes.collections for axes in figure.axes) == (len(iterations) > 1)
    for axes in figure.axes:
        for band in axes.collections:
            heights = np.asarray(band.get_paths()[0].vertices)
            means = np.concatenate([np.ravel(line.get_ydata()) for line in axes.lines])
            assert {round(float(y), 9) for y in heights[:, 1]} <= {round(y, 9) for y in means}


def test_no_validation_posers_are_no_obstacle() -> None:
    table = invented.curves(1)
    axes = panel(figure2(table[table["part"] == "train"]), "correct_rate")
    assert len(axes.lines) == 2
