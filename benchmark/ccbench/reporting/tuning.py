"""What a report says about the tuning of the output units, for terminal and page."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ccbench.analysis.tuning import normalised, profile_correlations, profiles, strongest
from ccbench.reporting.mixtures import of_databases
from ccbench.results import Run
from ccbench_registry import ACTION_UNITS, EXPRESSIONS

_NAMES = {unit.number: unit.name for unit in ACTION_UNITS}


@dataclass(frozen=True)
class Tuning:
    """The responses to one probe.

    Attributes:
        probe: its name in the run.
        databases: trained on, in the run's order.
        mixtures: of databases, trained on too.
        expressions: units of any head, in order.
        units: action units of the probe, ascending.
        level: the highest intensity, which the tables show.
        levels: number of intensities above 0.
        runs: heads averaged, per database.
        identities: faces averaged.
        shares: database -> expression -> action unit -> response at ``level`` in units of
            the largest absolute value of the unit's whole profile.
        strongest: database -> expression -> action units with positive, with negative
            response.
        correlations: (database, other) -> expression -> r_s between their profiles.
    """

    probe: str
    databases: tuple[str, ...]
    mixtures: tuple[str, ...]
    expressions: tuple[str, ...]
    units: tuple[int, ...]
    level: float
    levels: int
    runs: int
    identities: int
    shares: dict[str, dict[str, dict[int, float]]]
    strongest: dict[str, dict[str, tuple[list[int], list[int]]]]
    correlations: dict[tuple[str, str], dict[str, float]]

    @property
    def sentence(self) -> str:
        """Say from what the numbers come."""
        faces = f"{self.identities} identit{'y' if self.identities == 1 else 'ies'}"
        heads = f"{self.runs} run{'s' * (self.runs != 1)}"
        return (
            f"Mean over {heads} and {faces} of the probe {self.probe}: "
            f"{len(self.units)} action unit{'s' * (len(self.units) != 1)}, one at a time, at "
            f"{self.levels} intensit{'y' if self.levels == 1 else 'ies'}. A response is the "
            f"output before softmax minus the output for the same face without an action unit."
        )

    @property
    def comparisons(self) -> tuple[str, ...]:
        """Say of each pair of databases which profiles are most and least alike."""
        found = []
        for (one, other), values in self.correlations.items():
            known = {name: value for name, value in values.items() if not math.isnan(value)}
            if len(known) < 2:
                continue
            best, worst = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
            found.append(
                f"Between {one} and {other}, the tuning of the {best} unit is most alike "
                f"(Spearman correlation {signed(known[best])}), that of the {worst} unit least "
                f"({signed(known[worst])})."
            )
        return tuple(found)


def au_name(unit: int) -> str:
    """Return e.g. "AU12 lip corner puller"; the number alone where the registry has no name.

    >>> au_name(12), au_name(45)
    ('AU12 lip corner puller', 'AU45')
    """
    return f"AU{unit} {_NAMES[unit]}" if unit in _NAMES else f"AU{unit}"


def signed(value: float) -> str:
    """Format a share or correlation: ".72", "−.40", "1.00".

    >>> signed(0.716), signed(-0.4), signed(-0.001), signed(float("nan"))
    ('.72', '−.40', '.00', '–')
    """
    if math.isnan(value):
        return "–"
    text = f"{abs(value):.2f}"
    return ("−" if value < 0 and float(text) else "") + text.removeprefix("0")


def summarise_tuning(run: Run) -> list[Tuning]:
    """Compute what a report shows of each probe; an empty list in a run without one."""
    responses = run.responses
    if responses.empty:
        return []
    found = profiles(responses)
    scaled, top = normalised(found), strongest(found)
    pairs = profile_correlations(of_databases(run, found, "database"))
    summaries = []
    for probe in dict.fromkeys(found["probe"]):
        part = scaled[scaled["probe"] == probe]
        shown = responses[responses["probe"] == probe]
        level = float(part["intensity"].max())
        shares: dict[str, dict[str, dict[int, float]]] = {}
        for row in part[part["intensity"] == level].itertuples():
            table = shares.setdefault(str(row.database), {})
            table.setdefault(str(row.expression), {})[int(row.action_unit)] = float(row.response)
        tops: dict[str, dict[str, tuple[list[int], list[int]]]] = {}
        for (of, database, expression), units in top.items():
            if of == probe:
                tops.setdefault(database, {})[expression] = units
        correlations: dict[tuple[str, str], dict[str, float]] = {}
        for entry in pairs[pairs["probe"] == probe].to_dict("records"):
            names = correlations.setdefault((str(entry["database"]), str(entry["other"])), {})
            names[str(entry["expression"])] = float(entry["r_s"])
        present = set(part["expression"].unique())
        summaries.append(
            Tuning(
                probe=str(probe),
                databases=tuple(name for name in run.databases if name in shares),
                mixtures=tuple(name for name in run.mixtures if name in shares),
                expressions=tuple(name for name in EXPRESSIONS if name in present),
                units=tuple(sorted({int(unit) for unit in part["action_unit"].unique()})),
                level=level,
                levels=int(part["intensity"].nunique()),
                runs=int(shown["run"].nunique()),
                identities=int(shown["identity"].nunique()),
                shares=shares,
                strongest=tops,
                correlations=correlations,
            )
        )
    return summaries
