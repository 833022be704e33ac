"""Who is the same person in several databases of a run: sessions or views of one database.

Such databases are split together, so that in no run a person is trained on in one and
tested in the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from ccbench import seeds
from ccbench.exceptions import LeakageError, SplitError
from ccbench.faces import FaceRecord
from ccbench.protocol import Protocol
from ccbench.runner.databases import Database
from ccbench.runner.selection import (
    Selection,
    Usable,
    choose,
    eligible_posers,
    select,
    usable_photographs,
)
from ccbench.samples import folded
from ccbench.splits import Split, draw_posers, draw_split, part_sizes


def person(database: Database, poser: str) -> tuple[str, str]:
    """Return who a poser is: of databases of one card, whatever their options and folders.

    Case does not count, as in the names of files.
    """
    table = database.table
    return table.people or database.card.name, folded(table.persons.get(poser, poser))


def share_posers(one: Database, other: Database) -> bool:
    """Whether two databases show a poser both."""
    return not _persons(one).isdisjoint(_persons(other))


def _persons(database: Database) -> set[tuple[str, str]]:
    return {person(database, poser) for poser in database.table.posers}


def kin(databases: Sequence[Database]) -> list[list[int]]:
    """Group databases that share posers, also by way of a third.

    Returns:
        Places of the databases, each once; groups and members in the order given.
    """
    groups: list[list[int]] = []
    for place, database in enumerate(databases):
        joined = [g for g in groups if any(share_posers(databases[i], database) for i in g)]
        groups = [group for group in groups if group not in joined]
        groups.append(sorted([*(i for group in joined for i in group), place]))
    return sorted(groups)


def refuse_shared_files(databases: Sequence[Database]) -> None:
    """Refuse databases that read the same file.

    Raises:
        LeakageError: naming both databases and the file.
    """
    owner: dict[str, Database] = {}
    for database in databases:
        for sample in database.table:
            other = owner.setdefault(str(sample.path.resolve()), database)
            if other is not database:
                raise LeakageError(
                    f"'{other.name}' and '{database.name}' both read {sample.path}: training on "
                    f"one and testing on the other would be no test; choose options or folders "
                    f"that have no photograph in common"
                )


def select_all(
    databases: Sequence[Database],
    records: Sequence[Sequence[FaceRecord]],
    protocol: Protocol,
    seed: int,
) -> list[Selection]:
    """Choose photographs and splits of every database; those that share posers together.

    Args:
        databases: of the run.
        records: what became of the photographs of each.
        protocol: of the run.
        seed: base seed.

    Raises:
        CcbenchError: as :func:`select`; or the posers in common are too few.
    """
    found: dict[int, Selection] = {}
    for group in kin(databases):
        if len(group) == 1:
            (place,) = group
            found[place] = select(databases[place], records[place], protocol, seed)
            continue
        usable = [usable_photographs(databases[i], records[i], protocol) for i in group]
        found |= zip(group, _select_kin(usable, protocol, seed), strict=True)
    return [found[place] for place in range(len(databases))]


def _select_kin(group: Sequence[Usable], protocol: Protocol, seed: int) -> list[Selection]:
    """Choose the same posers of several databases, and give each the same part in a run.

    A protocol with numbers of posers takes them from those whom every database of the group
    shows, so that each gets its numbers; one with weights takes all.
    """
    spelt = [
        {person(usable.database, p)[1]: p for p in eligible_posers(usable, protocol)}
        for usable in group
    ]
    spec, weights = protocol.photographs, protocol.split
    counted = spec.posers > 0 or max(weights.train, weights.validation, weights.test) > 1
    common = set.intersection(*(set(names) for names in spelt))
    everybody = common if counted else set.union(*(set(names) for names in spelt))
    # Of one card, or in any order of those with the same people.
    card = min(usable.database.card.name for usable in group)
    try:
        if spec.posers:
            rng = seeds.generator(seed, "posers", card)
            everybody = set(draw_posers(sorted(everybody), spec.posers, rng))
        sizes = part_sizes(len(everybody), weights.train, weights.validation, weights.test)
    except SplitError as error:
        raise _too_few(group, str(error)) from None
    posers = [tuple(names[k] for k in sorted(names) if k in everybody) for names in spelt]
    chosen = [choose(u, p, protocol, seed) for u, p in zip(group, posers, strict=True)]
    # What a person has shown in each of the databases, side by side.
    signatures: dict[str, list[int]] = {key: [] for key in everybody}
    for names, choice in zip(spelt, chosen, strict=True):
        nothing = [0] * len(choice.usable.expressions)
        for key, counts in signatures.items():
            counts += choice.signatures.get(names.get(key, ""), nothing)
    whole = [
        draw_split(signatures, sizes, seeds.generator(seed, "split", card, run))
        for run in range(protocol.runs)
    ]
    selections = []
    for names, choice in zip(spelt, chosen, strict=True):
        splits = tuple(_part_of(split, names) for split in whole)
        if not all(s.train and s.validation and s.test for s in splits):
            name = choice.usable.database.name
            raise _too_few(group, f"'{name}' would have none in a part of some split")
        selections.append(choice.selection(splits))
    return selections


def _part_of(split: Split, names: dict[str, str]) -> Split:
    """Return a split of the posers whom one database has, in its spelling."""
    parts = (
        tuple(sorted(names[key] for key in part if key in names))
        for part in (split.train, split.validation, split.test)
    )
    return Split(*parts)


def _too_few(group: Sequence[Usable], sentence: str) -> SplitError:
    names = " and ".join(f"'{usable.database.name}'" for usable in group)
    return SplitError(
        f"{names} share posers and are split together, with too few in common: {sentence}; lower "
        f"--set photographs.posers=N and --set split.train=N (validation, test likewise), use "
        f"--protocol quick, or run them one at a time"
    )
