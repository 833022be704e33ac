"""What stands below Figures 5 to 10, worked out from the tables that they show."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ccbench.analysis.tuning import profile_correlations
from ccbench.reporting.figures.captions import Words, count_runs, listed, say_samples, say_spread
from ccbench.reporting.tuning import au_name, signed


def _probed(responses: pd.DataFrame) -> str:
    """Say what the probe showed."""
    stimuli = responses[(responses["action_unit"] > 0) & (responses["second_unit"] == 0)]
    units, levels = stimuli["action_unit"].nunique(), stimuli["intensity"].nunique()
    faces = responses["identity"].nunique()
    return (
        f"Probe {responses['probe'].iloc[0]}: {units} action unit{'s' * (units != 1)}, one at a "
        f"time, at {levels} intensit{'y' if levels == 1 else 'ies'}, on "
        f"{faces} identit{'y' if faces == 1 else 'ies (averaged)'}. A response is the unit's "
        f"output before softmax minus that to the null image of the same identity."
    )


def _trained(responses: pd.DataFrame) -> str:
    return listed([str(name) for name in responses["database"].unique()])


def caption_unit(responses: pd.DataFrame, expression: str, units: Sequence[int]) -> Words:
    """Return the words of Figures 5 and 6."""
    names = listed([au_name(unit) for unit in units])
    return Words(
        f"Tuning of the {expression} unit to action units.",
        f"(A) Responses of the {expression} unit of networks trained on {_trained(responses)} to "
        f"{names}. (B) Mean responses to all action units, lowest intensity left, on one scale for "
        f"all databases: green is more than to the null image, purple less. {_probed(responses)} "
        f"{say_spread(count_runs(responses, 'database'), 'Lines and bands')}",
        f"Tuning curves of the {expression} unit for {names}, and its responses to all action "
        f"units, for networks trained on {_trained(responses)}.",
    )


def _averaged(responses: pd.DataFrame) -> str:
    runs = count_runs(responses, "database")
    mean = "One run" if runs == "1 run" else f"Mean over {runs}"
    return f"{_probed(responses)} {mean} per database."


_NO_P = "The points of a profile depend on each other, so no p values are given."


def caption7(responses: pd.DataFrame, found: pd.DataFrame) -> Words:
    """Return the words of Figure 7."""
    pairs = profile_correlations(found).dropna(subset=["r_s"])
    alike = alt = ""
    if len(pairs):
        points = sorted({int(count) for count in pairs["points"]})
        alike = (
            f" (B) Spearman correlation of the profiles of each expression between databases, over "
            f"{' or '.join(map(str, points))} points. {_NO_P}"
        )
        ordered = pairs.sort_values("r_s", ascending=False, kind="stable").to_dict("records")
        told = [
            f"{row['expression']} of {row['database']} and {row['other']} "
            f"({signed(float(row['r_s']))})"
            for row in (ordered[0], ordered[-1])
        ]
        alt = f" Most alike: {told[0]}; least alike: {told[1]}."
    return Words(
        "Profiles of all units.",
        f"(A) Responses of the output units of networks trained on {_trained(responses)} to action "
        f"units (left to right) at rising intensity (upward), each profile divided by its largest "
        f"absolute value; grey where a database lacks the expression. "
        f"{_averaged(responses)}{alike}",
        f"Heat maps of the responses of every unit to every action unit, for networks trained on "
        f"{_trained(responses)}.{alt}",
    )


def caption8(responses: pd.DataFrame) -> Words:
    """Return the words of Figure 8."""
    return Words(
        "Sums and differences of profiles.",
        f"Normalised profiles of the same unit of networks trained on two of "
        f"{_trained(responses)}, added (A) and subtracted (B). Sums: green and purple are positive "
        f"and negative responses that both share. Differences: green is more in the first, purple "
        f"more in the second. {_averaged(responses)}",
        f"Heat maps of sums and differences of the profiles of each pair of {_trained(responses)}.",
    )


def caption9(responses: pd.DataFrame, predictions: pd.DataFrame) -> Words:
    """Return the words of Figure 9."""
    return Words(
        "Tunings and confusions in the swapped tests.",
        f"(A) Spearman correlation of the profiles of the units of two databases "
        f"({_trained(responses)}), laid out as the confusion matrices of Figure 4: rows are the "
        f"units that networks trained on the test database have for what is shown, columns the "
        f"units that may be chosen. (B) How often a unit was chosen against the correlation of the "
        f"two profiles; orange: the unit of the expression shown, by marker; grey: another. Cells "
        f"depend on each other, so no p values are given. {_averaged(responses)} Test photographs: "
        f"{say_samples(predictions)}.",
        f"Matrices of correlations between tunings, and scatter plots of choice rate against "
        f"correlation, for each ordered pair of {_trained(responses)}.",
    )


def caption10(responses: pd.DataFrame, explained: Sequence[float]) -> Words:
    """Return the words of Figure 10.

    Args:
        responses: the table of a run, of one probe.
        explained: share of the variance of each component.
    """
    shares = listed([f"{100 * share:.0f} %" for share in explained])
    several = responses["database"].nunique() > 1
    joined = " Thin lines join the units of an expression to their mean." if several else ""
    stems = " In D, stems stand on the floor." if len(explained) == 3 else ""
    return Words(
        "Units in the space of the principal components of their tunings.",
        f"Each point is an output unit of networks trained on {_trained(responses)}, described by "
        f"the largest response, positive or negative, to each action unit; shapes are expressions, "
        f"fill and colour databases.{joined}{stems} The components explain "
        f"{shares} of the variance. {_averaged(responses)}",
        f"Scatter plots of the units on the first {len(explained)} principal components, which "
        f"explain {shares} of the variance.",
    )
