"""Named rules, and what came out of each for one item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

Case = TypeVar("Case", contravariant=True)
Other = TypeVar("Other")
Finder = Callable[[Other], Iterator[str]]


@dataclass(frozen=True)
class Outcome:
    """What came out of one rule.

    Attributes:
        name: of the rule.
        meaning: what holds when it is kept, in one line.
        problems: what does not hold, one sentence each.
        error: what the item raised.
        lacks: the rule that has to hold before this one can be looked at, and does not.
    """

    name: str
    meaning: str
    problems: tuple[str, ...] = ()
    error: Exception | None = None
    lacks: str = ""

    @property
    def holds(self) -> bool:
        """Whether it was looked at and kept."""
        return not self.problems and self.error is None and not self.lacks

    def insist(self) -> None:
        """Raise what the item raised, or ``AssertionError`` with the problems."""
        if self.error is not None:
            raise self.error
        if self.problems:
            raise AssertionError("\n".join(self.problems))


@dataclass(frozen=True)
class Rule(Generic[Case]):
    """One thing that an item has to keep to.

    Attributes:
        name: short, unique within its suite.
        meaning: what holds when it is kept, in one line.
        find: yields what does not hold.
        needs: names of earlier rules, without which it makes no sense to look.
    """

    name: str
    meaning: str
    find: Callable[[Case], Iterator[str]]
    needs: tuple[str, ...] = ()


class Suite(Generic[Case]):
    """Rules in the order in which they are looked at.

    Args:
        rules: to begin with.
    """

    def __init__(self, rules: Iterable[Rule[Case]] = ()) -> None:
        self.rules = list(rules)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the rules."""
        return tuple(rule.name for rule in self.rules)

    def rule(self, meaning: str, *needs: str) -> Callable[[Finder[Case]], Finder[Case]]:
        """Add the decorated function as a rule of its name."""

        def add(find: Finder[Case]) -> Finder[Case]:
            name = find.__name__.strip("_").replace("_", "-")
            self.rules.append(Rule(name, meaning, find, needs))
            return find

        return add

    def after(self, name: str) -> list[Rule[Case]]:
        """Return the rules, each to be looked at only when the rule ``name`` holds."""
        return [replace(rule, needs=(name, *rule.needs)) for rule in self.rules]

    def examine(
        self, case: Case, begin: Callable[[str], object] = lambda _: None
    ) -> Iterator[Outcome]:
        """Look at every rule.

        Args:
            case: the item, and what is needed to try it.
            begin: called with the meaning of each rule before it is looked at.
        """
        kept: set[str] = set()
        for rule in self.rules:
            lacking = [name for name in rule.needs if name not in kept]
            if lacking:
                yield Outcome(rule.name, rule.meaning, lacks=lacking[0])
                continue
            begin(rule.meaning)
            outcome = _look(rule, case)
            if outcome.holds:
                kept.add(rule.name)
            yield outcome

    def insist(self, case: Case) -> None:
        """Raise for the first rule that does not hold.

        Raises:
            AssertionError: naming what does not hold.
            Exception: whatever the item raised.
        """
        for outcome in self.examine(case):
            outcome.insist()


def _look(rule: Rule[Other], case: Other) -> Outcome:
    # The rules run the item's code, which may raise anything.
    try:
        return Outcome(rule.name, rule.meaning, tuple(rule.find(case)))
    except Exception as error:
        return Outcome(rule.name, rule.meaning, error=error)


def and_more(found: list[str]) -> str:
    """Return the first of some names, and how many more there are.

    >>> and_more(["a.png", "b.png", "c.png"])
    'a.png (and 2 more)'
    """
    return found[0] + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")
