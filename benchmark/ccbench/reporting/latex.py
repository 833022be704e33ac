"""Text and tables for LaTeX: nothing in them can break a document."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}",
    # BibTeX would count the braces of an escaped brace.
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
    "—": "---",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "…": r"\ldots{}",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "\u00a0": "~",
    "ß": r"{\ss}",
    "æ": r"{\ae}",
    "Æ": r"{\AE}",
    "œ": r"{\oe}",
    "Œ": r"{\OE}",
    "ø": r"{\o}",
    "Ø": r"{\O}",
    "ł": r"{\l}",
    "Ł": r"{\L}",
    "ı": r"{\i}",
}
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
    "\u0328": "k",
}


def latex_text(text: str) -> str:
    r"""Escape text for LaTeX and BibTeX; letters with accents become commands.

    Letters of other scripts stay as they are (UTF-8).

    >>> print(latex_text("Öhman & Söhne: 5 % of fd19_neu"))
    {\"{O}}hman \& S{\"{o}}hne: 5 \% of fd19\_neu
    """
    return "".join(_letter(letter) for letter in unicodedata.normalize("NFC", text))


def _letter(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    base, *marks = list(unicodedata.normalize("NFD", letter))
    # Only Latin letters: LaTeX puts no accent on a kana.
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii():
        return f"{{\\{_ACCENTS[marks[0]]}{{{base}}}}}"
    return letter


def latex_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    caption: str,
    label: str,
    *,
    words: int = 1,
) -> str:
    r"""Return a ``table`` float in the style of the package booktabs, ready for ``\input``.

    Args:
        header: names of the columns.
        rows: cells; each row as long as the header.
        caption: plain text, without a period.
        label: for ``\ref``, such as "tab:correct-rates"; letters, digits, ":" and "-".
        words: columns from the left that hold words; the others are numbers, flush right.
    """
    columns = "l" * words + "r" * (len(header) - words)
    lines = [
        r"\begin{table}[htbp]",
        r"\centering\small",
        rf"\caption{{{latex_text(caption)}.}}",
        rf"\label{{{label}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _row(header),
        r"\midrule",
        *(_row(row) for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return " & ".join(map(latex_text, cells)) + r" \\"
