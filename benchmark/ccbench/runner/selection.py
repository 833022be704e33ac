"""Which photographs of each database are used, and how each run splits its posers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ccbench import seeds
from ccbench.exceptions import DatasetError, LeakageError, SplitError
from ccbench.faces import FaceRecord
from ccbench.protocol import Protocol
from ccbench.runner.databases import Database
from ccbench.splits import Split, draw_posers, draw_split, part_sizes
from ccbench_registry import EXPRESSIONS


@dataclass(frozen=True)
class Selection:
    """What of a database a run uses.

    Attributes:
        database: whose photographs.
        records: what became of each photograph, in the table's order.
        chosen: indices of the photographs used.
        expressions: the output units of heads trained on it.
        splits: one per run.
    """

    database: Database
    records: tuple[FaceRecord, ...]
    chosen: tuple[int, ...]
    expressions: tuple[str, ...]
    splits: tuple[Split, ...]


def mark_duplicates(database: Database, records: Sequence[FaceRecord]) -> list[FaceRecord]:
    """Leave out second copies of a photograph; refuse contradictory ones.

    Raises:
        LeakageError: two posers have files with the same bytes.
        DatasetError: one poser has the same file under two expressions.
    """
    result = list(records)
    first: dict[str, int] = {}
    for index, photograph in enumerate(database.photographs):
        other = first.setdefault(photograph.digest, index)
        # Black files are all alike; they are left out anyway.
        if other == index or not records[index].usable or not records[index].seen:
            continue
        a, b = database.table[other], database.table[index]
        pair = f"{database.table.relative(a.path)} and {database.table.relative(b.path)}"
        if a.poser != b.poser:
            raise LeakageError(
                f"in '{database.name}', {pair} have the same bytes but belong to two posers "
                f"({a.poser}, {b.poser}): one could be trained on and the other tested on; "
                f"remove one of them"
            )
        if a.expression != b.expression:
            raise DatasetError(
                f"in '{database.name}', {pair} have the same bytes but two expressions "
                f"({a.expression}, {b.expression}); remove the wrong one"
            )
        result[index] = FaceRecord(
            "duplicate",
            f"same bytes as {database.table.relative(a.path)}",
            records[index].box,
            records[index].clipped,
        )
    return result


def refuse_shared_photographs(selections: Sequence[Selection]) -> None:
    """Refuse databases that use a photograph with the same bytes.

    Raises:
        LeakageError: naming both databases and both files.
    """
    owner: dict[str, tuple[Selection, int]] = {}
    for selection in selections:
        for index in selection.chosen:
            if not selection.records[index].seen:
                continue
            photograph = selection.database.photographs[index]
            other, other_index = owner.setdefault(photograph.digest, (selection, index))
            if other is not selection:
                remedy = "remove it from one of them"
                if selection.database.card.recipe and other.database.card.recipe:
                    remedy = "give one of their recipes another seed"
                raise LeakageError(
                    f"'{other.database.name}' and '{selection.database.name}' share a "
                    f"photograph ({other.database.photographs[other_index].path} and "
                    f"{photograph.path} have the same bytes): training on one and testing on "
                    f"the other would be no test; {remedy}"
                )


@dataclass(frozen=True)
class Usable:
    """The photographs of a database that may be used.

    Attributes:
        database: whose photographs.
        records: what became of each photograph, in the table's order.
        indices: of the photographs with a face, second copies left out.
        expressions: those that they show.
    """

    database: Database
    records: tuple[FaceRecord, ...]
    indices: tuple[int, ...]
    expressions: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """A selection before its posers are split.

    Attributes:
        usable: what was chosen from.
        chosen: indices of the photographs used.
        signatures: poser -> photographs of each usable expression.
    """

    usable: Usable
    chosen: tuple[int, ...]
    signatures: dict[str, list[int]]

    def selection(self, splits: tuple[Split, ...]) -> Selection:
        """Return the selection with these splits, one per run."""
        shown = [any(counts) for counts in zip(*self.signatures.values(), strict=True)]
        units = tuple(
            name
            for name, any_shown in zip(self.usable.expressions, shown, strict=True)
            if any_shown
        )
        return Selection(self.usable.database, self.usable.records, self.chosen, units, splits)


def select(
    database: Database, records: Sequence[FaceRecord], protocol: Protocol, seed: int
) -> Selection:
    """Choose the photographs and draw the splits of every run.

    Raises:
        SplitError: too few posers; the sentence says which option lowers the number.
        DatasetError: see :func:`usable_photographs`.
        LeakageError: see :func:`mark_duplicates`.
    """
    usable = usable_photographs(database, records, protocol)
    posers = _posers(usable, protocol, seed)
    choice = choose(usable, posers, protocol, seed)
    weights = protocol.split
    try:
        sizes = part_sizes(len(posers), weights.train, weights.validation, weights.test)
    except SplitError as error:
        raise _too_few(database, str(error), protocol) from None
    return choice.selection(
        tuple(
            draw_split(choice.signatures, sizes, seeds.generator(seed, "split", database.name, run))
            for run in range(protocol.runs)
        )
    )


def usable_photographs(
    database: Database, records: Sequence[FaceRecord], protocol: Protocol
) -> Usable:
    """Leave out what cannot be used.

    Raises:
        DatasetError: no usable photograph, fewer than two expressions, or a missing face
            while the protocol says that is an error.
        LeakageError: see :func:`mark_duplicates`.
    """
    missing = [
        database.table.relative(sample.path)
        for sample, record in zip(database.table, records, strict=True)
        if record.status == "no face"
    ]
    if missing and protocol.face.on_missing_face == "error":
        raise DatasetError(
            f"no face was found in {len(missing)} photographs of '{database.name}', for example "
            f"{', '.join(missing[:3])}; remove them or use --on-missing-face skip or center"
        )
    records = mark_duplicates(database, records)
    usable = tuple(index for index, record in enumerate(records) if record.usable)
    if not usable:
        raise DatasetError(
            f"'{database.name}' has no usable photograph: "
            f"{_first_reasons(database, records)}; run 'ccbench datasets check' on it"
        )
    table = database.table
    expressions = tuple(
        name for name in EXPRESSIONS if any(table[index].expression == name for index in usable)
    )
    if len(expressions) < 2:
        raise DatasetError(
            f"'{database.name}' has usable photographs of one expression only "
            f"({expressions[0]}); a head needs at least two"
        )
    return Usable(database, tuple(records), usable, expressions)


def eligible_posers(usable: Usable, protocol: Protocol) -> list[str]:
    """Return the posers who may be drawn, sorted: all, or those who show every expression."""
    complete = protocol.photographs.complete_only
    return [
        poser
        for poser, names in sorted(_shown(usable).items())
        if not complete or len(names) == len(usable.expressions)
    ]


def choose(usable: Usable, posers: Sequence[str], protocol: Protocol, seed: int) -> Choice:
    """Choose the photographs of these posers."""
    table = usable.database.table
    chosen = _photographs(usable.database, usable.indices, posers, protocol, seed)
    counts = Counter((table[index].poser, table[index].expression) for index in chosen)
    signatures = {poser: [counts[poser, name] for name in usable.expressions] for poser in posers}
    return Choice(usable, tuple(chosen), signatures)


def _shown(usable: Usable) -> dict[str, set[str]]:
    shown: dict[str, set[str]] = {}
    for index in usable.indices:
        sample = usable.database.table[index]
        shown.setdefault(sample.poser, set()).add(sample.expression)
    return shown


def _posers(usable: Usable, protocol: Protocol, seed: int) -> tuple[str, ...]:
    spec, database = protocol.photographs, usable.database
    eligible = eligible_posers(usable, protocol)
    if not spec.posers and eligible:
        return tuple(eligible)
    try:
        rng = seeds.generator(seed, "posers", database.name)
        return draw_posers(eligible, max(1, spec.posers), rng)
    except SplitError:
        kind = (
            f"complete posers (all {len(usable.expressions)} expressions with a face found)"
            if spec.complete_only
            else "posers"
        )
        wanted = f"{spec.posers} are drawn" if spec.posers else "a split needs at least 3"
        sentence = f"there are {len(eligible)} {kind} of {len(_shown(usable))}, {wanted}"
        raise _too_few(database, sentence, protocol) from None


def _too_few(database: Database, sentence: str, protocol: Protocol) -> SplitError:
    remedy = "use --protocol quick, which takes however many there are, or lower "
    if protocol.photographs.posers:
        remedy += "--set photographs.posers=N and "
    remedy += "--set split.train=N (validation, test likewise)"
    if protocol.name == "quick" and max(protocol.split.train, protocol.split.test) <= 1:
        remedy = "add photographs of more posers"
        if protocol.photographs.complete_only:
            remedy += " or use --set photographs.complete_only=false"
    return SplitError(
        f"the database '{database.name}' has too few posers for the protocol "
        f"'{protocol.name}': {sentence}; {remedy}"
    )


def _photographs(
    database: Database,
    usable: Sequence[int],
    posers: Sequence[str],
    protocol: Protocol,
    seed: int,
) -> list[int]:
    wanted = set(posers)
    cells: dict[tuple[str, str], list[int]] = {}
    for index in usable:
        sample = database.table[index]
        if sample.poser in wanted:
            cells.setdefault((sample.poser, sample.expression), []).append(index)
    limit = protocol.photographs.per_cell
    if not limit:
        return sorted(index for cell in cells.values() for index in cell)
    rng = seeds.generator(seed, "photographs", database.name)
    chosen = []
    for _, cell in sorted(cells.items()):
        order = rng.permutation(len(cell))
        chosen += [cell[position] for position in order[:limit]]
    return sorted(chosen)


def _first_reasons(database: Database, records: Sequence[FaceRecord]) -> str:
    reasons = [
        f"{database.table.relative(sample.path)}: {record.detail or record.status}"
        for sample, record in zip(database.table, records, strict=True)
    ]
    return "; ".join(reasons[:3])
