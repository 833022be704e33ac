"""Hits freed of bias: a label that is always chosen is always right when it is shown.

Both functions take the ``predictions`` table of a run.  Photographs of an expression that
the head has no unit for are not scored, and counts are pooled over runs.
"""

from __future__ import annotations

import pandas as pd

from ccbench.analysis.matrix import confusion

_PAIR = ["train_database", "test_database"]


def unbiased_hits(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return Wagner's unbiased hit rate per expression shown.

    Hu = hits² / (times shown x times chosen): the joint probability that an expression is
    recognised when it is shown, and that its label is right when it is chosen.  Its chance
    level is the product of the two marginal proportions.  (Wagner, H. L. (1993). On measuring
    performance in category judgment studies of nonverbal behavior. Journal of Nonverbal
    Behavior 17, 3-28.)

    Returns:
        train_database, test_database, expression, hit_rate, hu (0 where the label was never
        chosen), chance (of hu), photographs (times shown): all 0 to 1 but the last.
    """
    rows = []
    for pair, part in confusion(predictions).groupby(_PAIR, sort=False):
        shown, chosen, total = _margins(part)
        hits = part[part["expression"] == part["predicted"]].set_index("expression")["count"]
        for name, photographs in shown.items():
            right, times = int(hits[name]), int(chosen[name])
            hu = right**2 / (photographs * times) if times else 0.0
            chance = photographs / total * times / total
            rows.append((*pair, name, right / photographs, hu, chance, photographs))
    return pd.DataFrame(
        rows, columns=[*_PAIR, "expression", "hit_rate", "hu", "chance", "photographs"]
    )


def choice_bias(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return how often each label is chosen, beside how often its expression is shown.

    Returns:
        train_database, test_database, expression, chosen, shown (shares of the photographs
        scored): every unit of the head, also where its expression is never shown.
    """
    rows = []
    for pair, part in confusion(predictions).groupby(_PAIR, sort=False):
        shown, chosen, total = _margins(part)
        rows += [
            (*pair, name, times / total, shown.get(name, 0) / total)
            for name, times in chosen.items()
        ]
    return pd.DataFrame(rows, columns=[*_PAIR, "expression", "chosen", "shown"])


def _margins(part: pd.DataFrame) -> tuple[dict[str, int], dict[str, int], int]:
    """Return how often each expression was shown, each label chosen, and all photographs."""
    shown = part.groupby("expression", sort=False)["count"].sum()
    chosen = part.groupby("predicted", sort=False)["count"].sum()
    return (
        {str(name): int(count) for name, count in shown.items()},
        {str(name): int(count) for name, count in chosen.items()},
        int(part["count"].sum()),
    )
