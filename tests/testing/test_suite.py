"""Rules are looked at in order; one that needs a broken rule is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ccbench.testing.suite import Suite

NUMBERS = Suite[list[int]]()


@NUMBERS.rule("there are numbers")
def _some(case: list[int]) -> Iterator[str]:
    if not case:
        yield "there are none"


@NUMBERS.rule("they divide 12", "some")
def _divisors(case: list[int]) -> Iterator[str]:
    yield from (f"{number} does not divide 12" for number in case if 12 % number)


@NUMBERS.rule("they are small", "divisors")
def _small_ones(case: list[int]) -> Iterator[str]:
    if max(case) > 6:
        yield "one is large"


def test_every_rule_has_a_name_a_meaning_and_an_outcome() -> None:
    begun: list[str] = []
    outcomes = list(NUMBERS.examine([1, 12], begun.append))
    assert [(o.name, o.meaning, o.holds) for o in outcomes] == [
        ("some", "there are numbers", True),
        ("divisors", "they divide 12", True),
        ("small-ones", "they are small", False),
    ]
    assert outcomes[2].problems == ("one is large",)
    assert begun == [outcome.meaning for outcome in outcomes]


def test_what_needs_a_broken_rule_is_not_looked_at() -> None:
    some, divisors, small = NUMBERS.examine([5, 7])
    assert some.holds
    assert divisors.problems == ("5 does not divide 12", "7 does not divide 12")
    assert (small.lacks, small.problems, small.holds) == ("divisors", (), False)


def test_what_an_item_raises_is_an_outcome() -> None:
    _, divisors, small = NUMBERS.examine([0])
    assert isinstance(divisors.error, ZeroDivisionError)
    assert not divisors.holds
    assert small.lacks == "divisors"


def test_insisting_raises_the_first_thing_that_does_not_hold() -> None:
    NUMBERS.insist([1, 2, 3])
    with pytest.raises(AssertionError, match="5 does not divide 12"):
        NUMBERS.insist([5])
    with pytest.raises(ZeroDivisionError):
        NUMBERS.insist([0])


def test_rules_of_a_later_stage_need_the_stage_before() -> None:
    gate = Suite[list[int]]()
    gate.rule("there is one only")(lambda case: iter(["more"] * (len(case) > 1)))
    name = gate.names[0]
    both = Suite[list[int]]([*gate.rules, *NUMBERS.after(name)])
    assert [outcome.lacks for outcome in both.examine([1, 2])] == ["", *[name] * 3]
    assert all(outcome.holds for outcome in both.examine([1]))
