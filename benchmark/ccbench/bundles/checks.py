"""Whether the tables of a bundle can be those of one run: what a run never leaves.

Each check takes the manifest and the tables and returns "" or what is wrong, with an
example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ccbench.bundles.tables import SOURCE
from ccbench.exceptions import SplitError
from ccbench.splits import part_sizes
from ccbench_registry import EXPRESSIONS

if TYPE_CHECKING:
    import pandas as pd

Manifest = Mapping[str, Any]
Tables = Mapping[str, "pd.DataFrame"]
PARTS = ("train", "validation", "test")


def databases(manifest: Manifest, tables: Tables) -> str:
    """Manifest and tables are about the same databases."""
    names, request = [entry["name"] for entry in manifest["databases"]], manifest["request"]
    mixed = [entry["name"] for entry in manifest.get("mixtures", ())]
    predictions = tables["predictions"]
    found = {
        "the request": (names, request["databases"]),
        "the contents of the request": (names, request["contents"]),
        "mixtures of the request": (mixed, request.get("mixtures", ())),
        "photographs": (names, dict.fromkeys(tables["photographs"]["database"])),
        "splits": ([*names, *mixed], dict.fromkeys(tables["splits"]["database"])),
        "sources of splits": (names, dict.fromkeys(tables["splits"][SOURCE])),
        "tests": (names, dict.fromkeys(predictions["test_database"])),
        "networks": ([*names, *mixed], dict.fromkeys(predictions["train_database"])),
        "runs": ([*names, *mixed], dict.fromkeys(tables["runs"]["database"])),
    }
    if len({*names, *mixed}) < len([*names, *mixed]):
        return f"two databases or mixtures of the manifest have one name: {_listed(names + mixed)}"
    for where, (listed, others) in found.items():
        if sorted(others) != sorted(listed):
            return f"the manifest lists {_listed(listed)}, {where} {_listed(list(others))}"
    for entry in manifest.get("mixtures", ()):
        if not set(entry["shares"]) <= set(names):
            mixes = _listed(list(entry["shares"]))
            return f"{entry['name']} mixes {mixes}, the manifest lists {_listed(names)}"
    return ""


def runs(manifest: Manifest, tables: Tables) -> str:
    """Every network of every run was tested on every database."""
    wanted = int(manifest["request"]["protocol"]["runs"])
    names = [entry["name"] for entry in manifest["databases"]]
    groups = tables["predictions"].groupby(["train_database", "test_database"], sort=False)["run"]
    found = {key: part.unique() for key, part in groups}
    for train in dict.fromkeys(tables["predictions"]["train_database"]):
        for test in names:
            have = found.get((train, test), ())
            if not _counted(have, wanted):
                return f"{train} on {test} has {len(have)} runs, the protocol {wanted}"
    for table, column in (("runs", "database"), ("splits", "database")):
        for name, part in tables[table].groupby(column, sort=False)["run"]:
            if not _counted(part.unique(), wanted):
                return f"the table {table} has {part.nunique()} runs of {name}, not {wanted}"
    return ""


def _counted(found: Sequence[int] | np.ndarray[Any, Any], wanted: int) -> bool:
    """Whether the different numbers found are 0, 1, ... up to that many; it may be any number."""
    return len(found) == wanted and wanted > 0 and min(found) == 0 and max(found) == wanted - 1


def choices(manifest: Manifest, tables: Tables) -> str:  # noqa: ARG001
    """Every choice is the unit with the largest logit."""
    predictions = tables["predictions"]
    logits = predictions[[f"logit_{name}" for name in EXPRESSIONS]].to_numpy(np.float64)
    places = predictions["predicted"].map({n: i for i, n in enumerate(EXPRESSIONS)})
    rows = np.arange(len(logits))
    known = places.notna().to_numpy()
    chosen = logits[rows, places.fillna(0).to_numpy(np.intp)]
    largest = np.where(np.isnan(logits), -np.inf, logits).max(axis=1)
    wrong = np.flatnonzero(~known | ~(chosen == largest))
    return _example(predictions, wrong, "choices are not the largest logit")


def output_units(manifest: Manifest, tables: Tables) -> str:
    """Every network has a unit for each expression of its database, and no other."""
    for entry in (*manifest["databases"], *manifest.get("mixtures", ())):
        mine = tables["predictions"]
        mine = mine[mine["train_database"] == entry["name"]]
        for name in EXPRESSIONS:
            present = mine[f"logit_{name}"].notna()
            if not (present if name in entry["expressions"] else ~present).all():
                return f"networks of {entry['name']} lack logits of {name}, or have too many"
    return ""


def parts(manifest: Manifest, tables: Tables) -> str:
    """Every poser is in one part of each split, and parts have the sizes of the protocol."""
    splits, sizes = tables["splits"], manifest["request"]["protocol"]["split"]
    twice = np.flatnonzero(splits.duplicated(["database", SOURCE, "run", "poser"], keep=False))
    if len(twice):
        return _example(splits, twice, "posers are in two parts")
    if not set(splits["part"]) <= set(PARTS):
        return f"there is no part {_listed(sorted(set(splits['part']) - set(PARTS)))}"
    mixed = splits["database"].isin([entry["name"] for entry in manifest.get("mixtures", ())])
    alone = splits[~mixed]
    odd = np.flatnonzero(alone["database"] != alone[SOURCE])
    if len(odd):
        return _example(alone, odd, "posers are of another database")
    used = tables["photographs"][tables["photographs"]["used"]]
    shown = {str(name): set(part["poser"]) for name, part in used.groupby("database", sort=False)}
    # Numbers of posers may leave some out of a run, weights none.  Weights are of all people in
    # the databases that share posers, not of one database's.
    counted = max(sizes[kind] for kind in PARTS) > 1
    names = {entry["name"] for entry in manifest["databases"]}
    groups = [set(group) & names for group in manifest.get("same_posers", ())]
    together = set().union(*(group for group in groups if len(group) > 1))
    for (name, run), part in alone.groupby(["database", "run"], sort=False):
        posers, those = set(part["poser"]), shown.get(str(name), set())
        if not (posers <= those if counted else posers == those):
            return f"run {run} of {name} splits other posers than those whose photographs are used"
        if name in together and not counted:
            if not set(part["part"]) >= set(PARTS):
                return f"run {run} of {name} has no poser in one of train, validation, test"
            continue
        have = tuple(int((part["part"] == kind).sum()) for kind in PARTS)
        try:
            wanted = part_sizes(len(part), *(sizes[kind] for kind in PARTS))
        except SplitError as error:
            return str(error)
        if have != wanted:
            return f"run {run} of {name} has {have} posers in train, validation, test, not {wanted}"
    return _parts_of_mixtures(manifest, splits[mixed], alone)


def _parts_of_mixtures(manifest: Manifest, mixed: pd.DataFrame, alone: pd.DataFrame) -> str:
    """Say where a poser of a mixture is not in the same part of a database of it, same run."""
    keys = [SOURCE, "run", "poser", "part"]
    theirs = set(alone[keys].itertuples(index=False, name=None))
    known = np.array([key in theirs for key in mixed[keys].itertuples(index=False, name=None)])
    wrong = np.flatnonzero(~known) if len(mixed) else known
    if len(wrong):
        return _example(mixed, wrong, "posers of mixtures are in another part of their database")
    if (mixed["part"] == "test").any():
        return "a mixture has test posers"
    for entry in manifest.get("mixtures", ()):
        found = set(mixed[mixed["database"] == entry["name"]][SOURCE])
        if not found <= set(entry["shares"]):
            return f"{entry['name']} has posers of {_listed(sorted(found))}"
    return ""


def leaks(manifest: Manifest, tables: Tables) -> str:  # noqa: ARG001
    """No poser was tested in a run that trained on that poser."""
    splits = tables["splits"]
    keys = [SOURCE, "run", "poser"]
    seen = splits[splits["part"] != "test"][keys].drop_duplicates()
    both = tables["predictions"].merge(
        seen, left_on=["test_database", "run", "poser"], right_on=keys
    )
    return _example(both, np.arange(len(both)), "answers are to posers that were trained on")


def photographs(manifest: Manifest, tables: Tables) -> str:  # noqa: ARG001
    """Every network was tested once on each used photograph of the test posers of its run."""
    shown = tables["photographs"]
    if shown.duplicated(["database", "photograph"]).any():
        return "two photographs have one name"
    used = shown[shown["used"]]
    answers = tables["predictions"].rename(columns={"test_database": "database"})
    repeated = answers.duplicated(["train_database", "database", "run", "photograph"])
    if repeated.any():
        return _example(answers, np.flatnonzero(repeated), "answers are there twice")
    test = tables["splits"][tables["splits"]["part"] == "test"]
    most = _photographs_of(test, used).sum()
    if most > 2 * len(answers) + 1000:
        return f"{most:,} answers of every network are wanted, and all have {len(answers):,}"
    test = test.merge(used, on=["database", "poser"])
    keys = ["database", "run", "photograph", "poser", "expression"]
    wanted = set(test[keys].itertuples(index=False, name=None))
    for train, part in answers.groupby("train_database", sort=False):
        found = set(part[keys].itertuples(index=False, name=None))
        if found != wanted:
            odd = min(found ^ wanted)
            kind = "is missing" if odd in wanted else "has another poser, label or run"
            return f"networks of {train}: photograph {odd[2]} of {odd[0]}, run {odd[1]}, {kind}"
    return ""


def _photographs_of(posers: pd.DataFrame, used: pd.DataFrame) -> pd.Series[int]:
    """Return how many photographs there are of the poser of every row of a split."""
    import pandas as pd

    sizes = used.groupby(["database", "poser"]).size()
    found = sizes.reindex(pd.MultiIndex.from_frame(posers[[SOURCE, "poser"]]))
    return found.fillna(0).astype(int).set_axis(posers.index)


def counts(manifest: Manifest, tables: Tables) -> str:
    """Manifest and runs give the counts of photographs and splits."""
    used = tables["photographs"][tables["photographs"]["used"]]
    for entry in manifest["databases"]:
        mine = used[used["database"] == entry["name"]]
        for what, have in (
            ("posers", mine["poser"].nunique()),
            ("photographs_used", len(mine)),
            ("expressions", [name for name in EXPRESSIONS if (mine["expression"] == name).any()]),
        ):
            if entry[what] != have:
                return f"the manifest says {what} {entry[what]} of {entry['name']}, it is {have}"
    splits = tables["splits"]
    sizes = splits.groupby(["database", "run", "part"]).size()
    train = splits[splits["part"] == "train"]
    train = train.assign(photographs=_photographs_of(train, used))
    trained = train.groupby(["database", "run"])["photographs"].sum()
    for row in tables["runs"].to_dict("records"):
        key = (row["database"], row["run"])
        if key not in trained:
            continue
        have = {f"{part}_posers": int(sizes.get((*key, part), 0)) for part in PARTS}
        have["train_photographs"] = int(trained[key])
        for column, count in have.items():
            if row[column] != count:
                return f"run {key[1]} of {key[0]} says {column} {row[column]}, it is {count}"
    return ""


def null_images(manifest: Manifest, tables: Tables) -> str:  # noqa: ARG001
    """Every response is what a unit answers minus its answer to the null image."""
    for name, raw, heads in (
        ("responses", "logit", ["database", "run", "probe", "identity", "expression"]),
        ("units", "activation", ["probe", "layer", "identity", "unit"]),
    ):
        if name in tables:
            wrong = _not_differences(tables[name], raw, heads)
            if len(wrong):
                return _example(tables[name], wrong, f"{name} are not minus the null image")
    return ""


def _not_differences(table: pd.DataFrame, raw: str, heads: Sequence[str]) -> np.ndarray[Any, Any]:
    factors = [*heads, "action_unit", "second_unit", "intensity"]
    repeated = table.duplicated(factors, keep=False).to_numpy()
    if repeated.any():
        return np.flatnonzero(repeated)
    null = table[(table["action_unit"] == 0) & (table["second_unit"] == 0)]
    null = null.drop_duplicates(heads, keep=False)
    joined = table.merge(null[[*heads, raw]], on=list(heads), how="left", suffixes=("", "_null"))
    expected = joined[raw].to_numpy(np.float64) - joined[f"{raw}_null"].to_numpy(np.float64)
    size = np.abs(joined[raw]).to_numpy(np.float64) + np.abs(joined[f"{raw}_null"])
    apart = np.abs(expected - joined["response"].to_numpy(np.float64))
    return np.flatnonzero(~(apart <= 1e-6 * (1 + size.to_numpy())))


def probed(manifest: Manifest, tables: Tables) -> str:
    """Every network of every run answered to every probe."""
    if "responses" not in tables:
        return ""
    wanted = {
        (row.database, row.run, probe["name"])
        for row in tables["runs"].itertuples()
        for probe in manifest["probes"]
    }
    keys = ["database", "run", "probe"]
    found = set(tables["responses"][keys].itertuples(index=False, name=None))
    if found == wanted:
        return ""
    name, run, probe = min(found ^ wanted)
    return f"the responses to {probe} of run {run} of {name} are missing or too many"


CHECKS: tuple[tuple[str, Callable[[Manifest, Tables], str]], ...] = (
    ("manifest and tables are about the same databases", databases),
    ("every network of every run was tested on every database", runs),
    ("every choice is the largest logit", choices),
    ("networks have units for the expressions of their database", output_units),
    ("every poser is in one part of each split, of the size the protocol gives", parts),
    ("no poser was tested in a run that trained on that poser", leaks),
    ("every network was tested once on each photograph of its test posers", photographs),
    ("counts of the manifest and of runs are those of the tables", counts),
    ("every network answered to every probe", probed),
    ("responses are minus those to the null image", null_images),
)
"""What is checked, in words, and how."""
FIRST = (databases, runs, parts, photographs)
"""Checks without which no other, and no number, means anything."""


def _example(table: pd.DataFrame, rows: Sequence[int] | np.ndarray[Any, Any], what: str) -> str:
    if not len(rows):
        return ""
    row = table.iloc[int(rows[0])]
    shown = [
        f"{name} {row[name]}"
        for name in ("train_database", "test_database", "database", "run", "photograph", "poser",
                     "probe", "expression", "action_unit", "unit")
        if name in table.columns
    ]  # fmt: skip
    return f"{len(rows):,} {what}, e.g. {', '.join(shown)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(str, names)) or "none"
