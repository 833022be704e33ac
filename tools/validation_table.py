"""Print what the recipes of the synthetic databases should do to the tunings, and what was found.

Without arguments: the expected signs, for docs/validation.md.  With the folder of a run of
synthetic-a, -b and -c with the probe rendered-au: expected against found.

    python tools/validation_table.py [RUN]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ccbench import open_run
from ccbench.analysis import class_centred, profile_correlations, profiles
from ccbench_plugins.rendered.synthetic import BUNDLED, bundled
from ccbench_plugins.rendered.validation import (
    Signs,
    expected_differences,
    expected_signs,
    hits,
)
from ccbench_registry import EXPRESSIONS

Responses = dict[tuple[str, int], float]


def responses(run: Path) -> dict[str, Responses]:
    """Return database -> (expression, action unit) -> class-centred response at intensity 1."""
    found = profiles(class_centred(open_run(run).table("responses")))
    top = found[(found["intensity"] == 1.0) & (found["probe"] == "rendered-au")]
    answer: dict[str, Responses] = {}
    for row in top.to_dict("records"):
        table = answer.setdefault(str(row["database"]), {})
        table[str(row["expression"]), int(row["action_unit"])] = float(row["response"])
    return answer


def table(title: str, expected: Signs, found: Responses | None) -> None:
    """Print a Markdown table: one row per expression."""
    print(f"\n**{title}**\n")
    if found is None:
        print("| expression | positive | negative |\n|---|---|---|")
    else:
        print("| expression | expected positive | expected negative |\n|---|---|---|")
    for name in EXPRESSIONS:
        cells = []
        for sign in (1, -1):
            units = [unit for (owner, unit), s in expected.items() if owner == name and s == sign]
            cells.append(", ".join(_cell(name, unit, sign, found) for unit in units) or "–")
        if cells != ["–", "–"]:
            print(f"| {name} | {cells[0]} | {cells[1]} |")
    if found is not None:
        number = hits(expected, found)
        print(f"\nFound: {number} of {len(expected)} ({number / len(expected):.0%}).")


def _cell(name: str, unit: int, sign: int, found: Responses | None) -> str:
    if found is None:
        return f"AU{unit}"
    value = found[name, unit]
    text = f"AU{unit} {value:+.2f}"
    return text if value * sign > 0 else f"**{text} ✗**"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", type=Path)
    run: Path | None = parser.parse_args().run
    recipes = {name: bundled(name).source for name in BUNDLED}
    found = responses(run) if run else None
    for name, recipe in recipes.items():
        table(name, expected_signs(recipe), found[name] if found else None)
    a, b = BUNDLED[:2]
    difference = None
    if found:
        difference = {key: found[a][key] - found[b][key] for key in found[a]}
    table(f"{a} minus {b}", expected_differences(recipes[a], recipes[b]), difference)
    if run:
        correlations = profile_correlations(
            profiles(class_centred(open_run(run).table("responses")))
        )
        print("\n| expression | " + " | ".join(f"{x[-1]}–{y[-1]}" for x, y in _pairs()) + " |")
        print("|---|---|---|---|")
        for name in EXPRESSIONS:
            cells = []
            for one, other in _pairs():
                row = correlations[
                    (correlations["database"] == one)
                    & (correlations["other"] == other)
                    & (correlations["expression"] == name)
                ]
                cells.append(f"{float(row['r_s'].iloc[0]):.2f}")
            print(f"| {name} | {' | '.join(cells)} |")


def _pairs() -> list[tuple[str, str]]:
    return [(one, other) for i, one in enumerate(BUNDLED) for other in BUNDLED[i + 1 :]]


if __name__ == "__main__":
    main()
