"""What ``ccbench datasets new`` asks, and what it refuses where there is nobody to ask."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccbench.cli.options import at_terminal
from ccbench.exceptions import CcbenchError, DatasetError

if TYPE_CHECKING:
    from ccbench.datasets.infer import NothingReadError, Proposal


@dataclass
class KnownNames:
    """What is known about the names of the photographs, by options and answers."""

    pattern: str = ""
    expression: str = ""
    poser: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)


def parts_of(text: str) -> tuple[str, ...]:
    """Return the parts in ``PART+PART``."""
    return tuple(part.strip() for part in text.split("+") if part.strip())


def given_labels(labels: Sequence[str]) -> dict[str, str]:
    """Read what was given with ``--label``: code -> expression, "" to leave it out.

    Raises:
        DatasetError: no code, or no expression.
    """
    found = {}
    for label in labels:
        code, equals, word = label.rpartition("=")
        if not equals or not code:
            raise DatasetError(f"--label {label}: write --label CODE=EXPRESSION, e.g. AN=angry")
        found[code] = _expression_word(word, f"--label {label}")
    return found


def _expression_word(word: str, where: str) -> str:
    from ccbench_registry import EXPRESSIONS, canonical_expression, suggestion

    name = canonical_expression(word) if word.strip() else ""
    if name is None:
        raise DatasetError(f"{where}: '{word}' is no expression; {suggestion(word, EXPRESSIONS)}")
    return name


def propose(names: Sequence[str], known: KnownNames, root: Path) -> Proposal:
    """Read the names, asking for what they leave open.

    Raises:
        DatasetError: there is no terminal to ask at, or a pattern that does not do.
    """
    from ccbench.datasets.infer import NothingReadError, infer, read_pattern

    while True:
        try:
            if known.pattern:
                found = read_pattern(names, known.pattern, known.poser, known.labels)
            else:
                found = infer(names, known.labels, known.expression, known.poser)
        except NothingReadError as problem:
            if not at_terminal() or not problem.parts:
                raise DatasetError(f"{root}: {problem}") from None
            _ask_part(problem, known)
            continue
        if not found.matched:
            from ccbench.datasets.files import some_names

            raise DatasetError(
                f"no file below {root} matches --pattern {known.pattern}; found for example: "
                f"{some_names([root / name for name in names], root)}"
            )
        _refuse_unused(found, known.labels)
        if not found.choices:
            return found
        if not at_terminal():
            raise DatasetError(_choice_sentence(found))
        _ask_poser(found, known)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _choice_sentence(found: Proposal) -> str:
    from ccbench.cli.proposal_view import values_of

    ways = [found.poser, *found.choices]
    texts = [f"{'+'.join(way)} ({values_of(found, way)})" for way in ways]
    options = " or ".join(f"--poser {'+'.join(way)}" for way in ways)
    return f"{' and '.join(texts)} could each be the poser; choose with {options}"


def _refuse_unused(found: Proposal, labels: dict[str, str]) -> None:
    from ccbench_registry import suggestion

    codes = [code.lower() for code in found.labels]
    for code in labels:
        if code.lower() not in codes:
            raise DatasetError(
                f"--label {code}=…: no file has the code '{code}' as its expression; "
                f"{suggestion(code, found.labels)}"
            )


def _ask_part(problem: NothingReadError, known: KnownNames) -> None:
    """Ask which part is the expression or the poser, and what the codes of the first mean.

    Raises:
        DatasetError: none of them is.
    """
    from ccbench.cli.proposal_view import few
    from ccbench_registry import canonical_expression

    click.echo(f"\n{problem.problem.capitalize()}. The parts that vary:")
    for part, values in problem.parts.items():
        click.echo(f"  {part:<12} {len(values):>5}: {few(sorted(values))}")
    parts = [part for part in problem.parts if part != "expression"]
    answer = click.prompt(f"Which is the {problem.missing}?", type=click.Choice([*parts, "none"]))
    if answer == "none":
        raise DatasetError(str(problem))
    if problem.missing == "poser":
        known.poser = (answer,)
        return
    known.expression = answer
    for code, count in sorted(problem.parts[answer].items()):
        if canonical_expression(code) is None:
            known.labels[code] = _ask_code(code, count, known.labels.get(code, ""))


def _ask_poser(found: Proposal, known: KnownNames) -> None:
    from ccbench.cli.proposal_view import values_of

    click.echo("\nMore than one part could be the poser:")
    ways = {"+".join(way): values_of(found, way) for way in (found.poser, *found.choices)}
    for way, values in ways.items():
        click.echo(f"  {way:<14} {values}")
    answer = click.prompt(
        "Which tells one person from another?",
        type=click.Choice(list(ways)),
        default=next(iter(ways)),
    )
    known.poser = parts_of(answer)


def _ask_code(code: str, count: int, guess: str) -> str:
    question = f"  '{code}' ({count} file{'s' * (count != 1)}) shows which expression (- for none)"
    while True:
        answer = click.prompt(question, default=guess or None)
        try:
            return _expression_word("" if answer.strip() == "-" else answer, f"'{code}'")
        except DatasetError as error:
            click.echo(f"    {error}")


def corrected(
    names: Sequence[str], known: KnownNames, proposal: Proposal, root: Path
) -> tuple[KnownNames, Proposal]:
    """Ask what was read wrongly, until the answer can be used; return what is known then."""
    while True:
        what = click.prompt(
            "What is wrong?", type=click.Choice(["poser", "expression", "pattern"]), default="poser"
        )
        if what == "poser":
            answer = click.prompt("Its part (or PART+PART)", default="+".join(proposal.poser))
            tried = replace(known, poser=parts_of(answer))
        elif what == "expression":
            # A pattern says itself which part that is.
            tried = replace(known, pattern="", expression=click.prompt("Its part"))
        else:
            answer = click.prompt("Regular expression", default=proposal.pattern)
            tried = replace(known, pattern=answer)
        tried.labels = dict(known.labels)
        try:
            return tried, propose(names, tried, root)
        except CcbenchError as error:
            click.echo(f"  {error}")


def with_labels(proposal: Proposal, known: KnownNames, *, accept: bool) -> Proposal:
    """Ask for the codes that nobody knows, and for those that may mean two things.

    Raises:
        DatasetError: there is no terminal to ask at.
    """
    from ccbench.datasets.infer import Guess

    said = {code.lower() for code in known.labels}
    labels = dict(proposal.labels)
    open_codes = [
        code
        for code, guess in labels.items()
        if not guess.sure and code.lower() not in said and not (accept and guess.expression)
    ]
    if open_codes and not at_terminal():
        options = [f"{code}={labels[code].expression or 'EXPRESSION'}" for code in open_codes]
        raise DatasetError(
            f"what {_listed([repr(code) for code in open_codes])} in the names "
            f"mean{'s' * (len(open_codes) == 1)} is not sure; say it with "
            f"{' '.join(f'--label {shlex.quote(option)}' for option in options)} "
            f"(--label {shlex.quote(open_codes[0] + '=')} leaves it out)"
        )
    for code in open_codes:
        answer = _ask_code(code, proposal.columns["expression"][code], labels[code].expression)
        labels[code] = Guess(answer, True)
    return replace(proposal, labels=labels)


_QUESTIONS = {
    "name": "Name, for tables and files",
    "title": "Title, for headings",
    "country": "Country of the posers (SE, JP, …; empty for rendered faces)",
    "licence": "Licence or terms of use",
    "citation": "Work to cite (empty for none)",
}
_MAY_BE_EMPTY = {"country", "citation"}


def given_facts(facts: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return what the options say about the database, checked.

    Raises:
        DatasetError: an option that cannot be used.
    """
    return {
        key: None if value is None else _usable(key, value, f"--{key} '{value}'")
        for key, value in facts.items()
    }


def ask_facts(
    given: Mapping[str, str | None],
    root: Path,
    *,
    accept: bool,
    usable_name: Callable[[str], None],
) -> dict[str, str]:
    """Return what the card says about the database, asking for what no option says.

    Args:
        given: what options say.
        root: the folder of photographs.
        accept: whether the proposed name is taken without asking.
        usable_name: raises a ``DatasetError`` for a name that cannot be used, before anything
            else is asked.

    Raises:
        DatasetError: there is no terminal to ask at.
    """
    name = re.sub(r"[^\w.-]+", "-", root.resolve().name).strip("-._").lower()
    facts = {key: given[key] for key in _QUESTIONS}
    if accept and facts["name"] is None and name:
        facts["name"] = name
    missing = [f"--{key}" for key, value in facts.items() if value is None]
    if missing and not at_terminal():
        raise DatasetError(f"there is no terminal to ask at: give {_listed(missing)}")
    if missing:
        click.echo("\nAbout the database")
    return {
        key: _ask_fact(key, name if key == "name" else "", usable_name) if value is None else value
        for key, value in facts.items()
    }


def _ask_fact(key: str, proposed: str, usable_name: Callable[[str], None]) -> str:
    default = proposed or ("" if key in _MAY_BE_EMPTY else None)
    while True:
        answer = click.prompt(f"  {_QUESTIONS[key]}", default=default, show_default=bool(default))
        try:
            value = _usable(key, answer, f"'{answer}'")
            if key == "name":
                usable_name(value)
        except DatasetError as error:
            click.echo(f"    {error}")
        else:
            return value


def _usable(key: str, value: str, where: str) -> str:
    value = " ".join(value.split())
    if key == "name" and not re.fullmatch(r"\w[\w.-]*", value):
        raise DatasetError(f"{where} is no name; use letters, digits, hyphens and dots")
    if key == "country":
        value = value.upper()
        if value and not re.fullmatch("[A-Z]{2}", value):
            raise DatasetError(f"{where} is no country; give two letters such as SE or JP")
    if not value and key not in _MAY_BE_EMPTY:
        raise DatasetError(f"{where} is empty; say it in a few words")
    return value
