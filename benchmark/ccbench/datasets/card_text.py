"""Writing a card of a database as TOML that a person can read and change."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from ccbench_registry import DatasetCard

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def card_text(card: DatasetCard, files: Mapping[str, int], written_by: str) -> str:
    """Return the TOML of a card with a ``[files]`` table, with comments.

    Args:
        card: what is written; ``load_card`` reads the text back as an equal card.
        files: code, as it is spelt in the names -> number of files, for the comments.
        written_by: for the first line, e.g. a command.
    """
    if card.files is None:
        raise ValueError(f"the card of '{card.name}' has no [files] table")
    lines = [
        f"# A database of facial expressions, described for ccbench by {_one_line(written_by)}.",
        "# Everything may be changed; docs/databases.md has all keys.",
        "",
        f"name = {_string(card.name)}",
        f"title = {_string(card.title)}",
        f"country = {_string(card.country)}"
        + ("  # where the posers live" if card.country else "  # none: nobody's face is shown"),
        f"posers = {card.posers}" if card.posers else "",
        f"expressions = [{', '.join(map(_string, card.expressions))}]",
        f"naming = {_string(card.naming)}",
        "",
        "[terms]",
        f"licence = {_string(card.terms.licence)}",
        f"redistribution = {str(card.terms.redistribution).lower()}"
        "  # may the photographs be passed on?",
    ]
    for citation in card.citations:
        lines += ["", "[[citations]]", f"text = {_string(citation.text)}"]
        lines += [f"doi = {_string(citation.doi)}"] if citation.doi else []
    lines += ["", *_files(card, files)]
    return "\n".join(lines) + "\n"


def _files(card: DatasetCard, counts: Mapping[str, int]) -> list[str]:
    files = card.files
    assert files is not None
    of = "the path below the folder" if "/" in files.pattern else "the whole file name"
    lines = [
        "[files]",
        f"# A regular expression for {of}; upper and lower case are the same.",
        f"pattern = {_string(files.pattern)}",
        "# Who is shown, from the groups of the pattern.",
        f"poser = {_string(files.poser)}",
    ]
    for column in re.compile(files.pattern).groupindex:
        if column in {"view", "angle"}:
            lines += [
                f"# All values of {column} are used.  To use one, remove the # and name it:",
                f'# keep = {{ {column} = ["..."] }}',
            ]
    lines += [
        "",
        '# What stands in the names, and the expression it means; "" leaves its files out.',
        "[files.labels]",
    ]
    amounts = {code.lower(): (code, count) for code, count in counts.items()}
    entries = []
    for lowered, label in files.labels.items():
        code, count = amounts.get(lowered, (lowered, 0))
        entries.append((f"{_key(code)} = {_string(label)}", count))
    width = max((len(entry) for entry, _ in entries), default=0)
    for entry, count in entries:
        lines.append(f"{entry.ljust(width)}  # {count} file{'s' * (count != 1)}")
    return lines


def _key(text: str) -> str:
    return text if _BARE_KEY.fullmatch(text) else _string(text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _string(text: str) -> str:
    r"""Return a TOML string: in single quotes where backslashes are meant as they are.

    >>> print(_string(r"\d+"), _string("it's"))
    '\d+' "it's"
    """
    plain = text.isprintable()
    if "\\" in text and "'" not in text and plain:
        return f"'{text}'"
    # JSON's escapes are TOML's, but for the control sign that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
